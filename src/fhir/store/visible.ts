// What an Access may see, as SQL. The only place that decides it: read, vread, history, search and whatever is
// built on them start from `visibleFrom`, and no other code joins `membership` or `resource` for a request.
// Must answer a narrower set when in doubt, never a wider one.
import { type RawBuilder, sql } from 'kysely';
import type { Access, RequestAccess } from '../../smart/access.ts';
import { memberTypes, referenceTypes, referredTypes, type TypeFilter } from '../../smart/data-classes.ts';
import type { Narrowing } from '../../smart/scopes.ts';
import type { QueryShape, Slot } from '../search/query-shape.ts';
import type { PlacedTypes } from './placed-types.ts';
import type { IndexTable } from './schema.ts';
import { referenceScope, referredScope, withheld } from './scope-name.ts';
import type { Beside, ScopeRegistry } from './scope-registry.ts';

/** Slots for the scopes that an access sees of one type, and for its line. */
export interface Sight {
  readonly line: Slot;
  /** Of the members it is for. */
  readonly members: readonly Slot[];
  readonly reference: readonly Slot[];
  readonly referred: readonly Slot[];
}

/** Where a query begins: at ids, at all that is visible of the type, or at the rows of an index that a condition names. */
export type Start =
  | 'id'
  | 'record'
  | {
      readonly table: IndexTable;
      readonly param: number;
      /** On the columns of the table under the alias given. */
      readonly where: (alias: string) => RawBuilder<unknown>;
      /** The rows come in the order of keys and no key twice, when they are of one scope. */
      readonly inOrder: boolean;
      /** The id is known: each resource is looked for in a list that is made once. A sign keeps SQLite from beginning at that. */
      readonly byId?: boolean;
    };

export interface Visibility {
  /** `from …` with the resource as `r`. */
  readonly from: RawBuilder<unknown>;
  /** The condition to start `where` with. */
  readonly where: RawBuilder<unknown>;
  /** The resource's key, from the table that is asked first. */
  readonly key: RawBuilder<unknown>;
  /** A resource may come more than once. */
  readonly repeats: boolean;
  /** Scopes whose index rows may be looked at; empty means that nothing is visible. */
  readonly scopes: readonly Slot[];
}

export interface VisibleContext {
  readonly scopes: ScopeRegistry;
  readonly placed: PlacedTypes;
  readonly typeNumber: (type: string) => number;
}

/** The granted scopes do not allow this interaction on this type at all, whatever exists. */
export class NotPermitted extends Error {
  override name = 'NotPermitted';
}

/** Looks up the scopes that `access` sees of `type`, and lays slots for them. @throws {FhirError} unavailable */
export async function sightOf(
  shape: QueryShape,
  { scopes, placed }: Pick<VisibleContext, 'scopes' | 'placed'>,
  access: Access,
  type: string,
): Promise<Sight> {
  const line = shape.slot(access.line);
  if (access.kind === 'operator') return { line, members: [], reference: [], referred: [] };
  if (!placed.areAll) await placed.require(type);
  const ticked = access.kind === 'member' && access.sensitive.length > 0;
  const slots: Slot[][] = [];
  // Nothing is waited for where the scopes are known, as nearly always.
  for (const [owners, types] of [
    [access.patients, ownedOrReferred],
    [[referenceScope], referenceTypes],
    [[referredScope], referredTypes],
  ] as const) {
    const found: number[] = [];
    if (types.includes(type))
      for (const owner of owners) {
        const scope = scopes.known(access.line, owner) ?? (await scopes.find(access.line, owner));
        if (scope !== undefined) found.push(scope);
        if (ticked) found.push(...(await besideSeen(scopes, access, owner)));
      }
    slots.push(shape.slots(found));
  }
  const [members = [], reference = [], referred = []] = slots;
  return { line, members, reference, referred };
}

const ownedOrReferred: readonly string[] = [...memberTypes, ...referredTypes];

/** Of what is kept beside a scope, that of which the access may see every class. */
async function besideSeen(
  scopes: ScopeRegistry,
  access: RequestAccess,
  owner: string,
): Promise<readonly number[]> {
  const beside = await scopes.beside(access.line, owner);
  return beside.filter(({ kept }) => isTicked(access, kept)).map(({ scope }) => scope);
}

function isTicked(access: RequestAccess, classes: readonly string[]): boolean {
  return classes.every(
    (one) => access.kind === 'member' && one !== withheld && access.sensitive.includes(one),
  );
}

/** Whether something may be withheld from the members that an access is for. */
export async function mayWithhold(scopes: ScopeRegistry, access: Access): Promise<boolean> {
  return (await withheldScopes(scopes, access)).length > 0;
}

/** In the place of `sightOf`: sees what is withheld and nothing else. Only to tell that there is something. */
export async function withheldSightOf(
  shape: QueryShape,
  { scopes }: Pick<VisibleContext, 'scopes'>,
  access: Access,
  type: string,
): Promise<Sight> {
  const line = shape.slot(access.line);
  const members = memberTypes.includes(type) ? await withheldScopes(scopes, access) : [];
  return { line, members: shape.slots(members), reference: [], referred: [] };
}

/** Of what is sensitive beside, only where the access would see it with its status. */
async function withheldScopes(scopes: ScopeRegistry, access: Access): Promise<number[]> {
  if (access.kind === 'operator') return [];
  const isWithheld = ({ kept }: Beside): boolean =>
    kept.includes(withheld) &&
    isTicked(
      access,
      kept.filter((one) => one !== withheld),
    );
  const found: number[] = [];
  for (const patient of access.patients)
    for (const one of await scopes.beside(access.line, patient)) if (isWithheld(one)) found.push(one.scope);
  return found;
}

/** What is seen of the type is the same for all, and no part of a record. */
export function isSharedOnly({ members, reference, referred }: Sight): boolean {
  return members.length === 0 && reference.length > 0 && referred.length === 0;
}

/** Whether anything of the type may be searched at all. */
export function maySearch(access: Access, type: string): boolean {
  return access.kind === 'operator' || (access.permissions.get(type)?.search ?? []).length > 0;
}

/** Whose index rows may be looked at, where anything of the type may be. */
export function scopesOf(type: string, { members, reference, referred }: Sight): readonly Slot[] {
  return [...(memberTypes.includes(type) ? members : []), ...reference, ...referred];
}

/**
 * How many rows of an index a query may begin at, counted to `most` only: for the choice where it begins.
 * @throws {NotPermitted}
 */
export function countStart(
  access: Access,
  type: string,
  start: Exclude<Start, string>,
  sight: Sight,
  most: number,
): RawBuilder<unknown> {
  if (!maySearch(access, type)) throw new NotPermitted(type);
  const scopes = scopesOf(type, sight);
  if (scopes.length === 0) return sql`0`;
  return sql`(select count(*) from (select 1 from ${sql.table(start.table)} i where i.scope in (${sql.join(scopes)})
    and i.param = ${start.param} and ${start.where('i')} limit ${sql.lit(most)}) counted)`;
}

/** @throws {NotPermitted} */
export function visibleFrom(
  context: VisibleContext,
  access: Access,
  type: string,
  interaction: 'read' | 'search',
  start: Start,
  sight: Sight,
): Visibility {
  const named = sql`r.line = ${sight.line} and r.type = ${type}`;
  if (access.kind === 'operator')
    return { from: sql`resource r`, where: named, key: sql`r.key`, repeats: false, scopes: [] };
  const narrowing = access.permissions.get(type)?.[interaction] ?? [];
  if (narrowing.length === 0) throw new NotPermitted(type);
  const owned = memberTypes.includes(type) ? sight.members : [];
  const visible = [...owned, ...sight.reference];
  const referred = referredCondition(context.scopes, access, interaction, type, sight);
  const scopes = referred === undefined ? visible : [...visible, ...sight.referred];
  const narrowed = (key: RawBuilder<unknown>) => narrow(context.scopes, type, scopes, key, narrowing);
  const starting =
    typeof start === 'string'
      ? undefined
      : (alias: string) =>
          sql`${sql.ref(`${alias}.scope`)} in (${sql.join(scopes)}) and ${sql.ref(`${alias}.param`)} = ${start.param} and ${start.where(alias)}`;
  if (typeof start === 'object' && starting !== undefined && referred === undefined && scopes.length > 0) {
    const { table, inOrder, byId } = start;
    if (byId === true) {
      const key = sql`r.key`;
      return {
        from: sql`resource r`,
        where: sql`${named} and +r.key in (select i.key from ${sql.table(table)} i where ${starting('i')})${narrowed(key)}`,
        key,
        repeats: false,
        scopes,
      };
    }
    if (inOrder && scopes.length === 1) {
      const key = sql`m.key`;
      return {
        from: sql`${sql.table(table)} m cross join resource r`,
        where: sql`${starting('m')} and r.key = m.key${narrowed(key)}`,
        key,
        repeats: false,
        scopes,
      };
    }
    const key = sql`r.key`;
    return {
      from: sql`resource r`,
      where: sql`r.key in (select i.key from ${sql.table(table)} i where ${starting('i')})${narrowed(key)}`,
      key,
      repeats: false,
      scopes,
    };
  }
  const isById = start === 'id' || (typeof start === 'object' && start.byId === true);
  const conditions = [
    ...(visible.length > 0 ? [sql`m.scope in (${sql.join(visible)})`] : []),
    ...(referred === undefined ? [] : [referred]),
  ];
  const key = sql`m.key`;
  const started =
    typeof start === 'string' || starting === undefined || scopes.length === 0
      ? sql``
      : sql` and ${isById ? sql`+${key}` : key} in (select i.key from ${sql.table(start.table)} i where ${starting('i')})`;
  return {
    // A cross join keeps the order written on SQLite: from the id to who sees it, or through the record of those who see.
    from: isById ? sql`resource r cross join membership m` : sql`membership m cross join resource r`,
    // A scope is of one line and a membership of one type, so both are named only where they find the resource.
    where: sql`m.type = ${context.typeNumber(type)} and (${conditions.length === 0 ? sql`1 = 0` : sql.join(conditions, sql` or `)})
      and r.key = m.key${isById ? sql` and ${named}` : sql``}${started}${narrowed(key)}`,
    key,
    repeats: scopes.length > 1,
    scopes,
  };
}

/** Referred data is seen where a resource that may itself be seen, whole type, refers to it. */
function referredCondition(
  scopes: ScopeRegistry,
  access: Exclude<Access, { kind: 'operator' }>,
  interaction: 'read' | 'search',
  type: string,
  { members, referred }: Sight,
): RawBuilder<unknown> | undefined {
  const params: number[] = [];
  for (const [referring, permission] of access.permissions) {
    if (permission[interaction].some((filters) => filters.length === 0) && memberTypes.includes(referring)) {
      params.push(scopes.paramId(referring, '_refers'));
    }
  }
  if (referred.length === 0 || members.length === 0 || params.length === 0) return undefined;
  return sql`m.scope in (${sql.join(referred)}) and exists (select 1 from idx_reference f where f.scope in (${sql.join(members)})
      and f.param in (${sql.join(params)}) and f.target_type = ${type} and f.target_id = r.id)`;
}

function narrow(
  scopes: ScopeRegistry,
  type: string,
  visible: readonly Slot[],
  key: RawBuilder<unknown>,
  alternatives: Narrowing,
): RawBuilder<unknown> {
  if (visible.length === 0 || alternatives.some((filters) => filters.length === 0)) return sql``;
  const each = alternatives.map(
    (filters) =>
      sql`(${sql.join(
        filters.map((filter) => matches(scopes, type, visible, key, filter)),
        sql` and `,
      )})`,
  );
  // What a deleted resource was is no longer indexed, so who sees a part of a type does not see what became of it.
  return sql` and r.deleted = 0 and (${sql.join(each, sql` or `)})`;
}

function matches(
  scopes: ScopeRegistry,
  type: string,
  visible: readonly Slot[],
  key: RawBuilder<unknown>,
  filter: TypeFilter,
): RawBuilder<unknown> {
  const codes = filter.codes.map((token) => {
    const [system, code] = token.split('|');
    return sql`(t.code = ${code} and t.system = ${system})`;
  });
  const rows = sql`from idx_token t where t.scope in (${sql.join(visible)}) and t.param = ${scopes.paramId(type, filter.param)}
    and (${sql.join(codes, sql` or `)})`;
  // What is left out is the rarer part of a record, so it is listed once; what is let in is looked up one by one.
  return filter.exclude === true
    ? sql`${key} not in (select t.key ${rows})`
    : sql`exists (select 1 ${rows} and t.key = ${key})`;
}
