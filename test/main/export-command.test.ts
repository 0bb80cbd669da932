// What `portico export` writes is what was imported, and can be imported again.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { sqlitePlace, type TestPlace, testOnEachDatabase } from '../databases.ts';

const main = new URL('../../src/main/portico.ts', import.meta.url).pathname;

function portico(place: TestPlace, args: readonly string[], input = '') {
  return spawnSync(process.execPath, [main, ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: {
      ...process.env,
      DATA_DIR: place.dataDir,
      ...(place.databaseUrl === undefined ? {} : { DATABASE_URL: place.databaseUrl }),
    },
  });
}

const resources = [
  ...Array.from({ length: 1100 }, (_, n) => ({ resourceType: 'Patient', id: `p${n}`, active: true })),
  {
    resourceType: 'Observation',
    id: 'o',
    status: 'final',
    code: { text: 'x' },
    subject: { reference: 'Patient/p1' },
  },
  // Belongs to nobody's record, and is exported all the same.
  { resourceType: 'Group', id: 'g', type: 'person', actual: true },
];
const ndjson = resources.map((resource) => JSON.stringify(resource)).join('\n');

testOnEachDatabase(
  'an export holds every resource of the line once, and loads into another database',
  async (place, context) => {
    assert.equal(portico(place, ['import', '--line', 'cco', '-', '--quiet'], ndjson).status, 0);
    const { status, stdout, stderr } = portico(place, ['export', '--line', 'cco', '--json']);
    assert.equal(status, 0, stderr);
    assert.deepEqual(JSON.parse(stderr), { Group: 1, Observation: 1, Patient: 1100 });
    const names = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { resourceType: string; id: string })
      .map(({ resourceType, id }) => `${resourceType}/${id}`);
    assert.deepEqual(names.sort(), resources.map(({ resourceType, id }) => `${resourceType}/${id}`).sort());
    assert.equal(portico(place, ['export', '--line', 'advantage']).stdout, '');
    const other = await sqlitePlace(context);
    const again = portico(other, ['import', '--line', 'cco', '-', '--quiet', '--json'], stdout);
    assert.equal((JSON.parse(again.stdout) as { created: number }).created, resources.length);
    const wrong = portico(place, ['export', '--line', 'cco', '--type', 'Nonsense']);
    assert.deepEqual(
      [wrong.status, wrong.stderr],
      [1, "portico: --type: 'Nonsense' is no FHIR R4 resource type\n"],
    );
  },
);
