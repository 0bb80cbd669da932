// The rows that searches look at, memberships among them: the old ones of changed resources go, the new ones come. What the
// old ones were is computed from the old text, so that no table needs an index by resource; where older rules may have made
// them, all of the resource go.
import { sql, type Transaction } from 'kysely';
import { jsonRows, type RowValue } from '../../db/json-rows.ts';
import { referredTypes } from '../../smart/data-classes.ts';
import type { FhirResource } from '../fhir-resource.ts';
import type { IndexedRow } from '../search/index-resource.ts';
import { type Change, parseScopes } from './change.ts';
import { indexColumns, type ResourceTables } from './schema.ts';
import type { StoreContext } from './store-context.ts';

/** Adds a row for each reference to a type that is only seen where something refers to it. */
export function withReferred(resource: FhirResource, rows: IndexedRow[]): IndexedRow[] {
  const seen = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      for (const inner of value) visit(inner);
      return;
    }
    for (const [name, inner] of Object.entries(value)) {
      if ((name === 'reference' || name === 'url') && typeof inner === 'string') {
        const [type, id, more] = inner.split('/');
        if (id !== undefined && more === undefined && referredTypes.includes(type!) && !seen.has(inner)) {
          seen.add(inner);
          rows.push({
            param: '_refers',
            row: { table: 'idx_reference', target_type: type!, target_id: id, ord: 0 },
          });
        }
      } else visit(inner);
    }
  };
  visit(resource);
  return rows;
}

export async function replaceMemberships(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  changes: readonly Change[],
): Promise<void> {
  const gone: RowValue[][] = [];
  const come: RowValue[][] = [];
  for (const change of changes) {
    const type = context.typeNumber(change.type);
    const before = change.stored === undefined ? [] : parseScopes(change.stored);
    for (const scope of before) if (!change.scopes.includes(scope)) gone.push([scope, type, change.key]);
    for (const scope of change.scopes) if (!before.includes(scope)) come.push([scope, type, change.key]);
  }
  const columns = { scope: 'bigint', type: 'integer', key: 'bigint' } as const;
  await deleteRows(context, trx, 'membership', columns, gone);
  await insertRows(context, trx, 'membership', columns, come);
}

/** Whose rows are found by the resource's key only while it is indexed anew, see reindex.ts. */
export const keyedTables: readonly string[] = [...Object.keys(indexColumns), 'identifier'];

export async function replaceIndexRows(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  changes: readonly Change[],
): Promise<void> {
  const gone = new Map<string, RowValue[][]>();
  const come = new Map<string, RowValue[][]>();
  const identifiersGone: RowValue[][] = [];
  const identifiersCome: RowValue[][] = [];
  const outdated: RowValue[][] = [];
  for (const change of changes) {
    if (change.stored !== undefined && context.outdated.has(change.type)) outdated.push([change.key]);
    else if (change.stored !== undefined && change.stored.deleted === 0) {
      const before = JSON.parse(change.stored.content) as FhirResource;
      const rows = withReferred(before, context.index(before));
      collectIndexRows(context, gone, change.type, change.key, parseScopes(change.stored), rows);
      identifiersGone.push(...identifierRows(line, change, rows));
    }
    collectIndexRows(context, come, change.type, change.key, change.scopes, change.rows);
    identifiersCome.push(...identifierRows(line, change, change.rows));
  }
  if (outdated.length > 0)
    for (const table of keyedTables) await deleteRows(context, trx, table, { key: 'bigint' }, outdated);
  await deleteRows(context, trx, 'identifier', identifierColumns, identifiersGone);
  await insertRows(context, trx, 'identifier', identifierColumns, identifiersCome);
  for (const [table, rows] of gone) await deleteRows(context, trx, table, allIndexColumns(table), rows);
  for (const [table, rows] of come) await insertRows(context, trx, table, allIndexColumns(table), rows);
}

const identifierColumns = {
  line: 'text',
  type: 'text',
  value: 'text',
  system: 'text',
  key: 'bigint',
} as const;

function identifierRows(
  line: string,
  { type, key }: Pick<Change, 'type' | 'key'>,
  rows: readonly IndexedRow[],
): RowValue[][] {
  return rows.flatMap(({ param, row }) =>
    param === 'identifier' && row.table === 'idx_token' ? [[line, type, row.code, row.system, key]] : [],
  );
}

function collectIndexRows(
  context: StoreContext,
  byTable: Map<string, RowValue[][]>,
  type: string,
  key: number,
  scopes: readonly number[],
  rows: readonly IndexedRow[],
): void {
  for (const { param, row } of rows) {
    const id = context.scopes.paramId(type, param);
    const list = byTable.get(row.table) ?? [];
    byTable.set(row.table, list);
    const values = Object.keys(indexColumns[row.table]).map(
      (column) => (row as unknown as Record<string, RowValue>)[column]!,
    );
    for (const scope of scopes) list.push([scope, id, ...values, key, row.ord]);
  }
}

function allIndexColumns(table: string) {
  return {
    scope: 'bigint',
    param: 'integer',
    ...indexColumns[table as keyof typeof indexColumns],
    key: 'bigint',
    ord: 'integer',
  } as const;
}

type Columns = Parameters<typeof jsonRows>[1];

export async function insertRows(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  table: string,
  columns: Columns,
  rows: RowValue[][],
): Promise<void> {
  if (rows.length === 0) return;
  const names = sql.join(Object.keys(columns).map((name) => sql.ref(name)));
  await sql`insert into ${sql.table(table)} (${names}) select ${names} from (${jsonRows(context.dialect, columns, rows)}) w
    where true on conflict do nothing`.execute(trx);
}

export async function deleteRows(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  table: string,
  columns: Columns,
  rows: RowValue[][],
): Promise<void> {
  if (rows.length === 0) return;
  const names = sql.join(Object.keys(columns).map((name) => sql.ref(name)));
  await sql`delete from ${sql.table(table)} where (${names}) in (select ${names} from (${jsonRows(context.dialect, columns, rows)}) w)`.execute(
    trx,
  );
}

/** So that `patient=…`, which nearly every search of a record says, is settled by the row itself. */
export function onlyPatient(rows: Change['rows']): string {
  const named = rows.flatMap(({ param, row }) =>
    param === 'patient' && row.table === 'idx_reference' ? [`${row.target_type}/${row.target_id}`] : [],
  );
  return named.length === 1 && named[0]!.startsWith('Patient/') ? named[0]!.slice('Patient/'.length) : '';
}

/** Older versions belonged to other people, or were of a kind that others may see: they are shown to nobody. */
export async function hideOldVersions(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  keys: readonly (readonly [number])[],
): Promise<void> {
  if (keys.length === 0) return;
  await sql`update resource_version set hidden = 1
    where key in (select key from (${jsonRows(context.dialect, { key: 'bigint' }, keys)}) w)`.execute(trx);
}
