// Resources that follow others (Provenance its targets) may come before them: they wait, seen by nobody, and find their place
// when what they follow is written.
import { sql, type Transaction } from 'kysely';
import { jsonRows } from '../../db/json-rows.ts';
import type { Change } from './change.ts';
import { indexAgain, noteWaiting, type StoredResource } from './index-again.ts';
import type { ResourceTables } from './schema.ts';
import type { StoreContext } from './store-context.ts';

/** Provenance that waited for a resource now written finds its place; new waiting ones are noted. */
export async function settleWaiting(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  changes: readonly Change[],
): Promise<void> {
  await noteWaiting(context, trx, line, changes);
  const written = changes
    .filter((change) => change.resource !== undefined && change.type !== 'Provenance')
    .map((change) => [change.type, change.id]);
  if (written.length === 0) return;
  const { rows } = await sql<StoredResource>`select distinct r.key, r.type, r.id, r.scopes, r.content
    from (${jsonRows(context.dialect, { type: 'text', id: 'text' }, written)}) w
    cross join waiting x cross join resource r
    where x.line = ${line} and x.target_type = w.type and x.target_id = w.id and r.key = x.key and r.deleted = 0`.execute(
    trx,
  );
  if (rows.length > 0) await indexAgain(context, trx, line, rows);
}
