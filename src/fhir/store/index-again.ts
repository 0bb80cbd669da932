// Computes anew where resources belong and what they are found by; their content and version stay.
import { sql, type Transaction } from 'kysely';
import { jsonRows, type RowValue } from '../../db/json-rows.ts';
import type { FhirResource } from '../fhir-resource.ts';
import { accessDigest } from './access-digest.ts';
import type { Change, Stored } from './change.ts';
import { insertRows, onlyPatient, replaceIndexRows, replaceMemberships, withReferred } from './index-rows.ts';
import { placeInCompartments } from './place-in-compartments.ts';
import type { ResourceTables } from './schema.ts';
import type { StoreContext } from './store-context.ts';

export type StoredResource = Pick<Stored, 'key' | 'type' | 'id' | 'scopes' | 'content'>;

/** `rows` are not deleted. Answers what was computed. */
export async function indexAgain(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  rows: readonly StoredResource[],
): Promise<Change[]> {
  const changes = rows.map((row): Change => {
    const resource = JSON.parse(row.content) as FhirResource;
    const { key, type, id, scopes, content } = row;
    return {
      type,
      id,
      resource,
      digest: '',
      stored: { key, type, id, scopes, content, version: 0, deleted: 0, digest: '', access_digest: '' },
      rows: withReferred(resource, context.index(resource)),
      key,
      version: 0,
      scopes: [],
      members: [],
      waitsFor: [],
    };
  });
  await placeInCompartments(context, trx, line, changes);
  await replaceMemberships(context, trx, changes);
  await replaceIndexRows(context, trx, line, changes);
  const placed = changes.map((change): RowValue[] => [
    change.key,
    JSON.stringify(change.scopes),
    accessDigest(context, change),
    onlyPatient(change.rows),
  ]);
  const columns = { key: 'bigint', scopes: 'text', access_digest: 'text', patient: 'text' } as const;
  await sql`update resource set scopes = w.scopes, access_digest = w.access_digest, patient = w.patient
    from (${jsonRows(context.dialect, columns, placed)}) w where resource.key = w.key`.execute(trx);
  const settled = changes.filter((change) => change.waitsFor.length === 0).map((change) => [change.key]);
  if (settled.length > 0)
    await sql`delete from waiting where key in (select key from (${jsonRows(context.dialect, { key: 'bigint' }, settled)}) w)`.execute(
      trx,
    );
  return changes;
}

/** Notes what the changes wait for. */
export async function noteWaiting(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  changes: readonly Change[],
): Promise<void> {
  const waiting = changes.flatMap((change) =>
    change.waitsFor.map((target): RowValue[] => [line, target.type, target.id, change.key]),
  );
  const columns = { line: 'text', target_type: 'text', target_id: 'text', key: 'bigint' } as const;
  await insertRows(context, trx, 'waiting', columns, waiting);
}
