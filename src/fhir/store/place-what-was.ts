// When the rules of placement have changed: what was deleted finds its place by what it was, and older versions that these
// rules do not place where the current one is are hidden, as a write would have hidden them.
import { sql, type Transaction } from 'kysely';
import { jsonRows, type RowValue } from '../../db/json-rows.ts';
import type { FhirResource } from '../fhir-resource.ts';
import { accessDigest, narrowingRows } from './access-digest.ts';
import { changeOf, type StoredResource } from './index-again.ts';
import { hideOldVersions, replaceMemberships, withReferred } from './index-rows.ts';
import { placeInCompartments } from './place-in-compartments.ts';
import type { ResourceTables } from './schema.ts';
import type { StoreContext } from './store-context.ts';

export async function placeWhatWas(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  rows: readonly (StoredResource & { readonly deleted: number })[],
): Promise<void> {
  const older = await olderVersions(context, trx, rows);
  const hidden: [number][] = [];
  const deleted: StoredResource[] = [];
  for (const row of rows) {
    const contents = older.get(row.key) ?? [];
    const [last] = contents;
    const current = row.deleted === 0 ? row.content : last;
    if (current === undefined) continue;
    if (row.deleted !== 0) deleted.push({ ...row, content: current });
    const claim = claimOf(context, current);
    if (contents.some((content) => claimOf(context, content) !== claim)) hidden.push([row.key]);
  }
  const changes = deleted.map((row) => changeOf(context, row));
  await placeInCompartments(context, trx, line, changes);
  await replaceMemberships(context, trx, changes);
  const placed = changes.map((change): RowValue[] => {
    const digest = accessDigest(context, change);
    if (digest !== change.stored?.access_digest) hidden.push([change.key]);
    return [change.key, JSON.stringify(change.scopes), digest];
  });
  const columns = { key: 'bigint', scopes: 'text', access_digest: 'text' } as const;
  if (placed.length > 0)
    await sql`update resource set scopes = w.scopes, access_digest = w.access_digest
      from (${jsonRows(context.dialect, columns, placed)}) w where resource.key = w.key`.execute(trx);
  await hideOldVersions(context, trx, hidden);
}

/** Of each key the texts of its older versions that are no deletion, newest first. */
async function olderVersions(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  rows: readonly StoredResource[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  if (rows.length === 0) return new Map();
  const keys = rows.map(({ key }): RowValue[] => [key]);
  const { rows: found } = await sql<{ key: number; content: string }>`select v.key, v.content
    from (${jsonRows(context.dialect, { key: 'bigint' }, keys)}) w cross join resource_version v
    where v.key = w.key and v.deleted = 0 order by v.key, v.version desc`.execute(trx);
  const byKey = new Map<number, string[]>();
  for (const { key, content } of found) byKey.set(key, [...(byKey.get(key) ?? []), content]);
  return byKey;
}

/** What decides who sees it, as far as it says so itself. */
function claimOf(context: StoreContext, content: string): string {
  const resource = JSON.parse(content) as FhirResource;
  const rows = withReferred(resource, context.index(resource));
  return JSON.stringify([context.compartmentOf(resource, rows), narrowingRows(context, rows)]);
}
