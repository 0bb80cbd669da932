// Computes anew where resources belong and what they are found by; their content and version stay. Who comes to see them
// does not see what they were before.
import { sql, type Transaction } from 'kysely';
import { jsonRows, type RowValue } from '../../db/json-rows.ts';
import type { FhirResource } from '../fhir-resource.ts';
import { accessDigest } from './access-digest.ts';
import type { Change, Stored } from './change.ts';
import {
  hideOldVersions,
  insertRows,
  onlyPatient,
  replaceIndexRows,
  replaceMemberships,
  withReferred,
} from './index-rows.ts';
import { placeInCompartments } from './place-in-compartments.ts';
import type { ResourceTables } from './schema.ts';
import type { StoreContext } from './store-context.ts';

export type StoredResource = Pick<Stored, 'key' | 'type' | 'id' | 'scopes' | 'access_digest' | 'content'>;

/** `rows` are not deleted. Answers what became of each. */
export async function indexAgain(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  rows: readonly StoredResource[],
): Promise<readonly Change[]> {
  const changes = rows.map((row) => changeOf(context, row));
  await placeInCompartments(context, trx, line, changes);
  await replaceMemberships(context, trx, changes);
  await replaceIndexRows(context, trx, line, changes);
  const digests = changes.map((change) => accessDigest(context, change));
  const placed = changes.map((change, at): RowValue[] => [
    change.key,
    JSON.stringify(change.scopes),
    digests[at]!,
    onlyPatient(change.rows),
  ]);
  const columns = { key: 'bigint', scopes: 'text', access_digest: 'text', patient: 'text' } as const;
  await sql`update resource set scopes = w.scopes, access_digest = w.access_digest, patient = w.patient
    from (${jsonRows(context.dialect, columns, placed)}) w where resource.key = w.key`.execute(trx);
  const moved = changes.filter((change, at) => digests[at] !== change.stored?.access_digest);
  await hideOldVersions(
    context,
    trx,
    moved.map(({ key }): [number] => [key]),
  );
  const settled = changes.filter((change) => change.waitsFor.length === 0).map((change) => [change.key]);
  if (settled.length > 0)
    await sql`delete from waiting where key in (select key from (${jsonRows(context.dialect, { key: 'bigint' }, settled)}) w)`.execute(
      trx,
    );
  await noteWaiting(context, trx, line, changes);
  return changes;
}

/** As if what is stored were written for the first time. */
export function changeOf(context: StoreContext, row: StoredResource): Change {
  const resource = JSON.parse(row.content) as FhirResource;
  const { key, type, id, scopes, access_digest, content } = row;
  return {
    type,
    id,
    resource,
    digest: '',
    stored: { key, type, id, scopes, access_digest, content, version: 0, deleted: 0, digest: '' },
    rows: withReferred(resource, context.index(resource)),
    key,
    version: 0,
    scopes: [],
    home: undefined,
    waitsFor: [],
  };
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
