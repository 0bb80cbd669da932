// From what is asked and who asks to one SQL query for one page. `access` is not optional: every query of a
// request starts from `visibleFrom`. Pages are in the order of keys, which never change, or of what `_sort` names and then of
// keys; each goes on after the last row of the one before, so that it is not disturbed by writes.
import { sql } from 'kysely';
import type { Access } from '../../smart/access.ts';
import { referenceTypes } from '../../smart/data-classes.ts';
import { isSharedOnly, mayWithhold, withheldSightOf } from '../store/visible.ts';
import type { QueryContext } from './query-context.ts';
import { QueryShape, type ScopedQuery } from './query-shape.ts';
import { requireFewSteps } from './require-few-steps.ts';
import type { SearchRequest } from './search-request.ts';
import { isByTime, type SortValue, slotSort, sortAfter, sortOrder, sortValues } from './sort-sql.ts';
import { seek, soughtSql } from './sought.ts';

export interface CompiledSearch {
  /** Rows of one page and one more, to know whether another follows. Columns: key, id, content, and the sort values. */
  readonly page: ScopedQuery;
  /** One row, one column; compiled only when it is asked for. */
  readonly total: () => ScopedQuery;
}

/** The last row of the page before. */
export interface PageEnd {
  readonly key: number;
  /** One for each key of `_sort`. */
  readonly sort?: readonly SortValue[];
}

/**
 * @param after undefined for the first page
 * @throws {FhirError} naming the parameter; {NotPermitted}
 */
export async function compileSearch(
  context: QueryContext,
  request: SearchRequest,
  access: Access,
  after: PageEnd | undefined,
): Promise<CompiledSearch> {
  if (referenceTypes.includes(request.type)) requireFewSteps(request.asks);
  const shape = new QueryShape();
  const sought = await seek(context, shape, access, request.type, request.asks);
  shape.word('page');
  const sort = slotSort(shape, request.sort, after?.sort);
  const afterKey = after === undefined ? undefined : shape.slot(after.key);
  const limit = shape.slot(request.count + 1);
  const page = context.compiled(access, shape, () => {
    // The newest of a directory stand in an index; those of a record are found through it.
    const byTime = isByTime(sort) && sought.start === 'record' && isSharedOnly(sought.sight);
    const { visibility, where } = soughtSql(context, access, byTime ? { ...sought, start: 'id' } : sought);
    const { key } = visibility;
    const distinct = visibility.repeats ? sql`distinct ` : sql``;
    if (sort.keys.length === 0) {
      return sql`select ${distinct}${key} as key, r.id, r.content from ${visibility.from}
        where ${where}${afterKey === undefined ? sql`` : sql` and ${key} > ${afterKey}`} order by ${key} limit ${limit}`;
    }
    // The texts are fetched last, for the rows of the page only.
    const { joins, values } = sortValues(context, sort, visibility);
    return sql`select found.key, resource.id, resource.content, ${sql.join(sort.keys.map((_, at) => sql.ref(`v${at}`)))}
      from (select * from (select ${distinct}${key} as key, ${values} from ${visibility.from}${joins} where ${where}) all_found
        ${afterKey === undefined ? sql`` : sql`where ${sortAfter(sort, afterKey)}`} order by ${sortOrder(sort, 'key')} limit ${limit}) found
      cross join resource where resource.key = found.key order by ${sortOrder(sort, 'found.key')}`;
  });
  const total = () => {
    shape.word('total');
    return context.compiled(access, shape, () => {
      const { visibility, where } = soughtSql(context, access, sought);
      return sql`select count(${visibility.repeats ? sql`distinct ` : sql``}${visibility.key}) as total
        from ${visibility.from} where ${where}`;
    });
  };
  return { page, total };
}

/**
 * Whether a search would find more, were its status not missing: one row, one column, 1 or 0. Undefined where nothing is
 * withheld, which costs nothing to know.
 */
export async function compileWithheld(
  context: QueryContext,
  { type, asks }: Pick<SearchRequest, 'type' | 'asks'>,
  access: Access,
): Promise<ScopedQuery | undefined> {
  if (!(await mayWithhold(context.scopes, access))) return undefined;
  const shape = new QueryShape();
  const sought = await seek(context, shape, access, type, asks, withheldSightOf);
  shape.word('withheld');
  return context.compiled(access, shape, () => {
    const { visibility, where } = soughtSql(context, access, sought);
    return sql`select count(*) as found from (select 1 from ${visibility.from} where ${where} limit 1) one`;
  });
}
