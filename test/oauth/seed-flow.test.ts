// The flow as the plan's published documentation prints it, literally.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';
import {
  answerOf,
  Browser,
  callback,
  type Fixture,
  grant,
  seedAccounts,
  signIn,
  startFixture,
} from './oauth-fixture.ts';

describe('the published flow: code id_token, form_post, token request in the query', () => {
  let fixture: Fixture;
  let client: { client_id: string; client_secret?: string };
  before(async () => {
    fixture = await startFixture();
    await seedAccounts(fixture.oauth);
    client = await fixture.oauth.clients.create({
      name: 'Health <App>',
      redirectUris: [callback],
      legacyToken: true,
    });
  });
  after(() => fixture.close());

  const authorizeUrl = (more: Record<string, string> = {}) =>
    `${fixture.base}/cco/connect/authorize?${new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: callback,
      state: 'some state',
      response_type: 'code id_token',
      scope: 'openid patientapi.demographics.read patientapi.claims.read',
      response_mode: 'form_post',
      nonce: 'a-nonce',
      ...more,
    })}`;

  test('yields id_token, access_token, expires_in 3600, Bearer, scope and patient', async () => {
    const browser = new Browser(fixture.base);
    const consent = await signIn(browser, authorizeUrl());
    assert.equal(consent.status, 200, consent.text);
    assert.match(consent.text, /Health &lt;App&gt;/);
    assert.match(consent.text, /app\.example\.com/);
    const answer = await grant(browser, consent);
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.text, new RegExp(`action="${callback}"`));
    const { code, id_token, state } = answerOf(answer);
    assert.equal(state, 'some state');
    const query = new URLSearchParams({
      ClientId: client.client_id,
      ClientSecret: client.client_secret ?? '',
      Code: code ?? '',
      RedirectUri: callback,
    });
    const response = await fetch(`${fixture.base}/cco/connect/token?${query}`);
    const body = (await response.json()) as Record<string, string>;
    assert.equal(response.status, 200, JSON.stringify(body));
    assert.equal(response.headers.get('cache-control'), 'no-store');
    assert.equal(response.headers.get('pragma'), 'no-cache');
    assert.equal(response.headers.get('deprecation'), '@1735689600');
    assert.deepEqual(Object.keys(body).sort(), [
      'access_token',
      'expires_in',
      'id_token',
      'patient',
      'scope',
      'token_type',
    ]);
    assert.equal(body.expires_in, 3600);
    assert.equal(body.token_type, 'Bearer');
    assert.equal(body.patient, '00001001');
    assert.equal(body.scope, 'openid patientapi.demographics.read patientapi.claims.read');
    const keys = createRemoteJWKSet(new URL(`${fixture.base}/cco/.well-known/openid-configuration/jwks`));
    for (const token of [id_token ?? '', body.id_token ?? '']) {
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        issuer: `${fixture.base}/cco`,
        audience: client.client_id,
      });
      assert.equal(protectedHeader.alg, 'RS256');
      assert.equal(payload.nonce, 'a-nonce');
      assert.doesNotMatch(JSON.stringify(payload), /00001001|Maria/);
    }
    assert.ok(decodeJwt(id_token ?? '').c_hash);

    assert.deepEqual(await fixture.oauth.verifyToken('cco', body.access_token ?? ''), {
      line: 'cco',
      clientId: client.client_id,
      grantId: (await fixture.oauth.verifyToken('cco', body.access_token ?? ''))?.grantId,
      patients: ['00001001'],
      scope: body.scope,
      fhirUser: undefined,
      sensitive: [],
    });
  });
});

test('the day on which the token request in the query ends is said in each answer (RFC 8594), and each is counted', async (context) => {
  const place = await sqlitePlace(context);
  const server = await startPortico(context, place, { legacyTokenSunset: '2027-06-30' });
  await server.token('cco', 'maria.delgado');
  const client = await server.portico.oauth.clients.create({
    name: 'L',
    redirectUris: [callback],
    legacyToken: true,
  });
  const query = new URLSearchParams({
    ClientId: client.client_id,
    ClientSecret: 'wrong',
    Code: 'a-code-that-nobody-may-see',
    RedirectUri: callback,
  });
  const refused = await server.get(`/cco/connect/token?${query}`);
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get('deprecation'), '@1735689600');
  assert.equal(refused.headers.get('sunset'), 'Wed, 30 Jun 2027 00:00:00 GMT');
  query.set('ClientId', 'made-up');
  await server.get(`/cco/connect/token?${query}`);
  const metrics = await (await server.get('/metrics')).text();
  const counted = metrics
    .split('\n')
    .filter((line) => line.startsWith('portico_legacy_token_requests_total'));
  assert.equal(counted.length, 2, counted.join('\n'));
  assert.ok(
    counted.includes(`portico_legacy_token_requests_total{line="cco",client="${client.client_id}"} 1`),
  );
  assert.doesNotMatch(metrics, /made-up|a-code-that|maria/);
});
