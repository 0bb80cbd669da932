// The token endpoint: https://www.rfc-editor.org/rfc/rfc6749#section-3.2
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
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
  tokenRequest,
} from './oauth-fixture.ts';

describe('the token endpoint', () => {
  let fixture: Fixture;
  let legacy: { client_id: string; client_secret?: string };
  let standard: { client_id: string; client_secret?: string };
  let publicId: string;
  let tokenUrl: string;
  before(async () => {
    fixture = await startFixture();
    await seedAccounts(fixture.oauth);
    tokenUrl = `${fixture.base}/cco/connect/token`;
    const { clients } = fixture.oauth;
    legacy = await clients.create({ name: 'Legacy', redirectUris: [callback], legacyToken: true });
    standard = await clients.create({ name: 'Standard', redirectUris: [callback] });
    publicId = (await clients.create({ name: 'Public', redirectUris: [callback], public: true })).client_id;
  });
  after(() => fixture.close());

  const codeFor = async (clientId: string, more: Record<string, string> = {}, line = 'cco') => {
    const browser = new Browser(fixture.base);
    const consent = await signIn(
      browser,
      `${fixture.base}/${line}/connect/authorize?${new URLSearchParams({
        client_id: clientId,
        redirect_uri: callback,
        response_type: 'code id_token',
        response_mode: 'form_post',
        nonce: 'n',
        scope: 'openid patientapi.claims.read',
        ...more,
      })}`,
    );
    return answerOf(await grant(browser, consent)).code ?? '';
  };
  const legacyFields = async () => ({
    ClientId: legacy.client_id,
    ClientSecret: legacy.client_secret ?? '',
    Code: await codeFor(legacy.client_id),
    RedirectUri: callback,
  });

  test('takes the published query by GET and by POST, in any case, and the same names in a body', async () => {
    const upper = (fields: Record<string, string>) =>
      Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toUpperCase(), value]));
    const get = await fetch(`${tokenUrl}?${new URLSearchParams(upper(await legacyFields()))}`, {
      headers: { accept: 'text/html' },
    });
    assert.equal(get.status, 200);
    assert.equal(((await get.json()) as { patient: string }).patient, '00001001');
    const post = await fetch(`${tokenUrl}?${new URLSearchParams(await legacyFields())}`, { method: 'POST' });
    assert.equal(post.status, 200, await post.text());
    const json = await fetch(`${tokenUrl}?${new URLSearchParams(await legacyFields())}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    assert.equal(json.status, 200, await json.text());
    const body = await tokenRequest(tokenUrl, await legacyFields());
    assert.equal(body.status, 200, JSON.stringify(body.body));
    const slash = await fetch(
      `${fixture.base}/cco/connect/Token/?${new URLSearchParams(await legacyFields())}`,
    );
    assert.equal(slash.status, 200, await slash.text());
  });

  test('takes the RFC 6749 form with Basic or with the secret in the body', async () => {
    const { verifier, challenge } = pkce();
    const challenged = { code_challenge: challenge, code_challenge_method: 'S256' };
    const form = async () => ({
      grant_type: 'authorization_code',
      code: await codeFor(standard.client_id, challenged),
      redirect_uri: callback,
      code_verifier: verifier,
    });
    const basic = Buffer.from(`${standard.client_id}:${standard.client_secret}`).toString('base64');
    const first = await tokenRequest(tokenUrl, await form(), { authorization: `Basic ${basic}` });
    assert.equal(first.status, 200, JSON.stringify(first.body));
    const second = await tokenRequest(tokenUrl, {
      ...(await form()),
      client_id: standard.client_id,
      client_secret: standard.client_secret ?? '',
    });
    assert.equal(second.status, 200, JSON.stringify(second.body));
  });

  test('the published query is refused for an app that is not registered for it', async () => {
    const query = new URLSearchParams({
      ClientId: standard.client_id,
      ClientSecret: 'x',
      Code: 'y',
      RedirectUri: callback,
    });
    const response = await fetch(`${tokenUrl}?${query}`);
    assert.equal(response.status, 400);
    const body = (await response.json()) as Record<string, string>;
    assert.equal(body.error, 'invalid_request');
    assert.match(body.error_description ?? '', /not registered for the token request with ClientId/);
  });

  test('a wrong secret, an unknown client and a disabled client get the identical 401', async () => {
    const gone = await fixture.oauth.clients.create({
      name: 'Gone',
      redirectUris: [callback],
      legacyToken: true,
    });
    await fixture.oauth.clients.disable(gone.client_id);
    const cases = [
      [legacy.client_id, 'wrong'],
      ['00000000-0000-4000-8000-000000000000', 'wrong'],
      [gone.client_id, gone.client_secret ?? ''],
    ] as const;
    const answers: string[] = [];
    for (const [id, secret] of cases) {
      const form = {
        grant_type: 'authorization_code',
        code: 'x',
        redirect_uri: callback,
        client_id: id,
        client_secret: secret,
      };
      const post = await fetch(tokenUrl, {
        method: 'POST',
        body: new URLSearchParams(form),
        headers: { accept: 'text/html' },
      });
      const query = new URLSearchParams({
        ClientId: id,
        ClientSecret: secret,
        Code: 'x',
        RedirectUri: callback,
      });
      const get = await fetch(`${tokenUrl}?${query}`);
      const basic = await fetch(tokenUrl, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'authorization_code', code: 'x', redirect_uri: callback }),
        headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      });
      for (const response of [post, get, basic]) {
        assert.equal(response.status, 401);
        assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
        assert.equal(response.headers.get('cache-control'), 'no-store');
        assert.equal(response.headers.get('pragma'), 'no-cache');
        answers.push(await response.text());
      }
    }
    assert.equal(new Set(answers).size, 1, answers.join('\n'));
    assert.deepEqual(JSON.parse(answers[0] ?? ''), {
      error: 'invalid_client',
      error_description: 'client authentication failed',
    });
  });

  test('errors are JSON with their RFC 6749 code, whatever is accepted', async () => {
    const secret = { client_id: standard.client_id, client_secret: standard.client_secret ?? '' };
    const rows: readonly (readonly [Record<string, string>, number, string])[] = [
      [{}, 400, 'invalid_request'],
      [{ ...secret }, 400, 'invalid_request'],
      [{ ...secret, grant_type: 'password' }, 400, 'unsupported_grant_type'],
      [{ ...secret, grant_type: 'client_credentials' }, 400, 'unsupported_grant_type'],
      [
        { ...secret, grant_type: 'authorization_code', code: 'x', redirect_uri: callback },
        400,
        'invalid_grant',
      ],
      [{ ...secret, grant_type: 'refresh_token', refresh_token: 'x' }, 400, 'invalid_grant'],
      [
        {
          client_id: standard.client_id,
          grant_type: 'authorization_code',
          code: 'x',
          redirect_uri: callback,
        },
        401,
        'invalid_client',
      ],
      [
        {
          client_id: publicId,
          client_secret: 'x',
          grant_type: 'authorization_code',
          code: 'x',
          redirect_uri: callback,
        },
        401,
        'invalid_client',
      ],
    ];
    for (const [form, status, error] of rows) {
      const answer = await tokenRequest(tokenUrl, form, { accept: 'text/html' });
      assert.equal(answer.status, status, JSON.stringify(form));
      assert.equal(answer.body.error, error, JSON.stringify(form));
      assert.equal(answer.headers.get('cache-control'), 'no-store');
    }
    const get = await fetch(tokenUrl);
    assert.equal(get.status, 405);
    assert.equal(get.headers.get('allow'), 'POST');
    const doubled = await fetch(`${tokenUrl}?ClientId=a&clientid=b`);
    assert.equal(doubled.status, 400);
    const huge = await fetch(tokenUrl, {
      method: 'POST',
      body: new URLSearchParams({ code: 'x'.repeat(70_000) }),
    });
    assert.equal(huge.status, 413);
    assert.equal(((await huge.json()) as { error: string }).error, 'invalid_request');
    const json = await fetch(tokenUrl, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(json.status, 400);
    assert.equal(((await json.json()) as { error: string }).error, 'invalid_request');
  });

  test('a refresh that names no client is taken for the public app whose token it is, and for no other', async () => {
    const challenged = pkce();
    const tokens = async (id: string, secret?: string) => {
      const browser = new Browser(fixture.base);
      const consent = await signIn(
        browser,
        `${fixture.base}/cco/connect/authorize?${new URLSearchParams({
          client_id: id,
          redirect_uri: callback,
          response_type: 'code',
          scope: 'openid offline_access patientapi.claims.read',
          code_challenge: challenged.challenge,
          code_challenge_method: 'S256',
        })}`,
      );
      const { body } = await tokenRequest(tokenUrl, {
        grant_type: 'authorization_code',
        code: answerOf(await grant(browser, consent)).code ?? '',
        redirect_uri: callback,
        code_verifier: challenged.verifier,
        client_id: id,
        ...(secret === undefined ? {} : { client_secret: secret }),
      });
      return body;
    };
    const refresh = (token: string, more: Record<string, string> = {}) =>
      tokenRequest(
        tokenUrl,
        { grant_type: 'refresh_token', refresh_token: token, ...more },
        { origin: 'https://app.example.com' },
      );
    const ofPublic = await tokens(publicId);
    const answer = await refresh(ofPublic.refresh_token);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.equal(answer.body.patient, '00001001');
    assert.equal(answer.headers.get('access-control-allow-origin'), 'https://app.example.com');
    assert.equal((await refresh(ofPublic.refresh_token)).body.error, 'invalid_grant');
    const ofConfidential = await tokens(standard.client_id, standard.client_secret);
    for (const token of [
      ofConfidential.refresh_token,
      'unknown-token-unknown-token',
      '',
      '\0',
      'x'.repeat(9000),
    ])
      assert.equal((await refresh(token)).body.error, 'invalid_request');
    const last = await tokens(publicId);
    for (const more of [{ client_id: '' }, { client_id: standard.client_id }, { client_assertion: 'x' }])
      assert.ok((await refresh(last.refresh_token, more)).status >= 400, JSON.stringify(more));
  });

  test('CORS answers the origins of a public client’s redirect URIs, also with an error', async () => {
    const form = { grant_type: 'authorization_code', code: 'x', redirect_uri: callback, client_id: publicId };
    const own = await tokenRequest(tokenUrl, form, { origin: 'https://app.example.com' });
    assert.equal(own.body.error, 'invalid_grant');
    assert.equal(own.headers.get('access-control-allow-origin'), 'https://app.example.com');
    const foreign = await tokenRequest(tokenUrl, form, { origin: 'https://evil.example' });
    assert.equal(foreign.headers.get('access-control-allow-origin'), null);
    const preflight = await fetch(tokenUrl, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example.com', 'access-control-request-method': 'POST' },
    });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /POST/);
  });

  test('a new secret works at once and the old one until the overlap ends', async () => {
    const client = await fixture.oauth.clients.create({ name: 'Rotates', redirectUris: [callback] });
    const works = async (secret: string | undefined) => {
      const { body } = await tokenRequest(tokenUrl, {
        grant_type: 'refresh_token',
        refresh_token: 'x',
        client_id: client.client_id,
        client_secret: secret ?? '',
      });
      return body.error === 'invalid_grant';
    };
    const next = await fixture.oauth.clients.rotateSecret(client.client_id, { overlapSeconds: 60 });
    assert.notEqual(next.client_secret, client.client_secret);
    assert.ok(await works(client.client_secret));
    assert.ok(await works(next.client_secret));
    fixture.advance(61_000);
    assert.ok(!(await works(client.client_secret)));
    assert.ok(await works(next.client_secret));
    fixture.advance(-61_000);
    const last = await fixture.oauth.clients.rotateSecret(client.client_id, { overlapSeconds: 0 });
    assert.ok(!(await works(next.client_secret)));
    assert.ok(await works(last.client_secret));
  });

  test('introspection tells a client about its own tokens only (RFC 7662)', async () => {
    const code = await codeFor(legacy.client_id);
    const { body } = await tokenRequest(tokenUrl, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: callback,
      client_id: legacy.client_id,
      client_secret: legacy.client_secret ?? '',
    });
    const introspect = (client: { client_id: string; client_secret?: string }, token: string) =>
      tokenRequest(`${fixture.base}/cco/connect/introspect`, {
        token,
        client_id: client.client_id,
        client_secret: client.client_secret ?? '',
      });
    const own = (await introspect(legacy, body.access_token)).body;
    assert.equal(own.active, true);
    assert.equal(own.patient, '00001001');
    assert.equal(own.scope, 'openid patientapi.claims.read');
    assert.equal(own.client_id, legacy.client_id);
    assert.equal(own.iss, `${fixture.base}/cco`);
    assert.deepEqual((await introspect(standard, body.access_token)).body, { active: false });
    assert.deepEqual((await introspect(legacy, 'nonsense')).body, { active: false });
    const grantId = (await fixture.oauth.verifyToken('cco', body.access_token))?.grantId ?? '';
    await fixture.oauth.connections.revoke('cco', grantId);
    assert.deepEqual((await introspect(legacy, body.access_token)).body, { active: false });
  });

  test('a code or a token of one line is worth nothing in another', async () => {
    const code = await codeFor(legacy.client_id);
    const form = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: callback,
      client_id: legacy.client_id,
      client_secret: legacy.client_secret ?? '',
    };
    const foreign = await tokenRequest(`${fixture.base}/advantage/connect/token`, form);
    assert.equal(foreign.status, 400);
    assert.equal(foreign.body.error, 'invalid_grant');
    const own = await tokenRequest(tokenUrl, form);
    assert.equal(own.status, 200, JSON.stringify(own.body));
    assert.equal(await fixture.oauth.verifyToken('advantage', own.body.access_token), undefined);
    assert.ok(await fixture.oauth.verifyToken('cco', own.body.access_token));
    const userinfo = (line: string) =>
      fetch(`${fixture.base}/${line}/connect/userinfo`, {
        headers: { authorization: `Bearer ${own.body.access_token}` },
      });
    assert.equal((await userinfo('cco')).status, 200);
    assert.equal((await userinfo('advantage')).status, 401);
    const other = await tokenRequest(`${fixture.base}/advantage/connect/introspect`, {
      token: own.body.access_token,
      client_id: legacy.client_id,
      client_secret: legacy.client_secret ?? '',
    });
    assert.deepEqual(other.body, { active: false });
  });

  test('anything that is no access token is not looked up', async () => {
    for (const token of ['', ' ', 'x', 'x'.repeat(10_000), "' or 1=1 --", '\u0000'.repeat(43)]) {
      assert.equal(await fixture.oauth.verifyToken('cco', token), undefined);
    }
  });
});
