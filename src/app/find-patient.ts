// Which Patient a number is of that the plan's identity provider vouches for, so that its member can sign in. Never for an app.
import { type Kysely, sql } from 'kysely';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import type { ResourceStore } from '../fhir/store/resource-store.ts';
import type { ResourceTables } from '../fhir/store/schema.ts';
import type { FindPatient } from '../oauth/interaction-step.ts';
import { patientName } from './patient-facts.ts';

/**
 * By id, or by identifier where the configuration of the line names a system. Undefined when there is no such Patient, or
 * when several have the identifier: nobody is guessed.
 */
export async function openFindPatient(
  { db, store }: { readonly db: Database; readonly store: ResourceStore },
  config: Config,
): Promise<FindPatient> {
  const kysely: Kysely<ResourceTables> = db.as<ResourceTables>();
  const identifier = sql.lit(store.search.scopes.paramId('Patient', 'identifier'));
  if (config.lines.some(({ identityProvider }) => identityProvider?.memberIdentifierSystem !== undefined)) {
    // The index of tokens begins with who sees them, which is what is sought here.
    await sql`create index if not exists idx_token_patient_identifier on idx_token (code, system)
      where param = ${identifier}`.execute(kysely);
  }
  return async (line, { system, value }) => {
    if (system === undefined)
      return (await patientName(store, line, value)) === undefined ? undefined : value;
    const { rows } = await sql<{ id: string }>`select distinct r.id from idx_token i cross join resource r
      where i.param = ${identifier} and i.code = ${value} and i.system = ${system}
        and r.key = i.key and r.line = ${line} and r.type = 'Patient' and r.deleted = 0 limit 2`.execute(
      kysely,
    );
    return rows.length === 1 ? rows[0]!.id : undefined;
  };
}
