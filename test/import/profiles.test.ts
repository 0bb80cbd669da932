// What an import makes of resources that break a profile that they declare, at each level; and `portico validate`.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ImportReport } from '../../src/ingest/import-report.ts';
import { reportText } from '../../src/ingest/import-report.ts';
import { sqlitePlace, temporaryFolder, testOnEachDatabase } from '../databases.ts';
import { runPortico } from '../main/run-portico.ts';
import { loadingInto } from './loading.ts';

const core = 'http://hl7.org/fhir/us/core/StructureDefinition';
const patient = (id: string, more: object = {}) => ({
  resourceType: 'Patient',
  id,
  meta: { profile: [`${core}/us-core-patient|6.1.0`] },
  identifier: [{ system: 'http://plan.example/member', value: id }],
  name: [{ family: 'Secretperson' }],
  gender: 'female',
  ...more,
});
const right = patient('right');
const wrong = patient('wrong', { gender: undefined, identifier: [{ system: 'http://x' }] });
const plain = { resourceType: 'Patient', id: 'plain', gender: 'x' };
const ndjson = (...resources: object[]) => `${resources.map((one) => JSON.stringify(one)).join('\n')}\n`;
const base = 'http://hl7.org/fhir/StructureDefinition/Patient|4.0.1';

/** Counts by profile, and each finding with its first place. */
const judged = ({ profiles }: ImportReport) =>
  profiles.map(({ profile, checked, right: without, findings }) => [
    profile,
    checked,
    without,
    ...findings.map(
      ({ severity, rule, count, places }) =>
        `${severity} ${rule} ${count} line ${places[0]!.line} ${places[0]!.path}`,
    ),
  ]);
const found = [
  [base, 2, 2],
  [
    `${core}/us-core-patient|6.1.0`,
    2,
    1,
    'error min 1 line 2 Patient.identifier[0].value',
    'error min 1 line 2 Patient.gender',
  ],
];

testOnEachDatabase(
  'an import names what no app is shown for want of a status, at each level',
  async (place, context) => {
    const { load, names } = await loadingInto(place, context);
    const goal = (id: string, more: object = {}) => ({
      resourceType: 'Goal',
      id,
      description: { text: 'Secretgoal' },
      subject: { reference: 'Patient/right' },
      ...more,
    });
    const content = ndjson(goal('with', { lifecycleStatus: 'active' }), goal('without'), goal('another'));
    for (const validation of ['off', 'report', 'enforce'] as const) {
      const report = await load(content, { name: 'g.ndjson', validation });
      const withheld = report.findings.filter(({ rule }) => rule === 'withheld');
      assert.deepEqual(
        withheld.map(({ severity, count, places }) => [
          severity,
          count,
          places.map(({ line, path }) => `${line} ${path}`),
        ]),
        [['warning', 2, ['2 Goal.lifecycleStatus', '3 Goal.lifecycleStatus']]],
      );
      assert.match(reportText(report), /warning 2 × lacks a status .* \[withheld\]\n/);
      assert.doesNotMatch(reportText(report), /Secret/);
      assert.equal(report.refused, 0);
    }
    assert.deepEqual(await names(), ['Goal/another', 'Goal/with', 'Goal/without']);
  },
);

testOnEachDatabase('an import reports what breaks a profile, and takes it', async (place, context) => {
  const { load, names } = await loadingInto(place, context);
  const report = await load(ndjson(right, wrong, plain), { name: 'a.ndjson' });
  assert.deepEqual([report.created, report.refused, report.findings], [3, 0, []]);
  assert.deepEqual(judged(report), found);
  assert.deepEqual(await names(), ['Patient/plain', 'Patient/right', 'Patient/wrong']);
  const text = reportText(report);
  assert.match(text, /us-core-patient\|6\.1\.0: 2 checked, 1 right/);
  assert.match(text, /error 1 × gender must be there \[min\]\n\s+\S+a\.ndjson:2 Patient\.gender/);
  assert.doesNotMatch(text, /Secret/);
});

test('at the level enforce what breaks a profile is refused, and nothing else', async (context) => {
  const { load, names } = await loadingInto(await sqlitePlace(context), context);
  const report = await load(ndjson(right, wrong, plain), { name: 'a.ndjson', validation: 'enforce' });
  assert.deepEqual([report.created, report.refused], [2, 1]);
  assert.deepEqual(
    report.findings.map(({ severity, rule, places }) => [severity, rule, places[0]!.line, places[0]!.path]),
    [['error', 'profile', 2, 'Patient.identifier[0].value']],
  );
  assert.deepEqual(judged(report), found);
  assert.deepEqual(await names(), ['Patient/plain', 'Patient/right']);
});

test('at the level enforce a transaction falls with an entry that breaks a profile', async (context) => {
  const { load, names } = await loadingInto(await sqlitePlace(context), context);
  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [right, wrong].map((resource) => ({
      resource,
      request: { method: 'PUT', url: `Patient/${resource.id}` },
    })),
  };
  const report = await load(bundle, { validation: 'enforce' });
  assert.deepEqual([report.created, report.refused], [0, 2]);
  assert.deepEqual(await names(), []);
  assert.match(report.findings[0]!.places[0]!.path, /^Bundle\.entry\[1\]\.resource: Patient\./);
});

test('at the level off no profile is looked at', async (context) => {
  const { load } = await loadingInto(await sqlitePlace(context), context);
  const report = await load(ndjson(right, wrong), { validation: 'off' });
  assert.deepEqual([report.created, report.profiles], [2, []]);
});

test('resources that declare no profile are not held up by definitions', async (context) => {
  const { load } = await loadingInto(await sqlitePlace(context), context);
  assert.deepEqual((await load(ndjson(plain))).profiles, []);
});

test('portico import takes the level from its option, else from the configuration', async (context) => {
  const place = await sqlitePlace(context);
  const file = join(place.dataDir, 'a.ndjson');
  await mkdir(place.dataDir, { recursive: true });
  await writeFile(file, ndjson(right, wrong));
  const run = (...more: string[]) => {
    const { status, stdout } = runPortico(place, [
      'import',
      '--line',
      'cco',
      '--json',
      '--quiet',
      ...more,
      file,
    ]);
    const report = JSON.parse(stdout) as ImportReport;
    return [status, report.refused, report.profiles.length];
  };
  assert.deepEqual(run('--validation', 'off'), [0, 0, 0]);
  assert.deepEqual(run(), [0, 0, 2]);
  assert.deepEqual(run('--validation', 'enforce'), [2, 1, 2]);
  assert.equal(runPortico(place, ['import', '--line', 'cco', '--validation', 'some', file]).status, 1);
});

test('portico validate counts by profile and says which must-support elements nobody has', async (context) => {
  const place = await sqlitePlace(context);
  const folder = await temporaryFolder(context);
  await writeFile(join(folder, 'a.ndjson'), ndjson(right, wrong));
  const json = runPortico(place, ['validate', '--json', '--coverage', folder]);
  const report = JSON.parse(json.stdout) as ImportReport & {
    coverage: { profile: string; resources: number; mustSupport: number; missing: string[] }[];
  };
  assert.equal(json.status, 2);
  assert.deepEqual(judged(report), found);
  const covered = report.coverage.find(({ profile }) => profile === `${core}/us-core-patient|6.1.0`)!;
  assert.equal(covered.resources, 2);
  assert.ok(covered.missing.includes('birthDate') && covered.missing.includes('address.city'));
  for (const had of ['identifier', 'identifier.value', 'name.family', 'gender'])
    assert.ok(!covered.missing.includes(had), had);
  assert.ok(
    report.coverage.some(({ profile, resources }) => /plannet-Network/.test(profile) && resources === 0),
  );
  const text = runPortico(place, ['validate', '--coverage', folder]).stdout;
  assert.match(text, /us-core-patient\|6\.1\.0: \d+ of \d+ in 2 resources\n/);
  assert.match(text, /none has birthDate\n/);
});

test('portico validate holds resources of a type against a profile that is named', async (context) => {
  const place = await sqlitePlace(context);
  const folder = await temporaryFolder(context);
  await writeFile(
    join(folder, 'a.ndjson'),
    ndjson(plain, { resourceType: 'Organization', id: 'o', name: 'x' }),
  );
  const { status, stdout } = runPortico(place, [
    'validate',
    '--json',
    '--profile',
    `${core}/us-core-patient`,
    folder,
  ]);
  assert.equal(status, 2);
  assert.deepEqual(
    (JSON.parse(stdout) as ImportReport).profiles.map(({ profile, checked, right: without }) => [
      profile,
      checked,
      without,
    ]),
    [
      [base, 1, 0],
      [`${core}/us-core-patient|6.1.0`, 1, 0],
    ],
  );
  const unknown = runPortico(place, ['validate', '--profile', 'http://x.example/y', folder]);
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /--profile: http:\/\/x\.example\/y is not known here/);
});
