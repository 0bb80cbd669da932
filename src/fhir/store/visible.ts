// What an Access may see, as SQL. The only place that decides it: read, vread, history, search and whatever is
// built on them start from `visibleFrom`, and no other code joins `membership` or `resource` for a request.
// Must answer a narrower set when in doubt, never a wider one.
import { type RawBuilder, sql } from 'kysely';
import type { Access, MemberAccess } from '../../smart/access.ts';
import { memberTypes, referenceTypes, referredTypes, type TypeFilter } from '../../smart/data-classes.ts';
import type { Narrowing } from '../../smart/scopes.ts';
import { referenceScope, referredScope, type ScopeRegistry } from './scope-registry.ts';

export interface Visibility {
  /** `from …` with `m` (membership) or `r` alone, joined to `resource r`, and the condition to start `where` with. */
  readonly from: RawBuilder<unknown>;
  readonly where: RawBuilder<unknown>;
  /** Scopes whose index rows may be looked at; empty means that nothing is visible. */
  readonly scopes: readonly number[];
  /** False while a member has no resources yet, and so no scope: another moment may see more. */
  readonly complete: boolean;
}

/** The granted scopes do not allow this interaction on this type at all, whatever exists. */
export class NotPermitted extends Error {
  override name = 'NotPermitted';
}

/**
 * @param start whether the query names ids, or goes through all that is visible of the type
 * @throws {NotPermitted}
 */
export async function visibleFrom(
  scopes: ScopeRegistry,
  typeNumber: (type: string) => number,
  access: Access,
  type: string,
  interaction: 'read' | 'search',
  start: 'id' | 'record',
): Promise<Visibility> {
  if (access.kind === 'operator') {
    return {
      from: sql`resource r`,
      where: sql`r.line = ${access.line} and r.type = ${type}`,
      scopes: [],
      complete: true,
    };
  }
  const narrowing = access.permissions.get(type)?.[interaction] ?? [];
  if (narrowing.length === 0) throw new NotPermitted(type);
  const owned = memberTypes.includes(type) ? await memberScopes(scopes, access) : [];
  const reference = referenceTypes.includes(type)
    ? await scopes.find(access.line, referenceScope)
    : undefined;
  const visible = reference === undefined ? owned : [...owned, reference];
  const conditions: RawBuilder<unknown>[] = [];
  if (visible.length > 0) conditions.push(sql`m.scope in (${sql.join(visible)})`);
  const referred = referredTypes.includes(type)
    ? await referredCondition(scopes, access, type, interaction)
    : undefined;
  if (referred !== undefined) {
    conditions.push(referred.condition);
    visible.push(referred.scope);
  }
  return {
    // A cross join keeps the order written on SQLite: from the id to who sees it, or through the record of those who see.
    from: start === 'id' ? sql`resource r cross join membership m` : sql`membership m cross join resource r`,
    where: sql`r.line = ${access.line} and r.type = ${type} and m.type = ${typeNumber(type)} and (${conditions.length === 0 ? sql`1 = 0` : sql.join(conditions, sql` or `)})
      and r.key = m.key${narrow(scopes, type, narrowing)}`,
    scopes: visible,
    complete:
      (!memberTypes.includes(type) || owned.length === access.patients.length) &&
      (!referenceTypes.includes(type) || reference !== undefined) &&
      (!referredTypes.includes(type) || referred !== undefined),
  };
}

async function memberScopes(scopes: ScopeRegistry, access: MemberAccess): Promise<number[]> {
  const found: number[] = [];
  for (const patient of access.patients) {
    const scope = await scopes.find(access.line, patient);
    if (scope !== undefined) found.push(scope);
  }
  return found;
}

/** Referred data is seen where a resource that may itself be seen, whole type, refers to it. */
async function referredCondition(
  scopes: ScopeRegistry,
  access: MemberAccess,
  type: string,
  interaction: 'read' | 'search',
) {
  const scope = await scopes.find(access.line, referredScope);
  const own = await memberScopes(scopes, access);
  const params: number[] = [];
  for (const [referring, permission] of access.permissions) {
    if (permission[interaction].some((filters) => filters.length === 0) && memberTypes.includes(referring)) {
      params.push(scopes.paramId(referring, '_refers'));
    }
  }
  if (scope === undefined || own.length === 0 || params.length === 0) return undefined;
  return {
    scope,
    condition: sql`m.scope = ${scope} and exists (select 1 from idx_reference f where f.scope in (${sql.join(own)})
      and f.param in (${sql.join(params)}) and f.target_type = ${type} and f.target_id = r.id)`,
  };
}

function narrow(scopes: ScopeRegistry, type: string, alternatives: Narrowing): RawBuilder<unknown> {
  if (alternatives.some((filters) => filters.length === 0)) return sql``;
  const each = alternatives.map(
    (filters) =>
      sql`(${sql.join(
        filters.map((filter) => matches(scopes, type, filter)),
        sql` and `,
      )})`,
  );
  return sql` and (${sql.join(each, sql` or `)})`;
}

function matches(scopes: ScopeRegistry, type: string, filter: TypeFilter): RawBuilder<unknown> {
  const codes = filter.codes.map((token) => {
    const [system, code] = token.split('|');
    return sql`(t.code = ${code} and t.system = ${system})`;
  });
  const found = sql`exists (select 1 from idx_token t where t.scope = m.scope and t.param = ${scopes.paramId(type, filter.param)}
    and (${sql.join(codes, sql` or `)}) and t.key = m.key)`;
  return filter.exclude === true ? sql`not ${found}` : found;
}
