// Granular scopes through the whole server: what is granted is echoed, and nothing of another category is seen in any way
// (https://hl7.org/fhir/us/core/STU7/scopes.html).
import assert from 'node:assert/strict';
import { testOnEachDatabase } from '../databases.ts';
import { type RunningPortico, startPortico, type Token } from '../portico.ts';

interface Found {
  readonly resourceType: string;
  readonly use?: string;
  readonly id: string;
  readonly category?: readonly { readonly coding?: readonly { system?: string; code?: string }[] }[];
}

interface Bundle {
  readonly total?: number;
  readonly link?: readonly { readonly relation: string; readonly url: string }[];
  readonly entry?: readonly { readonly resource: Found; readonly search: { readonly mode: string } }[];
}

const laboratory = 'http://terminology.hl7.org/CodeSystem/observation-category|laboratory';
const problems = 'http://terminology.hl7.org/CodeSystem/condition-category|problem-list-item';
const granted = [
  'openid',
  `patient/Observation.rs?category=${laboratory}`,
  `user/Condition.rs?category=${problems}`,
  'patient/Patient.rs',
  'patient/Provenance.rs',
  'patient/Encounter.rs',
];

testOnEachDatabase(
  'a token of granular scopes sees their categories and no other',
  async (place, context) => {
    const server = await startPortico(context, place);
    const narrow = await server.token('cco', 'maria.delgado', granted.join(' '));
    assert.deepEqual(narrow.scope.split(' '), granted);
    const whole = await server.token('cco', 'maria.delgado');
    for (const [type, category] of [
      ['Observation', laboratory],
      ['Condition', problems],
    ] as const) {
      const all = await found(server, whole, `${type}?_count=500`);
      const inside = all.filter((resource) => isOf(resource, category));
      const outside = all.filter((resource) => !isOf(resource, category));
      assert.ok(inside.length > 0 && outside.length > 0, type);
      assert.deepEqual(idsOf(await found(server, narrow, `${type}?_count=500`)), idsOf(inside), type);
      assert.equal((await bundle(server, narrow, `${type}?_total=accurate&_count=0`)).total, inside.length);
      assert.equal((await server.get(`/cco/fhir/${type}/${inside[0]!.id}`, narrow)).status, 200);
      for (const { id } of outside.slice(0, 20))
        for (const path of [`${type}/${id}`, `${type}/${id}/_history`, `${type}/${id}/_history/1`])
          assert.equal((await server.get(`/cco/fhir/${path}`, narrow)).status, 404, path);
      const history = await bundle(server, narrow, `${type}/_history?_count=500`);
      assert.deepEqual(idsOf((history.entry ?? []).map(({ resource }) => resource)), idsOf(inside));
      const shown = await everythingOf(server, narrow);
      assert.deepEqual(
        idsOf(shown.filter((resource) => resource.resourceType === type)),
        idsOf(inside),
        `$everything ${type}`,
      );
      const path = `Provenance?target=${outside.map(({ id }) => `${type}/${id}`).join(',')}&_include=Provenance:target&_count=500`;
      for (const query of [path, 'Patient?_revinclude=Condition:patient&_revinclude=Observation:patient'])
        for (const resource of await found(server, narrow, query))
          if (resource.resourceType === type) assert.ok(isOf(resource, category), `${query} ${resource.id}`);
      const has = outside.map(({ id }) => id).join(',');
      assert.equal(
        (await bundle(server, narrow, `Patient?_has:${type}:patient:_id=${has}`)).entry?.length ?? 0,
        0,
        '_has',
      );
      assert.equal((await bundle(server, whole, `Patient?_has:${type}:patient:_id=${has}`)).entry?.length, 1);
    }
    assert.equal((await server.get('/cco/fhir/AllergyIntolerance', narrow)).status, 403);
  },
);

testOnEachDatabase(
  'a granular scope to read is none to search, and the other way round',
  async (place, context) => {
    const server = await startPortico(context, place);
    const read = await server.token(
      'cco',
      'maria.delgado',
      `openid patient/Observation.r?category=${laboratory}`,
    );
    assert.equal((await server.get('/cco/fhir/Observation', read)).status, 403);
    const search = await server.token(
      'cco',
      'maria.delgado',
      `openid patient/Observation.s?category=${laboratory}`,
    );
    const [first] = await found(server, search, 'Observation?_count=1');
    assert.equal((await server.get(`/cco/fhir/Observation/${first!.id}`, search)).status, 403);
    assert.equal((await server.get(`/cco/fhir/Observation/${first!.id}`, read)).status, 200);
  },
);

testOnEachDatabase(
  'claims are seen without prior authorizations, and those without claims',
  async (place, context) => {
    const server = await startPortico(context, place);
    for (const [scope, use] of [
      ['patientapi.claims.read', 'claim'],
      ['patientapi.priorauthorizations.read', 'preauthorization'],
    ] as const) {
      const token = await server.token('cco', 'james.okafor', `openid ${scope}`);
      const shown = await found(server, token, 'ExplanationOfBenefit?_count=500');
      assert.ok(shown.length > 0, scope);
      assert.deepEqual(new Set(shown.map((resource) => resource.use)), new Set([use]), scope);
    }
  },
);

function isOf(resource: Found, category: string): boolean {
  return (resource.category ?? []).some((concept) =>
    (concept.coding ?? []).some(({ system, code }) => `${system}|${code}` === category),
  );
}

function idsOf(resources: readonly Found[]): string[] {
  return resources.map(({ id }) => id).sort();
}

async function bundle(server: RunningPortico, token: Token, path: string): Promise<Bundle> {
  const answer = await server.get(path.startsWith('http') ? path : `/cco/fhir/${path}`, token);
  const text = await answer.text();
  assert.equal(answer.status, 200, `${path}: ${text}`);
  return JSON.parse(text) as Bundle;
}

async function found(server: RunningPortico, token: Token, path: string): Promise<Found[]> {
  return ((await bundle(server, token, path)).entry ?? []).map(({ resource }) => resource);
}

async function everythingOf(server: RunningPortico, token: Token): Promise<Found[]> {
  const all: Found[] = [];
  for (
    let next: string | undefined = `Patient/${token.patient}/$everything?_count=500`;
    next !== undefined;
  ) {
    const page: Bundle = await bundle(server, token, next);
    all.push(...(page.entry ?? []).map(({ resource }) => resource));
    next = page.link?.find(({ relation }) => relation === 'next')?.url;
  }
  return all;
}
