// The code list labels what is imported, so that the app that may see it sees why (https://hl7.org/fhir/R4/security-labels.html).
import assert from 'node:assert/strict';
import { testOnEachDatabase } from '../databases.ts';
import { loadingInto } from './loading.ts';

const act = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const condition = (id: string, code: string, meta?: object) => ({
  resourceType: 'Condition',
  id,
  ...(meta === undefined ? {} : { meta }),
  subject: { reference: 'Patient/a' },
  code: { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code }] },
});

testOnEachDatabase(
  'an import labels by the code list, and what is labelled comes again unchanged',
  async (place, context) => {
    const loading = await loadingInto(place, context);
    const bundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        { resource: condition('plain', 'E11.9') },
        { resource: condition('told', 'F11.10') },
        { resource: condition('both', 'B20', { security: [{ system: act, code: 'PSY' }] }) },
      ],
    };
    const first = await loading.load(bundle, { validation: 'off' });
    assert.equal(first.created, 3);
    const security = async (id: string) =>
      ((await loading.content(`Condition/${id}`))['meta'] as { security?: { code: string }[] }).security?.map(
        ({ code }) => code,
      );
    assert.deepEqual(await security('plain'), undefined);
    assert.deepEqual(await security('told'), ['SUD']);
    assert.deepEqual(await security('both'), ['PSY', 'HIV']);
    assert.equal((await loading.load(bundle, { validation: 'off' })).unchanged, 3);
    // What an export writes is no change either.
    assert.equal(
      (await loading.load(await loading.content('Condition/told'), { validation: 'off' })).unchanged,
      1,
    );
    assert.equal((await loading.load(condition('told', 'E11.9'), { validation: 'off' })).updated, 1);
    assert.deepEqual(await security('told'), undefined);
  },
);
