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
  await moveAlong(
    context,
    trx,
    line,
    changes.filter((change) => change.resource !== undefined),
  );
}

/** Of Provenance that is about Provenance, and so on; who names each other in a circle moves no further. */
const roundsAtMost = 10;

/** What waits for the resources that are now placed, and what follows those that moved. */
export async function moveAlong(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  changes: readonly Change[],
): Promise<void> {
  let written = changes;
  for (let round = 0; round < roundsAtMost; round++) {
    const rows = [
      ...(await thoseWaiting(context, trx, line, written)),
      ...(await thoseFollowing(context, trx, line, written)),
    ];
    const byKey = new Map(rows.map((row) => [row.key, row]));
    if (byKey.size === 0) return;
    const again = await indexAgain(context, trx, line, [...byKey.values()]);
    written = again.filter(hasMoved);
  }
}

function hasMoved({ stored, scopes }: Change): boolean {
  const before = stored === undefined ? [] : parseScopes(stored);
  return before.length !== scopes.length || before.some((one) => !scopes.includes(one));
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
  const moved = written.flatMap((change) =>
    hasMoved(change) && change.stored !== undefined ? [{ change, scopes: parseScopes(change.stored) }] : [],
  );
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
