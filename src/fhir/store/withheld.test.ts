// What lacks a status is met by no query of a member, and by the operator's; it comes back with a status, Provenance with it.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type TestPlace, testOnEachDatabase } from '../../../test/databases.ts';
import { type Database, openDatabase } from '../../db/database.ts';
import { migrate } from '../../db/migrate.ts';
import type { Access, MemberAccess } from '../../smart/access.ts';
import { classScopes, type Permissions, permissionsOf } from '../../smart/scopes.ts';
import { type Definitions, loadDefinitions } from '../definitions/definitions.ts';
import { type FhirResource, idPattern } from '../fhir-resource.ts';
import { compileSearch, compileWithheld } from '../search/compile-search.ts';
import { parseSearch } from '../search/search-request.ts';
import { compileHistory, compileHistoryType, compileRead, compileVread } from './compile-read.ts';
import { indexRules } from './index-rules.ts';
import { openResourceStore, type ResourceStore } from './resource-store.ts';
import { resourceSchema } from './schema.ts';
import { withheld as kept, scopeName } from './scope-name.ts';

const definitions = loadDefinitions();
const everyScope = permissionsOf(classScopes.join(' '));

const accessTo = (patient: string, permissions: Permissions = everyScope): MemberAccess => ({
  kind: 'member',
  line: 'cco',
  clientId: 'app',
  grantId: `grant-${patient}`,
  patients: [patient],
  sensitive: [],
  fhirUser: undefined,
  permissions,
});

async function openDb(place: TestPlace, context: TestContext): Promise<Database> {
  const db = await openDatabase(place);
  context.after(() => db.close());
  await migrate(db, resourceSchema);
  return db;
}

async function open(place: TestPlace, context: TestContext): Promise<ResourceStore> {
  return openResourceStore(await openDb(place, context), definitions, { ownBases: () => [] });
}

const write = (store: ResourceStore, ...resources: FhirResource[]) =>
  store.writing('cco', (writer) => writer.write(resources.map((resource) => ({ resource }))));

const patient = (id: string): FhirResource => ({ resourceType: 'Patient', id, name: [{ family: id }] });
const immunization = (id: string, of: string, more = {}): FhirResource => ({
  resourceType: 'Immunization',
  id,
  patient: { reference: `Patient/${of}` },
  vaccineCode: { coding: [{ system: 'http://hl7.org/fhir/sid/cvx', code: '140' }] },
  occurrenceDateTime: '2025-03-04',
  ...more,
});
const completed = { status: 'completed' };
const provenance = (id: string, ...targets: string[]): FhirResource => ({
  resourceType: 'Provenance',
  id,
  target: targets.map((reference) => ({ reference })),
  recorded: '2025-01-01T00:00:00Z',
  agent: [{ who: { reference: 'Organization/x' } }],
});

async function found(store: ResourceStore, type: string, query: string, access: Access): Promise<string[]> {
  const request = parseSearch(definitions, type, [...new URLSearchParams(query)], false);
  const { page, total } = await compileSearch(store.search, request, access, undefined);
  const ids = (await store.page(page)).map(({ id }) => id).sort();
  assert.equal(await store.total(total()), ids.length);
  return ids;
}

async function withheld(
  store: ResourceStore,
  type: string,
  query: string,
  access: Access,
): Promise<boolean | undefined> {
  const request = parseSearch(definitions, type, [...new URLSearchParams(query)], false);
  const compiled = await compileWithheld(store.search, request, access);
  return compiled === undefined ? undefined : (await store.total(compiled)) === 1;
}

/** Versions that a read, a vread of each version, and the histories of the resource and of its type show. */
async function seen(store: ResourceStore, type: string, id: string, access: Access) {
  const read = await store.one(await compileRead(store.search, type, id, access));
  const vread: number[] = [];
  for (let version = 1; version < 6; version++)
    if (await store.one(await compileVread(store.search, type, id, version, access))) vread.push(version);
  const instance = await store.many(
    await compileHistory(store.search, type, id, access, { count: 9, since: 0, beforeVersion: undefined }),
  );
  const all = await store.history(
    await compileHistoryType(store.search, type, access, { count: 99, since: 0, after: undefined }),
  );
  return [
    read?.version,
    vread.join(),
    instance.map(({ version }) => version).join(),
    all
      .filter((row) => row.id === id)
      .map(({ version }) => version)
      .join(),
  ];
}

const nothing = [undefined, '', '', ''];

testOnEachDatabase(
  'a status that comes and goes shows a resource and takes it away',
  async (place, context) => {
    const store = await open(place, context);
    const me = accessTo('a');
    const operator: Access = { kind: 'operator', line: 'cco' };
    await write(store, patient('a'), patient('b'), immunization('i', 'a'), immunization('j', 'a', completed));
    assert.deepEqual(await seen(store, 'Immunization', 'i', me), nothing);
    assert.deepEqual(await found(store, 'Immunization', '', me), ['j']);
    assert.deepEqual(await found(store, 'Immunization', '_id=i', me), []);
    assert.deepEqual(await found(store, 'Immunization', 'patient.family=a&date=2025', me), ['j']);
    assert.deepEqual(await found(store, 'Patient', '_has:Immunization:patient:_id=i', me), []);
    assert.deepEqual(await found(store, 'Patient', '_has:Immunization:patient:_id=j', me), ['a']);
    assert.deepEqual(await found(store, 'Immunization', '', operator), ['i', 'j']);
    assert.deepEqual(await seen(store, 'Immunization', 'i', operator), [1, '1', '1', '1']);
    assert.equal(await withheld(store, 'Immunization', '', me), true);
    assert.equal(await withheld(store, 'Immunization', '', accessTo('b')), undefined);
    assert.equal(await withheld(store, 'Immunization', '', operator), undefined);

    await write(store, immunization('i', 'a', completed));
    assert.deepEqual(await seen(store, 'Immunization', 'i', me), [2, '2', '2', '2']);
    assert.deepEqual(await found(store, 'Immunization', '', me), ['i', 'j']);
    assert.deepEqual(await found(store, 'Immunization', 'status=completed&date=2025', me), ['i', 'j']);
    assert.equal(await withheld(store, 'Immunization', '', me), false);

    await write(store, immunization('i', 'a'));
    assert.deepEqual(await seen(store, 'Immunization', 'i', me), nothing);
    assert.deepEqual(await found(store, 'Immunization', 'date=2025', me), ['j']);
    assert.equal(await withheld(store, 'Immunization', '', me), true);

    await store.writing('cco', (writer) => writer.write([{ delete: { type: 'Immunization', id: 'i' } }]));
    assert.deepEqual(await seen(store, 'Immunization', 'i', me), nothing);
    assert.equal(await withheld(store, 'Immunization', '', me), false);

    await write(store, immunization('i', 'a', { ...completed, lotNumber: '1' }));
    assert.deepEqual(await seen(store, 'Immunization', 'i', me), [5, '5', '5', '5']);
  },
);

testOnEachDatabase(
  'what is withheld is told of a search that it matches, and of no other',
  async (place, context) => {
    const store = await open(place, context);
    const problem = {
      category: [
        {
          coding: [
            { system: 'http://terminology.hl7.org/CodeSystem/condition-category', code: 'problem-list-item' },
          ],
        },
      ],
      code: { coding: [{ system: 'http://snomed.info/sct', code: '38341003' }] },
      subject: { reference: 'Patient/a' },
      encounter: { reference: 'Encounter/e' },
      onsetDateTime: '2024-05-06',
    };
    await write(
      store,
      patient('a'),
      patient('b'),
      { resourceType: 'Encounter', id: 'e', status: 'finished', subject: { reference: 'Patient/a' } },
      { resourceType: 'Condition', id: 'c', ...problem },
      provenance('p', 'Condition/c'),
      immunization('i', 'b'),
    );
    for (const [query, told] of [
      ['', true],
      ['_id=c', true],
      ['_id=other', false],
      ['patient=a', true],
      ['patient=b', false],
      ['category=problem-list-item', true],
      ['category=encounter-diagnosis', false],
      ['category:not=encounter-diagnosis', true],
      ['code=http://snomed.info/sct|38341003', true],
      ['code=http://snomed.info/sct|1', false],
      ['clinical-status=active', false],
      ['clinical-status:missing=true', true],
      ['onset-date=ge2024', true],
      ['onset-date=ge2025', false],
      ['patient.family=a', true],
      ['patient.family=b', false],
      ['encounter.status=finished', true],
      ['encounter.status=planned', false],
      ['_lastUpdated=lt2000', false],
      ['_filter=code eq 38341003 and onset-date ge 2024', true],
      ['_filter=code eq 38341003 and onset-date ge 2025', false],
    ] as const)
      assert.equal(await withheld(store, 'Condition', query, accessTo('a')), told, query);
    assert.equal(await withheld(store, 'Condition', '', accessTo('b')), false);
    assert.equal(await withheld(store, 'Immunization', '', accessTo('a')), false);
    assert.equal(
      await withheld(store, 'Condition', '', { ...accessTo('b'), patients: ['b', 'a'] }),
      true,
      'of any of several members',
    );
    const narrowed = (code: string): MemberAccess => {
      const filter = {
        param: 'category',
        codes: [`http://terminology.hl7.org/CodeSystem/condition-category|${code}`],
      };
      return accessTo('a', new Map([['Condition', { read: [[filter]], search: [[filter]] }]]));
    };
    assert.equal(await withheld(store, 'Condition', '', narrowed('problem-list-item')), true);
    assert.equal(await withheld(store, 'Condition', '', narrowed('encounter-diagnosis')), false);
    await assert.rejects(
      withheld(store, 'Condition', '', accessTo('a', permissionsOf('patientapi.claims.read'))),
      { name: 'NotPermitted' },
    );
    assert.deepEqual(
      await found(store, 'Encounter', '_has:Condition:encounter:code=38341003', accessTo('a')),
      [],
    );
    assert.deepEqual(await found(store, 'Provenance', '', accessTo('a')), []);
  },
);

testOnEachDatabase('Provenance of nothing but what is withheld is withheld', async (place, context) => {
  const store = await open(place, context);
  const me = accessTo('a');
  await write(
    store,
    provenance('early', 'Immunization/i'),
    provenance('two', 'Immunization/i', 'Immunization/k'),
    provenance('both', 'Immunization/i', 'Immunization/j'),
    provenance('person', 'Immunization/i', 'Patient/a'),
    provenance('strange', 'Immunization/i', 'Immunization/l'),
  );
  await write(
    store,
    patient('a'),
    immunization('i', 'a'),
    immunization('j', 'a', completed),
    immunization('k', 'a'),
    immunization('l', 'b'),
  );
  await write(store, provenance('late', 'Immunization/i'), provenance('other', 'Immunization/j'));
  const always = ['both', 'other', 'person'];
  assert.deepEqual(await found(store, 'Provenance', '', me), always);
  await write(store, immunization('i', 'a', completed));
  const all = ['both', 'early', 'late', 'other', 'person', 'two'];
  assert.deepEqual(await found(store, 'Provenance', '', me), all);
  const ofI = all.filter((id) => id !== 'other');
  assert.deepEqual(await found(store, 'Provenance', 'target=Immunization/i', me), ofI);
  await write(store, immunization('i', 'a'));
  assert.deepEqual(await found(store, 'Provenance', '', me), always);
  assert.deepEqual(await seen(store, 'Provenance', 'late', me), nothing);
  await write(store, immunization('j', 'a'));
  assert.deepEqual(await found(store, 'Provenance', '', me), ['person']);
  await write(store, immunization('k', 'a', completed));
  assert.deepEqual(await found(store, 'Provenance', '', me), ['person', 'two']);
  await write(store, immunization('i', 'a', completed));
  assert.deepEqual(await found(store, 'Provenance', 'target=Immunization/i', me), ofI);
  assert.deepEqual(await found(store, 'Provenance', '', accessTo('b')), []);
});

testOnEachDatabase('Provenance moves to another member with what it is about', async (place, context) => {
  const store = await open(place, context);
  await write(
    store,
    patient('a'),
    patient('b'),
    immunization('i', 'a', completed),
    provenance('p', 'Immunization/i'),
  );
  await write(store, { ...provenance('p', 'Immunization/i'), reason: [{ text: 'again' }] });
  await write(store, immunization('i', 'b', completed));
  assert.deepEqual(await seen(store, 'Provenance', 'p', accessTo('a')), nothing);
  assert.deepEqual(await seen(store, 'Provenance', 'p', accessTo('b')), [2, '2', '2', '2']);
});

testOnEachDatabase('Provenance of several waits until all have moved', async (place, context) => {
  const store = await open(place, context);
  await write(
    store,
    immunization('i', 'a', completed),
    immunization('j', 'a', completed),
    provenance('p', 'Immunization/i', 'Immunization/j'),
  );
  await write(store, immunization('i', 'b', completed));
  for (const member of ['a', 'b'])
    assert.deepEqual(await found(store, 'Provenance', '', accessTo(member)), []);
  await write(store, immunization('j', 'b', completed));
  assert.deepEqual(await found(store, 'Provenance', '', accessTo('a')), []);
  assert.deepEqual(await found(store, 'Provenance', '', accessTo('b')), ['p']);
});

testOnEachDatabase('no id leads beside a member’s scope', async (place, context) => {
  const beside = scopeName({ owner: 'a', kept: [kept] });
  assert.doesNotMatch(beside, idPattern);
  const store = await open(place, context);
  await write(store, patient('a'), immunization('i', beside, completed), immunization('j', 'a', completed));
  assert.deepEqual(await found(store, 'Immunization', '', accessTo('a')), ['j']);
  assert.equal(await withheld(store, 'Immunization', '', accessTo('a')), undefined);
  assert.deepEqual(await found(store, 'Immunization', '', accessTo(beside)), []);
});

testOnEachDatabase(
  'that nothing is withheld is remembered for seconds, of what another process writes',
  async (place, context) => {
    const db = await openDb(place, context);
    let now = Date.UTC(2026, 0, 1);
    const options = { ownBases: () => [], clock: () => now };
    const store = await openResourceStore(db, definitions, options);
    const other = await openResourceStore(db, definitions, options);
    await write(store, patient('a'), patient('b'));
    assert.equal(await withheld(store, 'Immunization', '', accessTo('a')), undefined);
    await write(other, immunization('i', 'a'));
    assert.deepEqual(await found(store, 'Immunization', '', accessTo('a')), []);
    assert.equal(await withheld(store, 'Immunization', '', accessTo('a')), undefined);
    now += 10_000;
    assert.equal(await withheld(store, 'Immunization', '', accessTo('a')), true);
    assert.equal(await withheld(store, 'Immunization', '', accessTo('b')), undefined);
    await write(store, immunization('k', 'b'));
    assert.equal(await withheld(store, 'Immunization', '', accessTo('b')), true, 'at once of what it writes');
  },
);

const older: Definitions = { ...definitions, statusElements: {} };

testOnEachDatabase(
  'what was stored before the rule is withheld once it is indexed anew',
  async (place, context) => {
    const db = await openDb(place, context);
    const options = { ownBases: () => [] };
    const me = accessTo('a');
    const before = await openResourceStore(db, older, options);
    await write(
      before,
      patient('a'),
      immunization('i', 'a'),
      immunization('j', 'a', completed),
      immunization('k', 'a'),
    );
    await write(before, immunization('i', 'a', { lotNumber: '1' }), provenance('p', 'Immunization/i'));
    await before.writing('cco', (writer) => writer.write([{ delete: { type: 'Immunization', id: 'k' } }]));
    assert.deepEqual(await found(before, 'Immunization', '', me), ['i', 'j']);
    const store = await openResourceStore(db, definitions, options);
    const counts = await store.reindex();
    assert.deepEqual(counts, { Immunization: 3, Provenance: 1 });
    assert.deepEqual(await found(store, 'Immunization', '', me), ['j']);
    assert.deepEqual(await found(store, 'Immunization', 'date=2025', me), ['j']);
    assert.deepEqual(await found(store, 'Provenance', '', me), []);
    assert.deepEqual(await seen(store, 'Immunization', 'i', me), nothing);
    assert.equal(await withheld(store, 'Immunization', 'date=2025', me), true);
    await write(store, immunization('i', 'a', completed));
    assert.deepEqual(await seen(store, 'Immunization', 'i', me), [3, '3', '3', '3']);
    assert.deepEqual(await found(store, 'Provenance', 'target=Immunization/i', me), ['p']);
    assert.equal(await withheld(store, 'Immunization', '', me), false);
  },
);

test('only the types that the rule is about are indexed anew for it', () => {
  const [now, then] = [indexRules(definitions), indexRules(older)];
  assert.deepEqual(
    [...now].filter(([type, digest]) => then.get(type) !== digest).map(([type]) => type),
    [...Object.keys(definitions.statusElements), 'Provenance'].sort(),
  );
});
