// Queries for one resource by its id: read, vread and instance history
// (https://hl7.org/fhir/R4/http.html#read). Each starts from `visibleFrom`: what an access does not see is not there.
import { sql } from 'kysely';
import type { Access } from '../../smart/access.ts';
import type { ReadTemplate, ScopedQuery, SearchContext } from '../search/compile-search.ts';
import { visibleFrom } from './visible.ts';

/** Columns: key, version, last_updated, deleted, content. */
export async function compileRead(
  context: SearchContext,
  type: string,
  id: string,
  access: Access,
): Promise<ScopedQuery> {
  if (access.kind !== 'member') return (await readTemplate(context, type, id, access)).query;
  // What every request does: compiled once for each grant's permissions, and then only the id is put in.
  const templates = context.reads.get(access.permissions) ?? new Map<string, ReadTemplate>();
  context.reads.set(access.permissions, templates);
  const name = `${access.line} ${type} ${access.patients.join(' ')}`;
  const known = templates.get(name);
  if (known !== undefined)
    return { sql: known.query.sql, parameters: known.query.parameters.with(known.idAt, id) };
  const { query, idAt, complete } = await readTemplate(context, type, id, access);
  if (complete) {
    if (templates.size >= templatesKept) templates.clear();
    templates.set(name, { query, idAt });
  }
  return query;
}

const templatesKept = 10_000;

async function readTemplate(context: SearchContext, type: string, id: string, access: Access) {
  const { from, where, complete } = await visibleFrom(
    context.scopes,
    context.typeNumber,
    access,
    type,
    'read',
    'id',
  );
  // The id comes first, so that its place among the parameters is known.
  const query = context.compile(sql`select r.key, r.version, r.last_updated, r.deleted, r.content
    from ${from} where r.id = ${id} and ${where} limit 1`);
  return { query, idAt: 0, complete };
}

/** The current version or an older one that belonged to the same people. Same columns. */
export async function compileVread(
  context: SearchContext,
  type: string,
  id: string,
  version: number,
  access: Access,
): Promise<ScopedQuery> {
  const { from, where } = await visibleFrom(context.scopes, context.typeNumber, access, type, 'read', 'id');
  return context.compile(sql`select r.key, r.version, r.last_updated, r.deleted, r.content from ${from}
    where r.id = ${id} and r.version = ${version} and ${where}
    union all
    select v.key, v.version, v.last_updated, v.deleted, v.content from ${from} cross join resource_version v
    where r.id = ${id} and ${where} and v.key = r.key and v.version = ${version} and v.hidden = 0 limit 1`);
}

/** Newest first, at most `count` + 1 versions older than `beforeVersion`. Same columns. */
export async function compileHistory(
  context: SearchContext,
  type: string,
  id: string,
  access: Access,
  page: { readonly count: number; readonly beforeVersion: number | undefined },
): Promise<ScopedQuery> {
  const { from, where } = await visibleFrom(context.scopes, context.typeNumber, access, type, 'read', 'id');
  const before = page.beforeVersion ?? 2 ** 31 - 1;
  return context.compile(sql`select key, version, last_updated, deleted, content from (
      select r.key, r.version, r.last_updated, r.deleted, r.content from ${from} where r.id = ${id} and ${where}
      union
      select v.key, v.version, v.last_updated, v.deleted, v.content from ${from} cross join resource_version v
      where r.id = ${id} and ${where} and v.key = r.key and v.hidden = 0
    ) versions where version < ${before} order by version desc limit ${page.count + 1}`);
}
