// _include, _revinclude, chains and _has (https://hl7.org/fhir/R4/search.html#revinclude, #chaining, #has): they find what is
// meant, and never step into another member's record, though a reference leads there.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { memberTypes } from '../../src/smart/data-classes.ts';
import { classScopes, resourceScopes } from '../../src/smart/scopes.ts';
import { type TestPlace, testOnEachDatabase } from '../databases.ts';
import { type RunningPortico, startPortico, type Token } from '../portico.ts';

interface Entry {
  readonly resource: { readonly resourceType: string; readonly id: string; readonly [name: string]: unknown };
  readonly search: { readonly mode: string };
}

interface Bundle {
  readonly entry?: readonly Entry[];
  readonly link: readonly { readonly relation: string; readonly url: string }[];
  readonly issue?: readonly { readonly diagnostics: string }[];
}

const me = 'cco-100001';
const other = 'cco-100004';
const everything = `openid ${[...classScopes, ...resourceScopes.filter((scope) => /^patient\/.*\.rs$/.test(scope))].join(' ')}`;

async function ask(server: RunningPortico, token: Token, path: string, status = 200): Promise<Bundle> {
  const answer = await server.get(`/cco/fhir/${path}`, token);
  const text = await answer.text();
  assert.equal(answer.status, status, `${path}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as Bundle;
}

const of = (bundle: Bundle, mode: string) =>
  (bundle.entry ?? [])
    .filter((entry) => entry.search.mode === mode)
    .map(({ resource }) => `${resource.resourceType}/${resource.id}`)
    .sort();

/** Every literal reference to one of the types. */
function references(value: unknown, types: readonly string[]): string[] {
  const found = JSON.stringify(value).matchAll(/"reference":"([A-Za-z]+\/[A-Za-z0-9.-]+)"/g);
  return [...new Set([...found].map((match) => match[1]!))]
    .filter((reference) => types.includes(reference.split('/')[0]!))
    .sort();
}

async function start(
  place: TestPlace,
  context: TestContext,
): Promise<{ server: RunningPortico; token: Token }> {
  const server = await startPortico(context, place);
  return { server, token: await server.token('cco', 'maria.delgado', everything) };
}

testOnEachDatabase(
  '_include brings what the matches of a page refer to, once, and nothing else',
  async (place, context) => {
    const { server, token } = await start(place, context);
    const path = `ExplanationOfBenefit?patient=${me}&_include=ExplanationOfBenefit:patient&_include=ExplanationOfBenefit:insurer&_include=ExplanationOfBenefit:coverage`;
    const page = await ask(server, token, `${path}&_count=5`);
    assert.equal(of(page, 'match').length, 5);
    const matches = page
      .entry!.filter((entry) => entry.search.mode === 'match')
      .map(({ resource }) => resource);
    const wanted = matches.flatMap(({ patient, insurer, insurance }) =>
      references([patient, insurer, insurance], ['Patient', 'Organization', 'Coverage']),
    );
    assert.deepEqual(of(page, 'include'), [...new Set(wanted)].sort());
    const next = page.link.find((link) => link.relation === 'next')!.url;
    const second = (await (await server.get(next, token)).json()) as Bundle;
    assert.ok(of(second, 'include').includes(`Patient/${me}`), 'a further page brings its own');
    const all = await ask(server, token, `ExplanationOfBenefit?_count=5&_include=ExplanationOfBenefit:*`);
    assert.ok(of(all, 'include').length > of(page, 'include').length);
    const payors = await ask(
      server,
      token,
      'ExplanationOfBenefit?_count=1&_include=ExplanationOfBenefit:coverage&_include:iterate=Coverage:payor',
    );
    assert.match(of(payors, 'include').join(), /Coverage\/.*,Organization\//);
  },
);

testOnEachDatabase('_revinclude brings what refers to the matches', async (place, context) => {
  const { server, token } = await start(place, context);
  const page = await ask(server, token, 'Observation?_count=10&_revinclude=Provenance:target');
  const matches = new Set(of(page, 'match'));
  const provenances = page.entry!.filter((entry) => entry.search.mode === 'include');
  assert.ok(provenances.length > 0);
  for (const { resource } of provenances) {
    assert.equal(resource.resourceType, 'Provenance');
    assert.ok(references(resource['target'], ['Observation']).some((target) => matches.has(target)));
  }
});

testOnEachDatabase('chains and _has find through references', async (place, context) => {
  const { server, token } = await start(place, context);
  const roles = await ask(server, token, 'PractitionerRole?_count=500');
  const { resource } = roles.entry!.find((entry) => 'practitioner' in entry.resource)!;
  const [practitioner] = references(resource['practitioner'], ['Practitioner']);
  const person = (await (await server.get(`/cco/fhir/${practitioner}`, token)).json()) as {
    name: { family: string }[];
  };
  const { family } = person.name[0]!;
  const byName = await ask(
    server,
    token,
    `PractitionerRole?practitioner.family=${encodeURIComponent(family)}&_count=500`,
  );
  assert.ok(of(byName, 'match').includes(`PractitionerRole/${resource.id}`));
  for (const entry of byName.entry!) {
    const [name] = references(entry.resource['practitioner'], ['Practitioner']);
    const who = (await (await server.get(`/cco/fhir/${name}`, token)).json()) as typeof person;
    assert.ok(who.name.some((each) => each.family.toLowerCase().startsWith(family.toLowerCase())));
  }
  const [organization] = references(resource['organization'], ['Organization']);
  const reverse = await ask(
    server,
    token,
    `Organization?_has:PractitionerRole:organization:_id=${resource.id}`,
  );
  assert.deepEqual(of(reverse, 'match'), [organization]);
  const twoSteps = await ask(
    server,
    token,
    `Practitioner?_has:PractitionerRole:practitioner:organization._id=${organization!.split('/')[1]}&_count=500`,
  );
  assert.ok(of(twoSteps, 'match').includes(practitioner!));
  assert.deepEqual(
    of(await ask(server, token, 'PractitionerRole?practitioner.family=nobody-of-this-name'), 'match'),
    [],
  );
  assert.ok(of(await ask(server, token, `Observation?patient._id=${me}`), 'match').length > 0);
  assert.ok(of(await ask(server, token, `Observation?subject:Patient._id=${me}`), 'match').length > 0);
});

testOnEachDatabase('what cannot be included or followed is refused with its name', async (place, context) => {
  const { server, token } = await start(place, context);
  for (const [path, said] of [
    ['Observation?_include=Observation', 'not of the form'],
    ['Observation?_include=Patient:organization', 'the search is for Observation'],
    ['Observation?_include=Observation:code', 'Observation.code is a token'],
    ['Observation?_include=Observation:nonsense', "no search parameter 'nonsense'"],
    ['Observation?_include:all=Observation:patient', 'only modifier is :iterate'],
    ['Observation?_revinclude=Coverage:payor', 'never refers to Observation'],
    ['Observation?code.name=x', 'Observation.code is a token'],
    ['Observation?patient.nonsense=x', "Patient has no search parameter 'nonsense'"],
    ['Observation?patient:Group.name=x', 'refers to no Group'],
    ['Patient?_has:Observation:code=x', 'not of the form _has'],
    ['Patient?_has:Organization:endpoint:name=x', 'never refers to Patient'],
    ['PractitionerRole?practitioner.nonsense=x', "Practitioner has no search parameter 'nonsense'"],
    [`Organization?${'partof.'.repeat(8)}name=x`, 'more than 5 steps'],
    ['Observation?patient.birthdate=never', 'birthdate'],
  ] as const) {
    const outcome = await ask(server, token, path, 400);
    assert.ok(outcome.issue![0]!.diagnostics.includes(said), `${path}: ${outcome.issue![0]!.diagnostics}`);
  }
});

testOnEachDatabase('nothing of another member comes along, whatever leads there', async (place, context) => {
  const { server, token } = await start(place, context);
  // Two records that touch: a visit of one that the other performed, a relative, a link between the two.
  const touching = [
    {
      resourceType: 'Observation',
      id: 'touching',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: `Patient/${me}` },
      performer: [{ reference: `Patient/${other}` }],
      hasMember: [{ reference: 'Observation/of-the-other' }],
    },
    {
      resourceType: 'Observation',
      id: 'of-the-other',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: `Patient/${other}` },
    },
    {
      resourceType: 'Provenance',
      id: 'of-both',
      recorded: '2026-01-01T00:00:00Z',
      target: [{ reference: 'Observation/touching' }, { reference: 'Observation/of-the-other' }],
      agent: [{ who: { display: 'x' } }],
    },
  ];
  await server.portico.plan.store.writing('cco', (writer) =>
    writer.write(touching.map((resource) => ({ resource }))),
  );
  const theirs = await server.token('cco', 'james.okafor', everything);
  assert.equal((await server.get('/cco/fhir/Observation/of-the-other', theirs)).status, 200);
  const family = (await ask(server, theirs, 'Patient')).entry![0]!.resource['name'] as { family: string }[];
  const paths = [
    'Observation?_id=touching&_include=Observation:*',
    'Observation?_id=touching&_include=Observation:performer',
    'Observation?_id=touching&_include=Observation:performer&_revinclude:iterate=Observation:patient',
    'Observation?_id=touching&_revinclude=Provenance:target&_include:iterate=Provenance:target',
    'Patient?_revinclude=Observation:performer&_include:iterate=Observation:performer',
    `Observation?performer:Patient.family=${family[0]!.family}`,
    `Observation?performer:Patient._id=${other}`,
    `Patient?_has:Observation:performer:_id=touching`,
    ...memberTypes
      .filter((type) => server.portico.plan.definitions.servedTypes.has(type) && type !== 'Binary')
      .flatMap((type) => [
        `${type}?_include=${type}:*&_count=20`,
        `${type}?_revinclude=Provenance:target&_count=20`,
        `${type}?patient.family=${family[0]!.family}`,
      ]),
  ];
  for (const path of paths) {
    const answer = await server.get(`/cco/fhir/${path}`, token);
    const text = await answer.text();
    assert.ok([200, 400].includes(answer.status), `${path}: ${answer.status} ${text.slice(0, 200)}`);
    const bundle = JSON.parse(text) as Bundle;
    for (const entry of bundle.entry ?? []) {
      if (entry.resource.resourceType === 'OperationOutcome' || entry.resource.id === 'touching') continue;
      assert.ok(
        !JSON.stringify(entry).includes(other),
        `${path} shows ${entry.resource.resourceType}/${entry.resource.id}`,
      );
      assert.notEqual(entry.resource.id, 'of-the-other', path);
      assert.notEqual(entry.resource.id, 'of-both', path);
    }
  }
  assert.deepEqual(of(await ask(server, token, `Observation?performer:Patient._id=${other}`), 'match'), []);
});

testOnEachDatabase(
  'what the granted scopes do not cover is neither included nor searched through',
  async (place, context) => {
    const { server } = await start(place, context);
    const claims = await server.token('cco', 'maria.delgado', 'openid patientapi.claims.read');
    const page = await ask(
      server,
      claims,
      'ExplanationOfBenefit?_count=3&_include=ExplanationOfBenefit:patient',
    );
    assert.deepEqual(of(page, 'include'), []);
    assert.match(JSON.stringify(page.entry!.at(-1)), /do not cover it: Patient/);
    const outcome = await ask(server, claims, 'ExplanationOfBenefit?patient.family=x', 403);
    assert.match(outcome.issue![0]!.diagnostics, /do not cover Patient/);
    await ask(server, claims, 'Organization?_has:Coverage:payor:_id=x', 403);
  },
);
