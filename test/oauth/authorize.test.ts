// The authorization endpoint: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1, RFC 9700 section 4.1
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { endpoints } from '../../src/oauth/endpoints.ts';
import {
  answerOf,
  Browser,
  callback,
  type Fixture,
  grant,
  pkce,
  seedAccounts,
  signIn,
  startFixture,
} from './oauth-fixture.ts';

describe('the authorization endpoint', () => {
  let fixture: Fixture;
  let publicId: string;
  let confidentialId: string;
  let legacyId: string;
  before(async () => {
    fixture = await startFixture();
    await seedAccounts(fixture.oauth);
    const { clients } = fixture.oauth;
    publicId = (await clients.create({ name: 'P', redirectUris: [callback], public: true })).client_id;
    confidentialId = (await clients.create({ name: 'C', redirectUris: [callback, 'http://localhost:9/cb'] }))
      .client_id;
    legacyId = (await clients.create({ name: 'L', redirectUris: [callback], legacyToken: true })).client_id;
  });
  after(() => fixture.close());

  const url = (parameters: Record<string, string>, line = 'cco') =>
    `${fixture.base}/${line}/connect/authorize?${new URLSearchParams({
      redirect_uri: callback,
      response_type: 'code',
      scope: 'openid patientapi.claims.read',
      state: 's',
      ...parameters,
    })}`;
  const s256 = () => ({ code_challenge: pkce().challenge, code_challenge_method: 'S256' });
  const errorOf = async (address: string) => {
    const page = await new Browser(fixture.base).open(address);
    return answerOf(page);
  };

  for (const [what, redirectUri] of [
    ['a longer path', `${callback}/more`],
    ['a query', `${callback}?x=1`],
    ['a fragment', `${callback}#x`],
    ['a user before the host', 'https://app.example.com@evil.example/callback'],
    ['a host that begins alike', 'https://app.example.com.evil.example/callback'],
    ['another port', 'https://app.example.com:8443/callback'],
    ['http', 'http://app.example.com/callback'],
    ['another case', 'https://app.example.com/Callback'],
    ['a path that leads back', 'https://app.example.com/x/../callback'],
    ['a script', 'javascript:alert(1)'],
  ] as const) {
    test(`a redirect_uri with ${what} is refused on a page of ours, without a redirect`, async () => {
      for (const id of [publicId, confidentialId]) {
        const page = await new Browser(fixture.base).open(
          url({ client_id: id, redirect_uri: redirectUri, ...s256() }),
        );
        assert.equal(page.status, 400);
        assert.match(page.url, new RegExp(`^${fixture.base}/cco/connect/authorize`));
        assert.match(page.text, /invalid_redirect_uri/);
        assert.match(page.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/);
      }
    });
  }

  test('an unknown client is refused on a page of ours', async () => {
    const page = await new Browser(fixture.base).open(url({ client_id: '<script>', ...s256() }));
    assert.equal(page.status, 400);
    assert.match(page.text, /invalid_client/);
    assert.doesNotMatch(page.text, /<script>/);
  });

  test('a client that is not registered for the line is unknown there', async () => {
    const { client_id } = await fixture.oauth.clients.create({
      name: 'One',
      redirectUris: [callback],
      lines: ['advantage'],
    });
    const page = await new Browser(fixture.base).open(url({ client_id, ...s256() }));
    assert.match(page.text, /invalid_client/);
    assert.equal(
      (await new Browser(fixture.base).open(url({ client_id, ...s256() }, 'advantage'))).status,
      200,
    );
  });

  test('PKCE is required of public clients and of confidential ones that are not registered otherwise (RFC 7636)', async () => {
    for (const id of [publicId, confidentialId]) {
      assert.equal((await errorOf(url({ client_id: id }))).error, 'invalid_request');
      const plain = { code_challenge: pkce().verifier, code_challenge_method: 'plain' };
      assert.equal((await errorOf(url({ client_id: id, ...plain }))).error, 'invalid_request');
    }
    assert.equal((await errorOf(url({ client_id: legacyId }))).error, 'invalid_request');
    const hybrid = url({
      client_id: legacyId,
      response_type: 'code id_token',
      response_mode: 'form_post',
      nonce: 'n',
    });
    assert.match((await new Browser(fixture.base).open(hybrid)).text, /name="username"/);
  });

  test('the hybrid flow needs a nonce and is not for public clients', async () => {
    const hybrid = { response_type: 'code id_token', response_mode: 'form_post' };
    assert.equal((await errorOf(url({ client_id: legacyId, ...hybrid }))).error, 'invalid_request');
    assert.equal(
      (await errorOf(url({ client_id: publicId, ...hybrid, nonce: 'n', ...s256() }))).error,
      'invalid_request',
    );
    assert.equal(
      (await errorOf(url({ client_id: legacyId, response_type: 'token', nonce: 'n' }))).error,
      'unsupported_response_type',
    );
  });

  test('aud must be the FHIR base of the line when SMART scopes are asked for', async () => {
    const smart = { client_id: publicId, scope: 'openid patient/Patient.rs', ...s256() };
    assert.equal((await errorOf(url(smart))).error, 'invalid_request');
    for (const aud of [
      `${fixture.base}/advantage/fhir`,
      'https://evil.example',
      `${fixture.base}/cco/fhir//`,
    ]) {
      assert.equal((await errorOf(url({ ...smart, aud }))).error, 'invalid_request', aud);
    }
    for (const aud of [`${fixture.base}/cco/fhir`, `${fixture.base}/cco/fhir/`]) {
      assert.match((await new Browser(fixture.base).open(url({ ...smart, aud }))).text, /name="username"/);
    }
  });

  test('prompt=none without a session answers login_required', async () => {
    assert.equal(
      (await errorOf(url({ client_id: publicId, prompt: 'none', ...s256() }))).error,
      'login_required',
    );
  });

  test('unknown scopes and wildcards are left out; scopes beyond the registration are invalid_scope', async () => {
    const browser = new Browser(fixture.base);
    const scope = 'openid patientapi.claims.read patientapi.*.read patient/*.rs made.up';
    const consent = await signIn(
      browser,
      url({ client_id: publicId, scope, aud: `${fixture.base}/cco/fhir`, ...s256() }),
    );
    assert.deepEqual(
      [...consent.text.matchAll(/name="scope" value="([^"]*)"/g)].map((match) => match[1]),
      ['patientapi.claims.read'],
    );
    const { client_id } = await fixture.oauth.clients.create({
      name: 'Few',
      redirectUris: [callback],
      public: true,
      scopes: ['openid', 'patientapi.claims.read'],
    });
    const beyond = { client_id, scope: 'openid patientapi.labs.read', ...s256() };
    assert.equal((await errorOf(url(beyond))).error, 'invalid_scope');
  });

  test('a request by POST goes on as a GET with 303 (SMART authorize-post)', async () => {
    const address = new URL(url({ client_id: publicId, ...s256() }));
    const response = await fetch(address.origin + address.pathname, {
      method: 'POST',
      body: address.searchParams,
      redirect: 'manual',
    });
    assert.equal(response.status, 303);
    assert.equal(response.headers.get('location'), address.href);
    const page = await new Browser(fixture.base).post(address.pathname, [...address.searchParams]);
    assert.match(page.text, /name="username"/);
  });

  test('the caller’s Host and X-Forwarded-Host reach no URL', async () => {
    for (const path of ['/.well-known/openid-configuration', '/connect/authorize?x']) {
      const response = await fetch(`${fixture.base}/cco${path}`, {
        headers: {
          'x-forwarded-host': 'evil.example',
          'x-forwarded-proto': 'gopher',
          forwarded: 'host=evil.example',
        },
      });
      assert.doesNotMatch(await response.text(), /evil\.example|gopher/);
    }
  });

  test('discovery is served for OpenID Connect and for RFC 8414, with CORS and what is really there', async () => {
    const documents = await Promise.all(
      [
        '/cco/.well-known/openid-configuration',
        '/cco/.well-known/oauth-authorization-server',
        '/.well-known/oauth-authorization-server/cco',
      ].map(async (path) => {
        const response = await fetch(fixture.base + path, {
          headers: { origin: 'https://any.example', accept: 'text/html' },
        });
        assert.equal(response.headers.get('access-control-allow-origin'), 'https://any.example');
        return (await response.json()) as Record<string, unknown>;
      }),
    );
    assert.deepEqual(documents[0], documents[1]);
    assert.deepEqual(documents[0], documents[2]);
    const line = fixture.config.lines[0];
    assert.ok(line);
    const listed = endpoints(line);
    for (const [name, value] of Object.entries(listed)) assert.equal(documents[0]?.[name], value, name);
    assert.deepEqual(documents[0]?.code_challenge_methods_supported, ['S256']);
    assert.deepEqual(documents[0]?.response_types_supported, ['code', 'code id_token']);
    const scopes = documents[0]?.scopes_supported;
    assert.ok(Array.isArray(scopes) && scopes.includes('patientapi.demographics.read'));
    assert.ok(!scopes.some((scope) => String(scope).includes('*')));
  });

  test('a sandbox web app may answer at http://localhost in the hybrid flow', async () => {
    const { client_id } = await fixture.oauth.clients.create({
      name: 'Local',
      redirectUris: ['http://localhost:4000/cb'],
      legacyToken: true,
    });
    const browser = new Browser(fixture.base);
    const consent = await signIn(
      browser,
      url({
        client_id,
        redirect_uri: 'http://localhost:4000/cb',
        response_type: 'code id_token',
        response_mode: 'form_post',
        nonce: 'n',
      }),
    );
    assert.ok(answerOf(await grant(browser, consent)).code);
  });
});
