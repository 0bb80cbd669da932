// The order of a sorted page, and the condition that a page goes on after another. Of several values of a resource the first
// counts, or the last when descending; resources without one come last either way; equal ones stand in the order of keys.
import { type RawBuilder, sql } from 'kysely';
import type { IndexTable } from '../store/schema.ts';
import type { Visibility } from '../store/visible.ts';
import { scopeList } from './index-predicate.ts';
import type { SortKey } from './parse-sort.ts';
import type { QueryContext } from './query-context.ts';
import type { QueryShape, Slot } from './query-shape.ts';

export type SortValue = string | number | null;

/** Columns that a value of each parameter type is ordered by, ascending and descending. */
const columns: Readonly<Record<string, readonly [table: IndexTable, first: string, last: string]>> = {
  date: ['idx_date', 'lo', 'hi'],
  string: ['idx_string', 'norm', 'norm'],
  token: ['idx_token', 'code', 'code'],
  quantity: ['idx_quantity', 'lo', 'hi'],
  number: ['idx_quantity', 'lo', 'hi'],
  uri: ['idx_uri', 'value', 'value'],
};

export interface SortedPage {
  readonly keys: readonly SortKey[];
  /** Of the last row of the page before, one for each key. */
  readonly after: readonly (Slot | null)[] | undefined;
}

export function slotSort(
  shape: QueryShape,
  keys: readonly SortKey[],
  after: readonly SortValue[] | undefined,
): SortedPage {
  for (const { by, descending } of keys)
    shape.word(`${descending ? '>' : '<'}${typeof by === 'string' ? by : by.code}`);
  return {
    keys,
    after: after?.map((value) => {
      if (value === null) shape.word('null');
      return value === null ? null : shape.slot(value);
    }),
  };
}

/** What to join to the rows found, and the value of each key then, as `v0`, `v1`, … */
export function sortValues(
  context: QueryContext,
  { keys }: SortedPage,
  { key, scopes }: Visibility,
): { readonly joins: RawBuilder<unknown>; readonly values: RawBuilder<unknown> } {
  const joins: RawBuilder<unknown>[] = [];
  const values = keys.map(({ by, descending }, at) => {
    const name = sql.ref(`v${at}`);
    if (by === '_id') return sql`r.id as ${name}`;
    if (by === '_lastUpdated') return sql`r.last_updated as ${name}`;
    const [table, first, last] = columns[by.type]!;
    const value = descending ? sql`max(${sql.ref(last)})` : sql`min(${sql.ref(first)})`;
    const alias = `s${at}`;
    joins.push(sql` left join (select key, ${value} as value from ${sql.table(table)} where scope in (${scopeList(scopes)})
      and param = ${context.scopes.paramId(by.resourceType, by.code)} group by key) ${sql.ref(alias)}
      on ${sql.ref(`${alias}.key`)} = ${key}`);
    return sql`${sql.ref(`${alias}.value`)} as ${name}`;
  });
  return { joins: joins.length === 0 ? sql`` : sql.join(joins, sql``), values: sql.join(values) };
}

/** `order by` on the columns `v0`, `v1`, … and the key. */
export function sortOrder({ keys }: SortedPage, key: string): RawBuilder<unknown> {
  const each = keys.map(({ descending }, at) => {
    const value = sql.ref(`v${at}`);
    return sql`${isOfEvery(keys[at]!) ? sql`` : sql`${value} is null, `}${value} ${descending ? sql`desc` : sql`asc`}`;
  });
  return sql.join([...each, sql.ref(key)]);
}

/** What no resource is without. */
function isOfEvery({ by }: SortKey): boolean {
  return by === '_id' || by === '_lastUpdated';
}

/** Whether the newest come first, or last. */
export function isByTime({ keys }: SortedPage): boolean {
  return keys.length === 1 && keys[0]!.by === '_lastUpdated';
}

/** Rows that come after the last one of the page before. */
export function sortAfter({ keys, after }: SortedPage, afterKey: Slot): RawBuilder<unknown> {
  const from = (at: number): RawBuilder<unknown> => {
    if (at === keys.length) return sql`key > ${afterKey}`;
    const value = sql.ref(`v${at}`);
    const last = after?.[at] ?? null;
    if (last === null) return sql`(${value} is null and ${from(at + 1)})`;
    const beyond = keys[at]!.descending ? sql`${value} < ${last}` : sql`${value} > ${last}`;
    if (isOfEvery(keys[at]!)) {
      const notBefore = keys[at]!.descending ? sql`${value} <= ${last}` : sql`${value} >= ${last}`;
      // Said first, because an index finds it.
      return sql`(${notBefore} and (${beyond} or ${from(at + 1)}))`;
    }
    return sql`(${value} is null or ${beyond} or (${value} = ${last} and ${from(at + 1)}))`;
  };
  return from(0);
}
