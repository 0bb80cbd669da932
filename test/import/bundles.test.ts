// Bundles as they may come (https://hl7.org/fhir/R4/http.html#trules): what each entry asks for, by which names entries
// call each other, and what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testOnEachDatabase } from '../databases.ts';
import { loadingInto, summary } from './loading.ts';

const uuid = (digit: string) =>
  `urn:uuid:${digit.repeat(8)}-${digit.repeat(4)}-4${digit.repeat(3)}-8${digit.repeat(3)}-${digit.repeat(12)}`;
const idOf = (urn: string) => urn.slice('urn:uuid:'.length);
const one = uuid('1');
const two = uuid('2');

const patient = (value: string, more = {}) => ({
  resourceType: 'Patient',
  identifier: [{ system: 'http://s', value }],
  ...more,
});
const observation = (subject: string, more = {}) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  subject: { reference: subject },
  ...more,
});
const bundle = (type: string, ...entry: unknown[]) => ({ resourceType: 'Bundle', type, entry });
const post = (resource: object, more: object = {}, request: object = {}) => ({
  resource,
  request: { method: 'POST', url: 'x', ...request },
  ...more,
});
const put = (url: string, resource: object) => ({ resource, request: { method: 'PUT', url } });
const remove = (url: string) => ({ request: { method: 'DELETE', url } });
const none = { created: 0, updated: 0, unchanged: 0, deleted: 0, refused: 0, found: [] as string[] };

testOnEachDatabase('entries refer to each other by fullUrl, in any order', async (place, context) => {
  const { load, content, names } = await loadingInto(place, context);
  const data = bundle(
    'transaction',
    post(
      observation(two, {
        id: 'o',
        note: [{ text: two }],
        performer: [{ reference: 'http://ehr/Practitioner/p' }],
      }),
      { fullUrl: one },
    ),
    post(patient('v', { photo: [{ url: one }] }), { fullUrl: two }),
    post({ resourceType: 'Practitioner', id: 'p' }, { fullUrl: 'http://ehr/Practitioner/p' }),
    put('Group/g', {
      resourceType: 'Group',
      type: 'person',
      actual: true,
      member: [{ entity: { reference: 'https://plan.example/fhir/Patient/z' } }],
    }),
  );
  assert.deepEqual(summary(await load(data)), { ...none, created: 4 });
  assert.deepEqual(await names(), ['Group/g', 'Observation/o', `Patient/${idOf(two)}`, 'Practitioner/p']);
  const stored = await content('Observation/o');
  assert.deepEqual(stored['subject'], { reference: `Patient/${idOf(two)}` });
  assert.deepEqual(stored['performer'], [{ reference: 'Practitioner/p' }]);
  // Text that looks like a name is text.
  assert.deepEqual(stored['note'], [{ text: two }]);
  assert.deepEqual((await content(`Patient/${idOf(two)}`))['photo'], [{ url: 'Observation/o' }]);
  assert.deepEqual((await content('Group/g'))['member'], [{ entity: { reference: 'Patient/z' } }]);
  assert.deepEqual(summary(await load(data)), { ...none, unchanged: 4 });
});

testOnEachDatabase(
  'a conditional reference finds what the database has, or the Bundle itself, in any order',
  async (place, context) => {
    const { load, content } = await loadingInto(place, context);
    await load(patient('there', { id: 'there' }));
    const data = bundle(
      'transaction',
      post(observation('Patient?identifier=http://s|there', { id: 'a' })),
      post(observation('Patient?identifier=http://s%7Chere', { id: 'b' })),
      post(patient('here', { id: 'here' })),
    );
    assert.deepEqual(summary(await load(data)), { ...none, created: 3 });
    assert.deepEqual((await content('Observation/a'))['subject'], { reference: 'Patient/there' });
    assert.deepEqual((await content('Observation/b'))['subject'], { reference: 'Patient/here' });
    assert.deepEqual(summary(await load(data)), { ...none, unchanged: 3 });
  },
);

testOnEachDatabase(
  'with --atomic file a conditional reference finds an earlier line of the file',
  async (place, context) => {
    const { load, content } = await loadingInto(place, context);
    const lines = [patient('v', { id: 'p' }), observation('Patient?identifier=http://s|v', { id: 'o' })];
    const report = await load(lines.map((line) => JSON.stringify(line)).join('\n'), { atomic: 'file' });
    assert.deepEqual(summary(report), { ...none, created: 2 });
    assert.deepEqual((await content('Observation/o'))['subject'], { reference: 'Patient/p' });
  },
);

testOnEachDatabase(
  'a conditional reference that finds nothing or several fails a transaction and not a batch',
  async (place, context) => {
    const { load, names } = await loadingInto(place, context);
    await load(
      bundle(
        'batch',
        { resource: patient('twice', { id: 'x' }) },
        { resource: patient('twice', { id: 'y' }) },
      ),
    );
    for (const condition of ['identifier=http://s|no', 'identifier=http://s|twice', 'name=x']) {
      const entries = [
        post(observation('Patient/x', { id: 'right' })),
        post(observation(`Patient?${condition}`, { id: 'wrong' })),
      ];
      const path = 'Bundle.entry[1].resource: Observation.subject.reference';
      assert.deepEqual(summary(await load(bundle('transaction', ...entries))), {
        ...none,
        refused: 2,
        found: [`error unresolved-reference ${path}`, 'error bundle-refused'],
      });
    }
    assert.deepEqual(await names(), ['Patient/x', 'Patient/y']);
    const entries = [{ resource: observation('Patient?identifier=http://s|no', { id: 'warned' }) }];
    assert.deepEqual(summary(await load(bundle('batch', ...entries))), {
      ...none,
      created: 1,
      found: ['warning unresolved-reference Bundle.entry[0].resource: Observation.subject.reference'],
    });
  },
);

testOnEachDatabase('a conditional create writes what is not there, once', async (place, context) => {
  const { load, content, names } = await loadingInto(place, context);
  const condition = { ifNoneExist: 'identifier=http://s|v' };
  const data = bundle(
    'transaction',
    post(patient('v'), { fullUrl: one }, condition),
    post(patient('v', { active: true }), { fullUrl: two }, { ifNoneExist: 'Patient?identifier=http://s|v' }),
    post(observation(one, { id: 'a' })),
    post(observation(two, { id: 'b' })),
  );
  assert.deepEqual(summary(await load(data)), { ...none, created: 3, unchanged: 1 });
  assert.deepEqual(await names(), ['Observation/a', 'Observation/b', `Patient/${idOf(one)}`]);
  for (const name of ['Observation/a', 'Observation/b'])
    assert.deepEqual((await content(name))['subject'], { reference: `Patient/${idOf(one)}` });
  assert.deepEqual(summary(await load(data)), { ...none, unchanged: 4 });
  await load(patient('v', { id: 'another' }));
  assert.deepEqual(summary(await load(data)), {
    ...none,
    refused: 4,
    found: ['error bundle-refused', 'error bad-request Bundle.entry[0]'],
  });
  const unknown = bundle('batch', post(patient('w'), {}, { ifNoneExist: 'name=x' }));
  assert.deepEqual(summary(await load(unknown)), {
    ...none,
    refused: 1,
    found: ['error bad-request Bundle.entry[0]'],
  });
});

testOnEachDatabase('a conditional update changes the one that is there', async (place, context) => {
  const { load, content, names } = await loadingInto(place, context);
  const url = 'Patient?identifier=http://s|v';
  assert.deepEqual(summary(await load(bundle('batch', put(url, patient('v', { id: 'p' }))))), {
    ...none,
    created: 1,
  });
  assert.deepEqual(summary(await load(bundle('batch', put(url, patient('v', { active: true }))))), {
    ...none,
    updated: 1,
  });
  assert.equal((await content('Patient/p'))['active'], true);
  for (const entry of [
    put(url, patient('v', { id: 'q' })),
    put('Practitioner?identifier=http://s|v', patient('v')),
  ]) {
    assert.deepEqual(summary(await load(bundle('batch', entry))), {
      ...none,
      refused: 1,
      found: ['error bad-request Bundle.entry[0]'],
    });
  }
  assert.deepEqual(await names(), ['Patient/p']);
});

testOnEachDatabase(
  'a transaction deletes, and what it wrote before comes back with a new version',
  async (place, context) => {
    const { load, content, names } = await loadingInto(place, context);
    await load(
      bundle('batch', { resource: patient('a', { id: 'a' }) }, { resource: patient('b', { id: 'b' }) }),
    );
    const data = bundle(
      'transaction',
      remove('Patient/a'),
      put('Patient/b', patient('b', { active: true })),
      remove('Patient/never'),
    );
    assert.deepEqual(summary(await load(data)), { ...none, updated: 1, deleted: 1, unchanged: 1 });
    assert.deepEqual(await names(), ['Patient/b']);
    assert.deepEqual(summary(await load(data)), { ...none, unchanged: 3 });
    await load(patient('a', { id: 'a' }));
    assert.deepEqual(
      (await content('Patient/a'))['meta'] &&
        ((await content('Patient/a'))['meta'] as { versionId: string }).versionId,
      '3',
    );
  },
);

for (const [title, entries, path] of [
  ['a PUT whose url has another type', [put('Patient/p', observation('Patient/x'))], 'Bundle.entry[0]'],
  ['a PUT whose url has another id', [put('Patient/p', patient('v', { id: 'q' }))], 'Bundle.entry[0]'],
  ['a PUT without an id', [put('Patient', patient('v', { id: 'q' }))], 'Bundle.entry[0]'],
  ['a PUT without a resource', [{ request: { method: 'PUT', url: 'Patient/p' } }], 'Bundle.entry[0]'],
  ['a DELETE of many', [remove('Patient?active=true')], 'Bundle.entry[0]'],
  [
    'a PATCH',
    [
      {
        resource: { resourceType: 'Binary', contentType: 'x' },
        request: { method: 'PATCH', url: 'Patient/p' },
      },
    ],
    'Bundle.entry[0]',
  ],
  ['a method that is none', [post(patient('v', { id: 'p' }), {}, { method: 'put' })], 'Bundle.entry[0]'],
  [
    'a version to match',
    [{ ...put('Patient/p', patient('v')), request: { method: 'PUT', url: 'Patient/p', ifMatch: 'W/"1"' } }],
    'Bundle.entry[0]',
  ],
  [
    'an entry with an element that R4 has not',
    [{ resource: patient('v', { id: 'p' }), fullURL: 'x' }],
    'Bundle.entry[0].fullURL',
  ],
  [
    'a fullUrl that is no string',
    [{ resource: patient('v', { id: 'p' }), fullUrl: 1 }],
    'Bundle.entry[0].fullUrl',
  ],
  ['an entry of null', [null], 'Bundle.entry[0]'],
  ['a resource of null', [{ resource: null }], 'Bundle.entry[0]'],
  ['an id that is none', [{ resource: patient('v', { id: 'a/b' }) }], 'Bundle.entry[0].resource: Patient.id'],
] as const) {
  test(`a Bundle with ${title} is refused at its place`, async (context) => {
    const { sqlitePlace } = await import('../databases.ts');
    const { load, names } = await loadingInto(await sqlitePlace(context), context);
    const report = await load(bundle('batch', ...entries));
    if (entries[0] === null) {
      assert.equal(report.filesFailed, 1);
    } else {
      assert.equal(report.refused, 1, JSON.stringify(report.findings));
      assert.ok(
        report.findings.some((finding) => finding.severity === 'error' && finding.places[0]!.path === path),
        JSON.stringify(report.findings),
      );
    }
    assert.deepEqual(await names(), []);
  });
}

for (const [title, content, rule, path] of [
  [
    'whose entry is no array',
    { resourceType: 'Bundle', type: 'batch', entry: { resource: patient('v') } },
    'wrong-json-kind',
    'Bundle.entry',
  ],
  [
    'with an element that R4 has not',
    { ...bundle('batch', { resource: patient('v') }), entries: [] },
    'unknown-element',
    'Bundle.entries',
  ],
  ['that is a history', bundle('history', { resource: patient('v') }), 'bundle-type', 'Bundle.type'],
  [
    'with two lists of entries',
    '{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Patient","id":"a"}}],"entry":[]}',
    'repeated-member',
    'entry',
  ],
] as const) {
  test(`a Bundle ${title} is refused`, async (context) => {
    const { sqlitePlace } = await import('../databases.ts');
    const { load, names } = await loadingInto(await sqlitePlace(context), context);
    const report = await load(content);
    assert.deepEqual(
      report.findings.map((finding) => [finding.rule, finding.places[0]!.path]),
      [[rule, path]],
    );
    assert.equal(report.refused, 1);
    assert.deepEqual(await names(), []);
  });
}

testOnEachDatabase(
  'a transaction that names a resource twice is refused, a batch keeps the last',
  async (place, context) => {
    const { load, names } = await loadingInto(place, context);
    for (const twice of [
      [put('Patient/p', patient('v')), put('Patient/p', patient('w'))],
      [put('Patient/p', patient('v')), remove('Patient/p')],
    ]) {
      assert.deepEqual(summary(await load(bundle('transaction', ...twice))), {
        ...none,
        refused: 2,
        found: ['error repeated-resource Bundle.entry[1]', 'error bundle-refused'],
      });
    }
    assert.deepEqual(await names(), []);
    const batch = bundle(
      'batch',
      put('Patient/p', patient('v')),
      put('Patient/p', patient('w')),
      put('Patient/p', patient('w')),
    );
    assert.deepEqual(summary(await load(batch)), {
      ...none,
      created: 1,
      unchanged: 1,
      found: ['warning repeated-resource'],
    });
    assert.deepEqual(summary(await load(batch)), {
      ...none,
      unchanged: 2,
      found: ['warning repeated-resource'],
    });
  },
);

testOnEachDatabase(
  'a fullUrl of two resources names neither, so that nothing lands in the wrong record',
  async (place, context) => {
    const { load, names } = await loadingInto(place, context);
    const data = bundle(
      'batch',
      { fullUrl: one, resource: patient('a', { id: 'a' }) },
      { fullUrl: one, resource: patient('b', { id: 'b' }) },
      { resource: observation(one, { id: 'o' }) },
    );
    assert.deepEqual(summary(await load(data)), {
      ...none,
      created: 1,
      refused: 2,
      found: [
        'error repeated-full-url Bundle.entry[0]',
        'warning unresolved-reference Bundle.entry[2].resource: Observation.subject.reference',
      ],
    });
    assert.deepEqual(await names(), ['Observation/o']);
  },
);

testOnEachDatabase(
  'a resource is unchanged whether it comes in a Bundle, which gives it its id, or alone',
  async (place, context) => {
    const { load } = await loadingInto(place, context);
    const data = bundle(
      'transaction',
      post(patient('v'), { fullUrl: one }),
      post(observation(one), { fullUrl: two }),
    );
    await load(data);
    const alone = observation(`Patient/${idOf(one)}`, { id: idOf(two) });
    assert.deepEqual(summary(await load(alone)), { ...none, unchanged: 1 });
    assert.deepEqual(summary(await load({ id: idOf(one), ...patient('v') })), { ...none, unchanged: 1 });
  },
);
