// Wherever a search with several chains begins, and whichever of them it follows, it finds the same; and what a directory has
// that is newest comes in order, page by page, with what it was before.
import assert from 'node:assert/strict';
import { testOnEachDatabase } from '../../../test/databases.ts';
import { openDatabase } from '../../db/database.ts';
import { migrate } from '../../db/migrate.ts';
import { seededRandom } from '../../sandbox/generate/seeded-random.ts';
import type { RequestAccess } from '../../smart/access.ts';
import { publicPermissions } from '../../smart/scopes.ts';
import { loadDefinitions } from '../definitions/definitions.ts';
import type { FhirResource } from '../fhir-resource.ts';
import { compileHistoryType, type HistoryEnd } from '../store/compile-read.ts';
import { openResourceStore } from '../store/resource-store.ts';
import { resourceSchema } from '../store/schema.ts';
import { compileSearch, type PageEnd } from './compile-search.ts';
import { parseSearch } from './search-request.ts';

const definitions = loadDefinitions();
const access: RequestAccess = {
  kind: 'public',
  line: 'cco',
  grantId: 'public',
  patients: [],
  permissions: publicPermissions,
};
const random = seededRandom('sought');
const cities = ['Salem', 'Salem', 'Salem', 'Salem', 'Salem', 'Bend', 'Eugene'];
const families = ['Marwood', 'Talley', 'Orwell', 'Orwick', 'Quine'];

const places = Array.from({ length: 40 }, (_, at) => ({
  resourceType: 'Location',
  id: `loc-${at}`,
  address: { city: random.pick(cities), state: 'OR' },
  position: { latitude: 44 + (at % 8) / 10, longitude: -123 },
}));
const people = Array.from({ length: 60 }, (_, at) => ({
  resourceType: 'Practitioner',
  id: `prac-${at}`,
  active: at % 10 !== 0,
  name: [{ family: at === 7 ? 'Solitaire' : random.pick(families) }],
  identifier: [{ system: 'urn:test', value: `${at}` }],
}));
const roles = Array.from({ length: 300 }, (_, at) => ({
  resourceType: 'PractitionerRole',
  id: `role-${at}`,
  practitioner: { reference: `Practitioner/prac-${at % people.length}` },
  location: [random.between(0, 39), random.between(0, 39)].map((n) => ({ reference: `Location/loc-${n}` })),
  specialty: [{ coding: [{ system: 'urn:specialty', code: random.pick(['a', 'a', 'a', 'b']) }] }],
}));
type Role = (typeof roles)[number];

const personOf = (role: Role) =>
  people[Number(role.practitioner.reference.slice('Practitioner/prac-'.length))]!;
const placesOf = (role: Role) =>
  role.location.map(({ reference }) => places[Number(reference.slice('Location/loc-'.length))]!);

const conditions: readonly (readonly [name: string, value: string, holds: (role: Role) => boolean])[] = [
  ...['Marwood', 'Or', 'Solitaire', 'Nobody'].map(
    (name) =>
      ['practitioner.name', name, (role: Role) => personOf(role).name[0]!.family.startsWith(name)] as const,
  ),
  ...['Salem', 'Bend'].map(
    (city) =>
      [
        'location.address-city',
        city,
        (role: Role) => placesOf(role).some(({ address }) => address.city === city),
      ] as const,
  ),
  [
    'location.near',
    '44.1|-123|2|km',
    (role) => placesOf(role).some(({ position }) => position.latitude === 44.1),
  ],
  ['practitioner.identifier', 'urn:test|7', (role) => personOf(role).id === 'prac-7'],
  ['practitioner.identifier', '7,17', (role) => ['prac-7', 'prac-17'].includes(personOf(role).id)],
  ['specialty', 'urn:specialty|b', (role) => role.specialty[0]!.coding[0]!.code === 'b'],
  ['specialty', 'a', (role) => role.specialty[0]!.coding[0]!.code === 'a'],
  ['_lastUpdated', 'gt2000', () => true],
];

testOnEachDatabase('chains find the same in whichever order they are followed', async (place, context) => {
  const db = await openDatabase(place);
  context.after(() => db.close());
  await migrate(db, resourceSchema);
  const store = await openResourceStore(db, definitions, { ownBases: () => [] });
  const all: FhirResource[] = [...places, ...people, ...roles];
  await store.writing('cco', (writer) => writer.write(all.map((resource) => ({ resource }))));
  // Of another line: never found.
  await store.writing('advantage', (writer) => writer.write(all.map((resource) => ({ resource }))));
  await store.writtenMuch();
  let several = 0;
  for (let n = 0; n < 120; n++) {
    const asked = Array.from({ length: random.between(2, 4) }, () => random.pick(conditions));
    const pairs = asked.map(([name, value]): [string, string] => [name, value]);
    const request = parseSearch(definitions, 'PractitionerRole', [...pairs, ['_count', '20']], false);
    const found: string[] = [];
    let after: PageEnd | undefined;
    do {
      const { page } = await compileSearch(store.search, request, access, after);
      const rows = await store.page(page);
      after = rows.length > request.count ? { key: rows[request.count - 1]!.key } : undefined;
      found.push(...rows.slice(0, request.count).map(({ id }) => id));
    } while (after !== undefined);
    const expected = roles.filter((role) => asked.every(([, , holds]) => holds(role))).map(({ id }) => id);
    assert.deepEqual(found.sort(), expected.sort(), JSON.stringify(pairs));
    if (expected.length > 0) several++;
  }
  assert.ok(several > 30, `only ${several} found anything`);

  const whose = parseSearch(
    definitions,
    'Practitioner',
    [
      ['_has:PractitionerRole:practitioner:location.address-city', 'Bend'],
      ['_has:PractitionerRole:practitioner:specialty', 'b'],
      ['_count', '200'],
    ],
    false,
  );
  const bend = roles.filter((role) => placesOf(role).some(({ address }) => address.city === 'Bend'));
  const ofB = roles.filter((role) => role.specialty[0]!.coding[0]!.code === 'b');
  const { page } = await compileSearch(store.search, whose, access, undefined);
  assert.deepEqual(
    (await store.page(page)).map(({ id }) => id).sort(),
    people
      .filter((person) => [bend, ofB].every((those) => those.some((role) => personOf(role) === person)))
      .map(({ id }) => id)
      .sort(),
  );
});

testOnEachDatabase('the newest of a directory come first, page by page', async (place, context) => {
  const db = await openDatabase(place);
  context.after(() => db.close());
  await migrate(db, resourceSchema);
  let now = Date.UTC(2026, 0, 1);
  const store = await openResourceStore(db, definitions, { ownBases: () => [], clock: () => now });
  const versions = new Map<string, number>();
  const written: { readonly id: string; readonly version: number; readonly at: number }[] = [];
  for (let batch = 0; batch < 30; batch++) {
    // Several of one instant, and now and then two batches.
    now += batch % 3 === 0 ? 0 : 1000;
    const chosen = new Set(Array.from({ length: 4 }, () => random.between(0, 24)));
    const put = [...chosen].map((at) => ({
      resource: { ...people[at]!, birthDate: `19${10 + batch}-01-01` } as FhirResource,
    }));
    await store.writing('cco', (writer) => writer.write([...put, { resource: { ...places[batch]! } }]));
    for (const at of chosen) {
      const id = `prac-${at}`;
      versions.set(id, (versions.get(id) ?? 0) + 1);
      written.push({ id, version: versions.get(id)!, at: now });
    }
  }
  const seen: { readonly id: string; readonly version: number; readonly at: number }[] = [];
  let end: HistoryEnd | undefined;
  do {
    const asked = { count: 7, since: 0, after: end };
    const rows = await store.history(await compileHistoryType(store.search, 'Practitioner', access, asked));
    const shown = rows.slice(0, 7);
    seen.push(...shown.map(({ id, version, last_updated }) => ({ id, version, at: last_updated })));
    for (const { content, id } of shown) assert.match(content, new RegExp(`"id":"${id}"`));
    const last = shown.at(-1)!;
    end =
      rows.length > 7 ? { lastUpdated: last.last_updated, key: last.key, version: last.version } : undefined;
  } while (end !== undefined);
  const name = ({ id, version }: { readonly id: string; readonly version: number }) => `${id} ${version}`;
  assert.deepEqual(seen.map(name).sort(), written.map(name).sort());
  assert.deepEqual(
    seen.map(({ at }) => at),
    written.map(({ at }) => at).sort((a, b) => b - a),
  );

  for (const [sort, sign] of [
    ['-_lastUpdated', -1],
    ['_lastUpdated', 1],
  ] as const) {
    const pairs: [string, string][] = [
      ['_sort', sort],
      ['_count', '4'],
    ];
    const request = parseSearch(definitions, 'Practitioner', pairs, false);
    const found: { readonly id: string; readonly at: number }[] = [];
    let after: PageEnd | undefined;
    do {
      const { page } = await compileSearch(store.search, request, access, after);
      const rows = await store.page(page);
      const shown = rows.slice(0, 4);
      found.push(...shown.map(({ id, sort: [at] = [] }) => ({ id, at: Number(at) })));
      const { key, sort: values } = shown.at(-1)!;
      after = rows.length > 4 ? { key, ...(values === undefined ? {} : { sort: values }) } : undefined;
    } while (after !== undefined);
    assert.deepEqual(found.map(({ id }) => id).sort(), [...versions.keys()].sort());
    assert.deepEqual(
      found.map(({ at }) => at),
      found.map(({ at }) => at).sort((a, b) => sign * (a - b)),
    );
  }
});
