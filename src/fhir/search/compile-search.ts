// From what is asked and who asks to one SQL query for one page. `access` is not optional: every query of a
// request starts from `visibleFrom`. Pages are in the order of keys, which never change, so a page that follows
// is not disturbed by writes.
import { type RawBuilder, sql } from 'kysely';
import type { Access } from '../../smart/access.ts';
import { idPattern } from '../fhir-resource.ts';
import { FhirError } from '../operation-outcome.ts';
import { indexColumns } from '../store/schema.ts';
import { type Start, sightOf, type Visibility, visibleFrom } from '../store/visible.ts';
import { type Condition, fixedColumns } from './condition.ts';
import {
  type IndexPredicate,
  InvalidParamValue,
  type ParamPredicate,
  UnsupportedModifier,
} from './param-types/param-type.ts';
import { paramTypes } from './param-types/param-types.ts';
import type { QueryContext } from './query-context.ts';
import { QueryShape, type ScopedQuery, type Slot } from './query-shape.ts';
import type { Ask, SearchRequest } from './search-request.ts';

export interface CompiledSearch {
  /** Rows of one page and one more, to know whether another follows. Columns: key, id, content. */
  readonly page: ScopedQuery;
  /** One row, one column; compiled only when it is asked for. */
  readonly total: () => ScopedQuery;
}

/** An index predicate with slots for its values, and the numbers of the parameters it looks at. */
interface SlottedPredicate {
  readonly table: IndexPredicate['table'];
  readonly negate: boolean;
  readonly broad: boolean;
  readonly param: number;
  readonly code: string;
  readonly where: Condition<Slot>;
  /** Of a composite: what must hold of the same element. */
  readonly second: SlottedPredicate | undefined;
}

/**
 * @param afterKey the key of the last row of the page before; undefined for the first page.
 * @throws {FhirError} naming the parameter.
 */
export async function compileSearch(
  context: QueryContext,
  request: SearchRequest,
  access: Access,
  afterKey: number | undefined,
): Promise<CompiledSearch> {
  const { type } = request;
  const shape = new QueryShape();
  shape.word(type);
  const sight = await sightOf(shape, context.scopes, access, type);
  const ids = request.ids.map((alternatives) => shape.slots(possibleIds(type, alternatives)));
  const lastUpdated = request.lastUpdated.map(({ values }) => shape.condition(lastUpdatedCondition(values)));
  const predicates = request.asks.map((ask) => slotted(context, shape, ask, access));
  const start = ids.length > 0 ? 'id' : (bestStart(predicates) ?? 'record');
  const visible = () => visibleFrom(context, access, type, 'search', start, sight);
  const where = (visibility: Visibility) =>
    sql.join(
      [
        visibility.where,
        sql`r.deleted = 0`,
        ...ids.map((slots) => (slots.length === 0 ? sql`1 = 0` : sql`r.id in (${sql.join(slots)})`)),
        // An instant is an interval whose ends are the same.
        ...lastUpdated.map((condition) => conditionSql(condition, () => sql`r.last_updated`)),
        ...predicates
          .filter((predicate) => typeof start !== 'object' || predicate !== start.predicate)
          .map((predicate) => predicateSql(predicate, visibility, access)),
      ],
      sql` and `,
    );
  const after = afterKey === undefined ? undefined : shape.slot(afterKey);
  const limit = shape.slot(request.count + 1);
  const page = context.compiled(access, shape, () => {
    const visibility = visible();
    const { key } = visibility;
    return sql`select ${visibility.repeats ? sql`distinct ` : sql``}${key} as key, r.id, r.content
      from ${visibility.from} where ${where(visibility)}${after === undefined ? sql`` : sql` and ${key} > ${after}`}
      order by ${key} limit ${limit}`;
  });
  const total = () => {
    shape.word('total');
    return context.compiled(access, shape, () => {
      const visibility = visible();
      return sql`select count(${visibility.repeats ? sql`distinct ` : sql``}${visibility.key}) as total
        from ${visibility.from} where ${where(visibility)}`;
    });
  };
  return { page, total };
}

/** An id that cannot exist is no error: it matches nothing. */
function possibleIds(type: string, ids: readonly string[]): string[] {
  return ids
    .map((id) => (id.startsWith(`${type}/`) ? id.slice(type.length + 1) : id))
    .filter((id) => idPattern.test(id));
}

function lastUpdatedCondition(values: readonly string[]): Condition {
  const predicate = rethrown('_lastUpdated', () =>
    paramTypes.date.predicate({ param: lastUpdatedParam, modifier: undefined, values }),
  );
  if ('composite' in predicate) throw new Error('a date is no composite');
  return predicate.where;
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

function slotted(context: QueryContext, shape: QueryShape, ask: Ask, access: Access): SlottedPredicate {
  const { resourceType, code } = ask.param;
  const name = ask.modifier === undefined ? code : `${code}:${ask.modifier}`;
  const predicate = rethrown(name, () =>
    paramTypes[ask.param.type].predicate({ ...ask, ownBases: context.ownBases(access.line) }),
  );
  const slot = (part: IndexPredicate, param: string, second?: SlottedPredicate): SlottedPredicate => {
    shape.word(`${param}${part.negate ? '!' : '='}${part.table}`);
    return {
      table: part.table,
      negate: part.negate,
      broad: part.broad === true,
      param: context.scopes.paramId(resourceType, param),
      code: param,
      where: shape.condition(part.where),
      second,
    };
  };
  if (!('composite' in predicate)) return slot(predicate, code);
  const [first, second] = predicate.composite;
  return slot(first, `${code}#0`, slot(second, `${code}#1`));
}

/** The predicate whose rows are looked through first: one that fixes most of an index's columns, and so leaves few. */
function bestStart(
  predicates: readonly SlottedPredicate[],
): (Exclude<Start, string> & { readonly predicate: SlottedPredicate }) | undefined {
  let best: SlottedPredicate | undefined;
  let most = 0;
  for (const predicate of predicates) {
    if (predicate.negate || predicate.broad || predicate.second !== undefined) continue;
    const fixed = fixedFromLeft(predicate);
    if (fixed > most) [best, most] = [predicate, fixed];
  }
  if (best === undefined) return undefined;
  const { table, param, where } = best;
  const inOrder = most === Object.keys(indexColumns[table]).length;
  return { table, param, where: (alias) => conditionSql(where, ofAlias(alias)), inOrder, predicate: best };
}

/** How many columns of its index, from the first on, the predicate gives one value. */
function fixedFromLeft({ table, where }: SlottedPredicate): number {
  const fixed = fixedColumns(where);
  const columns = Object.keys(indexColumns[table]);
  const open = columns.findIndex((column) => !fixed.includes(column));
  return open < 0 ? columns.length : open;
}

function predicateSql(
  predicate: SlottedPredicate,
  { key, scopes }: Visibility,
  access: Access,
): RawBuilder<unknown> {
  const rows = (alias: string, { table, param, where }: SlottedPredicate) =>
    sql`from ${sql.table(table)} ${sql.ref(alias)} where ${sql.ref(`${alias}.scope`)} in (${scopes.length === 0 ? sql`null` : sql.join(scopes)})
      and ${sql.ref(`${alias}.param`)} = ${param} and ${conditionSql(where, ofAlias(alias))}`;
  const { second } = predicate;
  if (second !== undefined) {
    return sql`${key} in (select a.key ${rows('a', predicate)}
      and exists (select 1 ${rows('b', second)} and b.key = a.key and b.ord = a.ord))`;
  }
  if (predicate.broad && !predicate.negate && access.kind === 'member') {
    // Holds for most of a record, so it is looked up for each row instead of being listed first.
    const found = sql`exists (select 1 ${rows('i', predicate)} and i.key = ${key})`;
    const patient = predicate.code === 'patient' ? onlyValue(predicate.where, 'target_id') : undefined;
    return patient === undefined ? found : sql`(r.patient = ${patient} or (r.patient = '' and ${found}))`;
  }
  const inside = sql`${key} in (select i.key ${rows('i', predicate)})`;
  return predicate.negate ? sql`not ${inside}` : inside;
}

function onlyValue(condition: Condition<Slot>, column: string): Slot | undefined {
  if ('all' in condition)
    return condition.all.map((part) => onlyValue(part, column)).find((slot) => slot !== undefined);
  return 'column' in condition && condition.column === column ? condition.values[0] : undefined;
}

function ofAlias(alias: string): (column: string) => RawBuilder<unknown> {
  return (column) => sql.ref(`${alias}.${column}`);
}

function conditionSql(
  condition: Condition<Slot>,
  columnSql: (column: string) => RawBuilder<unknown>,
): RawBuilder<unknown> {
  if ('column' in condition) {
    const column = columnSql(condition.column);
    if (condition.comparison === 'in') return sql`${column} in (${sql.join(condition.values)})`;
    return sql`${column} ${sql.raw(condition.comparison)} ${condition.values[0]}`;
  }
  const parts = 'all' in condition ? condition.all : condition.any;
  if (parts.length === 0) return 'all' in condition ? sql`1 = 1` : sql`1 = 0`;
  const joined = sql.join(
    parts.map((part) => conditionSql(part, columnSql)),
    'all' in condition ? sql` and ` : sql` or `,
  );
  return sql`(${joined})`;
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
