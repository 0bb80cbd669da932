// The condition that a search parameter and its values put on the rows of an index, with slots for the values, and its SQL.
import { type RawBuilder, sql } from 'kysely';
import type { Access } from '../../smart/access.ts';
import { FhirError } from '../operation-outcome.ts';
import { indexColumns } from '../store/schema.ts';
import type { Start, Visibility } from '../store/visible.ts';
import { type Condition, fixedColumns } from './condition.ts';
import {
  type IndexPredicate,
  InvalidParamValue,
  type ParamPredicate,
  UnsupportedModifier,
  UnsupportedValue,
} from './param-types/param-type.ts';
import { paramTypes } from './param-types/param-types.ts';
import type { Ask } from './parse-ask.ts';
import type { QueryContext } from './query-context.ts';
import type { QueryShape, Slot } from './query-shape.ts';

export interface SlottedComposite {
  /** Alternatives; each two predicates that must hold of the same element. */
  readonly pairs: readonly (readonly [SlottedPredicate, SlottedPredicate])[];
}

export interface SlottedPredicate {
  readonly table: IndexPredicate['table'];
  readonly negate: boolean;
  readonly broad: boolean;
  /** Number of the parameter in the index. */
  readonly param: number;
  readonly code: string;
  readonly selective: boolean;
  readonly where: Condition<Slot>;
}

/** @throws {FhirError} naming the parameter */
export function slotPredicate(
  context: QueryContext,
  shape: QueryShape,
  ask: Extract<Ask, { kind: 'param' }>,
  access: Access,
): SlottedPredicate | SlottedComposite {
  const { resourceType, code } = ask.param;
  const name = ask.modifier === undefined ? code : `${code}:${ask.modifier}`;
  const predicate = named(name, () =>
    paramTypes[ask.param.type].predicate({
      ...ask,
      ownBases: context.ownBases(access.line),
      terminology: context.terminology,
      now: context.now(),
    }),
  );
  const slot = (part: IndexPredicate, param: string): SlottedPredicate => {
    shape.word(`${param}${part.negate ? '!' : '='}${part.table}`);
    return {
      table: part.table,
      negate: part.negate,
      broad: part.broad === true,
      selective: part.selective === true,
      param: context.scopes.paramId(resourceType, param),
      code: param,
      where: shape.condition(part.where),
    };
  };
  if (!('composite' in predicate))
    return slot(predicate, predicate.beside === undefined ? code : `${code}:${predicate.beside}`);
  shape.word(`${predicate.composite.length}$`);
  return {
    pairs: predicate.composite.map(([first, second]) => [
      slot(first, `${code}#0`),
      slot(second, `${code}#1`),
    ]),
  };
}

/** Of an instant that a resource row itself has. @throws {FhirError} */
export function lastUpdatedCondition(values: readonly string[], now: number): Condition {
  const predicate = named('_lastUpdated', () =>
    paramTypes.date.predicate({ param: lastUpdatedParam, modifier: undefined, values, now }),
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

function named(name: string, run: () => ParamPredicate): ParamPredicate {
  try {
    return run();
  } catch (error) {
    if (error instanceof InvalidParamValue)
      throw new FhirError('invalid-parameter', `${name}: ${error.message.slice(0, 300)}`);
    if (error instanceof UnsupportedModifier || error instanceof UnsupportedValue)
      throw new FhirError('unknown-parameter', `${name}: ${error.message.slice(0, 300)}`);
    throw error;
  }
}

export type IndexStart = Exclude<Start, string> & { readonly predicate: SlottedPredicate };

/**
 * The predicate whose rows are looked through first: one that fixes most of an index's columns, and so leaves few.
 * @param least columns that it must fix
 */
export function bestStart(
  predicates: readonly (SlottedPredicate | SlottedComposite)[],
  least = 1,
): IndexStart | undefined {
  let best: SlottedPredicate | undefined;
  let most = least - 1;
  for (const predicate of predicates) {
    if ('pairs' in predicate || predicate.negate || predicate.broad) continue;
    const fixed = Math.max(fixedFromLeft(predicate), predicate.selective ? 1 : 0);
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

export function predicateSql(
  predicate: SlottedPredicate | SlottedComposite,
  { key, scopes }: Pick<Visibility, 'key' | 'scopes'>,
  access: Access,
): RawBuilder<unknown> {
  const rows = (alias: string, { table, param, where }: SlottedPredicate) =>
    sql`from ${sql.table(table)} ${sql.ref(alias)} where ${sql.ref(`${alias}.scope`)} in (${scopeList(scopes)})
      and ${sql.ref(`${alias}.param`)} = ${param} and ${conditionSql(where, ofAlias(alias))}`;
  if ('pairs' in predicate) {
    const alternatives = predicate.pairs.map(
      ([first, second]) => sql`${key} in (select a.key ${rows('a', first)}
        and exists (select 1 ${rows('b', second)} and b.key = a.key and b.ord = a.ord))`,
    );
    return sql`(${sql.join(alternatives, sql` or `)})`;
  }
  if (predicate.broad && !predicate.negate && access.kind !== 'operator') {
    // Holds for most of a record, so it is looked up for each row instead of being listed first.
    const found = sql`exists (select 1 ${rows('e', predicate)} and e.key = ${key})`;
    const patient = predicate.code === 'patient' ? onlyValue(predicate.where, 'target_id') : undefined;
    return patient === undefined ? found : sql`(r.patient = ${patient} or (r.patient = '' and ${found}))`;
  }
  const inside = sql`${key} in (select i.key ${rows('i', predicate)})`;
  return predicate.negate ? sql`not ${inside}` : inside;
}

/** For `scope in (…)`; of no scope nothing is found. */
export function scopeList(scopes: readonly Slot[]): RawBuilder<unknown> {
  return scopes.length === 0 ? sql`null` : sql.join(scopes);
}

function onlyValue(condition: Condition<Slot>, column: string): Slot | undefined {
  if ('all' in condition)
    return condition.all.map((part) => onlyValue(part, column)).find((slot) => slot !== undefined);
  return 'column' in condition && condition.column === column ? condition.values[0] : undefined;
}

function ofAlias(alias: string): (column: string) => RawBuilder<unknown> {
  return (column) => sql.ref(`${alias}.${column}`);
}

export function conditionSql(
  condition: Condition<Slot>,
  columnSql: (column: string) => RawBuilder<unknown>,
): RawBuilder<unknown> {
  if ('column' in condition) {
    const column = columnSql(condition.column);
    if (condition.comparison === 'in') return sql`${column} in (${sql.join(condition.values)})`;
    return sql`${column} ${sql.raw(condition.comparison)} ${condition.values[0]}`;
  }
  if ('near' in condition) {
    const [x, y, z, square] = condition.near;
    const [atX, atY, atZ] = ['x', 'y', 'z'].map(columnSql);
    return sql`(${atX} - ${x}) * (${atX} - ${x}) + (${atY} - ${y}) * (${atY} - ${y}) + (${atZ} - ${z}) * (${atZ} - ${z}) <= ${square}`;
  }
  const parts = 'all' in condition ? condition.all : condition.any;
  if (parts.length === 0) return 'all' in condition ? sql`1 = 1` : sql`1 = 0`;
  const texts = parts.map((part) => conditionSql(part, columnSql));
  return joined(texts, 'all' in condition ? sql` and ` : sql` or `);
}

/** How many stand side by side: SQLite reads a long row of them as a deep tree, and has a limit for that. */
const sideBySide = 50;

function joined(parts: readonly RawBuilder<unknown>[], by: RawBuilder<unknown>): RawBuilder<unknown> {
  if (parts.length <= sideBySide) return sql`(${sql.join(parts, by)})`;
  const groups: RawBuilder<unknown>[] = [];
  for (let at = 0; at < parts.length; at += sideBySide)
    groups.push(joined(parts.slice(at, at + sideBySide), by));
  return joined(groups, by);
}
