// DocumentReference/$docref (http://hl7.org/fhir/us/core/OperationDefinition/docref, of US Core 3.1.1 and 6.1.0)
import assert from 'node:assert/strict';
import type { Write } from '../../src/fhir/store/write-resources.ts';
import { structureCheck } from '../../src/fhir/validate/check-structure.ts';
import { testOnEachDatabase } from '../databases.ts';
import { startPortico, type Token } from '../portico.ts';

const me = 'cco-100013';
const other = 'cco-100004';
const loinc = 'http://loinc.org';

const document = (
  id: string,
  code: string,
  date: string | undefined,
  period?: { start?: string; end?: string },
  patient = me,
): Write => ({
  resource: {
    resourceType: 'DocumentReference',
    id,
    status: 'current',
    type: { coding: [{ system: loinc, code }] },
    subject: { reference: `Patient/${patient}` },
    ...(date === undefined ? {} : { date }),
    content: [{ attachment: { contentType: 'text/plain' } }],
    ...(period === undefined ? {} : { context: { period } }),
  },
});

interface Bundle {
  readonly type: string;
  readonly total?: number;
  readonly link: readonly { readonly relation: string; readonly url: string }[];
  readonly entry?: readonly {
    readonly resource: { readonly id: string };
    readonly search: { readonly mode: string };
  }[];
}

testOnEachDatabase('$docref finds the documents of a time, or the newest', async (place, context) => {
  const server = await startPortico(context, place);
  const token = await server.token('cco', 'rosa.whitfield');
  const own = (await (await server.get('/cco/fhir/DocumentReference?_count=500', token)).json()) as Bundle;
  await server.portico.plan.store.writing('cco', (writer) =>
    writer.write([
      ...(own.entry ?? []).map(
        ({ resource }): Write => ({ delete: { type: 'DocumentReference', id: resource.id } }),
      ),
      document('ccd-old', '34133-9', '2020-01-01T00:00:00Z'),
      document('ccd-new', '34133-9', '2021-06-01T00:00:00Z', { start: '2021-01-01', end: '2021-05-31' }),
      document('note', '11506-3', '2023-06-01T00:00:00Z', { start: '2021-02-01', end: '2021-02-02' }),
      document('letter', '18842-5', '2022-06-01T00:00:00Z'),
      document('undated', '11488-4', undefined),
      document('theirs', '34133-9', '2026-01-01T00:00:00Z', undefined, other),
    ]),
  );
  const check = structureCheck();
  const found = (bundle: Bundle) => (bundle.entry ?? []).map(({ resource }) => resource.id).sort();
  const read = async (answer: Response) => {
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    const bundle = JSON.parse(text) as Bundle;
    assert.equal(bundle.type, 'searchset');
    assert.deepEqual(check(bundle), []);
    return bundle;
  };
  const ask = async (query: string, as: Token = token) =>
    read(await server.get(`/cco/fhir/DocumentReference/$docref?${query}`, as));
  const post = (body: string, type: string, path = '') =>
    fetch(`${server.base}/cco/fhir/DocumentReference/$docref${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token.access_token}`, 'content-type': type },
      body,
    });
  for (const [query, ids] of [
    [`patient=${me}`, ['ccd-new']],
    [`patient=Patient/${me}`, ['ccd-new']],
    [`patient=${me}&type=${loinc}|18842-5`, ['letter']],
    [`patient=${me}&type=11506-3&type=${loinc}|18842-5`, ['note']],
    [`patient=${me}&type=${loinc}|0-0`, []],
    [`patient=${me}&start=2021-02-01&end=2021-02-28`, ['ccd-new', 'note', 'undated']],
    [`patient=${me}&start=2022`, ['letter', 'undated']],
    [`patient=${me}&end=2020-12-31`, ['ccd-old', 'undated']],
    [`patient=${me}&end=2020-12-31&type=34133-9`, ['ccd-old']],
    [`patient=${me}&start=2021-02-03T00:00:00Z&end=2021-03-01T00:00:00%2B01:00`, ['ccd-new', 'undated']],
    [`patient=${me}&on-demand=true`, []],
    [`patient=${me}&on-demand=false`, ['ccd-new']],
    [`patient=${other}`, []],
    [`patient=${other}&start=2000`, []],
    ['patient=no-such-id', []],
  ] as const)
    assert.deepEqual(found(await ask(query)), ids, query);

  const pages: string[] = [];
  for (
    let next: string | undefined = `/cco/fhir/DocumentReference/$docref?patient=${me}&start=2000&_count=2`;
    next !== undefined;
  ) {
    const bundle: Bundle = await read(await server.get(next, token));
    pages.push(...found(bundle));
    next = bundle.link.find(({ relation }) => relation === 'next')?.url;
  }
  assert.deepEqual(pages.sort(), ['ccd-new', 'ccd-old', 'letter', 'note', 'undated']);

  const parameters = (...parameter: object[]) => JSON.stringify({ resourceType: 'Parameters', parameter });
  const patient = { name: 'patient', valueId: me };
  for (const [body, type, ids] of [
    [parameters(patient), 'application/fhir+json', ['ccd-new']],
    [
      parameters(patient, { name: 'type', valueCoding: { system: loinc, code: '18842-5' } }),
      'application/json',
      ['letter'],
    ],
    [
      parameters(
        patient,
        {
          name: 'type',
          valueCodeableConcept: { coding: [{ system: loinc, code: '18842-5' }, { code: '11488-4' }] },
        },
        { name: 'start', valueDate: '2022-01-01' },
      ),
      'application/fhir+json',
      ['letter', 'undated'],
    ],
    [parameters(patient, { name: 'on-demand', valueBoolean: true }), 'application/fhir+json', []],
    [
      `<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="patient"/><valueId value="${me}"/></parameter></Parameters>`,
      'application/fhir+xml',
      ['ccd-new'],
    ],
    [`patient=${me}&end=2020`, 'application/x-www-form-urlencoded', ['ccd-old', 'undated']],
  ] as const)
    assert.deepEqual(found(await read(await post(body, type))), ids, body);

  for (const [query, says] of [
    ['', /patient: \$docref needs the id of a patient/],
    ['start=2020', /patient: /],
    [`patient=${me}&start=2020-13`, /start: '2020-13' is not a date/],
    [`patient=${me}&start=2021&end=2020`, /end: is before start/],
    [`patient=${me}&on-demand=maybe`, /on-demand: 'maybe' is not true or false/],
    [`patient=${me}&nickname=x`, /'nickname' is no parameter/],
    [`patient=${me}&patient=${other}`, /patient is given more than once/],
    [`patient=${me}&type=a|b|c`, /type: /],
    [`patient=${me}&_count=0`, /_count: /],
    ['_page=forged', /_page: /],
  ] as const) {
    const answer = await server.get(`/cco/fhir/DocumentReference/$docref?${query}`, token);
    assert.equal(answer.status, 400, query);
    assert.match(await answer.text(), says, query);
  }
  for (const [body, says] of [
    ['{"resourceType":"Patient"}', /no Parameters resource/],
    [parameters({ valueId: 'x' }), /parameter\[0\]: a parameter has a name/],
    [parameters({ name: 'patient' }), /'patient' has no value of a kind/],
    [parameters({ name: 'patient', valueId: 'a', valueString: 'b' }), /'patient' has no value of a kind/],
    [parameters(patient, { name: 'nick', valueString: 'Mustermann' }), /'nick' is no parameter/],
    [parameters(patient, patient), /patient is given more than once/],
  ] as const) {
    const answer = await post(body, 'application/fhir+json');
    assert.equal(answer.status, 400, body);
    const text = await answer.text();
    assert.match(text, says, body);
    assert.doesNotMatch(text, /Mustermann/);
  }
  assert.equal((await post(parameters(patient), 'application/fhir+json', `?patient=${me}`)).status, 400);
  assert.equal((await server.get(`/cco/fhir/DocumentReference/$docref?patient=${me}`)).status, 401);
  const claims = await server.token('cco', 'rosa.whitfield', 'openid patientapi.claims.read');
  assert.equal((await server.get(`/cco/fhir/DocumentReference/$docref?patient=${me}`, claims)).status, 403);
});
