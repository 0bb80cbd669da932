// The person who signed in can be read with the token that tells of them, and in no other way seen by it
// (https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-identity-data).
import assert from 'node:assert/strict';
import { testOnEachDatabase } from '../databases.ts';
import { startPortico } from '../portico.ts';

const signer = 'cco-100001';
const child = 'cco-100003';

testOnEachDatabase(
  'who signed in is read with a token for somebody else, and only read',
  async (place, context) => {
    const server = await startPortico(context, place);
    const token = await server.token(
      'cco',
      'maria.delgado',
      'openid fhirUser patient/Patient.rs patient/Coverage.rs patient/Observation.rs patient/RelatedPerson.rs',
      child,
    );
    assert.equal(token.patient, child);
    const get = async (path: string) => {
      const answer = await server.get(`/cco/fhir/${path}`, token);
      return { status: answer.status, text: await answer.text() };
    };
    const own = await get(`Patient/${signer}`);
    assert.equal(own.status, 200, own.text);
    assert.equal((JSON.parse(own.text) as { id: string }).id, signer);
    assert.equal((await get(`Patient/${child}`)).status, 200);
    for (const path of [
      `Patient/${signer}/_history`,
      `Patient/${signer}/_history/1`,
      `Patient/${signer}/$everything`,
      `Patient/${signer}/$validate`,
      'Patient/cco-100002',
      'Patient/cco-100004',
    ])
      assert.equal((await get(path)).status, 404, path);
    for (const path of [
      'Patient',
      `Patient?_id=${signer}`,
      `Patient?_total=accurate&_id=${signer},${child}`,
      `Observation?patient=${signer}`,
      `Coverage?patient=${signer}`,
      'Coverage?_include=Coverage:payor&_count=500',
      'Observation?_include=Observation:patient&_count=500',
      'Patient/_history',
    ]) {
      const { status, text } = await get(path);
      assert.equal(status, 200, text);
      assert.ok(!text.includes(`"id":"${signer}"`), path);
    }
  },
);

testOnEachDatabase(
  'who signed in is read without a scope of the type, if told of at all',
  async (place, context) => {
    const server = await startPortico(context, place);
    const read = async (scope: string) => {
      const token = await server.token('cco', 'maria.delgado', scope, signer);
      return (await server.get(`/cco/fhir/Patient/${signer}`, token)).status;
    };
    assert.equal(await read('openid fhirUser patient/Coverage.rs'), 200);
    assert.equal(await read('openid fhirUser'), 200);
    assert.equal(await read('openid patient/Coverage.rs'), 403);
    const token = await server.token('cco', 'maria.delgado', 'openid fhirUser patient/Coverage.rs', signer);
    assert.equal((await server.get('/cco/fhir/Patient', token)).status, 403);
    assert.equal((await server.get(`/cco/fhir/Patient/${child}`, token)).status, 403);
  },
);

testOnEachDatabase(
  'a related person who signed in is read in the record they are of',
  async (place, context) => {
    const server = await startPortico(context, place);
    const { store } = server.portico.plan;
    const related = (id: string, patient: string) => ({
      resource: { resourceType: 'RelatedPerson', id, patient: { reference: `Patient/${patient}` } },
    });
    await store.writing('cco', ({ write }) =>
      write([related('rp-child', child), related('rp-else', 'cco-100004')]),
    );
    const token = await server.token('cco', 'maria.delgado', 'openid fhirUser patient/Coverage.rs', child);
    const status = async (path: string) => (await server.get(`/cco/fhir/${path}`, token)).status;
    assert.equal(await status('RelatedPerson/rp-child'), 403);
    const toRelated = (id: string) =>
      server.portico.plan.db
        .as<{ oauth_connection: { fhir_user: string } }>()
        .updateTable('oauth_connection')
        .set({ fhir_user: `RelatedPerson/${id}` })
        .execute();
    await toRelated('rp-child');
    assert.equal(await status('RelatedPerson/rp-child'), 200);
    assert.equal(await status('RelatedPerson/rp-else'), 403);
    assert.equal(await status(`Patient/${signer}`), 403);
    await toRelated('rp-else');
    assert.equal(await status('RelatedPerson/rp-else'), 404);
  },
);
