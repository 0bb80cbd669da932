// The people of the sandbox, all made up. Who they are and what each is good for stands here; their records are
// generated from it. Their passwords are public on purpose: they exist in sandbox mode only.
import { peopleOfAdvantage } from './people-of-advantage.ts';
import { peopleOfCco } from './people-of-cco.ts';
import type { Persona, PersonaRight, SandboxLine } from './persona.ts';

export type { Persona, PersonaCondition, PersonaFeature, SandboxLine } from './persona.ts';

/** One who can sign in to one line. */
export interface SandboxAccount {
  readonly line: SandboxLine;
  readonly username: string;
  readonly password: string;
  /** The person's own record; null for one who only acts for others. */
  readonly patient: string | null;
  readonly name: string;
  readonly summary: string;
  readonly actsFor: string[];
}

export const personas: readonly Persona[] = [...peopleOfCco, ...peopleOfAdvantage];

/** Everyone who can sign in, once for each line. */
export function sandboxAccounts(): SandboxAccount[] {
  const accounts: SandboxAccount[] = [];
  for (const persona of personas) {
    if (persona.signIn === undefined) continue;
    const { username, password, actsFor } = persona.signIn;
    for (const line of ['cco', 'advantage'] as const) {
      const patient = persona.patient[line] ?? null;
      const others = [...(actsFor?.[line] ?? [])];
      if (patient === null && others.length === 0) continue;
      const name = `${persona.given[0]} ${persona.family}`;
      accounts.push({ line, username, password, patient, name, summary: persona.summary, actsFor: others });
    }
  }
  return accounts;
}

export interface SandboxAuthority extends PersonaRight {
  readonly patient: string;
  /** Id of the RelatedPerson that `related-people` makes. */
  readonly relatedPerson: string;
}

/** For whom somebody acts in a line, and by what right. */
export function sandboxAuthorities(line: SandboxLine, username: string): SandboxAuthority[] {
  const persona = personas.find((candidate) => candidate.signIn?.username === username);
  return (persona?.signIn?.actsFor?.[line] ?? []).map((patient) => ({
    ...(persona?.signIn?.rights?.[patient] ?? { kind: 'parent' }),
    patient,
    relatedPerson: relatedPersonId(patient, persona!.key),
  }));
}

/** Who acts for a member, in the member's record. */
export function relatedPersonId(patient: string, key: string): string {
  return `${patient}-rel-${key}`;
}
