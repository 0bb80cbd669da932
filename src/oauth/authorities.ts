// By what right one person acts for another, and until when: parents, guardians, powers of attorney (45 CFR 164.502(g)).
// Ending one ends at once what was granted by it; its end date is also that of what is granted.
import type { Kysely } from 'kysely';
import { endConnections, shortenConnections } from './connections.ts';
import type { AuthorityTable, OAuthTables } from './schema.ts';

export const authorityKinds = [
  'parent',
  'guardian',
  'guardian-of-adult',
  'power-of-attorney',
  'appointed-representative',
  'estate',
  'representative',
] as const;

export type AuthorityKind = (typeof authorityKinds)[number];

/** Over when the patient comes of age. */
export const kindsOfMinors: readonly AuthorityKind[] = ['parent', 'guardian'];

export interface Authority {
  readonly patient: string;
  readonly kind: AuthorityKind;
  readonly source: string;
  readonly relatedPerson: string | undefined;
  /** Epoch milliseconds; an end of undefined: until it is ended, or the patient comes of age. */
  readonly startsAt: number;
  readonly endsAt: number | undefined;
}

export interface NewAuthority {
  readonly patient: string;
  readonly kind?: AuthorityKind;
  readonly source?: string;
  readonly relatedPerson?: string | undefined;
  readonly endsAt?: number | undefined;
}

interface Whose {
  readonly line: string;
  readonly accountId: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Those in force. */
export async function authoritiesOf(
  db: Kysely<OAuthTables>,
  { line, accountId, now }: Whose,
): Promise<Authority[]> {
  const rows = await db
    .selectFrom('oauth_authority')
    .selectAll()
    .where('line', '=', line)
    .where('account_id', '=', accountId)
    .where('ended_at', 'is', null)
    .where('starts_at', '<=', now)
    .orderBy('patient')
    .execute();
  return rows.filter((row) => row.ends_at === null || row.ends_at > now).map(toAuthority);
}

/** Gives it or brings it up to date. What was granted by it ends no later than it does. */
export async function giveAuthority(
  db: Kysely<OAuthTables>,
  { line, accountId, now }: Whose,
  { patient, kind = 'representative', source = '', relatedPerson, endsAt }: NewAuthority,
): Promise<void> {
  const row = {
    kind,
    source,
    related_person: relatedPerson ?? null,
    ends_at: endsAt ?? null,
    ended_at: null,
  };
  await db
    .insertInto('oauth_authority')
    .values({ line, account_id: accountId, patient, starts_at: now, ...row })
    .onConflict((conflict) => conflict.columns(['line', 'account_id', 'patient']).doUpdateSet(row))
    .execute();
  if (endsAt !== undefined) await shortenConnections(db, { line, accountId, patient, endsAt });
}

/** Answers how many connections ended with it. */
export async function endAuthority(
  db: Kysely<OAuthTables>,
  { line, accountId, now, patient }: Whose & { readonly patient: string },
): Promise<number> {
  await db
    .updateTable('oauth_authority')
    .set({ ended_at: now })
    .where('line', '=', line)
    .where('account_id', '=', accountId)
    .where('patient', '=', patient)
    .where('ended_at', 'is', null)
    .execute();
  return endConnections(db, { line, accountId, patient }, { now, reason: 'authority' });
}

/**
 * Over as if its end date had come, for whoever gave it to give again; what `endAuthority` ended stays ended until somebody
 * decides otherwise.
 */
export async function lapseAuthority(
  db: Kysely<OAuthTables>,
  { line, accountId, now, patient }: Whose & { readonly patient: string },
): Promise<void> {
  await db
    .updateTable('oauth_authority')
    .set({ ends_at: now })
    .where('line', '=', line)
    .where('account_id', '=', accountId)
    .where('patient', '=', patient)
    .execute();
  await endConnections(db, { line, accountId, patient }, { now, reason: 'authority' });
}

/** Patients of whom this source has no say: whether the account acts for them was decided by hand, or by a death. */
export async function decidedElsewhere(
  db: Kysely<OAuthTables>,
  { line, accountId }: Pick<Whose, 'line' | 'accountId'>,
  source: string,
): Promise<string[]> {
  const rows = await db
    .selectFrom('oauth_authority')
    .select('patient')
    .where('line', '=', line)
    .where('account_id', '=', accountId)
    .where((where) => where.or([where('ended_at', 'is not', null), where('source', '<>', source)]))
    .execute();
  return rows.map((row) => row.patient);
}

/** The instant at which somebody born on `birthDate` (FHIR date) is `years` old; of a part of a date, the earliest. */
export function birthday(birthDate: string, years: number): number | undefined {
  const [, year, month = '01', day = '01'] = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(birthDate) ?? [];
  if (year === undefined) return undefined;
  return Date.UTC(Number(year) + years, Number(month) - 1, Number(day));
}

function toAuthority(row: AuthorityTable): Authority {
  return {
    patient: row.patient,
    kind: authorityKinds.find((kind) => kind === row.kind) ?? 'representative',
    source: row.source,
    relatedPerson: row.related_person ?? undefined,
    startsAt: row.starts_at,
    endsAt: row.ends_at ?? undefined,
  };
}
