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

testOnEachDatabase(
  'an export of one member holds their record, and what is sensitive if named',
  async (place) => {
    const encounter = (id: string, of: string, ...codes: string[]) => ({
      resourceType: 'Encounter',
      id,
      meta: {
        security: codes.map((code) => ({ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code })),
      },
      status: 'finished',
      class: { code: 'AMB' },
      subject: { reference: `Patient/${of}` },
    });
    const all = [
      ...['a', 'b'].map((id) => ({ resourceType: 'Patient', id, active: true })),
      { resourceType: 'Organization', id: 'plan', name: 'Plan' },
      encounter('plain', 'a', 'NOSUCH'),
      encounter('hiv', 'a', 'HIV'),
      encounter('two', 'a', 'HIV', 'ETH'),
      encounter('other', 'b', 'HIV'),
    ];
    const input = all.map((one) => JSON.stringify(one)).join('\n');
    assert.equal(
      runPortico(place, ['import', '--line', 'cco', '-', '--quiet', '--validation', 'off'], input).status,
      0,
    );
    const exported = (...flags: string[]) => {
      const { status, stdout, stderr } = runPortico(place, ['export', '--line', 'cco', ...flags]);
      assert.equal(status, 0, stderr);
      return stdout
        .trimEnd()
        .split('\n')
        .map((text) => (JSON.parse(text) as { id: string }).id)
        .sort()
        .join();
    };
    assert.equal(exported(), 'a,b,hiv,other,plain,plan,two');
    assert.equal(exported('--patient', 'a'), 'a,plain');
    assert.equal(exported('--patient', 'a', '--sensitive', 'hiv'), 'a,hiv,plain');
    assert.equal(
      exported('--patient', 'a', '--sensitive', 'hiv', '--sensitive', 'substance-use', '--type', 'Encounter'),
      'hiv,plain,two',
    );
    for (const [flags, message] of [
      [['--patient', 'a', '--sensitive', 'gossip'], /--sensitive: 'gossip' is none of substance-use, /],
      [['--sensitive', 'hiv'], /--sensitive: is for the record of one member/],
    ] as const) {
      const { status, stderr } = runPortico(place, ['export', '--line', 'cco', ...flags]);
      assert.equal(status, 1);
      assert.match(stderr, message);
    }
  },
);
