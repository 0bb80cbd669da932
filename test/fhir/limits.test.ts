// What one app, and one app for one member, may ask of a FHIR base in a minute, and what the answers say of it
// (https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/, RFC 6585 section 4).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';

test('requests with a token are counted for the app and for the member', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context), {
    memberRequestsPerMinute: 5,
    clientRequestsPerMinute: 8,
    publicRequestsPerMinute: 40,
  });
  const one = await server.token('cco', 'maria.delgado');
  const other = await server.token('cco', 'devon.price');
  const read = (token: typeof one) => server.get(`/cco/fhir/Patient/${token.patient}`, token);

  const first = await read(one);
  assert.equal(first.status, 200);
  assert.equal(first.headers.get('ratelimit-policy'), '"client";q=8;w=60, "member";q=5;w=60');
  assert.match(first.headers.get('ratelimit') ?? '', /^"client";r=7;t=\d+, "member";r=4;t=\d+$/);
  assert.equal(first.headers.get('ratelimit-limit'), '5');
  assert.equal(first.headers.get('ratelimit-remaining'), '4');
  assert.match(first.headers.get('access-control-expose-headers') ?? '', /ratelimit, ratelimit-policy/);
  assert.equal(first.headers.get('retry-after'), null);

  for (let n = 0; n < 4; n++) assert.equal((await read(one)).status, 200);
  const refused = await read(one);
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.equal(refused.headers.get('cache-control'), 'no-store');
  const outcome = (await refused.json()) as { issue: { code: string; diagnostics: string }[] };
  assert.equal(outcome.issue[0]!.code, 'throttled');
  assert.match(outcome.issue[0]!.diagnostics, /For one member an app has 5 requests a minute/);

  assert.equal((await read(other)).status, 200, 'another member of the same app');
  assert.equal((await read(other)).status, 200);
  const ofApp = await read(other);
  assert.equal(ofApp.status, 429);
  assert.match(await ofApp.text(), /For all its members an app has 8 requests a minute/);

  assert.equal((await server.get('/cco/fhir/metadata')).status, 200, 'without a token');
});

test('a token that is not good counts as none', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context), { publicRequestsPerMinute: 3 });
  const guess = () =>
    server.get('/cco/fhir/Patient/1', { access_token: 'x'.repeat(43), patient: '1', scope: '' });
  const statuses = [];
  for (let n = 0; n < 5; n++) statuses.push((await guess()).status);
  assert.deepEqual(statuses, [401, 401, 401, 429, 429]);
  const token = await server.token('cco', 'maria.delgado');
  assert.equal((await server.get(`/cco/fhir/Patient/${token.patient}`, token)).status, 200);
});

test('each entry of a batch counts as a request', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context), { memberRequestsPerMinute: 4 });
  const token = await server.token('cco', 'maria.delgado');
  const answer = await fetch(`${server.base}/cco/fhir`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token.access_token}`, 'content-type': 'application/fhir+json' },
    body: JSON.stringify({
      resourceType: 'Bundle',
      type: 'batch',
      entry: Array.from({ length: 6 }, () => ({
        request: { method: 'GET', url: `Patient/${token.patient}` },
      })),
    }),
  });
  const { entry } = (await answer.json()) as { entry: { response: { status: string } }[] };
  assert.deepEqual(entry.map(({ response }) => response.status.slice(0, 3)).sort(), [
    '200',
    '200',
    '200',
    '429',
    '429',
    '429',
  ]);
});
