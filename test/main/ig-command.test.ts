// `portico ig`: a guide that is added is searched by, judged by and named, on both databases, in every process.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { sqlitePlace, type TestPlace, temporaryFolder, testOnEachDatabase } from '../databases.ts';
import { startPortico } from '../portico.ts';
import { runPortico } from './run-portico.ts';

// The same for each start on one database.
const secretKey = 'a'.repeat(43);
const base = 'http://guide.example';
const [name, version] = ['guide.example.colors', '1.0.0'];
const asked = `${name}@${version}`;

type Definition = Readonly<Record<string, unknown>>;

const definitions: readonly Definition[] = [
  {
    resourceType: 'ImplementationGuide',
    id: 'colors',
    packageId: name,
    version,
    fhirVersion: ['4.0.1'],
    dependsOn: [{ packageId: 'guide.example.unknown', version: '2.0.0' }],
  },
  {
    resourceType: 'SearchParameter',
    id: 'favorite-color',
    url: `${base}/SearchParameter/favorite-color`,
    code: 'favorite-color',
    base: ['Patient'],
    type: 'string',
    // Outside of what the compiled fast path knows.
    expression: `Patient.extension.where(url = '${base}/StructureDefinition/color').value.upper()`,
  },
  {
    resourceType: 'CapabilityStatement',
    id: 'colors',
    url: `${base}/CapabilityStatement/colors`,
    version,
    rest: [
      {
        mode: 'server',
        resource: [
          {
            type: 'Patient',
            supportedProfile: [`${base}/StructureDefinition/colorful`],
            searchParam: [{ name: 'favorite-color', type: 'string' }],
          },
        ],
      },
    ],
  },
  {
    resourceType: 'StructureDefinition',
    id: 'colorful',
    url: `${base}/StructureDefinition/colorful`,
    version,
    kind: 'resource',
    type: 'Patient',
    baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient',
    derivation: 'constraint',
    differential: { element: [{ id: 'Patient.photo', path: 'Patient.photo', min: 1 }] },
  },
];

/** A package cache with the guide in it. */
async function cacheOf(context: TestContext, resources: readonly Definition[]): Promise<string> {
  const cache = await temporaryFolder(context);
  const folder = join(cache, `${name}#${version}`, 'package');
  mkdirSync(folder, { recursive: true });
  for (const resource of resources)
    writeFileSync(join(folder, `${resource.resourceType}-${resource.id}.json`), JSON.stringify(resource));
  return cache;
}

testOnEachDatabase(
  'a guide that is added is indexed, searched, judged by and named',
  async (place, context) => {
    const before = await startPortico(context, place, { secretKey });
    const patient = 'cco-100001';
    const held = (await (
      await before.get(`/cco/fhir/Patient/${patient}`, await before.token('cco', 'maria.delgado'))
    ).json()) as { extension: object[] };
    const file = join(await temporaryFolder(context), 'patient.json');
    const extension = [...held.extension, { url: `${base}/StructureDefinition/color`, valueString: 'teal' }];
    writeFileSync(file, JSON.stringify({ ...held, extension }));
    assert.equal(runPortico(place, ['import', '--line', 'cco', file, '--quiet']).status, 0);

    const added = runPortico(place, ['ig', 'add', asked, '--cache', await cacheOf(context, definitions)]);
    assert.equal(added.status, 0, added.stderr);
    assert.match(added.stdout, /Added guide\.example\.colors 1\.0\.0: 1 profiles and extensions, 1 search/);
    assert.match(added.stdout, /builds on guide\.example\.unknown 2\.0\.0, which is not known/);
    assert.match(runPortico(place, ['ig', 'list']).stdout, /guide\.example\.colors 1\.0\.0 {2}added/);

    const after = await startPortico(context, place, { secretKey });
    const token = await after.token('cco', 'maria.delgado');
    const search = async (query: string) =>
      (await (await after.get(`/cco/fhir/Patient?${query}`, token)).json()) as { total: number };
    assert.equal((await search('favorite-color=teal')).total, 1);
    assert.equal((await search('favorite-color=red')).total, 0);
    const statement = await (await after.get('/cco/fhir/metadata')).text();
    for (const named of [
      'CapabilityStatement/colors|1.0.0',
      'StructureDefinition/colorful',
      'favorite-color',
    ])
      assert.ok(statement.includes(named), named);
    const judged = runPortico(place, ['validate', file, '--profile', `${base}/StructureDefinition/colorful`]);
    assert.match(judged.stdout, /photo/);
    assert.equal(judged.status, 2);

    assert.equal(runPortico(place, ['ig', 'remove', asked]).status, 0);
    const last = await startPortico(context, place, { secretKey });
    const gone = await last.get(
      '/cco/fhir/Patient?favorite-color=teal',
      await last.token('cco', 'maria.delgado'),
    );
    assert.equal(gone.status, 400);
  },
);

test('a guide comes from a registry and from a file', async (context) => {
  const place = await sqlitePlace(context);
  const folder = await cacheOf(context, definitions);
  const archive = join(await temporaryFolder(context), 'guide.tgz');
  execFileSync('tar', ['czf', archive, '-C', join(folder, `${name}#${version}`), 'package']);
  const server = createServer((request, response) => {
    if (request.url === `/${name}/${version}`) response.end(readFileSync(archive));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const none = await temporaryFolder(context);
  // The command runs beside this process, which has to answer it.
  const main = fileURLToPath(new URL('../../src/main/portico.ts', import.meta.url));
  const add = (what: string): Promise<{ status: number | null; text: string }> =>
    new Promise((resolve) => {
      const child = spawn(
        process.execPath,
        [main, 'ig', 'add', what, '--registry', registry, '--cache', none],
        { env: { ...process.env, DATA_DIR: place.dataDir } },
      );
      let text = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (text += String(part)));
      child.on('close', (status) => resolve({ status, text }));
    });
  const added = await add(asked);
  assert.equal(added.status, 0, added.text);
  const absent = await add(`${name}@9.9.9`);
  assert.equal(absent.status, 1);
  assert.match(absent.text, /the registry has no such package/);
  assert.equal(runPortico(place, ['ig', 'add', asked, '--file', archive]).status, 0);
});

test('what is no guide for R4 is refused with one sentence, and nothing is kept', async (context) => {
  const place: TestPlace = await sqlitePlace(context);
  const refuses = (args: string[], says: RegExp) => {
    const { status, stderr, stdout } = runPortico(place, ['ig', 'add', ...args]);
    assert.equal(status, 1, stdout);
    assert.match(stderr, says);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  };
  const [guide, ...others] = definitions;
  const cache = async (resources: readonly Definition[]) => ['--cache', await cacheOf(context, resources)];
  const broken = join(await temporaryFolder(context), 'broken.tgz');
  writeFileSync(broken, 'no archive');
  refuses(['colors'], /'colors' is no package: write NAME@VERSION/);
  refuses([asked, '--file', broken], /is no FHIR package/);
  refuses([asked, '--file', '/nowhere.tgz'], /cannot be read/);
  // A size that would lead back to where the file begins.
  const endless = join(await temporaryFolder(context), 'endless.tgz');
  const header = Buffer.alloc(512);
  header.write('package/a.json');
  header.write('-1000', 124);
  writeFileSync(endless, gzipSync(Buffer.concat([header, header])));
  refuses([asked, '--file', endless], /is no FHIR package/);
  refuses([asked, ...(await cache([]))], /has no definitions/);
  refuses([asked, ...(await cache(others))], /holds no ImplementationGuide/);
  refuses(
    [asked, ...(await cache([{ ...guide!, fhirVersion: ['5.0.0'] }, ...others]))],
    /is for FHIR 5\.0\.0/,
  );
  refuses(
    [asked, ...(await cache([{ ...guide!, version: '1.0.1' }, ...others]))],
    /the package is guide\.example\.colors 1\.0\.1, not/,
  );
  refuses(
    [asked, '--registry', 'http://127.0.0.1:9', '--cache', await temporaryFolder(context)],
    /does not answer\. --file/,
  );
  assert.equal(runPortico(place, ['ig', 'remove', asked]).status, 1);
  assert.doesNotMatch(runPortico(place, ['ig', 'list']).stdout, /added/);
});

const parameter = (code: string, expression: string, more: object = {}): Definition => ({
  resourceType: 'SearchParameter',
  id: `p-${code.replace(/[^a-z0-9]/g, '-')}`,
  url: `${base}/SearchParameter/${code}`,
  code,
  base: ['Patient'],
  type: 'string',
  expression,
  ...more,
});

testOnEachDatabase(
  'search parameters that cannot be searched are named and left out; what fails on a resource finds nothing there',
  async (place, context) => {
    const first = await startPortico(context, place, { secretKey });
    const token = await first.token('cco', 'maria.delgado');
    const component = (code: string) => ({
      definition: `${base}/SearchParameter/${code}`,
      expression: '$this',
    });
    const guide = [
      ...definitions,
      parameter('unclosed', 'Patient.name.where('),
      // The parts of a union are told apart by its sign, wherever it stands.
      parameter('barred', "Patient.identifier.where(system = 'a|b').value"),
      parameter('deep', `${'('.repeat(20_000)}Patient.name${')'.repeat(20_000)}`),
      parameter('no-type', 'Patient.name', { type: 'bogus' }),
      parameter('half', 'Patient.name', { type: 'composite', component: [component('no-type')] }),
      parameter('pair', 'Patient.name', {
        type: 'composite',
        component: [component('no-type'), component('no-type')],
      }),
      parameter('family:exact', 'Patient.name'),
      parameter('_refers', 'Patient.generalPractitioner', { type: 'reference' }),
      parameter('one-name', 'Patient.identifier.single().value'),
      parameter(
        'backtracking',
        "Patient.id.where(('a' & 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!').matches('^(a+)+$'))",
      ),
    ];
    const added = runPortico(place, ['ig', 'add', asked, '--json', '--cache', await cacheOf(context, guide)]);
    assert.equal(added.status, 0, added.stderr);
    const said = JSON.parse(added.stdout) as {
      unsearchable: string[];
      searchParameters: number;
      reindexed: Record<string, number>;
    };
    assert.deepEqual(said.unsearchable.sort(), [
      'Patient.barred',
      'Patient.deep',
      'Patient.family:exact',
      'Patient.half',
      'Patient.no-type',
      'Patient.pair',
      'Patient.unclosed',
    ]);
    assert.equal(said.searchParameters, 4);
    assert.ok(said.reindexed['Patient']! > 10);

    const after = await startPortico(context, place, { secretKey });
    const same = await after.token('cco', 'maria.delgado');
    for (const query of ['family=Delgado', 'one-name:missing=true', 'backtracking:missing=true']) {
      const answer = await after.get(`/cco/fhir/Patient?${query}`, same);
      assert.equal(((await answer.json()) as { total: number }).total, 1, query);
    }
    for (const query of ['unclosed=x', '_refers=x', 'pair=a$b'])
      assert.equal((await after.get(`/cco/fhir/Patient?${query}`, same)).status, 400, query);
    const held = await (await first.get('/cco/fhir/Patient/cco-100001', token)).text();
    const file = join(await temporaryFolder(context), 'patient.json');
    writeFileSync(file, held.replace('Delgado', 'Delgado-Ruiz'));
    const imported = runPortico(place, ['import', '--line', 'cco', file, '--quiet']);
    assert.equal(imported.status, 0, imported.stderr);
    assert.equal(runPortico(place, ['ig', 'remove', asked]).status, 0);
  },
);

const older = fileURLToPath(new URL('../../../shared/ig/hl7.fhir.us.carin-bb-1.1.0.tgz', import.meta.url));
test('an official package is added', {
  skip: !existsSync(older) && 'the packages are not there',
}, async (context) => {
  const place = await sqlitePlace(context);
  const added = runPortico(place, ['ig', 'add', 'hl7.fhir.us.carin-bb@1.1.0', '--file', older, '--json']);
  assert.equal(added.status, 0, added.stderr);
  const { profiles, missing } = JSON.parse(added.stdout) as { profiles: number; missing: string[] };
  assert.deepEqual([profiles, missing], [9, []]);
  const twice = runPortico(place, ['ig', 'add', 'hl7.fhir.us.carin-bb@2.1.0', '--file', older]);
  assert.match(twice.stderr, /comes with Portico/);
});
