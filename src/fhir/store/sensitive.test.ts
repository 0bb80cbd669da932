// Scopes beside a member's for what is sensitive: what moves there, what moves along, and what is known of them.
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { type TestPlace, testOnEachDatabase } from '../../../test/databases.ts';
import { type Database, openDatabase } from '../../db/database.ts';
import { migrate } from '../../db/migrate.ts';
import type { Access, MemberAccess } from '../../smart/access.ts';
import { classScopes, permissionsOf } from '../../smart/scopes.ts';
import { loadDefinitions } from '../definitions/definitions.ts';
import type { FhirResource } from '../fhir-resource.ts';
import { compileSearch, compileWithheld } from '../search/compile-search.ts';
import { parseSearch } from '../search/search-request.ts';
import { compileRead, compileVread } from './compile-read.ts';
import { keyedTables } from './index-rows.ts';
import { openResourceStore, type ResourceStore } from './resource-store.ts';
import { memberKeySpan, type ResourceTables, resourceSchema, sharedKeysStart } from './schema.ts';
import { readScopeName, referenceScope, referredScope, scopeName } from './scope-name.ts';

const definitions = loadDefinitions();
const permissions = permissionsOf(classScopes.join(' '));

const accessTo = (patients: readonly string[], ...sensitive: string[]): MemberAccess => ({
  kind: 'member',
  line: 'cco',
  clientId: 'app',
  grantId: 'grant',
  patients,
  sensitive,
  fhirUser: undefined,
  permissions,
});

async function openDb(place: TestPlace, context: TestContext) {
  const db = await openDatabase(place);
  context.after(() => db.close());
  await migrate(db, resourceSchema);
  return db;
}

const write = (store: ResourceStore, ...resources: FhirResource[]) =>
  store.writing('cco', (writer) => writer.write(resources.map((resource) => ({ resource }))));

const labelled = (...codes: string[]) => ({
  meta: {
    security: codes.map((code) => ({ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code })),
  },
});
const patient = (id: string, more = {}): FhirResource => ({ resourceType: 'Patient', id, ...more });
const encounter = (id: string, of: string, more = {}): FhirResource => ({
  resourceType: 'Encounter',
  id,
  subject: { reference: `Patient/${of}` },
  ...more,
});
const provenance = (id: string, targets: readonly string[], more = {}): FhirResource => ({
  resourceType: 'Provenance',
  id,
  target: targets.map((reference) => ({ reference })),
  ...more,
});

async function found(store: ResourceStore, type: string, access: Access): Promise<string> {
  const { page } = await compileSearch(
    store.search,
    parseSearch(definitions, type, [], false),
    access,
    undefined,
  );
  return (await store.page(page))
    .map(({ id }) => id)
    .sort()
    .join();
}

test('a name of a scope is read as it was made, and is no id', () => {
  for (const owner of ['a', 'a-1.B', referenceScope, referredScope])
    for (const kept of [[], ['hiv'], ['hiv', 'withheld'], ['behavioral-health', 'hiv']])
      assert.deepEqual(readScopeName(scopeName({ owner, kept })), { owner, kept });
  assert.equal(scopeName({ owner: 'a', kept: ['withheld', 'hiv', 'hiv'] }), 'a~hiv+withheld');
});

testOnEachDatabase(
  'labels move a resource beside and back; its key stays with the record',
  async (place, context) => {
    const db = await openDb(place, context);
    const store = await openResourceStore(db, definitions, { ownBases: () => [] });
    await write(
      store,
      patient('a'),
      encounter('e', 'a', labelled('HIV')),
      encounter('f', 'a', labelled('ETH', 'HIV')),
    );
    const own = (await store.search.scopes.find('cco', 'a'))!;
    const keys = await db.read<[number]>({ sql: 'select key from resource', parameters: [] });
    for (const [key] of keys) assert.equal(Math.floor(Number(key) / memberKeySpan), own);
    const seen = (...classes: string[]) => found(store, 'Encounter', accessTo(['a'], ...classes));
    assert.deepEqual([await seen(), await seen('hiv'), await seen('substance-use')], ['', 'e', '']);
    assert.equal(await seen('substance-use', 'hiv', 'restricted'), 'e,f');
    assert.equal(await found(store, 'Encounter', accessTo(['b'], 'hiv', 'substance-use')), '');
    await write(store, encounter('e', 'a'), encounter('f', 'a', labelled('ETH')));
    assert.deepEqual([await seen(), await seen('hiv'), await seen('substance-use')], ['e', 'e', 'e,f']);
  },
);

testOnEachDatabase('Provenance is kept for what any of its targets is kept for', async (place, context) => {
  const store = await openResourceStore(await openDb(place, context), definitions, { ownBases: () => [] });
  await write(
    store,
    provenance('early', ['Encounter/e', 'Encounter/f']),
    provenance('patient', ['Patient/a']),
    provenance('own', ['Encounter/g'], labelled('ETH')),
    patient('a', labelled('HIV')),
    encounter('e', 'a', labelled('HIV')),
    encounter('f', 'a', labelled('PSY')),
    encounter('g', 'a'),
  );
  await write(store, provenance('late', ['Encounter/f', 'Encounter/e', 'Patient/a', 'Encounter/g']));
  const seen = (...classes: string[]) => found(store, 'Provenance', accessTo(['a'], ...classes));
  assert.deepEqual(
    [await seen(), await seen('hiv'), await seen('behavioral-health'), await seen('substance-use')],
    ['', 'patient', '', 'own'],
  );
  assert.equal(await seen('hiv', 'behavioral-health'), 'early,late,patient');
  // A label that comes or goes takes along what is said of the resource.
  await write(store, encounter('f', 'a'), encounter('g', 'a', labelled('SEX')));
  assert.equal(await seen('hiv'), 'early,patient');
  assert.equal(await seen('hiv', 'reproductive-health'), 'early,late,patient');
  await write(store, patient('a'), encounter('e', 'a'));
  assert.equal(await seen(), 'early,patient');
});

testOnEachDatabase(
  'a Patient who comes with labels after what is said of them keeps it',
  async (place, context) => {
    const store = await openResourceStore(await openDb(place, context), definitions, { ownBases: () => [] });
    await write(store, provenance('p', ['Patient/a']));
    assert.equal(await found(store, 'Provenance', accessTo(['a'])), 'p');
    await write(store, patient('a', labelled('HIV')));
    assert.equal(await found(store, 'Provenance', accessTo(['a'])), '');
    assert.equal(await found(store, 'Provenance', accessTo(['a'], 'hiv')), 'p');
  },
);

testOnEachDatabase('Provenance of what only an identifier names is nobody’s', async (place, context) => {
  const store = await openResourceStore(await openDb(place, context), definitions, { ownBases: () => [] });
  const vague = { identifier: { system: 'urn:claims', value: '7' }, display: 'Visit for HIV' };
  const named = { reference: 'Encounter/e' };
  await write(
    store,
    patient('a'),
    encounter('e', 'a'),
    provenance('named', [], { target: [{ ...vague, ...named }] }),
    provenance('vague', [], { target: [named, vague] }),
  );
  assert.equal(await found(store, 'Provenance', accessTo(['a'])), 'named');
});

testOnEachDatabase('Provenance of Provenance moves along as well', async (place, context) => {
  const store = await openResourceStore(await openDb(place, context), definitions, { ownBases: () => [] });
  await write(store, patient('a'), encounter('e', 'a'));
  await write(store, provenance('third', ['Provenance/second']));
  await write(store, provenance('second', ['Provenance/first']));
  await write(store, provenance('first', ['Encounter/e']));
  const seen = (...classes: string[]) => found(store, 'Provenance', accessTo(['a'], ...classes));
  assert.equal(await seen(), 'first,second,third');
  await write(store, encounter('e', 'a', labelled('HIV')));
  assert.deepEqual([await seen(), await seen('hiv')], ['', 'first,second,third']);
  await write(store, encounter('e', 'b'));
  assert.equal(await seen('hiv'), '');
  assert.equal(await found(store, 'Provenance', accessTo(['b'])), 'first,second,third');
  await write(store, provenance('first', ['Encounter/e'], labelled('ETH')));
  assert.equal(await found(store, 'Provenance', accessTo(['b'])), '');
});

testOnEachDatabase('labelled data of nobody is kept as well', async (place, context) => {
  const db = await openDb(place, context);
  const store = await openResourceStore(db, definitions, { ownBases: () => [] });
  await write(
    store,
    patient('a'),
    { resourceType: 'Practitioner', id: 'plain' },
    { resourceType: 'Practitioner', id: 'kept', ...labelled('HIV') },
    { resourceType: 'Medication', id: 'm', ...labelled('ETH') },
    {
      resourceType: 'MedicationRequest',
      id: 'r',
      subject: { reference: 'Patient/a' },
      medicationReference: { reference: 'Medication/m' },
    },
  );
  const keys = await db.read<[number]>({
    sql: `select key from resource where id in ('plain', 'kept', 'm')`,
    parameters: [],
  });
  for (const [key] of keys) assert.ok(Number(key) >= sharedKeysStart);
  const publicly: Access = { kind: 'public', line: 'cco', grantId: 'public', patients: [], permissions };
  assert.equal(await found(store, 'Practitioner', publicly), 'plain');
  assert.equal(await found(store, 'Practitioner', accessTo(['a'])), 'plain');
  assert.equal(await found(store, 'Practitioner', accessTo(['a'], 'hiv')), 'kept,plain');
  assert.equal(await found(store, 'Medication', accessTo(['a'], 'hiv')), '');
  assert.equal(await found(store, 'Medication', accessTo(['a'], 'substance-use')), 'm');
});

testOnEachDatabase('what lacks a status is told of only to who would see it', async (place, context) => {
  const store = await openResourceStore(await openDb(place, context), definitions, { ownBases: () => [] });
  await write(store, patient('a'), {
    resourceType: 'Immunization',
    id: 'i',
    patient: { reference: 'Patient/a' },
    ...labelled('HIV'),
  });
  const told = async (...classes: string[]) => {
    const request = parseSearch(definitions, 'Immunization', [], false);
    const query = await compileWithheld(store.search, request, accessTo(['a'], ...classes));
    return query !== undefined && (await store.total(query)) === 1;
  };
  assert.deepEqual([await told(), await told('substance-use'), await told('hiv')], [false, false, true]);
  for (const classes of [['hiv'], ['hiv', 'withheld']])
    assert.equal(await found(store, 'Immunization', accessTo(['a'], ...classes)), '');
});

testOnEachDatabase(
  'what another process labels first is seen by who may within seconds',
  async (place, context) => {
    const db = await openDb(place, context);
    let now = 1_700_000_000_000;
    const store = await openResourceStore(db, definitions, { ownBases: () => [], clock: () => now });
    const other = await openResourceStore(db, definitions, { ownBases: () => [], clock: () => now });
    await write(store, patient('a'), encounter('e', 'a'));
    const me = accessTo(['a'], 'hiv');
    assert.equal(await found(store, 'Encounter', me), 'e');
    await write(other, encounter('e', 'a', labelled('HIV')));
    assert.equal(await found(store, 'Encounter', accessTo(['a'])), '', 'gone at once');
    assert.equal(await found(other, 'Encounter', me), 'e', 'at once where it is written');
    now += 11_000;
    assert.equal(await found(store, 'Encounter', me), 'e');
  },
);

testOnEachDatabase(
  'what was stored before there were classes is shown to nobody before it is placed anew, and kept from then on',
  async (place, context) => {
    const db = await openDb(place, context);
    const old = await openResourceStore(db, definitions, { ownBases: () => [] });
    const hiv = labelled('HIV');
    await write(
      old,
      patient('a'),
      encounter('plain', 'a'),
      encounter('kept', 'a', hiv),
      encounter('gone', 'a', hiv),
    );
    await write(old, encounter('was', 'a', hiv), encounter('same', 'a'), encounter('gone-plain', 'a'));
    await write(old, encounter('was', 'a'), encounter('same', 'a', { status: 'finished' }));
    await old.writing('cco', (writer) =>
      writer.write(['gone', 'gone-plain'].map((id) => ({ delete: { type: 'Encounter', id } }))),
    );
    await placeAsBeforeClasses(db);

    const store = await openResourceStore(db, definitions, { ownBases: () => [] });
    const read = async (id: string, access: Access, version?: number) => {
      const query =
        version === undefined
          ? await compileRead(store.search, 'Encounter', id, access)
          : await compileVread(store.search, 'Encounter', id, version, access);
      return (await store.one(query)) !== undefined;
    };
    const [me, ticked] = [accessTo(['a']), accessTo(['a'], 'hiv')];
    const publicly: Access = { kind: 'public', line: 'cco', grantId: 'public', patients: [], permissions };
    const unavailable = { category: 'unavailable' };
    for (const id of ['plain', 'kept']) await assert.rejects(read(id, me), unavailable);
    await assert.rejects(found(store, 'Encounter', me), unavailable);
    await assert.rejects(found(store, 'Practitioner', publicly), unavailable);
    assert.ok(await read('plain', { kind: 'operator', line: 'cco' }));
    await assert.rejects(
      store.reindex({
        onProgress: (type) => {
          if (type === 'Patient') throw new Error('killed');
        },
      }),
      /killed/,
    );
    // What is done is shown, unless it is seen because of what is not.
    assert.equal(await found(store, 'Encounter', me), 'plain,same,was');
    await assert.rejects(found(store, 'Medication', me), unavailable);
    await assert.rejects(found(store, 'Patient', me), unavailable);
    const again = await openResourceStore(db, definitions, { ownBases: () => [] });
    await assert.rejects(found(again, 'Patient', me), unavailable);
    await again.reindex();
    assert.equal(await found(again, 'Patient', me), 'a');

    assert.deepEqual([await read('kept', me), await read('kept', ticked)], [false, true]);
    assert.deepEqual([await read('gone', me), await read('gone', me, 1)], [false, false]);
    assert.deepEqual([await read('gone', ticked), await read('gone-plain', me, 1)], [true, true]);
    assert.deepEqual([await read('was', me), await read('was', me, 1)], [true, false]);
    assert.deepEqual([await read('was', ticked, 1), await read('same', me, 1)], [false, true]);
  },
);

/** As the versions that know no classes place what there is. */
async function placeAsBeforeClasses(db: Database): Promise<void> {
  const scopeOf = async (member: string) =>
    (
      await db
        .as<ResourceTables>()
        .selectFrom('scope')
        .select('scope')
        .where('member', '=', member)
        .executeTakeFirstOrThrow()
    ).scope;
  const [own, kept] = [await scopeOf('a'), await scopeOf('a~hiv')];
  for (const table of ['membership', ...keyedTables.filter((name) => name !== 'identifier')])
    await db
      .as<Record<string, { scope: number }>>()
      .updateTable(table)
      .set({ scope: own })
      .where('scope', '=', kept)
      .execute();
  const tables = db.as<ResourceTables>();
  await tables
    .updateTable('resource')
    .set({
      scopes: JSON.stringify([own]),
      access_digest: hash('sha256', JSON.stringify([[own], []]), 'base64url'),
    })
    .execute();
  await tables.updateTable('resource_version').set({ hidden: 0 }).execute();
  await tables.updateTable('index_rules').set({ digest: 'older', target: 'older' }).execute();
}
