// Which of the Patients that an import wrote have died, left the plan or were deleted: what was shared of their records ends.
// https://hl7.org/fhir/R4/patient-definitions.html#Patient.deceased_x_, Patient.active. An unchanged Patient says nothing new.
import type { WriteOutcome } from '../fhir/store/write-resources.ts';
import type { MemberLeft } from './import-files.ts';
import type { Waiting } from './write-batch.ts';

export class MembersLeft {
  readonly #line: string;
  readonly #tell: ((left: MemberLeft) => Promise<void>) | undefined;
  #left: MemberLeft[] = [];

  constructor(line: string, tell: ((left: MemberLeft) => Promise<void>) | undefined) {
    this.#line = line;
    this.#tell = tell;
  }

  note(batch: readonly Waiting[], outcomes: readonly WriteOutcome[]): void {
    if (this.#tell === undefined) return;
    for (const [position, { write }] of batch.entries()) {
      if (outcomes[position] === 'unchanged') continue;
      const { type, id, reason } = whyLeft(write);
      if (type === 'Patient' && reason !== undefined)
        this.#left.push({ line: this.#line, patient: id, reason });
    }
  }

  /** Once what was noted is on disk. */
  async tell(): Promise<void> {
    const left = this.#left;
    this.#left = [];
    for (const member of left) await this.#tell?.(member);
  }

  /** What was noted was not written after all. */
  forget(): void {
    this.#left = [];
  }
}

function whyLeft(write: Waiting['write']): {
  readonly type: string;
  readonly id: string;
  readonly reason: MemberLeft['reason'] | undefined;
} {
  if ('delete' in write) return { ...write.delete, reason: 'disenrolled' };
  const { resourceType: type, id, deceasedBoolean, deceasedDateTime, active } = write.resource;
  const deceased = deceasedBoolean === true || deceasedDateTime !== undefined;
  return { type, id, reason: deceased ? 'deceased' : active === false ? 'disenrolled' : undefined };
}
