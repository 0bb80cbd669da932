// Rules of indexing that change reach what was indexed by older ones, and nothing is lost or shown to others meanwhile.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { sql } from 'kysely';
import { type TestPlace, testOnEachDatabase } from '../../../test/databases.ts';
import { type Database, openDatabase } from '../../db/database.ts';
import { migrate } from '../../db/migrate.ts';
import { generateLine } from '../../sandbox/generate.ts';
import type { MemberAccess } from '../../smart/access.ts';
import { classScopes, permissionsOf } from '../../smart/scopes.ts';
import { type Definitions, loadDefinitions } from '../definitions/definitions.ts';
import type { FhirResource } from '../fhir-resource.ts';
import { compileSearch } from '../search/compile-search.ts';
import { parseSearch } from '../search/search-request.ts';
import { keyedTables } from './index-rows.ts';
import { openResourceStore, type ResourceStore } from './resource-store.ts';
import { type ResourceTables, resourceSchema } from './schema.ts';

const definitions = loadDefinitions();
const ownBases = () => [];
const records = [...generateLine('cco', { today: '2026-11-01' })] as unknown as FhirResource[];

/** As if a version before had indexed `code` by its first coding only, and had not known `status`. */
const older: Definitions = {
  ...definitions,
  searchParams: (type) =>
    definitions
      .searchParams(type)
      .filter(({ code }) => type !== 'Observation' || code !== 'status')
      .map((param) =>
        param.code === 'code' ? { ...param, expression: `${type}.code.coding.first()` } : param,
      ),
};

async function open(place: TestPlace): Promise<Database> {
  const db = await openDatabase(place);
  await migrate(db, resourceSchema);
  return db;
}

const write = (store: ResourceStore, resources: readonly FhirResource[]) =>
  store.writing('cco', (writer) => writer.write(resources.map((resource) => ({ resource }))));

/** All index rows, in the words of what they stand for. */
async function rowsOf(db: Database): Promise<string[]> {
  const all: string[] = [];
  for (const table of keyedTables.filter((name) => name !== 'identifier')) {
    const { rows } = await sql<Record<string, unknown>>`select p.type, p.code, s.member, r.id, i.*
      from ${sql.table(table)} i join search_param p on p.id = i.param join scope s on s.scope = i.scope
      join resource r on r.key = i.key`.execute(db.as<ResourceTables>());
    for (const { key: _key, param: _param, scope: _scope, ...row } of rows)
      all.push(`${table} ${JSON.stringify(row)}`);
  }
  const { rows } = await sql<
    Record<string, unknown>
  >`select line, type, value, system from identifier`.execute(db.as<ResourceTables>());
  return [...all, ...rows.map((row) => JSON.stringify(row))].sort();
}

async function storedTexts(db: Database): Promise<string[]> {
  const { rows } = await sql<{
    text: string;
  }>`select type || id || version || scopes || content as text from resource
    union all select key || ' ' || version || content from resource_version`.execute(db.as<ResourceTables>());
  return rows.map(({ text }) => text).sort();
}

async function keyIndexes(db: Database): Promise<number> {
  const { rows } = await sql<{ name: string }>`${sql.raw(
    db.dialect === 'sqlite'
      ? "select name from sqlite_master where type = 'index'"
      : "select indexname as name from pg_indexes where schemaname = 'public'",
  )}`.execute(db.as<ResourceTables>());
  return rows.filter(({ name }) => name.endsWith('_by_key')).length;
}

testOnEachDatabase(
  'what older rules indexed is indexed anew, and nothing else changes',
  async (place, context) => {
    const db = await open(place);
    context.after(() => db.close());
    await write(await openResourceStore(db, older, { ownBases, indexFormat: 1 }), records);
    const before = { texts: await storedTexts(db), rows: await rowsOf(db) };
    const store = await openResourceStore(db, definitions, { ownBases });
    assert.equal(await store.outdated(), true);
    const counts = await store.reindex();
    assert.equal(
      counts['Observation'],
      records.filter(({ resourceType }) => resourceType === 'Observation').length,
    );
    assert.equal(await store.outdated(), false);
    assert.equal(await keyIndexes(db), 0);
    assert.deepEqual(await storedTexts(db), before.texts);
    const after = await rowsOf(db);
    assert.notDeepEqual(after, before.rows);
    assert.deepEqual(await store.reindex(), {});

    const other = await openDatabase({ dataDir: join(place.dataDir, 'other') });
    context.after(() => other.close());
    await migrate(other, resourceSchema);
    const fresh = await openResourceStore(other, definitions, { ownBases });
    assert.equal(await fresh.outdated(), false);
    await write(fresh, records);
    const expected = await rowsOf(other);
    assert.deepEqual(after, expected);
    await store.reindex({ all: true });
    assert.deepEqual(await rowsOf(db), expected);
  },
);

class Killed extends Error {}

testOnEachDatabase('a killed run goes on where it was, and reads go on meanwhile', async (place, context) => {
  const db = await open(place);
  context.after(() => db.close());
  await write(await openResourceStore(db, older, { ownBases, indexFormat: 1 }), records);
  const store = await openResourceStore(db, definitions, { ownBases });
  const firstRun: Record<string, number> = {};
  let found = 0;
  await assert.rejects(
    store.reindex({
      onProgress: (type, count) => {
        firstRun[type] = count;
        found++;
        if (type === 'Observation' && count > 200) throw new Killed();
      },
    }),
    Killed,
  );
  assert.ok(found > 3 && (await store.outdated()));
  const claims = await find(store, 'cco-100001', 'ExplanationOfBenefit', '_count=500');
  assert.ok(claims.length > 5);
  const again = await openResourceStore(db, definitions, { ownBases });
  const secondRun = await again.reindex();
  assert.equal(secondRun['AllergyIntolerance'], undefined, 'what was done is not done again');
  const observations = records.filter(({ resourceType }) => resourceType === 'Observation').length;
  assert.equal(firstRun['Observation']! + secondRun['Observation']!, observations);
  assert.equal(await keyIndexes(db), 0);
  const rows = await rowsOf(db);
  await again.reindex({ all: true });
  assert.deepEqual(await rowsOf(db), rows);
});

testOnEachDatabase(
  'what is written meanwhile leaves no row of the older rules behind',
  async (place, context) => {
    const db = await open(place);
    context.after(() => db.close());
    const observation = (patient: string, code: string) => ({
      resourceType: 'Observation',
      id: 'moved',
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code }] },
      subject: { reference: `Patient/${patient}` },
    });
    // The older rules find it by a code that the newer ones do not make of the same text.
    const codes: Definitions = {
      ...definitions,
      searchParams: (type) =>
        definitions
          .searchParams(type)
          .map((param) => (param.code === 'code' ? { ...param, expression: `${type}.status` } : param)),
    };
    const beforeStore = await openResourceStore(db, codes, { ownBases });
    await write(beforeStore, records.slice(0, 50));
    await write(beforeStore, [observation('cco-100001', 'a')]);
    assert.deepEqual(await find(beforeStore, 'cco-100001', 'Observation', 'code=final'), ['moved']);
    const store = await openResourceStore(db, definitions, { ownBases });
    await write(store, [observation('cco-100004', 'b')]);
    assert.deepEqual(await find(store, 'cco-100001', 'Observation', 'code=final'), []);
    assert.deepEqual(await find(store, 'cco-100001', 'Observation', 'code=a,b'), []);
    assert.deepEqual(await find(store, 'cco-100004', 'Observation', 'code=b'), ['moved']);
    await store.writing('cco', (writer) => writer.write([{ delete: { type: 'Observation', id: 'moved' } }]));
    assert.deepEqual(
      (await rowsOf(db)).filter((row) => row.includes('"moved"')),
      [],
    );
    await store.reindex();
    assert.deepEqual(
      (await rowsOf(db)).filter((row) => row.includes('"moved"')),
      [],
    );
  },
);

function accessOf(patient: string): MemberAccess {
  return {
    kind: 'member',
    line: 'cco',
    clientId: 'app',
    grantId: 'grant',
    patients: [patient],
    sensitive: [],
    fhirUser: undefined,
    permissions: permissionsOf(classScopes.join(' ')),
  };
}

async function find(store: ResourceStore, patient: string, type: string, query: string): Promise<string[]> {
  const request = parseSearch(definitions, type, [...new URLSearchParams(query)], false);
  const { page } = await compileSearch(store.search, request, accessOf(patient), undefined);
  return (await store.page(page)).map(({ id }) => id).sort();
}
