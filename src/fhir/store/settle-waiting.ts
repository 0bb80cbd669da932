// Resources that follow others (Provenance its targets) may come before them: they wait, seen by nobody, and find their place
// when what they follow is written. When what they follow moves, they move along.
import { sql, type Transaction } from 'kysely';
import { jsonRows, type RowValue } from '../../db/json-rows.ts';
import { type Change, parseScopes } from './change.ts';
import { indexAgain, noteWaiting, type StoredResource } from './index-again.ts';
import type { ResourceTables } from './schema.ts';
import { readScopeName } from './scope-name.ts';
import type { StoreContext } from './store-context.ts';

/** Provenance of what is now written finds its place; new waiting ones are noted. */
export async function settleWaiting(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  changes: readonly Change[],
): Promise<void> {
  await noteWaiting(context, trx, line, changes);
  const written = changes.filter((change) => change.resource !== undefined && change.type !== 'Provenance');
  const rows = [
    ...(await thoseWaiting(context, trx, line, written)),
    ...(await thoseFollowing(context, trx, line, written)),
  ];
  const byKey = new Map(rows.map((row) => [row.key, row]));
  if (byKey.size > 0) await indexAgain(context, trx, line, [...byKey.values()]);
}

const columns = sql`r.key, r.type, r.id, r.scopes, r.access_digest, r.content`;

async function thoseWaiting(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  written: readonly Change[],
): Promise<StoredResource[]> {
  if (written.length === 0) return [];
  const names = written.map((change) => [change.type, change.id]);
  const { rows } = await sql<StoredResource>`select distinct ${columns}
    from (${jsonRows(context.dialect, { type: 'text', id: 'text' }, names)}) w
    cross join waiting x cross join resource r
    where x.line = ${line} and x.target_type = w.type and x.target_id = w.id and r.key = x.key and r.deleted = 0`.execute(
    trx,
  );
  return rows;
}

/** Of what other scopes see than before: wherever it is that its owners have it. */
async function thoseFollowing(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  written: readonly Change[],
): Promise<StoredResource[]> {
  const moved = written.flatMap((change) => {
    const scopes = change.stored === undefined ? [] : parseScopes(change.stored);
    const stays =
      scopes.length === change.scopes.length && scopes.every((one) => change.scopes.includes(one));
    return stays ? [] : [{ change, scopes }];
  });
  if (moved.length === 0) return [];
  const names = await context.scopes.names(trx, new Set(moved.flatMap(({ scopes }) => scopes)));
  const owners = new Set([...names.values()].map((name) => readScopeName(name).owner));
  const places = (await context.scopes.allOf(trx, line, owners)).map((scope): RowValue[] => [scope]);
  const targets = moved.map(({ change }): RowValue[] => [change.type, change.id]);
  const { rows } = await sql<StoredResource>`select distinct ${columns}
    from (${jsonRows(context.dialect, { type: 'text', id: 'text' }, targets)}) w
    cross join (${jsonRows(context.dialect, { scope: 'bigint' }, places)}) p
    cross join idx_reference f cross join resource r
    where f.scope = p.scope and f.param = ${context.scopes.paramId('Provenance', 'target')}
      and f.target_type = w.type and f.target_id = w.id and r.key = f.key and r.deleted = 0`.execute(trx);
  return rows;
}
