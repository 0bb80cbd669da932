// From what is asked and who asks to one SQL query for one page. `access` is not optional: every query of a
// request starts from `visibleFrom`. Pages are in the order of keys, which never change, so a page that follows
// is not disturbed by writes.
import { expressionBuilder, type RawBuilder, sql } from 'kysely';
import type { Access } from '../../smart/access.ts';
import type { Permissions } from '../../smart/scopes.ts';
import { idPattern } from '../fhir-resource.ts';
import { FhirError } from '../operation-outcome.ts';
import type { IndexTable, ResourceTables } from '../store/schema.ts';
import type { ScopeRegistry } from '../store/scope-registry.ts';
import { type Visibility, visibleFrom } from '../store/visible.ts';
import {
  type IndexPredicate,
  InvalidParamValue,
  type ParamPredicate,
  UnsupportedModifier,
} from './param-types/param-type.ts';
import { paramTypes } from './param-types/param-types.ts';
import type { Ask, SearchRequest } from './search-request.ts';

export interface SearchContext {
  readonly scopes: ScopeRegistry;
  /** The text and the parameters of a query, for this database. */
  readonly compile: (query: RawBuilder<unknown>) => ScopedQuery;
  /** Compiled reads, by what was granted. */
  readonly reads: ReadTemplates;
  readonly typeNumber: (type: string) => number;
  /** FHIR bases that are this line's own, for absolute references. */
  readonly ownBases: (line: string) => readonly string[];
}

/** A query that has been compiled with an access. Only this module and compile-read.ts make one. */
export interface ScopedQuery {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** Permissions → line, type and patients → a read whose id is still open. */
export type ReadTemplates = WeakMap<Permissions, Map<string, ReadTemplate>>;

export interface ReadTemplate {
  readonly query: ScopedQuery;
  /** Position of the id among the parameters. */
  readonly idAt: number;
}

export interface CompiledSearch {
  /** Rows of one page and one more, to know whether another follows. Columns: key, id, content. */
  readonly page: ScopedQuery;
  readonly total: ScopedQuery;
}

/**
 * @param afterKey the key of the last row of the page before; undefined for the first page.
 * @throws {FhirError} naming the parameter.
 */
export async function compileSearch(
  context: SearchContext,
  request: SearchRequest,
  access: Access,
  afterKey: number | undefined,
): Promise<CompiledSearch> {
  const visibility = await visibleFrom(
    context.scopes,
    context.typeNumber,
    access,
    request.type,
    'search',
    request.ids.length > 0 ? 'id' : 'record',
  );
  const key = access.kind === 'member' ? sql`m.key` : sql`r.key`;
  const conditions = [visibility.where, sql`r.deleted = 0`];
  for (const ids of request.ids) conditions.push(idCondition(request.type, ids));
  for (const { values } of request.lastUpdated) conditions.push(lastUpdatedCondition(values));
  for (const ask of request.asks) conditions.push(askCondition(context, visibility, key, ask, access));
  const where = sql.join(conditions, sql` and `);
  const distinct = visibility.scopes.length > 1 ? sql`distinct ` : sql``;
  const after = afterKey === undefined ? sql`` : sql` and ${key} > ${afterKey}`;
  return {
    page: context.compile(sql`select ${distinct}${key} as key, r.id, r.content
      from ${visibility.from} where ${where}${after} order by ${key} limit ${request.count + 1}`),
    total: context.compile(
      sql`select count(${distinct}${key}) as total from ${visibility.from} where ${where}`,
    ),
  };
}

function idCondition(type: string, ids: readonly string[]): RawBuilder<unknown> {
  const plain = ids.map((id) => (id.startsWith(`${type}/`) ? id.slice(type.length + 1) : id));
  // An id that cannot exist is no error: it matches nothing.
  const possible = plain.filter((id) => idPattern.test(id));
  return possible.length === 0 ? sql`1 = 0` : sql`r.id in (${sql.join(possible)})`;
}

function lastUpdatedCondition(values: readonly string[]): RawBuilder<unknown> {
  const predicate = rethrown('_lastUpdated', () =>
    paramTypes.date.predicate({ param: lastUpdatedParam, modifier: undefined, values }),
  );
  if ('composite' in predicate) throw new Error('a date is no composite');
  // The predicate speaks of an interval [lo, hi]; an instant is one whose ends are the same.
  return sql`exists (select 1 from (select r.last_updated as lo, r.last_updated as hi) as idx_date where ${condition(predicate)})`;
}

const lastUpdatedParam = {
  resourceType: 'Resource',
  code: '_lastUpdated',
  type: 'date',
  expression: 'Resource.meta.lastUpdated',
  targets: [],
  components: [],
  url: 'http://hl7.org/fhir/SearchParameter/Resource-lastUpdated',
  guides: [],
} as const;

function askCondition(
  context: SearchContext,
  visibility: Visibility,
  key: RawBuilder<unknown>,
  ask: Ask,
  access: Access,
): RawBuilder<unknown> {
  const name = ask.modifier === undefined ? ask.param.code : `${ask.param.code}:${ask.modifier}`;
  const predicate = rethrown(name, () =>
    paramTypes[ask.param.type].predicate({ ...ask, ownBases: context.ownBases(access.line) }),
  );
  const type = ask.param.resourceType;
  if ('composite' in predicate) {
    const [first, second] = predicate.composite;
    const paramOf = (component: number) => context.scopes.paramId(type, `${ask.param.code}#${component}`);
    return sql`${key} in (select a.key from ${sql.table(first.table)} a where ${scoped('a', visibility, paramOf(0))}
      and (${condition(first)}) and exists (select 1 from ${sql.table(second.table)} b where ${scoped('b', visibility, paramOf(1))}
      and b.key = a.key and b.ord = a.ord and (${condition(second)})))`;
  }
  const param = context.scopes.paramId(type, ask.param.code);
  if (predicate.broad === true && !predicate.negate && access.kind === 'member') {
    return sql`exists (select 1 from ${sql.table(predicate.table)} i where i.scope = m.scope and i.param = ${param}
      and (${condition(predicate)}) and i.key = m.key)`;
  }
  const inside = sql`${key} in (select i.key from ${sql.table(predicate.table)} i where ${scoped('i', visibility, param)}
    and (${condition(predicate)}))`;
  return predicate.negate ? sql`not ${inside}` : inside;
}

function scoped(alias: string, visibility: Visibility, param: number): RawBuilder<unknown> {
  const scopes = visibility.scopes.length === 0 ? sql`null` : sql.join(visibility.scopes);
  return sql`${sql.ref(`${alias}.scope`)} in (${scopes}) and ${sql.ref(`${alias}.param`)} = ${param}`;
}

function condition(predicate: IndexPredicate): RawBuilder<unknown> {
  return sql`${predicate.where(expressionBuilder<ResourceTables, IndexTable>())}`;
}

function rethrown(name: string, run: () => ParamPredicate): ParamPredicate {
  try {
    return run();
  } catch (error) {
    if (error instanceof InvalidParamValue)
      throw new FhirError('invalid-parameter', `${name}: ${error.message.slice(0, 300)}`);
    if (error instanceof UnsupportedModifier)
      throw new FhirError('unknown-parameter', `${name}: ${error.message.slice(0, 300)}`);
    throw error;
  }
}
