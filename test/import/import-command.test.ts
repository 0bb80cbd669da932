// `portico import` as an operator runs it: as a process, on files that are whole, wrong, cut off, or killed half-way.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openDatabase } from '../../src/db/database.ts';
import type { ImportReport } from '../../src/ingest/import-report.ts';
import { sqlitePlace, type TestPlace, temporaryFolder, testOnEachDatabase } from '../databases.ts';

const main = new URL('../../src/main/portico.ts', import.meta.url).pathname;

interface Outcome {
  readonly code: number | null;
  readonly report: ImportReport;
  readonly stderr: string;
}

function start(place: TestPlace, args: readonly string[], input?: Buffer): ChildProcess {
  const child = spawn(process.execPath, [main, 'import', '--line', 'cco', '--json', ...args], {
    env: {
      ...process.env,
      DATA_DIR: place.dataDir,
      ...(place.databaseUrl === undefined ? {} : { DATABASE_URL: place.databaseUrl }),
    },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(input);
  return child;
}

async function run(place: TestPlace, args: readonly string[], input?: Buffer): Promise<Outcome> {
  const child = start(place, args, input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return {
    code,
    report: stdout === '' ? ({} as ImportReport) : (JSON.parse(stdout) as ImportReport),
    stderr,
  };
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += String(chunk);
  return all;
}

const patient = (id: string, more = {}) => ({ resourceType: 'Patient', id, ...more });
const observation = (id: string, of: string) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: 'x' },
  subject: { reference: `Patient/${of}` },
});
const ndjson = (resources: readonly object[]) =>
  `${resources.map((resource) => JSON.stringify(resource)).join('\n')}\n`;

async function stored(place: TestPlace): Promise<{ resources: number; versions: number; rows: number }> {
  const db = await openDatabase(place);
  const count = async (table: string) =>
    Number((await db.read<[number]>({ sql: `select count(*) as n from ${table}`, parameters: [] }))[0]![0]);
  const found = {
    resources: await count('resource'),
    versions: await count('resource_version'),
    rows: await count('membership'),
  };
  await db.close();
  return found;
}

/** Of an import that was killed perhaps before it made its tables. */
async function storedOrNothing(place: TestPlace): Promise<{ resources: number }> {
  return stored(place).catch(() => ({ resources: 0 }));
}

async function fileOf(context: TestContext, name: string, content: string | Buffer): Promise<string> {
  const path = join(await temporaryFolder(context), name);
  await writeFile(path, content);
  return path;
}

testOnEachDatabase('a second run of the same data writes nothing', async (place, context) => {
  const folder = await temporaryFolder(context);
  await mkdir(join(folder, 'inner'));
  await writeFile(join(folder, 'a.ndjson'), ndjson([patient('a'), observation('o', 'a')]));
  await writeFile(join(folder, 'inner', 'b.json.gz'), gzipSync(JSON.stringify(patient('b'))));
  await writeFile(join(folder, '.hidden.json'), 'not read');
  const first = await run(place, [folder]);
  assert.deepEqual([first.code, first.report.created, first.report.files], [0, 3, 2], first.stderr);
  const second = await run(place, [folder]);
  assert.deepEqual(
    [second.code, second.report.created, second.report.updated, second.report.unchanged],
    [0, 0, 0, 3],
  );
  assert.deepEqual(await stored(place), { resources: 3, versions: 0, rows: 3 });
});

testOnEachDatabase(
  'an import that is killed goes on where it was, with nothing lost or doubled',
  async (place, context) => {
    const members = Array.from({ length: 300 }, (_, n) => `m${n}`);
    const resources = members.flatMap((member) => [
      patient(member),
      ...Array.from({ length: 40 }, (_, n) => observation(`${member}-o${n}`, member)),
    ]);
    const file = await fileOf(context, 'large.ndjson', ndjson(resources));
    let kills = 0;
    for (const milliseconds of [900, 1100, 1300]) {
      const child = start(place, [file, '--quiet']);
      const gone = once(child, 'exit');
      await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, milliseconds))]);
      if (child.exitCode === null) {
        child.kill('SIGKILL');
        await gone;
        kills++;
      }
    }
    assert.ok(kills > 0, 'the import was never killed');
    const last = await run(place, [file]);
    assert.equal(last.code, 0, last.stderr);
    assert.equal(last.report.updated, 0);
    assert.ok(
      last.report.resumed > 0 || last.report.created === resources.length || last.report.unchanged > 0,
    );
    assert.deepEqual(await stored(place), {
      resources: resources.length,
      versions: 0,
      rows: resources.length,
    });
  },
);

testOnEachDatabase('two imports at once write each resource once', async (place, context) => {
  const resources = Array.from({ length: 2000 }, (_, n) => patient(`p${n}`));
  const file = await fileOf(context, 'a.ndjson', ndjson(resources));
  const copy = await fileOf(context, 'b.ndjson', ndjson(resources));
  const outcomes = await Promise.all([run(place, [file]), run(place, [copy])]);
  assert.deepEqual(
    outcomes.map((outcome) => outcome.code),
    [0, 0],
    outcomes.map((outcome) => outcome.stderr).join(),
  );
  assert.equal(
    outcomes.reduce((sum, outcome) => sum + outcome.report.created, 0),
    2000,
  );
  assert.deepEqual(await stored(place), { resources: 2000, versions: 0, rows: 2000 });
});

testOnEachDatabase(
  'what is no FHIR R4 is refused with file, line and path, and the rest is loaded',
  async (place, context) => {
    const file = await fileOf(
      context,
      'mixed.ndjson',
      `${ndjson([patient('a')])}{"resourceType":"Patient","id":"b","name":[{"family":7}]}\n{"resourceType":"Patient","id":"c"\n`,
    );
    await appendFile(file, '');
    const { code, report } = await run(place, [file]);
    assert.equal(code, 2);
    assert.equal(report.created, 1);
    const wrong = report.findings.find((finding) => finding.rule === 'wrong-json-kind');
    assert.deepEqual(wrong?.places, [{ file, line: 2, path: 'Patient.name[0].family' }]);
    const broken = report.findings.find((finding) => finding.rule === 'broken-file');
    assert.match(broken?.text ?? '', /cut off/);
  },
);

testOnEachDatabase(
  'with --atomic file nothing of a file is written when one resource is refused',
  async (place, context) => {
    const good = await fileOf(context, 'good.ndjson', ndjson([patient('a')]));
    const bad = await fileOf(
      context,
      'bad.ndjson',
      ndjson([patient('b'), { resourceType: 'Nonsense', id: 'x' }, patient('c')]),
    );
    const { code, report } = await run(place, [bad, good, '--atomic', 'file']);
    assert.deepEqual([code, report.created, report.refused, report.filesFailed], [2, 1, 3, 1]);
    assert.equal((await stored(place)).resources, 1);
  },
);

testOnEachDatabase(
  'a transaction Bundle is written whole or not at all, its references resolved',
  async (place, context) => {
    const entry = (uuid: string, resource: object) => ({
      fullUrl: `urn:uuid:${uuid}`,
      resource,
      request: { method: 'POST', url: 'x' },
    });
    const one = '11111111-1111-4111-8111-111111111111';
    const two = '22222222-2222-4222-8222-222222222222';
    const bundle = (more: object[]) => ({
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        entry(two, { ...observation('', 'x'), id: undefined, subject: { reference: `urn:uuid:${one}` } }),
        entry(one, { resourceType: 'Patient', identifier: [{ system: 'http://s', value: 'v' }] }),
        ...more,
      ],
    });
    const wrong = await run(place, [
      await fileOf(
        context,
        'wrong.json',
        JSON.stringify(bundle([entry('33333333-3333-4333-8333-333333333333', { resourceType: 'Nope' })])),
      ),
    ]);
    assert.deepEqual([wrong.code, wrong.report.created], [2, 0]);
    assert.equal((await stored(place)).resources, 0);
    const right = await run(place, [await fileOf(context, 'right.json', JSON.stringify(bundle([])))]);
    assert.deepEqual([right.code, right.report.created], [0, 2]);
    const conditional = { ...observation('c', 'x'), subject: { reference: 'Patient?identifier=http://s|v' } };
    const third = await run(
      place,
      ['-'],
      Buffer.from(
        JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry: [{ resource: conditional }] }),
      ),
    );
    assert.deepEqual(
      [third.code, third.report.created, third.report.findings.length],
      [0, 1, 0],
      JSON.stringify(third.report.findings),
    );
    // All three are in the compartment of the patient.
    assert.equal((await stored(place)).rows, 3);
  },
);

testOnEachDatabase(
  'a truncated gzip file is reported and what came before it is kept',
  async (place, context) => {
    const resources = Array.from({ length: 3000 }, (_, n) =>
      patient(`p${n}`, { name: [{ family: `Name ${(n * 7919) % 10007}` }] }),
    );
    const packed = gzipSync(ndjson(resources));
    const file = await fileOf(context, 'cut.ndjson.gz', packed);
    await truncate(file, Math.floor(packed.length / 2));
    const { code, report } = await run(place, [file]);
    assert.equal(code, 2);
    assert.equal(report.filesFailed, 1);
    assert.ok(report.created > 0 && report.created < 3000);
    assert.equal((await stored(place)).resources, report.created);
  },
);

testOnEachDatabase('a wrong command line says what is wrong and exits with 1', async (place) => {
  const unknown = await run(place, ['/no/such/file']);
  assert.deepEqual(
    [unknown.code, unknown.stderr.trim()],
    [1, 'portico: /no/such/file: there is no such file or folder'],
  );
  const line = start(place, ['x.json', '--line', 'nowhere']);
  assert.match(await text(line.stderr!), /no such file|there is no line 'nowhere'/);
});

testOnEachDatabase(
  'an import that is killed inside a transaction Bundle has written nothing of it, and then all',
  async (place, context) => {
    const uuid = (n: number) => `urn:uuid:${n.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;
    const entry = Array.from({ length: 6000 }, (_, n) => ({
      fullUrl: uuid(n),
      resource:
        n % 40 === 0
          ? { resourceType: 'Patient' }
          : { ...observation('', ''), id: undefined, subject: { reference: uuid(n - (n % 40)) } },
      request: { method: 'POST', url: 'x' },
    }));
    const file = await fileOf(
      context,
      'b.json',
      JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }),
    );
    let kills = 0;
    for (const milliseconds of [700, 900, 1100, 1300]) {
      const child = start(place, [file, '--quiet']);
      const gone = once(child, 'exit');
      await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, milliseconds))]);
      if (child.exitCode !== null) break;
      child.kill('SIGKILL');
      await gone;
      kills++;
      assert.ok([0, entry.length].includes((await storedOrNothing(place)).resources));
    }
    assert.ok(kills > 0, 'the import was never killed');
    const last = await run(place, [file]);
    assert.deepEqual([last.code, last.report.updated, last.report.refused], [0, 0, 0], last.stderr);
    assert.deepEqual(await stored(place), { resources: 6000, versions: 0, rows: 6000 });
  },
);

for (const changed of [false, true])
  test(`an import that the disk stops says so, and ${changed ? 'starts anew with a file that has changed' : 'goes on where it was, conditional creates too'}`, async (context) => {
    const place = await sqlitePlace(context);
    const entry = Array.from({ length: 1500 }, (_, n) => ({
      resource: {
        resourceType: 'Organization',
        identifier: [{ system: 'http://o', value: `${n}` }],
        name: 'x'.repeat(3000),
      },
      request: { method: 'POST', url: 'Organization', ifNoneExist: `identifier=http://o|${n}` },
    }));
    const file = await fileOf(
      context,
      'o.json',
      JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry }),
    );
    await run(place, [await fileOf(context, 'p.json', JSON.stringify(patient('p')))]);
    // A file may grow to three megabytes: what a full disk does, without one.
    const limited = spawn(
      'sh',
      [
        '-c',
        `ulimit -f ${3 * 2048}; exec "$0" "$@"`,
        process.execPath,
        main,
        'import',
        '--line',
        'cco',
        '--json',
        file,
      ],
      { env: { ...process.env, DATA_DIR: place.dataDir }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const [stdout, stderr, [code]] = await Promise.all([
      text(limited.stdout!),
      text(limited.stderr!),
      once(limited, 'exit') as Promise<[number | null]>,
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /^portico: the disk .*\n$/);
    const report = JSON.parse(stdout) as ImportReport;
    assert.match(report.stopped ?? '', /^the disk/);
    assert.ok(report.created > 0 && report.created < 1500, String(report.created));
    assert.equal((await stored(place)).resources, 1 + report.created);
    if (changed) await appendFile(file, '\n');
    const second = await run(place, [file]);
    assert.equal(second.code, 0, second.stderr);
    assert.deepEqual(
      [second.report.created, second.report.updated, second.report.unchanged, second.report.resumed],
      [1500 - report.created, 0, changed ? report.created : 0, changed ? 0 : report.created],
    );
    assert.equal((await stored(place)).resources, 1501);
  });

test('a transaction Bundle needs no memory for all of it', async (context) => {
  const place = await sqlitePlace(context);
  const folder = await temporaryFolder(context);
  const file = join(folder, 'large.json');
  const filler = 'lorem ipsum '.repeat(1700);
  await writeFile(
    file,
    '{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient","id":"p"}}',
  );
  for (let part = 0; part < 35; part++) {
    const entries = Array.from(
      { length: 100 },
      (_, n) =>
        `,{"resource":${JSON.stringify({ ...observation(`o-${part}-${n}`, 'p'), note: [{ text: `${filler} \u2028 ${part} ${n}` }] })}}`,
    );
    await appendFile(file, entries.join(''));
  }
  await appendFile(file, ']}');
  const child = spawn(
    process.execPath,
    ['--max-old-space-size=128', main, 'import', '--line', 'cco', '--json', file],
    { env: { ...process.env, DATA_DIR: place.dataDir }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  assert.equal(code, 0, stderr.slice(0, 500));
  assert.equal((JSON.parse(stdout) as ImportReport).created, 3501);
});

test('validate finds what import finds, and writes nothing', async (context) => {
  const place = await sqlitePlace(context);
  const folder = await temporaryFolder(context);
  await writeFile(
    join(folder, 'a.ndjson'),
    `${ndjson([patient('a'), { resourceType: 'Nope' }, patient('b', { gender: 1 })])}{"x`,
  );
  await writeFile(join(folder, 'b.json.gz'), gzipSync(ndjson([patient('c')])).subarray(0, 20));
  await writeFile(join(folder, 'c.xml'), '<Patient/>');
  await writeFile(join(folder, 'd.json'), '');
  const entry = [
    { resource: patient('d') },
    { resource: patient('e', { birthDate: 'x' }) },
    { resource: patient('d') },
    { resource: observation('o', 'd'), fullURL: 'x' },
  ];
  await writeFile(
    join(folder, 'e.json'),
    JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }),
  );
  const imported = await run(place, [folder]);
  const child = spawn(process.execPath, [main, 'validate', '--json', folder], {
    env: { ...process.env, DATA_DIR: join(folder, 'none') },
  });
  const [stdout, [code]] = await Promise.all([text(child.stdout!), once(child, 'exit') as Promise<[number]>]);
  const report = JSON.parse(stdout) as ImportReport;
  assert.deepEqual(report.findings, imported.report.findings);
  assert.deepEqual(
    [code, report.refused, report.filesFailed],
    [imported.code, imported.report.refused, imported.report.filesFailed],
  );
  assert.equal(existsSync(join(folder, 'none')), false);
});

test('a report for a person ends early where its reader does', async (context) => {
  const place = await sqlitePlace(context);
  const file = await fileOf(context, 'a.json', JSON.stringify(patient('a')));
  const child = start(place, [file]);
  child.stdout!.destroy();
  const [stderr, [code]] = await Promise.all([text(child.stderr!), once(child, 'exit') as Promise<[number]>]);
  assert.deepEqual([code, stderr], [0, '']);
});
