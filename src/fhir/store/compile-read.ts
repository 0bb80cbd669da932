// Queries for one resource by its id: read, vread and instance history
// (https://hl7.org/fhir/R4/http.html#read). Each starts from `visibleFrom`: what an access does not see is not there.
import { type RawBuilder, sql } from 'kysely';
import { type Access, accessToUser } from '../../smart/access.ts';
import { idPattern } from '../fhir-resource.ts';
import type { QueryContext } from '../search/query-context.ts';
import { QueryShape, type ScopedQuery, type Slot } from '../search/query-shape.ts';
import { sharedKeysStart } from './schema.ts';
import { isSharedOnly, sightOf, type Visibility, visibleFrom } from './visible.ts';

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

/** As `compileRead`, and of an access that knows who signed in, them: their current version only, and in no other way. */
export function compileReadOrUser(
  context: QueryContext,
  type: string,
  id: string,
  access: Access,
): Promise<ScopedQuery> {
  return compileRead(context, type, id, accessToUser(access, type, id) ?? access);
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

/** Newest first, at most `count` + 1 versions older than `beforeVersion` and not from before `since`. Same columns. */
export function compileHistory(
  context: QueryContext,
  type: string,
  id: string,
  access: Access,
  page: { readonly count: number; readonly since: number; readonly beforeVersion: number | undefined },
): Promise<ScopedQuery> {
  const values = [page.beforeVersion ?? 2 ** 31 - 1, page.since, page.count + 1];
  return compileById(
    context,
    'history',
    type,
    id,
    access,
    values,
    ({ from, where }, [before, since, limit]) => {
      return sql`select version, last_updated, deleted, content from (
        select r.version, r.last_updated, r.deleted, r.content from ${from} where ${where}
        union
        select v.version, v.last_updated, v.deleted, v.content from ${from} cross join resource_version v
        where ${where} and v.key = r.key and v.hidden = 0
      ) versions where version < ${before} and last_updated >= ${since} order by version desc limit ${limit}`;
    },
  );
}

/** The last entry of the page before. */
export interface HistoryEnd {
  readonly lastUpdated: number;
  readonly key: number;
  readonly version: number;
}

/**
 * The versions of all that is seen of a type, newest first, at most `count` + 1. Columns: key, id, version, last_updated,
 * deleted, content.
 */
export async function compileHistoryType(
  context: QueryContext,
  type: string,
  access: Access,
  page: { readonly count: number; readonly since: number; readonly after: HistoryEnd | undefined },
): Promise<ScopedQuery> {
  const shape = new QueryShape();
  shape.word('history-type');
  shape.word(type);
  const since = shape.slot(page.since);
  const end = page.after;
  const after =
    end === undefined
      ? undefined
      : { at: shape.slot(end.lastUpdated), key: shape.slot(end.key), version: shape.slot(end.version) };
  const limit = shape.slot(page.count + 1);
  shape.word(after === undefined ? 'first' : 'next');
  const sight = await sightOf(shape, context, access, type);
  // A whole directory is gone through from its newest on, a record is gone through as a whole.
  const shared = isSharedOnly(sight);
  return context.compiled(access, shape, () => {
    const { from, where } = visibleFrom(context, access, type, 'search', shared ? 'id' : 'record', sight);
    const of = (row: string): RawBuilder<unknown> => {
      const [at, version] = [sql.ref(`${row}.last_updated`), sql.ref(`${row}.version`)];
      const later =
        after === undefined
          ? sql``
          : sql` and ${at} <= ${after.at} and (${at} < ${after.at} or r.key < ${after.key}
              or (r.key = ${after.key} and ${version} < ${after.version}))`;
      return sql`${at} >= ${since}${later}`;
    };
    const newest = (row: string): RawBuilder<unknown> => {
      if (!shared) return sql``;
      const columns = ['last_updated', 'key', 'version'].map(
        (column) => sql`${sql.ref(`${row}.${column}`)} desc`,
      );
      return sql` order by ${sql.join(columns)} limit ${limit}`;
    };
    const older = shared
      ? sql`resource_version v cross join ${from} where v.key >= ${sql.lit(sharedKeysStart)} and ${where} and r.key = v.key`
      : sql`${from} cross join resource_version v where ${where} and v.key = r.key`;
    // The texts are fetched last, for the entries of the page only.
    return sql`select page.key, page.id, page.version, page.last_updated, page.deleted, coalesce(old.content, now.content)
      from (select * from (
          select * from (select r.key, r.id, r.version, r.last_updated, r.deleted from ${from}
            where ${where} and ${of('r')}${newest('r')}) present
          union
          select * from (select r.key, r.id, v.version, v.last_updated, v.deleted from ${older}
            and v.hidden = 0 and ${of('v')}${newest('v')}) past
        ) versions order by last_updated desc, key desc, version desc limit ${limit}) page
      cross join resource now left join resource_version old on old.key = page.key and old.version = page.version
      where now.key = page.key order by page.last_updated desc, page.key desc, page.version desc`;
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
  const sight = await sightOf(shape, context, access, type);
  return context.compiled(access, shape, () => {
    const { from, where } = visibleFrom(context, access, type, 'read', 'id', sight);
    return build({ from, where: sql`r.id = ${idSlot} and ${where}` }, slots);
  });
}
