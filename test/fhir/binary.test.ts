// Binary as a resource and as the document it is (https://hl7.org/fhir/R4/binary.html#rest).
import assert from 'node:assert/strict';
import type { Write } from '../../src/fhir/store/write-resources.ts';
import { testOnEachDatabase } from '../databases.ts';
import { startPortico } from '../portico.ts';

const me = 'cco-100001';
const other = 'cco-100004';
const pdf = Buffer.from('%PDF-1.7\n\u0000\u0001 not really');
const page = Buffer.from('<script>alert(1)</script>');

function document(id: string, patient: string, contentType: string, bytes: Buffer | undefined): Write[] {
  return [
    {
      resource: {
        resourceType: 'Binary',
        id,
        contentType,
        ...(bytes === undefined ? {} : { data: bytes.toString('base64') }),
      },
    },
    {
      resource: {
        resourceType: 'DocumentReference',
        id: `doc-${id}`,
        status: 'current',
        subject: { reference: `Patient/${patient}` },
        content: [{ attachment: { contentType, url: `Binary/${id}` } }],
      },
    },
  ];
}

testOnEachDatabase('a Binary comes as what was asked for, to who may see it', async (place, context) => {
  const server = await startPortico(context, place);
  await server.portico.plan.store.writing('cco', (writer) =>
    writer.write([
      ...document('pdf', me, 'application/pdf', pdf),
      ...document('page', me, 'text/html; charset=utf-8', page),
      ...document('odd', me, 'text/plain\r\nset-cookie: a=b', page),
      ...document('empty', me, 'text/plain', undefined),
      ...document('theirs', other, 'application/pdf', pdf),
    ]),
  );
  const token = await server.token('cco', 'maria.delgado');
  const json = 'application/fhir+json; charset=utf-8';
  const cases: [path: string, accept: string, status: number, type: string, body: Buffer | RegExp][] = [
    ['Binary/pdf', 'application/pdf', 200, 'application/pdf', pdf],
    ['Binary/pdf', '*/*', 200, 'application/pdf', pdf],
    ['Binary/pdf', 'application/*', 200, 'application/pdf', pdf],
    ['Binary/pdf', 'text/html, */*;q=0.1', 200, 'application/pdf', pdf],
    ['Binary/pdf', 'application/fhir+json;q=0.5, application/pdf', 200, 'application/pdf', pdf],
    ['Binary/pdf/_history/1', 'application/pdf', 200, 'application/pdf', pdf],
    ['Binary/pdf', 'application/fhir+json', 200, json, /"data":"JVBER/],
    ['Binary/pdf', 'application/fhir+json, */*;q=0.8', 200, json, /"data":"JVBER/],
    ['Binary/pdf', 'application/fhir+xml', 200, 'application/fhir+xml; charset=utf-8', /<data value="JVBER/],
    ['Binary/pdf', 'application/json, text/json', 200, 'application/json; charset=utf-8', /"data":"JVBER/],
    ['Binary/pdf?_format=json', 'application/pdf', 200, json, /"data":"JVBER/],
    ['Binary/pdf?_format=pdf', 'application/pdf', 406, json, /_format: 'pdf' is not offered/],
    ['Binary/pdf?_pretty=perhaps', 'application/pdf', 400, json, /_pretty: 'perhaps' is not true or false/],
    ['Binary/pdf', 'image/png', 406, json, /Accept: none of 'image\/png'/],
    ['Binary/pdf', 'application/pdf;q=0', 406, json, /Accept: none/],
    ['Binary/page', 'text/html', 200, 'text/html; charset=utf-8', page],
    ['Binary/odd', '*/*', 200, 'application/octet-stream', page],
    ['Binary/odd', 'text/plain', 406, json, /Accept: none/],
    ['Binary/empty', 'text/plain', 200, 'text/plain', Buffer.alloc(0)],
    ['Binary/theirs', 'application/pdf', 404, json, /holds no Binary with this id/],
    ['Binary/theirs', '*/*', 404, json, /holds no Binary with this id/],
    ['Binary/theirs', 'application/fhir+json', 404, json, /holds no Binary with this id/],
    ['Binary/theirs/_history/1', 'application/pdf', 404, json, /holds no Binary with this id/],
    ['Binary/nobody', 'application/pdf', 404, json, /holds no Binary with this id/],
  ];
  for (const [path, accept, status, type, body] of cases) {
    const name = `${path} for ${accept}`;
    const answer = await server.get(`/cco/fhir/${path}`, token, { accept });
    const bytes = Buffer.from(await answer.arrayBuffer());
    assert.equal(answer.status, status, `${name}: ${bytes}`);
    assert.equal(answer.headers.get('content-type'), type, name);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff', name);
    assert.equal(answer.headers.get('set-cookie'), null, name);
    if (Buffer.isBuffer(body)) {
      assert.deepEqual(bytes, body, name);
      assert.equal(answer.headers.get('content-disposition'), 'attachment', name);
      assert.match(answer.headers.get('content-security-policy') ?? '', /sandbox/, name);
      assert.equal(answer.headers.get('cache-control'), 'private, no-cache');
    } else {
      assert.match(bytes.toString(), body, name);
      assert.equal(answer.headers.get('content-disposition'), null, name);
    }
    if (status === 200 && path === 'Binary/pdf') {
      const again = await server.get(`/cco/fhir/${path}`, token, { accept, 'if-none-match': 'W/"1"' });
      assert.equal(again.status, 304, name);
    }
  }
  const claims = await server.token('cco', 'maria.delgado', 'openid patientapi.claims.read');
  assert.equal((await server.get('/cco/fhir/Binary/pdf', claims)).status, 403);
  assert.equal((await server.get('/cco/fhir/Binary/pdf')).status, 401);
});
