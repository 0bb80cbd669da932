// Resources that follow others (Provenance its targets) may come before them: they wait, seen by nobody, and find their place
// when what they follow is written.
import { sql, type Transaction } from 'kysely';
import { jsonRows, type RowValue } from '../../db/json-rows.ts';
import type { FhirResource } from '../fhir-resource.ts';
import { accessDigest } from './access-digest.ts';
import type { Change } from './change.ts';
import { insertRows, replaceIndexRows, replaceMemberships, withReferred } from './index-rows.ts';
import { placeInCompartments } from './place-in-compartments.ts';
import type { ResourceTables } from './schema.ts';
import type { StoreContext } from './store-context.ts';

/** Provenance that waited for a resource now written finds its place; new waiting ones are noted. */
export async function settleWaiting(
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
  const written = changes
    .filter((change) => change.resource !== undefined && change.type !== 'Provenance')
    .map((change) => [change.type, change.id]);
  if (written.length === 0) return;
  const { rows } = await sql<{
    key: number;
    type: string;
    id: string;
    scopes: string;
    content: string;
  }>`select distinct r.key, r.type, r.id, r.scopes, r.content
    from (${jsonRows(context.dialect, { type: 'text', id: 'text' }, written)}) w
    cross join waiting x cross join resource r
    where x.line = ${line} and x.target_type = w.type and x.target_id = w.id and r.key = x.key and r.deleted = 0`.execute(
    trx,
  );
  if (rows.length > 0) await followAgain(context, trx, line, rows);
}

/** Computes anew where resources belong that follow others; their content and version stay. */
async function followAgain(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  rows: readonly { key: number; type: string; id: string; scopes: string; content: string }[],
): Promise<void> {
  const changes = rows.map((row): Change => {
    const resource = JSON.parse(row.content) as FhirResource;
    const stored = { ...row, version: 0, deleted: 0, digest: '', access_digest: '' };
    const indexRows = withReferred(resource, context.index(resource));
    return {
      type: row.type,
      id: row.id,
      resource,
      digest: '',
      stored,
      rows: indexRows,
      key: row.key,
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
  ]);
  await sql`update resource set scopes = w.scopes, access_digest = w.access_digest
    from (${jsonRows(context.dialect, { key: 'bigint', scopes: 'text', access_digest: 'text' }, placed)}) w
    where resource.key = w.key`.execute(trx);
  const settled = changes.filter((change) => change.waitsFor.length === 0).map((change) => [change.key]);
  if (settled.length === 0) return;
  await sql`delete from waiting where key in (select key from (${jsonRows(context.dialect, { key: 'bigint' }, settled)}) w)`.execute(
    trx,
  );
}
