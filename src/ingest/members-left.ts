// Which of the Patients that an import wrote have died, left the plan or were deleted: what was shared of their records ends.
// https://hl7.org/fhir/R4/patient-definitions.html#Patient.deceased_x_, Patient.active. An unchanged Patient says nothing new.
// Who it was is noted in the transaction that writes the Patient, and told of after it, if need be by the next import or start.
import type { Transaction } from 'kysely';
import type { Database } from '../db/database.ts';
import type { WriteOutcome } from '../fhir/store/write-resources.ts';
import type { MemberLeft } from './import-files.ts';
import type { IngestTables } from './schema.ts';
import type { Waiting } from './write-batch.ts';

export type TellOfMemberLeft = (left: MemberLeft) => Promise<void>;

export async function noteMembersLeft(
  trx: Transaction<IngestTables>,
  line: string,
  batch: readonly Waiting[],
  outcomes: readonly WriteOutcome[],
): Promise<void> {
  const rows = batch.flatMap(({ write }, position): MemberLeft[] => {
    if (outcomes[position] === 'unchanged') return [];
    const { type, id, reason } = whyLeft(write);
    return type === 'Patient' && reason !== undefined ? [{ line, patient: id, reason }] : [];
  });
  if (rows.length === 0) return;
  await trx
    .insertInto('member_left')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['line', 'patient']).doUpdateSet((row) => ({ reason: row.ref('excluded.reason') })),
    )
    .execute();
}

/** Of all that are noted, those of an import that ended too early among them. */
export async function tellOfMembersLeft(db: Database, tell: TellOfMemberLeft): Promise<void> {
  const tables = db.as<IngestTables>();
  const rows = await tables.selectFrom('member_left').selectAll().execute();
  for (const { line, patient, reason } of rows) {
    await tell({ line, patient, reason });
    await tables
      .deleteFrom('member_left')
      .where('line', '=', line)
      .where('patient', '=', patient)
      .where('reason', '=', reason)
      .execute();
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
