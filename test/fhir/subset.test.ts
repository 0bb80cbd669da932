// `_summary`, `_elements`, `_total`, `_contained` (https://hl7.org/fhir/R4/search.html#summary, #elements, #total).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadDefinitions } from '../../src/fhir/definitions/definitions.ts';
import { type Subset, subsetWriter } from '../../src/fhir/format/subset-resource.ts';
import { structureCheck } from '../../src/fhir/validate/check-structure.ts';
import { generateLine } from '../../src/sandbox/generate.ts';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';

type Json = Record<string, unknown>;
const { structure } = loadDefinitions();
const toSubset = subsetWriter(structure);
const check = structureCheck();
const subsetted = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };

test('every part of every sandbox resource is a valid resource, marked as a part', () => {
  for (const resource of generateLine('cco', { today: '2026-11-01' })) {
    const text = JSON.stringify(resource);
    const names = new Set(Object.keys(resource).slice(-1));
    for (const subset of [
      { kind: 'summary' },
      { kind: 'text' },
      { kind: 'data' },
      { kind: 'elements', elements: names },
    ] satisfies Subset[]) {
      const part = JSON.parse(toSubset(text, subset)) as Json;
      assert.deepEqual(
        check(part).filter(({ severity }) => severity === 'error'),
        [],
        `${subset.kind} of ${resource.resourceType}/${resource.id}`,
      );
      assert.deepEqual((part['meta'] as { tag: Json[] }).tag.at(-1), subsetted);
      assert.equal(part['id'], resource.id);
    }
  }
});

test('keeps what the summary has, what is required and what changes the meaning, with the digits of its numbers', () => {
  const text = `{"resourceType":"Observation","id":"o","meta":{"tag":[{"code":"a"}]},"text":{"status":"empty","div":"<div/>"},
    "modifierExtension":[{"url":"http://m","valueBoolean":true}],"extension":[{"url":"http://e","valueBoolean":true}],
    "status":"final","code":{"id":"c","coding":[{"code":"x","extension":[{"url":"http://e","valueCode":"y"}]}]},
    "_effectiveDateTime":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]},
    "subject":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]},
    "valueQuantity":{"value":1.50,"unit":"mg"},"referenceRange":[{"low":{"value":1.0}}],
    "component":[{"code":{"text":"k"},"valueQuantity":{"value":2.00},"referenceRange":[{"text":"r"}]}]}`;
  const part = (subset: Subset) => toSubset(text, subset);
  const tags = `"tag":[{"code":"a"},${JSON.stringify(subsetted)}]`;
  const absent =
    '{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}';
  const modifier = '"modifierExtension":[{"url":"http://m","valueBoolean":true}]';
  assert.equal(
    part({ kind: 'summary' }),
    `{"resourceType":"Observation","id":"o","meta":{${tags}},${modifier},"status":"final","code":{"coding":[{"code":"x"}]},"_effectiveDateTime":${absent},"subject":${absent},"valueQuantity":{"value":1.50,"unit":"mg"},"component":[{"code":{"text":"k"},"valueQuantity":{"value":2.00}}]}`,
  );
  assert.equal(
    part({ kind: 'text' }),
    `{"resourceType":"Observation","id":"o","meta":{${tags}},"text":{"status":"empty","div":"<div/>"},${modifier},"status":"final","code":{"id":"c","coding":[{"code":"x","extension":[{"url":"http://e","valueCode":"y"}]}]}}`,
  );
  assert.equal(
    part({ kind: 'data' }),
    JSON.stringify({ ...(JSON.parse(text) as Json), text: undefined })
      .replace('"tag":[{"code":"a"}]', tags)
      .replaceAll('1.5,', '1.50,')
      .replace('"value":1}', '"value":1.0}')
      .replace('"value":2}', '"value":2.00}'),
  );
  assert.equal(
    part({ kind: 'elements', elements: new Set(['referenceRange']) }),
    `{"resourceType":"Observation","id":"o","meta":{${tags}},${modifier},"status":"final","code":{"id":"c","coding":[{"code":"x","extension":[{"url":"http://e","valueCode":"y"}]}]},"referenceRange":[{"low":{"value":1.0}}]}`,
  );
});

test('_summary, _elements and _total over HTTP', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const token = await server.token('cco', 'maria.delgado');
  const ask = async (path: string, status = 200, as = token): Promise<Json> => {
    const answer = await server.get(`/cco/fhir/${path}`, as);
    const text = await answer.text();
    assert.equal(answer.status, status, `${path}: ${text.slice(0, 300)}`);
    return JSON.parse(text) as Json;
  };
  const entries = (bundle: Json) => (bundle['entry'] ?? []) as { resource: Json; search: { mode: string } }[];
  const me = 'Patient/cco-100001';

  assert.deepEqual(Object.keys(await ask(`${me}?_elements=birthDate,name`)).sort(), [
    'birthDate',
    'id',
    'meta',
    'name',
    'resourceType',
  ]);
  assert.equal((await ask(`${me}/_history/1?_summary=true`))['communication'], undefined);
  assert.ok('communication' in (await ask(`${me}?_summary=false`)));
  const claims = await ask(
    'ExplanationOfBenefit?_elements=insurer,payment&_count=5&_include=ExplanationOfBenefit:insurer',
  );
  for (const { resource, search } of entries(claims)) {
    assert.equal('item' in resource, false);
    assert.equal(JSON.stringify(resource).includes('SUBSETTED'), search.mode === 'match');
    if (search.mode === 'match') assert.ok('insurer' in resource && 'status' in resource);
  }
  const values = await ask('Observation?_elements=value&category=laboratory&_count=50');
  assert.ok(entries(values).some(({ resource }) => 'valueQuantity' in resource));
  const next = (values['link'] as { relation: string; url: string }[]).find(
    ({ relation }) => relation === 'next',
  );
  if (next !== undefined) {
    const page = (await (await server.get(next.url, token)).json()) as Json;
    assert.ok(entries(page).every(({ resource }) => !('category' in resource)));
  }
  const counted = await ask('Observation?_summary=count&_count=7');
  assert.deepEqual([entries(counted).length, typeof counted['total']], [0, 'number']);
  for (const total of ['none', 'estimate', 'accurate']) {
    const bundle = await ask(`Observation?_total=${total}&_count=3`);
    assert.equal(bundle['total'], total === 'none' ? undefined : counted['total']);
  }
  await ask('Observation?_contained=false&_count=1');
  for (const [path, says] of [
    [`${me}?_summary=count`, /^_summary: 'count' is for a search/],
    [`${me}?_summary=all`, /^_summary: 'all' is not one of/],
    [`${me}?_elements=nickname`, /^_elements: 'nickname' is no element of Patient/],
    [`${me}?_elements=__proto__`, /^_elements: '__proto__'/],
    [`${me}?_elements=`, /^_elements: '' is no element/],
    [`${me}?_elements=name&_summary=true`, /^_elements: it does not go together with _summary/],
    ['Patient?_summary=true&_summary=false', /^_summary is given more than once/],
    ['Patient?_elements=name&_elements=id', /^_elements is given more than once/],
    ['Patient?_elements=name.family', /^_elements: 'name.family' is no element/],
    ['Patient?_contained=true', /^_contained: contained resources are not searched/],
    ['Patient?_contained=both', /^_contained: /],
    ['Patient?_containedType=contained', /^_containedType: /],
    ['Patient?_count=1000000', /^_count: '1000000' is more than 100000; a page has at most 500/],
    ['Patient?_total=all', /^_total: 'all'/],
  ] as const) {
    const { issue } = (await ask(path, 400)) as unknown as { issue: { diagnostics: string }[] };
    assert.match(issue[0]!.diagnostics, says, path);
  }
});
