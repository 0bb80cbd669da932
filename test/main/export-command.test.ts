// What `portico export` writes is what was imported, and can be imported again.
import assert from 'node:assert/strict';
import { sqlitePlace, testOnEachDatabase } from '../databases.ts';
import { runPortico } from './run-portico.ts';

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
    assert.equal(runPortico(place, ['import', '--line', 'cco', '-', '--quiet'], ndjson).status, 0);
    const { status, stdout, stderr } = runPortico(place, ['export', '--line', 'cco', '--json']);
    assert.equal(status, 0, stderr);
    assert.deepEqual(JSON.parse(stderr), { Group: 1, Observation: 1, Patient: 1100 });
    const names = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { resourceType: string; id: string })
      .map(({ resourceType, id }) => `${resourceType}/${id}`);
    assert.deepEqual(names.sort(), resources.map(({ resourceType, id }) => `${resourceType}/${id}`).sort());
    assert.equal(runPortico(place, ['export', '--line', 'advantage']).stdout, '');
    const other = await sqlitePlace(context);
    const again = runPortico(other, ['import', '--line', 'cco', '-', '--quiet', '--json'], stdout);
    assert.equal((JSON.parse(again.stdout) as { created: number }).created, resources.length);
    const wrong = runPortico(place, ['export', '--line', 'cco', '--type', 'Nonsense']);
    assert.deepEqual(
      [wrong.status, wrong.stderr],
      [1, "portico: --type: 'Nonsense' is no FHIR R4 resource type\n"],
    );
  },
);
