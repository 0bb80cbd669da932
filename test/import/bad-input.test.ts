// Files that are wrong: what is refused, where, and that the rest is loaded.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { sqlitePlace, temporaryFolder, testOnEachDatabase } from '../databases.ts';
import { loadingInto, summary } from './loading.ts';

const patient = (id: string, more = {}) => ({ resourceType: 'Patient', id, ...more });
const ndjson = (lines: readonly (object | string)[]) =>
  `${lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')}\n`;
const random = (length: number) => randomBytes(length).toString('base64url').slice(0, length);
const nested = (open: string, close: string, times: number) => open.repeat(times) + close.repeat(times);

testOnEachDatabase('values of any length are stored or refused in their place', async (place, context) => {
  const { load, names } = await loadingInto(place, context);
  const long = [
    patient('identifier', { identifier: [{ system: `http://s/${random(20_000)}`, value: random(20_000) }] }),
    patient('name', { name: [{ family: random(20_000) }], address: [{ postalCode: random(9000) }] }),
    { resourceType: 'ValueSet', id: 'url', status: 'draft', url: `http://x/${random(20_000)}` },
  ];
  const report = await load(ndjson([patient('first'), ...long, patient('last')]), { name: 'long.ndjson' });
  assert.equal(report.created + report.refused, 5);
  for (const finding of report.findings) {
    assert.equal(finding.rule, 'not-stored');
    assert.ok(finding.places.every(({ line }) => line >= 2 && line <= 4));
  }
  const there = await names();
  assert.ok(there.includes('Patient/first') && there.includes('Patient/last'));
  const whole = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [patient('x'), long[0]].map((resource) => ({ resource })),
  };
  const bundle = await load(whole);
  assert.ok(bundle.created === 2 || bundle.created === 1 || (bundle.created === 0 && bundle.refused === 2));
  assert.equal((await load(patient('after'))).created, 1);
});

test('JSON that is nested without end is refused', async (context) => {
  const { load, names } = await loadingInto(await sqlitePlace(context), context);
  const report = await load(
    ndjson([
      `{"resourceType":"Patient","id":"a","x":${nested('[', ']', 300_000)}}`,
      `{"resourceType":"Patient","x":${nested('{"y":[', ']}', 200_000)}}`,
      `{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"x":${nested('[', ']', 300_000)}}},{"resource":{"resourceType":"Patient","id":"b"}}]}`,
      patient('c'),
    ]),
  );
  assert.deepEqual(summary(report), {
    created: 2,
    updated: 0,
    unchanged: 0,
    deleted: 0,
    refused: 3,
    found: ['error too-deep', 'error too-deep Bundle.entry[0]'],
  });
  assert.deepEqual(await names(), ['Patient/b', 'Patient/c']);
});

test('nothing of a record is in the report of what is wrong with it', async (context) => {
  const { load } = await loadingInto(await sqlitePlace(context), context);
  const report = await load(
    ndjson([
      '{"resourceType":"Patient","id":"Secret","name":[{"family":"Secret"},}',
      '{"resourceType":"Patient","id":"Secret Secret","birthDate":"Secret","gender":7,"Secret-1":"Secret"}',
      '{"resourceType":"Secret 2"}',
      '{"resourceType":"Observation","id":"a","status":"final","code":{"text":"x"},"subject":{"reference":"Patient?identifier=Secret|Secret"}}',
      '{"resourceType":"Patient","id":"b","Secret 3":1,"Secret 3":1}',
      'Secret',
    ]),
    { name: 'x.ndjson' },
  );
  assert.equal(report.refused, 5);
  assert.doesNotMatch(JSON.stringify(report), /Secret/);
});

test('in NDJSON a line that is broken costs that line', async (context) => {
  const { load, names } = await loadingInto(await sqlitePlace(context), context);
  const report = await load(
    ndjson([
      patient('a'),
      '{"resourceType":"Patient","id":"b","name":[{"family":"x"},',
      patient('c'),
      '{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient","id":"d"}},{"resou',
      patient('e'),
    ]),
    { name: 'x.ndjson' },
  );
  assert.deepEqual(
    report.findings.map((finding) => [finding.rule, finding.count, finding.places.map(({ line }) => line)]),
    [['not-json', 2, [2, 4]]],
  );
  assert.equal(report.refused, 2);
  assert.deepEqual(await names(), ['Patient/a', 'Patient/c', 'Patient/e']);
});

test('a Bundle that is cut off is reported and nothing of it is written', async (context) => {
  const { load, names } = await loadingInto(await sqlitePlace(context), context);
  for (const type of ['transaction', 'batch', 'collection']) {
    const entries = [patient('a'), patient('b')].map((resource) => ({ resource }));
    const text = JSON.stringify({ resourceType: 'Bundle', type, entry: entries });
    const report = await load(text.slice(0, -20));
    assert.deepEqual([report.filesFailed, report.created], [1, 0]);
  }
  assert.deepEqual(await names(), []);
});

test('a folder: links in a circle, dangling links, damaged and oddly named files', async (context) => {
  const folder = await temporaryFolder(context);
  await mkdir(join(folder, 'inner'));
  await symlink('..', join(folder, 'inner', 'up'));
  await symlink('/nowhere', join(folder, 'dangling.json'));
  const write = (name: string, content: string | Buffer) => writeFile(join(folder, name), content);
  await write('a.b.2024.gz', gzipSync(JSON.stringify(patient('dotted'))));
  await write('b.json', gzipSync(JSON.stringify(patient('packed'))));
  await write('c.json.gz', JSON.stringify(patient('plain')));
  await write(
    'd.gz',
    Buffer.concat([gzipSync('{"resourceType":"Patient",'), gzipSync('"id":"two-members"}')]),
  );
  await write('e.json', '\ufeff{\r\n"resourceType": "Patient",\r\n"id": "windows"\r\n}\r\n');
  await write('f.ndjson', '');
  const damaged = gzipSync(ndjson(Array.from({ length: 500 }, () => patient(random(40)))));
  damaged[damaged.length >> 1]! ^= 0xff;
  await write('g.gz', damaged);
  await write('h.txt', '<Patient/>');
  const { paths, names } = await loadingInto(await sqlitePlace(context), context);
  const report = await paths([folder]);
  const found = report.findings.map(({ severity, rule, places }) => [
    severity,
    rule,
    places[0]!.file.slice(folder.length + 1),
  ]);
  assert.deepEqual(found.sort(), [
    ['error', 'broken-file', 'dangling.json'],
    ['error', 'broken-file', 'g.gz'],
    ['warning', 'empty-file', 'f.ndjson'],
    ['warning', 'left-out', 'h.txt'],
  ]);
  assert.equal(report.filesFailed, 2);
  for (const id of ['dotted', 'packed', 'plain', 'two-members', 'windows'])
    assert.ok((await names()).includes(`Patient/${id}`), id);
});
