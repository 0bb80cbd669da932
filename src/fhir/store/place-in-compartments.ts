// Finds the scopes of the resources of a batch: from what they say themselves, or from what they follow.
import { sql, type Transaction } from 'kysely';
import { jsonRows } from '../../db/json-rows.ts';
import { type Change, parseScopes } from './change.ts';
import type { ResourceTables } from './schema.ts';
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
  for (const { change, targets } of following) {
    const sets = targets.map((target) =>
      target.type === 'Patient' ? [scopes.get(target.id)!] : scopesOf.get(`${target.type}/${target.id}`),
    );
    change.scopes = commonScopes(sets);
    // Each of them may come, or come to where the others are.
    change.waitsFor = change.scopes.length > 0 ? [] : targets.filter(({ type }) => type !== 'Patient');
  }
}

/** Scopes that see every target; none while one of them is unknown. */
function commonScopes(sets: readonly (readonly number[] | undefined)[]): number[] {
  const [first, ...others] = sets;
  if (first === undefined) return [];
  return first.filter((scope) => others.every((set) => set?.includes(scope) === true));
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
