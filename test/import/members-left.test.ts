// Whoever died or left is told of once, however the import ended that wrote it.
import assert from 'node:assert/strict';
import type { MemberLeft } from '../../src/ingest/import-files.ts';
import { testOnEachDatabase } from '../databases.ts';
import { startPortico } from '../portico.ts';
import { loadingInto } from './loading.ts';

const patient = (id: string, more: object = {}) => ({ resourceType: 'Patient', id, ...more });
const transaction = (...resources: object[]) => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: resources.map((resource) => ({ resource })),
});

testOnEachDatabase(
  'what an import did not come to tell of is told of by the next one',
  async (place, context) => {
    const loading = await loadingInto(place, context);
    const told: string[] = [];
    const tell = async ({ line, patient: id, reason }: MemberLeft) => {
      told.push(`${line} ${id} ${reason}`);
    };
    const killedAt = (id: string) => ({
      validation: 'off' as const,
      onMemberLeft: (left: MemberLeft) =>
        left.patient === id ? Promise.reject(new Error('killed')) : tell(left),
    });
    const options = { validation: 'off', onMemberLeft: tell } as const;
    const dead = patient('dead', { deceasedBoolean: true });
    await assert.rejects(loading.load(dead, killedAt('dead')));
    const gone = transaction(patient('gone', { active: false }), patient('here', { active: true }));
    await assert.rejects(loading.load(gone, killedAt('gone')));
    assert.deepEqual(await loading.names(), ['Patient/dead', 'Patient/gone', 'Patient/here']);
    assert.deepEqual(told, ['cco dead deceased']);
    assert.equal((await loading.load(dead, options)).unchanged, 1);
    assert.deepEqual(told, ['cco dead deceased', 'cco gone disenrolled']);
    await loading.load(gone, options);
    assert.equal(told.length, 2);
    // What is not written is not told of.
    const refused = transaction(patient('other', { active: false }), { resourceType: 'Nope' });
    assert.equal((await loading.load(refused, options)).created, 0);
    await loading.load(patient('here', { active: false }), { ...options, atomic: 'file' });
    assert.deepEqual(told.slice(2), ['cco here disenrolled']);
  },
);

testOnEachDatabase('or by the next start of the server', async (place, context) => {
  const loading = await loadingInto(place, context);
  const onMemberLeft = () => Promise.reject(new Error('killed'));
  await assert.rejects(loading.load(patient('p', { active: false }), { validation: 'off', onMemberLeft }));
  const left = () => loading.rows<[string]>('select patient from member_left');
  assert.deepEqual(await left(), [['p']]);
  await startPortico(context, place);
  assert.deepEqual(await left(), []);
});
