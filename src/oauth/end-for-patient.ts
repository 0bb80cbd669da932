// What ends when somebody dies or leaves the plan: all connections that reach their record, in every process, from now on.
// A death also ends the rights to act for them, but for whoever settles the estate (45 CFR 164.502(g)(4)).
import type { Database } from '../db/database.ts';
import { endConnections, type WhichConnections } from './connections.ts';
import type { EndReason } from './end-reasons.ts';
import type { OAuthTables } from './schema.ts';

export interface PatientEnd {
  readonly line: string;
  readonly patient: string;
  readonly reason: Extract<EndReason, 'deceased' | 'disenrolled' | 'operator'>;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Answers how many connections ended. */
export async function endForPatient(db: Database, end: PatientEnd): Promise<number> {
  const { line, patient, reason, now } = end;
  const kysely = db.as<OAuthTables>();
  if (reason !== 'deceased') return endConnections(kysely, { line, patient }, { now, reason });
  await kysely
    .updateTable('oauth_authority')
    .set({ ended_at: now })
    .where('line', '=', line)
    .where('patient', '=', patient)
    .where('kind', '<>', 'estate')
    .where('ended_at', 'is', null)
    .execute();
  const estate = await kysely
    .selectFrom('oauth_authority')
    .select('account_id')
    .where('line', '=', line)
    .where('patient', '=', patient)
    .where('kind', '=', 'estate')
    .where('ended_at', 'is', null)
    .execute();
  const except = estate.map((row) => row.account_id);
  const which: WhichConnections = { line, patient, exceptAccounts: except };
  return endConnections(kysely, which, { now, reason });
}
