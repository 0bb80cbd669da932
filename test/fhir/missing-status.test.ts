// A resource without the status that US Core demands: 404 on a read, left out of a search that says so
// (https://hl7.org/fhir/us/core/STU3.1.1/general-guidance.html#missing-data).
import assert from 'node:assert/strict';
import type { FhirResource } from '../../src/fhir/fhir-resource.ts';
import { testOnEachDatabase } from '../databases.ts';
import { type RunningPortico, startPortico, type Token } from '../portico.ts';

interface Entry {
  readonly resource: {
    readonly resourceType: string;
    readonly id?: string;
    readonly issue?: readonly { readonly code: string; readonly diagnostics: string }[];
  };
  readonly search: { readonly mode: string };
}

interface Bundle {
  readonly total?: number;
  readonly entry?: readonly Entry[];
  readonly link: readonly { readonly relation: string; readonly url: string }[];
}

const me = 'cco-100001';
const subject = { reference: `Patient/${me}` };
const terminology = 'http://terminology.hl7.org/CodeSystem';
const concept = (system: string, code: string) => ({
  coding: [{ system: `${terminology}/${system}`, code }],
});

/** Each without its status, what its status would be, and a search that finds it. */
const resources: readonly [without: FhirResource, status: object, query: string][] = [
  [
    { resourceType: 'AllergyIntolerance', id: 'withheld-1', patient: subject, recordedDate: '2025-02-01' },
    { clinicalStatus: concept('allergyintolerance-clinical', 'active') },
    `patient=${me}`,
  ],
  [
    {
      resourceType: 'Condition',
      id: 'withheld-2',
      subject,
      category: [concept('condition-category', 'problem-list-item')],
      onsetDateTime: '2025-02-01',
    },
    { clinicalStatus: concept('condition-clinical', 'active') },
    'category=problem-list-item',
  ],
  [
    { resourceType: 'DocumentReference', id: 'withheld-3', subject, date: '2025-02-01T00:00:00Z' },
    { status: 'current' },
    'date=2025-02-01',
  ],
  [
    { resourceType: 'Goal', id: 'withheld-4', subject, startDate: '2025-02-01' },
    { lifecycleStatus: 'active' },
    '_id=withheld-4',
  ],
  [
    { resourceType: 'Immunization', id: 'withheld-5', patient: subject, occurrenceDateTime: '2025-02-01' },
    { status: 'completed' },
    `patient.birthdate=gt1900&date=2025-02-01`,
  ],
];

const write = (server: RunningPortico, ...written: readonly FhirResource[]) =>
  server.portico.plan.store.writing('cco', (writer) =>
    writer.write(written.map((resource) => ({ resource }))),
  );

async function ask(server: RunningPortico, token: Token, path: string): Promise<Bundle> {
  const answer = await server.get(`/cco/fhir/${path}`, token);
  const text = await answer.text();
  assert.equal(answer.status, 200, `${path}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as Bundle;
}

const idsOf = ({ entry = [] }: Bundle, mode = 'match') =>
  entry.filter(({ search }) => search.mode === mode).map(({ resource }) => resource.id);

/** The elements that a Bundle names as missing. */
function warned({ entry = [] }: Bundle): string[] {
  const issues = entry
    .filter(({ search }) => search.mode === 'outcome')
    .flatMap(({ resource }) => resource.issue ?? []);
  return issues.flatMap(({ code, diagnostics }) =>
    code === 'suppressed' ? [/demands: (.*)\.$/.exec(diagnostics)![1]!] : [],
  );
}

async function checkAbsent(server: RunningPortico, token: Token, type: string, id: string): Promise<void> {
  for (const path of [`${type}/${id}`, `${type}/${id}/_history`, `${type}/${id}/_history/1`]) {
    const answer = await server.get(`/cco/fhir/${path}`, token);
    const outcome = (await answer.json()) as Entry['resource'];
    assert.equal(answer.status, 404, path);
    assert.equal(outcome.resourceType, 'OperationOutcome');
    assert.equal(outcome.issue![0]!.code, 'not-found');
  }
}

testOnEachDatabase('what lacks its status is not found, and a search says so', async (place, context) => {
  const server = await startPortico(context, place);
  const token = await server.token('cco', 'maria.delgado');
  const before = new Map<string, number>();
  for (const [{ resourceType }] of resources) {
    const bundle = await ask(server, token, `${resourceType}?_total=accurate&_count=500`);
    assert.deepEqual(warned(bundle), [], resourceType);
    before.set(resourceType, bundle.total!);
  }
  const target = resources.map(([{ resourceType, id }]) => ({ reference: `${resourceType}/${id}` }));
  await write(server, ...resources.map(([without]) => without), {
    resourceType: 'Provenance',
    id: 'withheld-6',
    target: [target[4]],
    recorded: '2025-02-01T00:00:00Z',
  });
  for (const [{ resourceType: type, id }, status, query] of resources) {
    const element = `${type}.${Object.keys(status)[0]}`;
    await checkAbsent(server, token, type, id);
    const all = await ask(server, token, `${type}?_total=accurate&_count=500`);
    assert.equal(all.total, before.get(type), type);
    assert.ok(!idsOf(all).includes(id));
    assert.deepEqual(warned(all), [element]);
    const found = await ask(server, token, `${type}?${query}`);
    assert.ok(!JSON.stringify(found).includes('"withheld-'), type);
    assert.deepEqual(warned(found), [element], query);
    assert.deepEqual(warned(await ask(server, token, `${type}?_id=no-such-id`)), []);
    const counted = await ask(server, token, `${type}?_summary=count`);
    assert.deepEqual([counted.total, warned(counted)], [before.get(type), [element]]);
    const history = await ask(server, token, `${type}/_history?_count=500`);
    assert.ok(!JSON.stringify(history).includes(id));
  }
  const first = await ask(server, token, 'Immunization?_count=1');
  assert.deepEqual(warned(first), ['Immunization.status']);
  const next = await server.get(first.link.find(({ relation }) => relation === 'next')!.url, token);
  assert.deepEqual(warned((await next.json()) as Bundle), [], 'said once, with the first page');

  const xml = await server.get('/cco/fhir/Goal?_id=withheld-4', token, { accept: 'application/fhir+xml' });
  const text = await xml.text();
  assert.match(text, /<severity value="warning"\s*\/><code value="suppressed"\s*\/>/);
  assert.match(text, /<mode value="outcome"\s*\/>/);
  assert.match(text, /<total value="0"\s*\/>/);

  for (const path of [
    'Patient?_revinclude=Immunization:patient&_revinclude=Goal:patient&_revinclude=Provenance:target',
    'Provenance?_include=Provenance:target&_count=500',
    'Immunization?_count=500&_revinclude=Provenance:target',
    'Patient?_has:Immunization:patient:_id=withheld-5',
    'Provenance?target:Immunization.date=2025-02-01&_count=500',
  ])
    assert.ok(!JSON.stringify(await ask(server, token, path)).includes('"withheld-'), path);
  assert.deepEqual(idsOf(await ask(server, token, 'Patient?_has:Immunization:patient:_id=withheld-5')), []);

  const everything = await ask(server, token, `Patient/${me}/$everything?_count=500`);
  assert.ok(!JSON.stringify(everything).includes('"withheld-'));
  assert.deepEqual(warned(everything), [
    'AllergyIntolerance.clinicalStatus, Condition.clinicalStatus, DocumentReference.status, Goal.lifecycleStatus, Immunization.status',
  ]);
  assert.deepEqual(warned(await ask(server, token, `Patient/${me}/$everything?_type=Goal,Observation`)), [
    'Goal.lifecycleStatus',
  ]);
  assert.deepEqual(
    warned(await ask(server, token, `Patient/${me}/$everything?end=2024-01-01&_type=Condition,Immunization`)),
    [],
  );
  assert.deepEqual(warned(await ask(server, token, `Patient/${me}/$everything?_since=2100-01-01`)), []);
  const goals = await server.token(
    'cco',
    'maria.delgado',
    'openid patientapi.goals.read patientapi.demographics.read',
  );
  assert.deepEqual(warned(await ask(server, goals, `Patient/${me}/$everything`)), ['Goal.lifecycleStatus']);
  const docref = (query: string) => ask(server, token, `DocumentReference/$docref?patient=${me}${query}`);
  for (const [query, told] of [
    ['', true],
    ['&start=2025-02-01&end=2025-02-02', true],
    ['&start=1990&end=1991', false],
    ['&type=http://loinc.org|0-0', false],
    ['&on-demand=true', false],
  ] as const) {
    const answer = await docref(query);
    assert.ok(!idsOf(answer).includes('withheld-3'));
    assert.deepEqual(warned(answer), told ? ['DocumentReference.status'] : [], query);
  }
  const batch = await fetch(`${server.base}/cco/fhir`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token.access_token}`, 'content-type': 'application/fhir+json' },
    body: JSON.stringify({
      resourceType: 'Bundle',
      type: 'batch',
      entry: ['Goal/withheld-4', 'Goal?_id=withheld-4'].map((url) => ({ request: { method: 'GET', url } })),
    }),
  });
  const answers = (await batch.json()) as {
    entry: { resource?: Bundle; response: { status: string } }[];
  };
  assert.equal(answers.entry[0]!.response.status.slice(0, 3), '404');
  assert.deepEqual(warned(answers.entry[1]!.resource!), ['Goal.lifecycleStatus']);

  await write(server, ...resources.map(([without, status]) => ({ ...without, ...status })));
  for (const [{ resourceType: type, id }, , query] of resources) {
    const read = await server.get(`/cco/fhir/${type}/${id}`, token);
    assert.deepEqual([read.status, read.headers.get('etag')], [200, 'W/"2"']);
    const history = await ask(server, token, `${type}/${id}/_history`);
    assert.equal(history.entry!.length, 1, 'no version without a status');
    assert.equal((await server.get(`/cco/fhir/${type}/${id}/_history/1`, token)).status, 404);
    const found = await ask(server, token, `${type}?${query}&_total=accurate&_count=500`);
    assert.ok(idsOf(found).includes(id));
    assert.deepEqual(warned(found), []);
  }
  const withProvenance = await ask(
    server,
    token,
    'Immunization?_id=withheld-5&_revinclude=Provenance:target',
  );
  assert.deepEqual(idsOf(withProvenance, 'include'), ['withheld-6']);

  await write(server, ...resources.map(([without]) => without));
  for (const [{ resourceType, id }] of resources) await checkAbsent(server, token, resourceType, id);
});

testOnEachDatabase('where R4 lets a status be absent nothing is missing', async (place, context) => {
  const server = await startPortico(context, place);
  const token = await server.token('cco', 'maria.delgado');
  const verified = (system: string) => ({ verificationStatus: concept(system, 'entered-in-error') });
  const lawful: FhirResource[] = [
    {
      resourceType: 'AllergyIntolerance',
      id: 'lawful-1',
      patient: subject,
      ...verified('allergyintolerance-verification'),
    },
    { resourceType: 'Condition', id: 'lawful-2', subject, ...verified('condition-ver-status') },
    {
      resourceType: 'Condition',
      id: 'lawful-3',
      subject,
      category: [concept('condition-category', 'encounter-diagnosis')],
    },
  ];
  await write(server, ...lawful);
  for (const { resourceType: type, id } of lawful) {
    assert.equal((await server.get(`/cco/fhir/${type}/${id}`, token)).status, 200, id);
    const found = await ask(server, token, `${type}?_id=${id}`);
    assert.deepEqual([idsOf(found), warned(found)], [[id], []]);
  }
});

testOnEachDatabase('the sandbox has a record that shows it', async (place, context) => {
  const server = await startPortico(context, place);
  const token = await server.token('cco', 'linh.tran');
  const allergies = await ask(server, token, 'AllergyIntolerance?_revinclude=Provenance:target');
  assert.deepEqual(idsOf(allergies), ['cco-100012-allergy-1']);
  assert.deepEqual(warned(allergies), ['AllergyIntolerance.clinicalStatus']);
  assert.ok(!JSON.stringify(allergies).includes('-earlier'));
  await checkAbsent(server, token, 'AllergyIntolerance', 'cco-100012-allergy-earlier');
});
