// The member that the plan's identity provider names, found among the imported Patients of a line.
import assert from 'node:assert/strict';
import { openFindPatient } from '../../src/app/find-patient.ts';
import { openPlan } from '../../src/app/open-plan.ts';
import { loadConfig } from '../../src/config/config.ts';
import { testOnEachDatabase } from '../databases.ts';
import { loadingInto } from '../import/loading.ts';

const system = 'urn:plan:member';
const patient = (id: string, ...values: string[]) => ({
  resourceType: 'Patient',
  id,
  identifier: values.map((value) => ({ system, value })),
});

testOnEachDatabase('a member’s number finds their Patient and nobody else’s', async (place, context) => {
  const loading = await loadingInto(place, context);
  for (const one of [patient('a', 'M-1'), patient('b', 'M-2', 'M-twice'), patient('c', 'M-twice')])
    await loading.load(one, { validation: 'off' });
  await loading.load(patient('a', 'M-9'), { line: 'advantage', validation: 'off' });
  const config = loadConfig({ DATA_DIR: place.dataDir, DATABASE_URL: place.databaseUrl });
  const plan = await openPlan(config);
  context.after(() => plan.close());
  const identityProvider = { memberIdentifierSystem: system } as never;
  const find = await openFindPatient(plan, {
    ...config,
    lines: config.lines.map((line) => ({ ...line, identityProvider })),
  });

  assert.equal(await find('cco', { system, value: 'M-1' }), 'a');
  assert.equal(await find('cco', { system, value: 'M-2' }), 'b');
  assert.equal(await find('advantage', { system, value: 'M-9' }), 'a');
  assert.equal(await find('cco', { system, value: 'M-9' }), undefined, 'of the other line');
  assert.equal(await find('cco', { system, value: 'M-twice' }), undefined, 'of two people');
  assert.equal(await find('cco', { system: 'urn:else', value: 'M-1' }), undefined);
  assert.equal(await find('cco', { system, value: "M-1' or 1=1" }), undefined);
  assert.equal(await find('cco', { system: undefined, value: 'a' }), 'a');
  assert.equal(await find('cco', { system: undefined, value: 'M-1' }), undefined);
  assert.equal(await find('cco', { system: undefined, value: '../a' }), undefined);

  await loading.load(patient('a', 'M-new'), { validation: 'off' });
  assert.equal(await find('cco', { system, value: 'M-1' }), undefined, 'no longer theirs');
  assert.equal(await find('cco', { system, value: 'M-new' }), 'a');
  if (place.dialect === 'sqlite') {
    const rows = await plan.db.read<[number, number, number, string]>({
      sql: `explain query plan select r.id from idx_token i cross join resource r where i.param = ${plan.store.search.scopes.paramId('Patient', 'identifier')}
        and i.code = 'x' and i.system = 'y' and r.key = i.key`,
      parameters: [],
    });
    assert.match(rows[0]![3], /idx_token_patient_identifier/);
  }
});
