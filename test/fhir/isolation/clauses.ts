// What a search asks for, one clause at a time, and what it means of a resource for this token.
import type { Allowed, Grant, MaySee } from './may-see.ts';
import { referencesOf, tokensOf } from './may-see.ts';
import { codes, type Json } from './world.ts';

export interface Clause {
  /** As it stands in the query. */
  readonly text: string;
  /** Types that a search of this one needs beside its own. */
  readonly needs: readonly string[];
  holds(world: MaySee, grant: Grant, allowed: Allowed, json: Json): boolean;
}

const [firstCode] = codes.map(({ system, code }) => `${system}|${code}`);

export function idClause(references: readonly string[]): Clause {
  const ids = references.map((one) => one.split('/')[1]!);
  return {
    text: `_id=${ids.join()}`,
    needs: [],
    holds: (_world, _grant, _allowed, json) => ids.includes(json.id),
  };
}

export function referenceClause([param, target]: [string, string]): Clause {
  return {
    text: `${param}=${target}`,
    needs: [],
    holds: (_world, _grant, _allowed, json) => referencesOf(json, param).includes(target),
  };
}

export function tokenClause([param, token]: [string, string]): Clause {
  return {
    text: `${param}=${encodeURIComponent(token)}`,
    needs: [],
    holds: (_world, _grant, _allowed, json) => tokensOf(json, param).includes(token),
  };
}

/** By the name of a Patient, or the code of an Encounter, that must itself be seen. */
export function chainClause([param, member]: [string, string]): Clause {
  const isEncounter = param === 'encounter';
  const type = isEncounter
    ? 'Encounter'
    : param === 'medication'
      ? 'Medication'
      : param === 'target'
        ? 'Observation'
        : 'Patient';
  const by =
    type === 'Patient' ? `family=family${member}` : type === 'Observation' ? `code=${firstCode}` : '_id=';
  const id = type === 'Medication' ? 'medication-1' : `encounter-${member}-1`;
  const text = by === '_id=' ? `_id=${id}` : by;
  return {
    text: `${param}:${type}.${text.replace('|', '%7C')}`,
    needs: [type],
    holds: (world, grant, allowed, json) =>
      referencesOf(json, param).some((target) => {
        const held = world.find(target);
        const now = held?.versions.at(-1);
        if (held?.type !== type || now === undefined || !world.sees(grant, allowed, held, 'search'))
          return false;
        if (type === 'Patient') return target === `Patient/${member}`;
        return type === 'Observation' ? tokensOf(now, 'code').includes(firstCode!) : held.id === id;
      }),
  };
}

export const hasCode =
  (type: string) =>
  ([wanted, token]: [string, string]): Clause => {
    // Only Condition has a parameter for the encounter.
    const source = type === 'Encounter' ? 'Condition' : wanted;
    const param = type === 'Encounter' ? 'encounter' : 'patient';
    const by = token.includes('category') ? 'category' : 'code';
    return {
      text: `_has:${source}:${param}:${by}=${encodeURIComponent(token)}`,
      needs: [source],
      holds: (world, grant, allowed, json) =>
        refersHere(world, grant, allowed, source, param, json, (now) => tokensOf(now, by).includes(token)),
    };
  };

export const hasProvenance = (reference: string): Clause => {
  const id = reference.split('/')[1]!;
  return {
    text: `_has:Provenance:target:_id=${id}`,
    needs: ['Provenance'],
    holds: (world, grant, allowed, json) =>
      refersHere(world, grant, allowed, 'Provenance', 'target', json, (now) => now.id === id),
  };
};

function refersHere(
  world: MaySee,
  grant: Grant,
  allowed: Allowed,
  source: string,
  param: string,
  json: Json,
  fits: (now: Json) => boolean,
): boolean {
  return [...world.all()].some((held) => {
    const now = held.versions.at(-1);
    return (
      held.type === source &&
      now !== undefined &&
      fits(now) &&
      referencesOf(now, param).includes(`${json.resourceType}/${json.id}`) &&
      world.sees(grant, allowed, held, 'search')
    );
  });
}
