// Every search that a guide's own CapabilityStatements and SearchParameters declare is answered: each parameter with each of its
// comparators, modifiers and chains, each combination, include and reverse include. What it answers is checked by the
// conformance runner; here also what the sandbox has no data for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GuideDemands, GuideParam, GuideResource } from '../../src/fhir/definitions/guide-demands.ts';
import { loadGuides } from '../../src/fhir/definitions/guides.ts';
import { classScopes, resourceScopes } from '../../src/smart/scopes.ts';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';

interface Searches {
  readonly params: Readonly<Record<string, GuideParam>>;
  readonly combinations: readonly string[];
  readonly includes: readonly string[];
  readonly revIncludes: readonly string[];
}

/** A guide writes an include without the type that it starts from, too. */
function searchesDeclared(guide: GuideDemands, type: string, resource: GuideResource): Searches {
  const params = Object.keys(guide.searchParams).filter((name) => name.startsWith(`${type}.`));
  return {
    params: Object.fromEntries(
      params.map((name) => [name.slice(type.length + 1), guide.searchParams[name]!]),
    ),
    combinations: resource.combinations.map((combination) => combination.params.join('&')),
    includes: Object.keys(resource.includes).map((name) => (name.includes(':') ? name : `${type}:${name}`)),
    revIncludes: Object.keys(resource.revIncludes),
  };
}

const everything = `openid ${[...classScopes, ...resourceScopes.filter((scope) => /^patient\/.*\.rs$/.test(scope))].join(' ')}`;

/** Types that a guide declares and Portico does not offer searches of, with the reason. */
const notOffered: Readonly<Record<string, string>> = {
  ValueSet: 'only $expand is asked for',
  Group: 'for provider access, where a provider asks for many members',
};

/** Combinations with a parameter that neither the guide nor R4 defines on the type. */
const mistaken: readonly string[] = [
  'pdex-2.0.0 MedicationDispense?patient&intent',
  'pdex-2.0.0 MedicationDispense?patient&intent&status',
  'pdex-2.1.0 DiagnosticReport?patient&type',
];

function exampleOf({ type }: Pick<GuideParam, 'type'>): string {
  return (
    { date: '2024-05-01', reference: 'Patient/cco-100001', quantity: '5', number: '5', uri: 'http://x' }[
      type
    ] ?? 'x'
  );
}

/** What goes before or after `name=value` for a modifier. */
function modified(name: string, param: GuideParam, modifier: string): string {
  switch (modifier) {
    case 'missing':
      return `${name}:missing=true`;
    case 'ofType':
      return `${name}:of-type=http://x|MR|1`;
    case 'type':
      return `${name}:Patient=cco-100001`;
    default:
      return `${name}:${modifier}=${exampleOf(param)}`;
  }
}

function* searchesOf(
  type: string,
  { params, combinations, includes, revIncludes }: Searches,
): Generator<string> {
  for (const [name, param] of Object.entries(params)) {
    yield `${name}=${exampleOf(param)}`;
    yield `${name}=${exampleOf(param)},${exampleOf(param)}&${name}=${exampleOf(param)}`;
    if (param.type === 'date')
      for (const comparator of Object.keys(param.comparators ?? {}))
        yield `${name}=${comparator}${exampleOf(param)}`;
    if (param.type === 'token') {
      yield `${name}=http://system|x`;
      yield `${name}=http://system|`;
    }
    for (const modifier of Object.keys(param.modifiers ?? {}))
      if (modifierFits(param, modifier)) yield modified(name, param, modifier);
    for (const chain of param.chains ?? []) yield `${name}.${chain}=x`;
  }
  for (const combination of combinations)
    yield combination
      .split('&')
      .map((name) => `${name}=${exampleOf(params[name] ?? { type: 'token' })}`)
      .join('&');
  for (const include of includes) yield `_include=${include}`;
  for (const include of revIncludes) yield `_revinclude=${include}`;
  yield '_lastUpdated=ge2020-01-01&_lastUpdated=lt2100';
  yield `_id=${type}-1,x`;
  yield '_lastUpdated=ne2020,eq2021,sa2000-01-01T00:00:00Z,eb2100,ap2026';
}

/** Plan-Net declares the modifiers of strings and of tokens on both. */
function modifierFits({ type }: GuideParam, modifier: string): boolean {
  if (['contains', 'exact'].includes(modifier)) return type === 'string';
  if (['text', 'ofType', 'not'].includes(modifier)) return type === 'token';
  return ['type', 'identifier'].includes(modifier) ? type === 'reference' : true;
}

test('every declared search of every guide is answered', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const token = await server.token('cco', 'maria.delgado', everything);
  const { definitions } = server.portico.plan;
  let asked = 0;
  const refused: string[] = [];
  const all = loadGuides().flatMap((guide) =>
    Object.entries(guide.resources).map(([type, resource]) => ({
      type,
      name: `${guide.id} ${type}`,
      searches: searchesDeclared(guide, type, resource),
    })),
  );
  for (const { type, name, searches } of all) {
    for (const [code, param] of Object.entries(searches.params)) {
      if (code === '_id' || code === '_lastUpdated') continue;
      const ours = definitions.searchParam(type, code);
      if (ours?.type !== param.type) refused.push(`${name}.${code} is a ${param.type}, not a ${ours?.type}`);
    }
    if (notOffered[type] !== undefined) continue;
    const combinations = searches.combinations.filter((names) => !mistaken.includes(`${name}?${names}`));
    for (const search of searchesOf(type, { ...searches, combinations })) {
      // The plan's own rule, docs: marked with `*`.
      const beside = /^Drug(Tier|Name)/.test(search) ? 'DrugPlan=x&' : '';
      const query = `${beside}${search}`.replaceAll('|', '%7C');
      const answer = await server.get(`/cco/fhir/${type}?${query}&_count=2`, token);
      if (answer.status !== 200)
        refused.push(`${name}?${search}: ${answer.status} ${(await answer.text()).slice(0, 400)}`);
      else await answer.arrayBuffer();
      asked++;
    }
  }
  assert.deepEqual(refused, []);
  assert.ok(asked > 2000, `only ${asked} searches`);
});
