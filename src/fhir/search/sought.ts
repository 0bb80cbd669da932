// What is sought of one type, and through references of further types: a tree with slots for its values, and its SQL.
// Each step of a chain starts from `visibleFrom` of its own type, so a chain finds through nothing that a search would not.
import { type RawBuilder, sql } from 'kysely';
import type { Access } from '../../smart/access.ts';
import { idPattern } from '../fhir-resource.ts';
import { FhirError } from '../operation-outcome.ts';
import {
  maySearch,
  NotPermitted,
  type Sight,
  type Start,
  sightOf,
  type Visibility,
  visibleFrom,
} from '../store/visible.ts';
import type { Condition } from './condition.ts';
import {
  bestStart,
  conditionSql,
  type IndexStart,
  lastUpdatedCondition,
  predicateSql,
  type SlottedComposite,
  type SlottedPredicate,
  scopeList,
  slotPredicate,
} from './index-predicate.ts';
import type { Ask } from './parse-ask.ts';
import type { QueryContext } from './query-context.ts';
import type { QueryShape, Slot } from './query-shape.ts';

export interface Sought {
  readonly type: string;
  readonly sight: Sight;
  readonly start: 'id' | 'record' | IndexStart | ChainStart;
  /** Each must hold; slots inside one are alternatives. */
  readonly ids: readonly (readonly Slot[])[];
  readonly lastUpdated: readonly Condition<Slot>[];
  readonly predicates: readonly (SlottedPredicate | SlottedComposite)[];
  readonly chains: readonly Chain[];
  readonly has: readonly Reference[];
  readonly careDates: readonly CareDate[];
}

/** Numbers of date parameters, the one that counts first, and the ends of the interval. */
interface CareDate {
  readonly params: readonly number[];
  readonly lo: Slot;
  readonly hi: Slot;
}

/** A reference by the parameter of this number to or from what is sought. */
interface Reference {
  readonly param: number;
  readonly sought: Sought;
}

/** One of the alternatives must hold. */
type Chain = readonly Reference[];

/** Begins with what the one alternative refers to. */
interface ChainStart {
  readonly chain: Chain;
}

/** Of one query, as it is put to the database, which has a limit of its own. */
const valuesAtMost = 20_000;

/** @throws {FhirError} naming the parameter; {NotPermitted} naming a type that the access may not search */
export async function seek(
  context: QueryContext,
  shape: QueryShape,
  access: Access,
  type: string,
  asks: readonly Ask[],
): Promise<Sought> {
  if (access.kind === 'operator' && asks.length > 0)
    throw new Error('an operator goes through a whole type, for which no index is needed');
  shape.word(type);
  const sight = await sightOf(shape, context.scopes, access, type);
  const ids: Slot[][] = [];
  const lastUpdated: Condition<Slot>[] = [];
  const predicates: (SlottedPredicate | SlottedComposite)[] = [];
  const chains: Chain[] = [];
  const has: Reference[] = [];
  const careDates: CareDate[] = [];
  for (const ask of asks) {
    shape.word(ask.kind);
    switch (ask.kind) {
      case 'id':
        ids.push(shape.slots(possibleIds(type, ask.values)));
        break;
      case 'lastUpdated':
        lastUpdated.push(shape.condition(lastUpdatedCondition(ask.values, context.now())));
        break;
      case 'param':
        predicates.push(slotPredicate(context, shape, ask, access));
        break;
      case 'chain': {
        const targets = ask.targets.filter((target) => maySearch(access, target.type));
        if (targets.length === 0) throw new NotPermitted(ask.targets[0]!.type);
        const chain: Reference[] = [];
        const param = context.scopes.paramId(type, ask.param.code);
        for (const target of targets)
          chain.push({ param, sought: await seek(context, shape, access, target.type, [target.ask]) });
        shape.word(`${ask.param.code}${chain.length}`);
        chains.push(chain);
        break;
      }
      case 'has': {
        const source = ask.param.resourceType;
        const sought = await seek(context, shape, access, source, [ask.ask]);
        shape.word(ask.param.code);
        has.push({ param: context.scopes.paramId(source, ask.param.code), sought });
        break;
      }
      case 'careDate': {
        const params = ask.params.map((param) => context.scopes.paramId(type, param.code));
        shape.word(params.join(','));
        const { lo, hi } = ask.interval;
        careDates.push({ params, lo: shape.slot(lo), hi: shape.slot(hi) });
      }
    }
    if (shape.size > valuesAtMost) {
      const name = 'param' in ask ? ask.param.code : `_${ask.kind}`;
      throw new FhirError('too-costly', `${name}: the search comes to more than ${valuesAtMost} values.`);
    }
  }
  // What is found through a reference has few ids, of which each leads to its resource.
  const start =
    ids.length > 0
      ? 'id'
      : (bestStart(predicates) ?? chainStart(chains) ?? (has.length > 0 ? 'id' : 'record'));
  return { type, sight, start, ids, lastUpdated, predicates, chains, has, careDates };
}

/** Not of a patient, to whom all of a record leads. */
function chainStart(chains: readonly Chain[]): ChainStart | undefined {
  const chain = chains.find(([first, ...others]) => others.length === 0 && first?.sought.type !== 'Patient');
  return chain === undefined ? undefined : { chain };
}

/** An id that cannot exist is no error: it matches nothing. */
function possibleIds(type: string, ids: readonly string[]): string[] {
  return ids
    .map((id) => (id.startsWith(`${type}/`) ? id.slice(type.length + 1) : id))
    .filter((id) => idPattern.test(id));
}

/** What is visible of it, and the condition that finds it there. @throws {NotPermitted} */
export function soughtSql(
  context: QueryContext,
  access: Access,
  sought: Sought,
): { readonly visibility: Visibility; readonly where: RawBuilder<unknown> } {
  const { start } = sought;
  const from = typeof start === 'object' && 'chain' in start ? startOf(context, access, start.chain) : start;
  const visibility = visibleFrom(context, access, sought.type, 'search', from, sought.sight);
  const conditions = [
    visibility.where,
    sql`r.deleted = 0`,
    ...sought.ids.map((slots) => (slots.length === 0 ? sql`1 = 0` : sql`r.id in (${sql.join(slots)})`)),
    // An instant is an interval whose ends are the same.
    ...sought.lastUpdated.map((condition) => conditionSql(condition, () => sql`r.last_updated`)),
    ...sought.predicates
      .filter((predicate) => typeof start === 'string' || 'chain' in start || predicate !== start.predicate)
      .map((predicate) => predicateSql(predicate, visibility, access)),
    ...sought.chains
      .filter((chain) => typeof start === 'string' || !('chain' in start) || chain !== start.chain)
      .map((chain) => chainSql(context, access, visibility, chain)),
    ...sought.has.map((reference) => hasSql(context, access, sought.type, reference)),
    ...sought.careDates.map((careDate) => careDateSql(visibility, careDate)),
  ];
  return { visibility, where: sql.join(conditions, sql` and `) };
}

function chainSql(
  context: QueryContext,
  access: Access,
  { key, scopes }: Visibility,
  chain: Chain,
): RawBuilder<unknown> {
  const alternatives = chain.map(
    ({ param, sought }) =>
      sql`${key} in (select f.key from idx_reference f where f.scope in (${scopeList(scopes)}) and f.param = ${param}
        and ${leadsTo(context, access, sought, 'f')})`,
  );
  return sql`(${sql.join(alternatives, sql` or `)})`;
}

function startOf(context: QueryContext, access: Access, [reference]: Chain): Start {
  const { param, sought } = reference!;
  return {
    table: 'idx_reference',
    param,
    inOrder: false,
    where: (alias) => leadsTo(context, access, sought, alias),
  };
}

/** That a reference leads to one of those sought. */
function leadsTo(context: QueryContext, access: Access, sought: Sought, alias: string): RawBuilder<unknown> {
  const { visibility, where } = soughtSql(context, access, sought);
  return sql`${sql.ref(`${alias}.target_type`)} = ${sought.type} and ${sql.ref(`${alias}.target_id`)} in (
    select r.id from ${visibility.from} where ${where})`;
}

function hasSql(
  context: QueryContext,
  access: Access,
  type: string,
  { param, sought }: Reference,
): RawBuilder<unknown> {
  const { visibility, where } = soughtSql(context, access, sought);
  return sql`r.id in (select f.target_id from idx_reference f where f.scope in (${scopeList(visibility.scopes)})
    and f.param = ${param} and f.target_type = ${type}
    and f.key in (select ${visibility.key} from ${visibility.from} where ${where}))`;
}

function careDateSql(
  { key, scopes }: Pick<Visibility, 'key' | 'scopes'>,
  { params, lo, hi }: CareDate,
): RawBuilder<unknown> {
  const [first, ...rest] = params;
  if (first === undefined) return sql`1 = 1`;
  const dated = sql`select d.key from idx_date d where d.scope in (${scopeList(scopes)}) and d.param = ${first}`;
  return sql`(${key} in (${dated} and d.lo <= ${hi} and d.hi >= ${lo})
    or (${key} not in (${dated}) and ${careDateSql({ key, scopes }, { params: rest, lo, hi })}))`;
}
