// What is sought of one type, and through references of further types: a tree with slots for its values, and its SQL.
// Each step of a chain starts from `visibleFrom` of its own type, so a chain finds through nothing that a search would not.
import { type RawBuilder, sql } from 'kysely';
import type { Access } from '../../smart/access.ts';
import { idPattern } from '../fhir-resource.ts';
import { FhirError } from '../operation-outcome.ts';
import {
  countStart,
  maySearch,
  NotPermitted,
  type Sight,
  type Start,
  scopesOf,
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
  readonly start:
    | 'id'
    | 'record'
    | { readonly part: Part; readonly index: IndexStart | Chain; readonly beside?: readonly Beside[] };
  /** Each must hold. */
  readonly parts: readonly Part[];
}

/** What must hold of a resource; slots inside ids are alternatives. */
type Part =
  | { readonly kind: 'id'; readonly ids: readonly Slot[] }
  | { readonly kind: 'lastUpdated'; readonly condition: Condition<Slot> }
  | { readonly kind: 'param'; readonly predicate: SlottedPredicate | SlottedComposite }
  | { readonly kind: 'chain'; readonly chain: Chain }
  | { readonly kind: 'has'; readonly reference: Reference }
  | { readonly kind: 'careDate'; readonly careDate: CareDate }
  | { readonly kind: 'all' | 'any'; readonly parts: readonly Part[] }
  | { readonly kind: 'not'; readonly part: Part };

/** A part that is looked up for each row that the start finds, before its resource is. */
type Beside = Extract<Part, { kind: 'param' | 'chain' }>;

/** In the order of what they cost. */
const kinds: readonly Part['kind'][] = [
  'id',
  'lastUpdated',
  'param',
  'chain',
  'has',
  'careDate',
  'all',
  'any',
  'not',
];

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
interface Chain {
  readonly alternatives: readonly Reference[];
  /** Followed from each row that is found otherwise, because to list all that it finds is more. */
  readonly followed: boolean;
}

/** Of one query, as it is put to the database, which has a limit of its own. */
const valuesAtMost = 20_000;

/**
 * @param look what is seen of `type` itself; of others always what the access sees
 * @throws {FhirError} naming the parameter; {NotPermitted} naming a type that the access may not search
 */
export async function seek(
  context: QueryContext,
  shape: QueryShape,
  access: Access,
  type: string,
  asks: readonly Ask[],
  look: typeof sightOf = sightOf,
): Promise<Sought> {
  if (access.kind === 'operator' && asks.length > 0)
    throw new Error('an operator goes through a whole type, for which no index is needed');
  shape.word(type);
  const sight = await look(shape, context, access, type);
  const parts: Part[] = [];
  for (const ask of asks) parts.push(await partOf(context, shape, access, type, ask));
  parts.sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
  return { type, sight, ...(await planned(context, shape, access, { type, sight, parts })) };
}

async function partOf(
  context: QueryContext,
  shape: QueryShape,
  access: Access,
  type: string,
  ask: Ask,
): Promise<Part> {
  shape.word(ask.kind);
  const part = await slotted();
  if (shape.size > valuesAtMost) {
    const name = 'param' in ask ? ask.param.code : `_${ask.kind}`;
    throw new FhirError('too-costly', `${name}: the search comes to more than ${valuesAtMost} values.`);
  }
  return part;

  async function slotted(): Promise<Part> {
    switch (ask.kind) {
      case 'id':
        return { kind: 'id', ids: shape.slots(possibleIds(type, ask.values)) };
      case 'lastUpdated': {
        const condition = shape.condition(lastUpdatedCondition(ask.values, context.now()));
        return { kind: 'lastUpdated', condition };
      }
      case 'param':
        return { kind: 'param', predicate: slotPredicate(context, shape, ask, access) };
      case 'chain': {
        const targets = ask.targets.filter((target) => maySearch(access, target.type));
        if (targets.length === 0) throw new NotPermitted(ask.targets[0]!.type);
        const alternatives: Reference[] = [];
        const param = context.scopes.paramId(type, ask.param.code);
        for (const target of targets)
          alternatives.push({ param, sought: await seek(context, shape, access, target.type, [target.ask]) });
        shape.word(`${ask.param.code}${alternatives.length}`);
        return { kind: 'chain', chain: { alternatives, followed: false } };
      }
      case 'has': {
        const source = ask.param.resourceType;
        const sought = await seek(context, shape, access, source, [ask.ask]);
        shape.word(ask.param.code);
        return { kind: 'has', reference: { param: context.scopes.paramId(source, ask.param.code), sought } };
      }
      case 'careDate': {
        const params = ask.params.map((param) => context.scopes.paramId(type, param.code));
        shape.word(params.join(','));
        const { lo, hi } = ask.interval;
        return { kind: 'careDate', careDate: { params, lo: shape.slot(lo), hi: shape.slot(hi) } };
      }
      case 'not':
        return { kind: 'not', part: await partOf(context, shape, access, type, ask.ask) };
      default: {
        shape.word(`(${ask.asks.length}`);
        const parts: Part[] = [];
        for (const one of ask.asks) parts.push(await partOf(context, shape, access, type, one));
        return { kind: ask.kind, parts };
      }
    }
  }
}

/** Rows of an index, at most, that are counted to choose where a search begins. */
const countedAtMost = 300;
/** Of one that is referred to as many refer to it, and of what is not counted to its end so many more, where nothing is known. */
const manyFold = 10;
/** From so few rows a chain is followed one by one. */
const followedAtMost = 2000;

/**
 * Where the search begins: at the fewest rows. Which those are is counted where a chain could be the beginning beside
 * another; the others are then followed from what the first finds, where that is less than to list all of theirs.
 */
async function planned(
  context: QueryContext,
  shape: QueryShape,
  access: Access,
  { type, sight, parts }: Pick<Sought, 'type' | 'sight' | 'parts'>,
): Promise<Pick<Sought, 'start' | 'parts'>> {
  const start = startAt(parts);
  if (typeof start === 'string') return { start, parts };
  const chains = parts.filter(isStartingChain);
  const others = start.part.kind === 'chain' ? chains : [start.part, ...chains];
  if (chains.length === 0 || others.length < 2) return { start, parts };
  const leaves = others.map((part) =>
    part.kind === 'chain' ? leafOf(part.chain) : { type, sight, index: start.index as IndexStart },
  );
  shape.word('counted');
  const counts = await context.counts(
    context.compiled(access, shape, () => {
      const each = leaves.map((leaf) =>
        leaf === undefined
          ? sql.lit(countedAtMost)
          : countStart(access, leaf.type, leaf.index, leaf.sight, countedAtMost),
      );
      return sql`select ${sql.join(each)}`;
    }),
  );
  const sizes = others.map(({ kind }, at) =>
    kind === 'chain' || counts[at] === countedAtMost ? counts[at]! * manyFold : counts[at]!,
  );
  const fewest = sizes.indexOf(Math.min(...sizes));
  const isFollowed = (part: Part): boolean => {
    const at = others.indexOf(part);
    return at >= 0 && at !== fewest && sizes[fewest]! <= followedAtMost && sizes[at]! > 2 * sizes[fewest]!;
  };
  shape.word(`${fewest} ${others.map(isFollowed).join('')}`);
  const chosen = others[fewest]!;
  const follow = (part: Part): Part =>
    part.kind === 'chain' && isFollowed(part)
      ? { kind: part.kind, chain: { ...part.chain, followed: true } }
      : part;
  if (chosen.kind !== 'chain') return { start, parts: parts.map(follow) };
  // Of a parameter, where one row of the index tells it of a resource.
  const isBeside = (part: Part): boolean =>
    isFollowed(part) && (part.kind === 'chain' || (start.index as IndexStart).inOrder);
  return {
    start: {
      part: chosen,
      index: chosen.chain,
      beside: parts.filter(isBeside).map(follow) as readonly Beside[],
    },
    parts: parts.filter((part) => !isBeside(part)),
  };
}

/** What is found through a reference has few ids, of which each leads to its resource. */
function startAt(parts: readonly Part[]): Sought['start'] {
  if (parts.some(({ kind }) => kind === 'id')) return 'id';
  const index = bestStart(predicatesOf(parts));
  if (index !== undefined) {
    const part = parts.find((one) => one.kind === 'param' && one.predicate === index.predicate)!;
    return { part, index };
  }
  const chain = parts.find(isStartingChain);
  if (chain !== undefined) return { part: chain, index: chain.chain };
  return parts.some(({ kind }) => kind === 'has') ? 'id' : 'record';
}

/** Not of a patient, to whom all of a record leads. */
function isStartingChain(part: Part): part is Extract<Part, { kind: 'chain' }> {
  if (part.kind !== 'chain') return false;
  const [first, ...others] = part.chain.alternatives;
  return others.length === 0 && first !== undefined && first.sought.type !== 'Patient';
}

/** The rows that a chain begins at, at its far end. */
function leafOf(
  chain: Chain,
): { readonly type: string; readonly sight: Sight; readonly index: IndexStart } | undefined {
  const { type, sight, start, parts } = chain.alternatives[0]!.sought;
  if (typeof start === 'object' && !('table' in start.index)) return leafOf(start.index);
  // A range, as of a name that begins so, is listed and leaves few as well.
  const index = bestStart(predicatesOf(parts), 0);
  return index === undefined ? undefined : { type, sight, index };
}

function predicatesOf(parts: readonly Part[]): SlottedPredicate[] {
  return parts.flatMap((part) =>
    part.kind === 'param' && 'table' in part.predicate ? [part.predicate] : [],
  );
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
  const { start, parts } = sought;
  const from = typeof start === 'string' ? start : startOf(context, access, sought.type, sought.sight, start);
  const visibility = visibleFrom(context, access, sought.type, 'search', from, sought.sight);
  // The sign keeps SQLite from seeking what an id leads to once for each key of a list that it shall be in.
  const isById = start === 'id' || (typeof from === 'object' && from.byId === true);
  const checked = isById ? { ...visibility, key: sql`+${visibility.key}` } : visibility;
  const conditions = parts
    .filter((part) => typeof start === 'string' || part !== start.part)
    .map((part) => partSql(context, access, sought.type, checked, part));
  return { visibility, where: sql.join([visibility.where, sql`r.deleted = 0`, ...conditions], sql` and `) };
}

function partSql(
  context: QueryContext,
  access: Access,
  type: string,
  visibility: Visibility,
  part: Part,
): RawBuilder<unknown> {
  switch (part.kind) {
    case 'id':
      return part.ids.length === 0 ? sql`1 = 0` : sql`r.id in (${sql.join(part.ids)})`;
    case 'lastUpdated':
      // An instant is an interval whose ends are the same.
      return conditionSql(part.condition, () => sql`r.last_updated`);
    case 'param':
      return predicateSql(part.predicate, visibility, access);
    case 'chain':
      return chainSql(context, access, visibility, part.chain);
    case 'has':
      return hasSql(context, access, type, part.reference);
    case 'careDate':
      return careDateSql(visibility, part.careDate);
    case 'not':
      return sql`not (${partSql(context, access, type, visibility, part.part)})`;
    default: {
      const parts = part.parts.map((one) => partSql(context, access, type, visibility, one));
      return sql`(${sql.join(parts, part.kind === 'all' ? sql` and ` : sql` or `)})`;
    }
  }
}

function chainSql(
  context: QueryContext,
  access: Access,
  { key, scopes }: Pick<Visibility, 'key' | 'scopes'>,
  { alternatives, followed }: Chain,
): RawBuilder<unknown> {
  const each = alternatives.map(({ param, sought }) => {
    const from = sql`from idx_reference f where f.scope in (${scopeList(scopes)}) and f.param = ${param}`;
    if (!followed) return sql`${key} in (select f.key ${from} and ${leadsTo(context, access, sought, 'f')})`;
    const { visibility, where } = soughtSql(context, access, { ...sought, start: whenFollowed(sought) });
    return sql`exists (select 1 ${from} and f.key = ${key} and f.target_type = ${sought.type}
      and exists (select 1 from ${visibility.from} where r.id = f.target_id and ${where}))`;
  });
  return sql`(${sql.join(each, sql` or `)})`;
}

/** What a chain that is followed leads to has an id, and is looked for in the index where one says enough. */
function whenFollowed({ parts }: Sought): Sought['start'] {
  const index = bestStart(predicatesOf(parts), 0);
  const part = parts.find((one) => one.kind === 'param' && one.predicate === index?.predicate);
  return index === undefined || part === undefined ? 'id' : { part, index: { ...index, byId: true } };
}

function startOf(
  context: QueryContext,
  access: Access,
  type: string,
  sight: Sight,
  { index, beside }: Exclude<Sought['start'], string>,
): Start {
  if ('table' in index) return index;
  const { param, sought } = index.alternatives[0]!;
  const scopes = scopesOf(type, sight);
  return {
    table: 'idx_reference',
    param,
    inOrder: false,
    where: (alias) => {
      const row = { key: sql.ref(`${alias}.key`), scopes };
      const besides = (beside ?? []).map((part) =>
        part.kind === 'chain'
          ? chainSql(context, access, row, part.chain)
          : predicateSql({ ...part.predicate, broad: true } as SlottedPredicate, row, access),
      );
      return sql.join([leadsTo(context, access, sought, alias), ...besides], sql` and `);
    },
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
  // The sign keeps SQLite from going through all references of the scope instead of those from the keys.
  return sql`r.id in (select f.target_id from idx_reference f where +f.scope in (${scopeList(visibility.scopes)})
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
