// From what is asked and who asks to one SQL query for one page. `access` is not optional: every query of a
// request starts from `visibleFrom`. Pages are in the order of keys, which never change, so a page that follows
// is not disturbed by writes.
import { sql } from 'kysely';
import type { Access } from '../../smart/access.ts';
import type { QueryContext } from './query-context.ts';
import { QueryShape, type ScopedQuery } from './query-shape.ts';
import type { SearchRequest } from './search-request.ts';
import { seek, soughtSql } from './sought.ts';

export interface CompiledSearch {
  /** Rows of one page and one more, to know whether another follows. Columns: key, id, content. */
  readonly page: ScopedQuery;
  /** One row, one column; compiled only when it is asked for. */
  readonly total: () => ScopedQuery;
}

/**
 * @param afterKey the key of the last row of the page before; undefined for the first page.
 * @throws {FhirError} naming the parameter; {NotPermitted}
 */
export async function compileSearch(
  context: QueryContext,
  request: SearchRequest,
  access: Access,
  afterKey: number | undefined,
): Promise<CompiledSearch> {
  const shape = new QueryShape();
  const sought = await seek(context, shape, access, request.type, request.asks);
  shape.word('page');
  const after = afterKey === undefined ? undefined : shape.slot(afterKey);
  const limit = shape.slot(request.count + 1);
  const page = context.compiled(access, shape, () => {
    const { visibility, where } = soughtSql(context, access, sought);
    const { key } = visibility;
    return sql`select ${visibility.repeats ? sql`distinct ` : sql``}${key} as key, r.id, r.content
      from ${visibility.from} where ${where}${after === undefined ? sql`` : sql` and ${key} > ${after}`}
      order by ${key} limit ${limit}`;
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
