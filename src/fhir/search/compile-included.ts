// The resources that come with the matches of a page (`_include`, `_revinclude`), as one query for each round.
// What is included of a type is what a search of that type would find: each part starts from `visibleFrom`.
import { type RawBuilder, sql } from 'kysely';
import { jsonValues } from '../../db/json-rows.ts';
import type { Access } from '../../smart/access.ts';
import { FhirError } from '../operation-outcome.ts';
import { maySearch, type Start, sightOf, visibleFrom } from '../store/visible.ts';
import type { Include } from './parse-include.ts';
import type { QueryContext } from './query-context.ts';
import { QueryShape, type ScopedQuery } from './query-shape.ts';

/** A union of SQLite has at most 500. */
const partsAtMost = 400;

/** What is followed from, or to. */
export interface Origin {
  readonly type: string;
  readonly key: number;
  readonly id: string;
}

/** Columns: key, type, id, content; what several parts find comes as often. Undefined when nothing can be included. */
export async function compileIncluded(
  context: QueryContext,
  access: Access,
  origins: readonly Origin[],
  includes: readonly Include[],
  limit: number,
): Promise<ScopedQuery | undefined> {
  const shape = new QueryShape();
  shape.word('included');
  const parts: (() => RawBuilder<unknown>)[] = [];
  for (const include of includes) {
    const found = include.reverse
      ? await reverseParts(context, shape, access, origins, include)
      : await forwardParts(context, shape, access, origins, include);
    parts.push(...found);
  }
  if (parts.length === 0) return undefined;
  if (parts.length > partsAtMost)
    throw new FhirError(
      'too-costly',
      `_include, _revinclude: more than ${partsAtMost} kinds of references would be followed at once; ask for fewer.`,
    );
  const limitSlot = shape.slot(limit);
  return context.compiled(
    access,
    shape,
    () =>
      // With ALL, so that the limit ends the work.
      sql`select key, type, id, content from (${sql.join(
        parts.map((part) => part()),
        sql` union all `,
      )}) included limit ${limitSlot}`,
  );
}

/** The targets of references that the origins have. */
async function forwardParts(
  context: QueryContext,
  shape: QueryShape,
  access: Access,
  origins: readonly Origin[],
  { source, params, target }: Include,
): Promise<(() => RawBuilder<unknown>)[]> {
  const keys = origins.filter((origin) => origin.type === source).map(({ key }) => key);
  if (keys.length === 0) return [];
  const targets = new Set(params.flatMap((param) => param.targets));
  const parts: (() => RawBuilder<unknown>)[] = [];
  for (const type of targets) {
    if ((target !== undefined && type !== target) || !maySearch(access, type)) continue;
    const numbers = params
      .filter((param) => param.targets.includes(type))
      .map((param) => context.scopes.paramId(source, param.code));
    shape.word(`${source}:${numbers.join(',')}:${type}`);
    const keysSlot = shape.slot(JSON.stringify(keys));
    const sight = await sightOf(shape, context, access, type);
    parts.push(() => {
      const { from, where, key } = visibleFrom(context, access, type, 'search', 'id', sight);
      // The targets come first in the join, for PostgreSQL's sake: left in a condition it may go through the record for each.
      return sql`select ${key} as key, ${sql.lit(type)} as type, r.id, r.content
        from (select distinct f.target_id from idx_reference f where f.key in (${jsonValues(context.dialect, 'bigint', keysSlot)})
          and f.param in (${sql.join(numbers)}) and f.target_type = ${type}) t cross join ${from}
        where r.id = t.target_id and ${where} and r.deleted = 0`;
    });
  }
  return parts;
}

/** What refers to the origins. */
async function reverseParts(
  context: QueryContext,
  shape: QueryShape,
  access: Access,
  origins: readonly Origin[],
  { source, params, target }: Include,
): Promise<(() => RawBuilder<unknown>)[]> {
  if (!maySearch(access, source)) return [];
  const parts: (() => RawBuilder<unknown>)[] = [];
  for (const param of params) {
    for (const type of new Set(origins.map((origin) => origin.type))) {
      if (!param.targets.includes(type) || (target !== undefined && type !== target)) continue;
      const number = context.scopes.paramId(source, param.code);
      shape.word(`${source}<${number}<${type}`);
      const ids = origins.filter((origin) => origin.type === type).map(({ id }) => id);
      const idsSlot = shape.slot(JSON.stringify(ids));
      const sight = await sightOf(shape, context, access, source);
      const start: Start = {
        table: 'idx_reference',
        param: number,
        inOrder: false,
        where: (alias) =>
          sql`${sql.ref(`${alias}.target_type`)} = ${type} and ${sql.ref(`${alias}.target_id`)} in (${jsonValues(context.dialect, 'text', idsSlot)})`,
      };
      parts.push(() => {
        const { from, where, key } = visibleFrom(context, access, source, 'search', start, sight);
        return sql`select ${key} as key, ${sql.lit(source)} as type, r.id, r.content from ${from} where ${where} and r.deleted = 0`;
      });
    }
  }
  return parts;
}
