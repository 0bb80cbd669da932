// Finds the scopes of the resources of a batch: from what they say themselves, or from what they follow.
import { sql, type Transaction } from 'kysely';
import { jsonRows } from '../../db/json-rows.ts';
import { type Change, parseScopes } from './change.ts';
import type { ResourceTables } from './schema.ts';
import { readScopeName, type ScopeName, scopeName, withheld } from './scope-name.ts';
import type { StoreContext } from './store-context.ts';

type Target = { readonly type: string; readonly id: string };

export async function placeInCompartments(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  changes: readonly Change[],
): Promise<void> {
  const following: { change: Change; targets: readonly Target[]; kept: readonly string[] }[] = [];
  const places: { change: Change; names: readonly ScopeName[] }[] = [];
  for (const change of changes) {
    if (change.resource === undefined) {
      if (change.stored !== undefined) change.scopes = parseScopes(change.stored);
      continue;
    }
    const compartment = context.compartmentOf(change.resource, change.rows);
    const { kept } = compartment;
    if (compartment.kind === 'follows') following.push({ change, targets: compartment.targets, kept });
    else places.push({ change, names: compartment.owners.map((owner) => ({ owner, kept })) });
  }
  await place(context, trx, line, places);
  if (following.length === 0) return;
  const scopesOf = await scopesOfTargets(
    context,
    trx,
    line,
    changes,
    following.flatMap(({ targets }) => targets),
  );
  const names = await context.scopes.names(trx, new Set([...scopesOf.values()].flat()));
  const followingTo = following.map(({ change, targets, kept }) => {
    const sets = targets.map(({ type, id }) => {
      const scopes = scopesOf.get(`${type}/${id}`)?.map((scope) => readScopeName(names.get(scope)!));
      // A member has a record before their Patient is there.
      return scopes ?? (type === 'Patient' ? [{ owner: id, kept: [] }] : undefined);
    });
    const isThere = ({ type, id }: Target) => scopesOf.has(`${type}/${id}`);
    return { change, targets, isThere, names: commonScopes(sets, kept) };
  });
  await place(context, trx, line, followingTo);
  for (const { change, targets, isThere } of followingTo) {
    // Each of them may come, or come to where the others are; a Patient may come with labels.
    const isPlaced = change.scopes.length > 0;
    change.waitsFor = targets.filter((target) => (target.type === 'Patient' ? !isThere(target) : !isPlaced));
  }
}

async function place(
  context: StoreContext,
  trx: Transaction<ResourceTables>,
  line: string,
  places: readonly { readonly change: Change; readonly names: readonly ScopeName[] }[],
): Promise<void> {
  const wanted = new Set(
    places.flatMap(({ names }) => names.flatMap((name) => [scopeName(name), name.owner])),
  );
  const scopes = await context.scopes.ensure(trx, line, wanted);
  context.newScopes.push([line, scopes]);
  for (const { change, names } of places) {
    const [first] = names;
    change.scopes = names.map((name) => scopes.get(scopeName(name))!);
    change.home = first === undefined ? undefined : scopes.get(first.owner)!;
  }
}

/**
 * Scopes of those who have every target in their record, none while one of them is unknown: kept for whatever one of the
 * targets is kept for. Only what is withheld takes nothing along that is also about something else.
 */
function commonScopes(
  sets: readonly (readonly ScopeName[] | undefined)[],
  kept: readonly string[],
): ScopeName[] {
  const byOwner = new Map<string, ScopeName[]>();
  for (const name of sets.flatMap((set) => set ?? []))
    byOwner.set(name.owner, [...(byOwner.get(name.owner) ?? []), name]);
  return [...byOwner]
    .filter(([, targets]) => targets.length === sets.length)
    .map(([owner, targets]) => {
      const reasons = new Set([...kept, ...targets.flatMap((target) => target.kept)]);
      if (!targets.every((target) => target.kept.includes(withheld))) reasons.delete(withheld);
      return { owner, kept: [...reasons] };
    });
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
