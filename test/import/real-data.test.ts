// All of Synthea's Bundles, the records of the Inferno server and every example of the guides, where they are there:
// what an import makes of data that nobody made for it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ImportReport } from '../../src/ingest/import-report.ts';
import { sqlitePlace, temporaryFolder } from '../databases.ts';
import { type Loading, loadingInto } from './loading.ts';

const shared = fileURLToPath(new URL('../../../shared', import.meta.url));
const skip =
  existsSync(join(shared, 'data')) && existsSync(join(shared, 'ig')) ? false : '../shared is not there';

const errorsOf = (report: ImportReport) =>
  report.findings
    .filter((finding) => finding.severity === 'error')
    .map(({ rule, count, places }) => {
      const { file, line, path } = places[0]!;
      return `${count} ${rule} ${basename(file)}:${line} ${path}`;
    })
    .sort();

/** What a second run would show if it wrote: versions, and the rows of what is stored. */
async function state(loading: Loading): Promise<string> {
  const parts = await Promise.all(
    [
      'select count(*) as n, sum(version) as versions, max(last_updated) as latest, max(key) as last from resource',
      'select count(*) as n from resource_version',
      'select count(*) as n, sum(scope) as s from membership',
      'select count(*) as n from idx_token',
      'select count(*) as n from import_file',
    ].map((query) => loading.rows(query)),
  );
  return JSON.stringify(parts);
}

async function loadTwice(loading: Loading, paths: readonly string[]): Promise<ImportReport> {
  const first = await loading.paths(paths);
  const before = await state(loading);
  const second = await loading.paths(paths);
  assert.deepEqual(
    [second.created, second.updated, second.deleted, second.unchanged],
    [0, 0, 0, first.created + first.updated + first.unchanged],
  );
  assert.deepEqual(errorsOf(second), errorsOf(first));
  assert.equal(await state(loading), before);
  return first;
}

test('all Synthea Bundles load whole, and a second run writes nothing', { skip }, async (context) => {
  const loading = await loadingInto(await sqlitePlace(context), context);
  const report = await loadTwice(loading, [join(shared, 'data/synthea')]);
  assert.deepEqual(errorsOf(report), []);
  assert.deepEqual([report.files, report.filesFailed, report.updated, report.refused], [60, 0, 0, 0]);
  assert.equal(report.byType['Patient'], 60);
  assert.equal(report.created, (await loading.names()).length);
  assert.deepEqual(
    report.findings.filter((finding) => finding.rule === 'unresolved-reference'),
    [],
  );
  // Every reference to an entry of a Bundle has become one to a resource.
  assert.deepEqual(
    await loading.rows("select id from resource where content like '%\"urn:uuid:%' limit 1"),
    [],
  );
});

test('the records of the Inferno server load but for two that are no R4', { skip }, async (context) => {
  const loading = await loadingInto(await sqlitePlace(context), context);
  const report = await loadTwice(loading, [join(shared, 'data/inferno')]);
  assert.deepEqual(errorsOf(report), [
    // R4's Attachment has url, its Period has end.
    '1 unknown-element Media.ndjson:2 Media.content.link',
    '1 unknown-element Observation.ndjson:54 Observation.effectivePeriod.stop',
  ]);
  assert.equal(report.refused, 2);
});

test('every example of the guides loads, and a second run writes nothing', { skip }, async (context) => {
  const loading = await loadingInto(await sqlitePlace(context), context);
  const folder = await temporaryFolder(context);
  const counts: Record<string, number> = {};
  for (const packed of globSync(join(shared, 'ig/*.tgz')).sort()) {
    const guide = basename(packed, '.tgz').replace('hl7.fhir.us.', '');
    const examples = globSync(join(unpack(packed, folder), 'example*'));
    if (examples.length === 0) continue;
    const report = await loadTwice(loading, examples);
    assert.deepEqual(errorsOf(report), [], guide);
    counts[guide] = report.created + report.updated + report.unchanged;
    assert.equal(report.refused + report.filesFailed, 0, guide);
  }
  assert.deepEqual(counts, {
    'core-3.1.1': 88,
    'core-6.1.0': 188,
    'davinci-drug-formulary-1.1.0': 8,
    'davinci-drug-formulary-2.0.1': 24,
    'davinci-pdex-plan-net-1.1.0': 49,
  });
});

test('the definitions of the guides load but for one that is no R4', { skip }, async (context) => {
  const loading = await loadingInto(await sqlitePlace(context), context);
  const folder = await temporaryFolder(context);
  const packages = globSync(join(shared, 'ig/*.tgz'))
    .sort()
    .map((packed) => unpack(packed, folder));
  const report = await loading.paths(packages.flatMap((path) => globSync(join(path, '*-*.json'))));
  assert.deepEqual(errorsOf(report), [
    '1 wrong-json-kind ImplementationGuide-davinci-hrex.json:1 ImplementationGuide.extension[1].valueInteger',
  ]);
  assert.equal(report.created + report.updated + report.unchanged, report.files - 1);
});

/** The folder that the package's files are in. */
function unpack(packed: string, folder: string): string {
  const unpacked = join(folder, basename(packed, '.tgz'));
  mkdirSync(unpacked);
  execFileSync('tar', ['xzf', packed, '-C', unpacked]);
  return join(unpacked, 'package');
}
