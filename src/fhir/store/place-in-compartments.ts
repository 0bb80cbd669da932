// Finds the scopes of the resources of a batch: from what they say themselves, or from what they follow.
import { sql, type Transaction } from 'kysely';
import { jsonRows } from '../../db/json-rows.ts';
import { type Change, parseScopes } from './change.ts';
import type { ResourceTables } from './schema.ts';
import { ownerOfScope } from './scope-registry.ts';
import type { StoreContext } from './store-context.ts';

export async function placeInCompartments(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  changes: readonly Change[],
): Promise<void> {
  const following: { change: Change; targets: readonly { type: string; id: string }[] }[] = [];
  const members = new Set<string>();
  for (const change of changes) {
    if (change.resource === undefined) continue;
    const compartment = context.compartmentOf(change.resource, change.rows);
    if (compartment.kind === 'follows') following.push({ change, targets: compartment.targets });
    else {
      change.members = compartment.members;
      for (const member of compartment.members) members.add(member);
    }
  }
  for (const { targets } of following)
    for (const target of targets) if (target.type === 'Patient') members.add(target.id);
  const scopes = await context.scopes.ensure(trx, line, members);
  context.newScopes.push([line, scopes]);
  for (const change of changes) {
    change.scopes =
      change.resource === undefined && change.stored
        ? parseScopes(change.stored)
        : change.members.map((member) => scopes.get(member)!);
  }
  if (following.length === 0) return;
  const scopesOf = await scopesOfTargets(
    context,
    trx,
    line,
    changes,
    following.flatMap(({ targets }) => targets),
  );
  const places = following.map(({ change, targets }) => ({
    change,
    targets,
    sets: targets.map((target) =>
      target.type === 'Patient' ? [scopes.get(target.id)!] : scopesOf.get(`${target.type}/${target.id}`),
    ),
  }));
  const met = new Set(places.flatMap(({ sets }) => sets.flatMap((set) => set ?? [])));
  const names = await context.scopes.names(trx, met);
  for (const { change, targets, sets } of places) {
    change.scopes = commonScopes(sets, names);
    // Each of them may come, or come to where the others are.
    change.waitsFor = change.scopes.length > 0 ? [] : targets.filter(({ type }) => type !== 'Patient');
  }
}

/**
 * Scopes of those who have every target in their record; none while one of them is unknown. What is withheld takes nothing
 * along that is also about something else.
 */
function commonScopes(
  sets: readonly (readonly number[] | undefined)[],
  names: ReadonlyMap<number, string>,
): number[] {
  const byOwner = new Map<string, { targets: number; scope: number; withheld: boolean }>();
  for (const scope of sets.flatMap((set) => set ?? [])) {
    const { owner, withheld } = ownerOfScope(names.get(scope)!);
    const known = byOwner.get(owner);
    const targets = (known?.targets ?? 0) + 1;
    byOwner.set(
      owner,
      known === undefined || known.withheld ? { targets, scope, withheld } : { ...known, targets },
    );
  }
  return [...byOwner.values()].filter(({ targets }) => targets === sets.length).map(({ scope }) => scope);
}

async function scopesOfTargets(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  changes: readonly Change[],
  targets: readonly { readonly type: string; readonly id: string }[],
): Promise<Map<string, number[]>> {
  const { rows } = await sql<{ type: string; id: string; scopes: string }>`select r.type, r.id, r.scopes
    from (${jsonRows(
      context.dialect,
      { type: 'text', id: 'text' },
      targets.map((target) => [target.type, target.id]),
    )}) w
    cross join resource r where r.line = ${line} and r.type = w.type and r.id = w.id`.execute(trx);
  const found = new Map(rows.map((row) => [`${row.type}/${row.id}`, parseScopes(row)]));
  for (const change of changes)
    if (change.type !== 'Provenance') found.set(`${change.type}/${change.id}`, change.scopes);
  return found;
}
