// What the generators of one member's resources are given.
import type { Persona, SandboxLine } from '../personas.ts';
import type { SeededRandom } from './seeded-random.ts';

export interface MemberContext {
  readonly line: SandboxLine;
  readonly persona: Persona;
  /** The member's Patient id. Ids of all other resources of the member begin with it and a hyphen. */
  readonly patient: string;
  /** The last day of the records, ISO. */
  readonly today: string;
  readonly random: SeededRandom;
}
