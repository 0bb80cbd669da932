// Queries for one resource by its id: read, vread and instance history
// (https://hl7.org/fhir/R4/http.html#read). Each starts from `visibleFrom`: what an access does not see is not there.
import { type RawBuilder, sql } from 'kysely';
import type { Access } from '../../smart/access.ts';
import { idPattern } from '../fhir-resource.ts';
import type { QueryContext } from '../search/query-context.ts';
import { QueryShape, type ScopedQuery, type Slot } from '../search/query-shape.ts';
import { sightOf, type Visibility, visibleFrom } from './visible.ts';

/** Columns: version, last_updated, deleted, content. */
export function compileRead(
  context: QueryContext,
  type: string,
  id: string,
  access: Access,
): Promise<ScopedQuery> {
  return compileById(context, 'read', type, id, access, [], (one) => {
    return sql`select r.version, r.last_updated, r.deleted, r.content from ${one.from} where ${one.where} limit 1`;
  });
}

/** The current version or an older one that belonged to the same people. Same columns. */
export function compileVread(
  context: QueryContext,
  type: string,
  id: string,
  version: number,
  access: Access,
): Promise<ScopedQuery> {
  return compileById(context, 'vread', type, id, access, [version], ({ from, where }, [wanted]) => {
    return sql`select r.version, r.last_updated, r.deleted, r.content from ${from}
      where ${where} and r.version = ${wanted}
      union all
      select v.version, v.last_updated, v.deleted, v.content from ${from} cross join resource_version v
      where ${where} and v.key = r.key and v.version = ${wanted} and v.hidden = 0 limit 1`;
  });
}

/** Newest first, at most `count` + 1 versions older than `beforeVersion`. Same columns. */
export function compileHistory(
  context: QueryContext,
  type: string,
  id: string,
  access: Access,
  page: { readonly count: number; readonly beforeVersion: number | undefined },
): Promise<ScopedQuery> {
  const values = [page.beforeVersion ?? 2 ** 31 - 1, page.count + 1];
  return compileById(context, 'history', type, id, access, values, ({ from, where }, [before, limit]) => {
    return sql`select version, last_updated, deleted, content from (
        select r.version, r.last_updated, r.deleted, r.content from ${from} where ${where}
        union
        select v.version, v.last_updated, v.deleted, v.content from ${from} cross join resource_version v
        where ${where} and v.key = r.key and v.hidden = 0
      ) versions where version < ${before} order by version desc limit ${limit}`;
  });
}

async function compileById(
  context: QueryContext,
  interaction: string,
  type: string,
  id: string,
  access: Access,
  values: readonly number[],
  build: (one: Pick<Visibility, 'from' | 'where'>, values: readonly Slot[]) => RawBuilder<unknown>,
): Promise<ScopedQuery> {
  const shape = new QueryShape();
  shape.word(interaction);
  shape.word(type);
  // What can be no id is none that exists; PostgreSQL does not take every text.
  const idSlot = shape.slot(idPattern.test(id) ? id : '');
  const slots = shape.slots(values);
  const sight = await sightOf(shape, context.scopes, access, type);
  return context.compiled(access, shape, () => {
    const { from, where } = visibleFrom(context, access, type, 'read', 'id', sight);
    return build({ from, where: sql`r.id = ${idSlot} and ${where}` }, slots);
  });
}
