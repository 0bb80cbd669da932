import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type TestPlace, testOnEachDatabase } from '../../../test/databases.ts';
import { openDatabase } from '../../db/database.ts';
import { migrate } from '../../db/migrate.ts';
import type { MemberAccess } from '../../smart/access.ts';
import { permissionsOf, resourceScopes } from '../../smart/scopes.ts';
import { loadDefinitions } from '../definitions/definitions.ts';
import { parseExact } from '../exact-json.ts';
import type { FhirResource } from '../fhir-resource.ts';
import { compileSearch } from '../search/compile-search.ts';
import { parseSearch } from '../search/search-request.ts';
import { compileHistory, compileRead, compileVread } from './compile-read.ts';
import { openResourceStore, type ResourceStore } from './resource-store.ts';
import { resourceSchema } from './schema.ts';

const definitions = loadDefinitions();
const allScopes = resourceScopes.filter((scope) => scope.endsWith('.rs')).join(' ');

function accessTo(patient: string, scope = allScopes, line = 'cco'): MemberAccess {
  return {
    kind: 'member',
    line,
    clientId: 'app',
    grantId: `grant-${patient}`,
    patients: [patient],
    sensitive: [],
    fhirUser: undefined,
    permissions: permissionsOf(scope),
  };
}

async function open(place: TestPlace, context: TestContext): Promise<ResourceStore> {
  const db = await openDatabase(place);
  context.after(() => db.close());
  await migrate(db, resourceSchema);
  let now = Date.UTC(2026, 0, 1);
  return openResourceStore(db, definitions, {
    ownBases: () => ['https://fhir.example.org'],
    clock: () => (now += 1000),
  });
}

const write = (store: ResourceStore, resources: FhirResource[], line = 'cco') =>
  store.writing(line, (writer) => writer.write(resources.map((resource) => ({ resource }))));

const textOf = (row: { content: string } | undefined) => row!.content;

const patient = (id: string, more = {}): FhirResource => ({ resourceType: 'Patient', id, ...more });
const observation = (id: string, of: string, more = {}): FhirResource => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  subject: { reference: `Patient/${of}` },
  category: [
    {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'laboratory' }],
    },
  ],
  code: { coding: [{ system: 'http://loinc.org', code: '2345-7', display: 'Glucose' }] },
  effectiveDateTime: '2025-03-04',
  valueQuantity: { value: 5.4, unit: 'mmol/L', system: 'http://unitsofmeasure.org', code: 'mmol/L' },
  ...more,
});

async function found(
  store: ResourceStore,
  type: string,
  query: string,
  access: MemberAccess,
): Promise<string[]> {
  const request = parseSearch(definitions, type, [...new URLSearchParams(query)], false);
  return (await store.page((await compileSearch(store.search, request, access, undefined)).page)).map(
    (row) => row.id,
  );
}

testOnEachDatabase(
  'read gives the stored text with id, versionId and lastUpdated',
  async (place, context) => {
    const store = await open(place, context);
    assert.deepEqual(await write(store, [patient('a', { name: [{ family: 'Ørsted' }] })]), ['created']);
    const row = await store.one(await compileRead(store.search, 'Patient', 'a', accessTo('a')));
    assert.deepEqual(JSON.parse(textOf(row)), {
      resourceType: 'Patient',
      id: 'a',
      meta: { versionId: '1', lastUpdated: '2026-01-01T00:00:01.000Z' },
      name: [{ family: 'Ørsted' }],
    });
  },
);

testOnEachDatabase(
  'an unchanged resource keeps its version; a changed one keeps its history',
  async (place, context) => {
    const store = await open(place, context);
    await write(store, [patient('a')]);
    assert.deepEqual(
      await write(store, [patient('a', { meta: { versionId: '9', lastUpdated: '2020-01-01T00:00:00Z' } })]),
      ['unchanged'],
    );
    assert.deepEqual(await write(store, [patient('a', { active: true })]), ['updated']);
    const history = await store.many(
      await compileHistory(store.search, 'Patient', 'a', accessTo('a'), {
        count: 10,
        since: 0,
        beforeVersion: undefined,
      }),
    );
    assert.deepEqual(
      history.map((row) => row.version),
      [2, 1],
    );
    const first = await store.one(await compileVread(store.search, 'Patient', 'a', 1, accessTo('a')));
    assert.equal(JSON.parse(textOf(first)).active, undefined);
    assert.equal(
      await store.one(await compileVread(store.search, 'Patient', 'a', 3, accessTo('a'))),
      undefined,
    );
  },
);

testOnEachDatabase(
  'a deleted resource is gone for its member, not there for others, and in no search',
  async (place, context) => {
    const store = await open(place, context);
    await write(store, [patient('a'), patient('b'), observation('o', 'a')]);
    assert.deepEqual(
      await store.writing('cco', (writer) => writer.write([{ delete: { type: 'Observation', id: 'o' } }])),
      ['deleted'],
    );
    assert.equal(
      (await store.one(await compileRead(store.search, 'Observation', 'o', accessTo('a'))))!.deleted,
      1,
    );
    assert.equal(
      await store.one(await compileRead(store.search, 'Observation', 'o', accessTo('b'))),
      undefined,
    );
    assert.deepEqual(await found(store, 'Observation', '', accessTo('a')), []);
    assert.deepEqual(await found(store, 'Observation', 'code=2345-7', accessTo('a')), []);
    assert.deepEqual(await write(store, [observation('o', 'a')]), ['updated']);
    assert.deepEqual(await found(store, 'Observation', 'code=2345-7', accessTo('a')), ['o']);
  },
);

testOnEachDatabase(
  'a resource that moves to another member takes no older version along',
  async (place, context) => {
    const store = await open(place, context);
    await write(store, [patient('a'), patient('b'), observation('o', 'a')]);
    await write(store, [observation('o', 'b')]);
    assert.equal(
      await store.one(await compileRead(store.search, 'Observation', 'o', accessTo('a'))),
      undefined,
    );
    assert.equal(
      (await store.one(await compileRead(store.search, 'Observation', 'o', accessTo('b'))))!.version,
      2,
    );
    assert.equal(
      await store.one(await compileVread(store.search, 'Observation', 'o', 1, accessTo('b'))),
      undefined,
    );
    assert.equal(
      await store.one(await compileVread(store.search, 'Observation', 'o', 1, accessTo('a'))),
      undefined,
    );
    assert.deepEqual(await found(store, 'Observation', 'code=2345-7', accessTo('a')), []);
    assert.deepEqual(await found(store, 'Observation', 'code=2345-7', accessTo('b')), ['o']);
  },
);

testOnEachDatabase(
  'scopes narrow what is read and searched, older versions included',
  async (place, context) => {
    const store = await open(place, context);
    const vital = {
      category: [
        {
          coding: [
            { system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' },
          ],
        },
      ],
    };
    await write(store, [patient('a'), observation('lab', 'a'), observation('vital', 'a', vital)]);
    const labs = accessTo('a', 'patientapi.labs.read');
    assert.deepEqual(await found(store, 'Observation', '', labs), ['lab']);
    assert.deepEqual(await found(store, 'Observation', '', accessTo('a', 'patientapi.vitals.read')), [
      'vital',
    ]);
    assert.deepEqual(
      await found(store, 'Observation', '', accessTo('a', 'patientapi.vitals.read patientapi.labs.read')),
      ['lab', 'vital'],
    );
    assert.equal(await store.one(await compileRead(store.search, 'Observation', 'vital', labs)), undefined);
    await assert.rejects(found(store, 'Patient', '', labs), { name: 'NotPermitted' });
    await write(store, [observation('vital', 'a')]);
    assert.equal(
      (await store.one(await compileRead(store.search, 'Observation', 'vital', labs)))!.version,
      2,
    );
    assert.equal(
      await store.one(await compileVread(store.search, 'Observation', 'vital', 1, labs)),
      undefined,
    );
  },
);

testOnEachDatabase('a right to read does not become a right to search', async (place, context) => {
  const store = await open(place, context);
  await write(store, [patient('a'), observation('o', 'a')]);
  await assert.rejects(found(store, 'Observation', '', accessTo('a', 'patient/Observation.r')), {
    name: 'NotPermitted',
  });
  const both = accessTo('a', 'patient/Observation.r patientapi.vitals.read');
  assert.deepEqual(await found(store, 'Observation', '', both), []);
  assert.equal((await store.one(await compileRead(store.search, 'Observation', 'o', both)))!.version, 1);
});

testOnEachDatabase('the same id in two lines is two resources', async (place, context) => {
  const store = await open(place, context);
  await write(store, [patient('a', { gender: 'male' })], 'cco');
  await write(store, [patient('a', { gender: 'female' })], 'advantage');
  const read = async (line: string) =>
    JSON.parse(
      textOf(
        await store.one(await compileRead(store.search, 'Patient', 'a', accessTo('a', allScopes, line))),
      ),
    ).gender;
  assert.deepEqual([await read('cco'), await read('advantage')], ['male', 'female']);
});

testOnEachDatabase('Provenance follows its targets, whichever comes first', async (place, context) => {
  const store = await open(place, context);
  const provenance = (id: string, ...targets: string[]): FhirResource => ({
    resourceType: 'Provenance',
    id,
    target: targets.map((reference) => ({ reference })),
    recorded: '2025-01-01T00:00:00Z',
    agent: [{ who: { reference: 'Organization/x' } }],
  });
  await write(store, [
    provenance('early', 'Observation/o'),
    provenance('mixed', 'Observation/o', 'Observation/p'),
  ]);
  assert.deepEqual(await found(store, 'Provenance', '', accessTo('a')), []);
  await write(store, [
    patient('a'),
    patient('b'),
    observation('o', 'a'),
    observation('p', 'b'),
    provenance('late', 'Observation/o'),
  ]);
  assert.deepEqual((await found(store, 'Provenance', '', accessTo('a'))).sort(), ['early', 'late']);
  assert.deepEqual(
    await found(store, 'Provenance', 'target=Observation/o', accessTo('a')),
    await found(store, 'Provenance', '', accessTo('a')),
  );
  assert.deepEqual(await found(store, 'Provenance', '', accessTo('b')), []);
});

testOnEachDatabase(
  'a Medication is seen where the record refers to it, a Practitioner always',
  async (place, context) => {
    const store = await open(place, context);
    const request: FhirResource = {
      resourceType: 'MedicationRequest',
      id: 'r',
      status: 'active',
      intent: 'order',
      subject: { reference: 'Patient/a' },
      medicationReference: { reference: 'Medication/m' },
    };
    await write(store, [
      { resourceType: 'Medication', id: 'm' },
      { resourceType: 'Medication', id: 'n' },
      { resourceType: 'Practitioner', id: 'd' },
      patient('a'),
      patient('b'),
      request,
    ]);
    assert.deepEqual(await found(store, 'Medication', '', accessTo('a')), ['m']);
    assert.deepEqual(await found(store, 'Medication', '', accessTo('b')), []);
    assert.equal(
      await store.one(await compileRead(store.search, 'Medication', 'n', accessTo('a'))),
      undefined,
    );
    assert.deepEqual(await found(store, 'Medication', '', accessTo('a', 'patientapi.claims.read')), []);
    assert.deepEqual(await found(store, 'Practitioner', '', accessTo('b')), ['d']);
  },
);

testOnEachDatabase('reference data that names a patient is nobody’s to see', async (place, context) => {
  const store = await open(place, context);
  await write(store, [
    patient('a'),
    {
      resourceType: 'Organization',
      id: 'x',
      contact: [{ extension: [{ url: 'http://e', valueReference: { reference: 'Patient/a' } }] }],
    },
    { resourceType: 'List', id: 'problems', status: 'current', mode: 'working' },
    { resourceType: 'Device', id: 'unowned' },
  ]);
  for (const type of ['Organization', 'List', 'Device'])
    assert.deepEqual(await found(store, type, '', accessTo('a')), []);
});

testOnEachDatabase('a write that fails leaves nothing behind', async (place, context) => {
  const store = await open(place, context);
  await assert.rejects(
    store.writing('cco', async (writer) => {
      await writer.write([{ resource: patient('a') }]);
      throw new Error('stop');
    }),
    /stop/,
  );
  assert.equal(await store.one(await compileRead(store.search, 'Patient', 'a', accessTo('a'))), undefined);
  assert.deepEqual(await write(store, [patient('a'), observation('o', 'a')]), ['created', 'created']);
  assert.deepEqual(await found(store, 'Observation', '', accessTo('a')), ['o']);
});

testOnEachDatabase('ten writers at once write each resource once', async (place, context) => {
  const store = await open(place, context);
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, () => write(store, [patient('a'), observation('o', 'a')])),
  );
  assert.equal(outcomes.flat().filter((outcome) => outcome === 'created').length, 2);
  assert.equal(outcomes.flat().filter((outcome) => outcome === 'unchanged').length, 18);
});

testOnEachDatabase(
  'pages hold every resource once while others are written between them',
  async (place, context) => {
    const store = await open(place, context);
    await write(store, [patient('a'), ...Array.from({ length: 25 }, (_, n) => observation(`o${n}`, 'a'))]);
    const seen: string[] = [];
    let after: number | undefined;
    for (let page = 0; page < 10; page++) {
      const request = parseSearch(definitions, 'Observation', [['_count', '10']], false);
      const rows = await store.page(
        (
          await compileSearch(
            store.search,
            request,
            accessTo('a'),
            after === undefined ? undefined : { key: after },
          )
        ).page,
      );
      seen.push(...rows.slice(0, 10).map((row) => row.id));
      if (rows.length <= 10) break;
      after = rows[9]!.key;
      await write(store, [observation('o3', 'a', { status: 'amended' }), observation(`new${page}`, 'a')]);
    }
    assert.equal(new Set(seen).size, seen.length);
    for (let n = 0; n < 25; n++) assert.ok(seen.includes(`o${n}`), `o${n}`);
  },
);

const searches: [query: string, matches: boolean][] = [
  ['_id=o', true],
  ['_id=x,o', true],
  ['_id=x', false],
  ['_lastUpdated=ge2026-01-01', true],
  ['_lastUpdated=lt2026-01-01', false],
  ['_lastUpdated=2026-01', true],
  ['patient=a', true],
  ['patient=Patient/a', true],
  ['patient=https://fhir.example.org/Patient/a', true],
  ['patient=https://other.example.org/Patient/a', false],
  ['patient=b', false],
  ['patient:Patient=a', true],
  ['patient:missing=false', true],
  ['patient:missing=true', false],
  ['category=laboratory', true],
  ['category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory', true],
  ['category=|laboratory', false],
  ['category=vital-signs,laboratory', true],
  ['category:not=vital-signs', true],
  ['category:not=laboratory', false],
  ['code=http://loinc.org|', true],
  ['code=http://loinc.org|2345-7&category=laboratory', true],
  ['code=2345-7&category=vital-signs', false],
  ['date=2025-03-04', true],
  ['date=2025', true],
  ['date=2025-03-04T00:00:00Z', false],
  ['date=ge2025-03-04&date=le2025-03-04', true],
  ['date=gt2025-03-04', false],
  ['date=ge2025-03-03T00:00:00-05:00', true],
  ['date=ne2025-03-04', false],
  ['date=sa2025-03-03', true],
  ['date=eb2025-03-04', false],
  ['date=ap2025-03-04', true],
  ['value-quantity=5.4', true],
  ['value-quantity=5', true],
  ['value-quantity=5.40', true],
  ['value-quantity=5.41', false],
  ['value-quantity=gt5|http://unitsofmeasure.org|mmol/L', true],
  ['value-quantity=gt5|http://unitsofmeasure.org|mg/dL', false],
  ['value-quantity=lt5||mmol/L', false],
  ['code-value-quantity=2345-7$gt5', true],
  ['code-value-quantity=2345-7$gt6', false],
  ['code-value-quantity=http://loinc.org|2345-7$5.4|http://unitsofmeasure.org|mmol/L', true],
  ['component-code-value-quantity=8480-6$gt100', true],
  ['component-code-value-quantity=8480-6$lt90', false],
  ['component-code-value-quantity=8462-4$lt90', true],
  ['_profile=http://example.org/p', true],
  ['_profile:below=http://example.org', true],
  ['_tag=x', false],
  ['status=final', true],
];

testOnEachDatabase('every kind of search parameter matches what it says', async (place, context) => {
  const store = await open(place, context);
  const component = (code: string, value: number) => ({
    code: { coding: [{ system: 'http://loinc.org', code }] },
    valueQuantity: { value },
  });
  await write(store, [
    patient('a', { name: [{ family: 'Núñez-Smith', given: ['José Luis'] }], birthDate: '1960-05-06' }),
    patient('b'),
    observation('o', 'a', {
      meta: { profile: ['http://example.org/p'] },
      component: [component('8480-6', 120), component('8462-4', 80)],
    }),
  ]);
  for (const [query, matches] of searches) {
    assert.deepEqual(await found(store, 'Observation', query, accessTo('a')), matches ? ['o'] : [], query);
    assert.deepEqual(
      await found(store, 'Observation', query, accessTo('b')),
      [],
      `${query} by another member`,
    );
  }
  for (const [query, matches] of [
    ['family=nunez', true],
    ['family=smith', false],
    ['family:contains=smith', true],
    ['family:exact=Núñez-Smith', true],
    ['family:exact=Nunez-Smith', false],
    ['name=jose luis', true],
    ['name=%25', false],
    ['birthdate=lt1961', true],
  ] as const) {
    assert.deepEqual(
      await found(store, 'Patient', query.replace('%25', '%25'), accessTo('a')),
      matches ? ['a'] : [],
      query,
    );
  }
});

testOnEachDatabase('numbers keep their digits, and a change of them is a change', async (place, context) => {
  const store = await open(place, context);
  const weight = (digits: string) =>
    parseExact(
      JSON.stringify(observation('w', 'a')).replace('"value":5.4', `"value":${digits}`),
    ) as FhirResource;
  assert.deepEqual(await write(store, [weight('5.40')]), ['created']);
  assert.deepEqual(await write(store, [weight('5.40')]), ['unchanged']);
  const stored = async () =>
    textOf(await store.one(await compileRead(store.search, 'Observation', 'w', accessTo('a'))));
  assert.match(await stored(), /"value":5\.40,/);
  assert.deepEqual(await write(store, [weight('5.4')]), ['updated']);
  assert.match(await stored(), /"value":5\.4,/);
});

testOnEachDatabase(
  'a value of any length is stored, and found by the whole of it',
  async (place, context) => {
    const store = await open(place, context);
    const long = (end: string) => `${'é😀'.repeat(2000)}${end}`;
    await write(store, [
      patient('a', { identifier: [{ system: `urn:${'s'.repeat(5000)}`, value: long('1') }] }),
      observation('o', 'a', { meta: { profile: [`http://example.org/${'p'.repeat(5000)}`] } }),
      observation('r', 'a', {
        hasMember: [{ reference: `https://elsewhere.example.org/${'x'.repeat(5000)}` }],
      }),
    ]);
    const find = (type: string, params: Record<string, string>) =>
      found(store, type, new URLSearchParams(params).toString(), accessTo('a'));
    assert.deepEqual(await find('Patient', { identifier: long('1') }), ['a']);
    assert.deepEqual(await find('Patient', { identifier: long('2') }), []);
    assert.deepEqual(await find('Patient', { identifier: `urn:${'s'.repeat(5000)}|` }), ['a']);
    assert.deepEqual(await find('Observation', { _profile: `http://example.org/${'p'.repeat(5000)}` }), [
      'o',
    ]);
  },
);

testOnEachDatabase(
  'an identifier finds its resources in whatever record, and no deleted one',
  async (place, context) => {
    const store = await open(place, context);
    const named = (id: string, value: string) => patient(id, { identifier: [{ system: 'http://s', value }] });
    await write(store, [named('a', '1'), named('b', '1'), named('c', '2')]);
    await write(store, [named('x', '2')], 'advantage');
    const find = (value: string, line = 'cco') =>
      store.writing(line, (writer) => writer.findByIdentifier('Patient', 'http://s', value));
    assert.deepEqual((await find('1')).toSorted(), ['a', 'b']);
    assert.deepEqual(await find('2'), ['c']);
    assert.deepEqual(await find('2', 'advantage'), ['x']);
    await write(store, [named('a', '3')]);
    assert.deepEqual(await find('1'), ['b']);
    await store.writing('cco', (writer) => writer.write([{ delete: { type: 'Patient', id: 'b' } }]));
    assert.deepEqual(await find('1'), []);
  },
);
