// The logs of the whole server, at every level and with the program's own logger, read back for secrets: of requests that
// succeed, that are refused, and that break. https://www.rfc-editor.org/rfc/rfc9700#section-4.2.4, RFC 6749 section 2.3.1
import assert from 'node:assert/strict';
import { createConnection } from 'node:net';
import { test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createLogger } from '../../src/log/logger.ts';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';
import { Browser, callback, grant, signIn, tokenRequest } from './oauth-fixture.ts';
import { authorize, authorizeUrl, credentials, redeem, refresh } from './whole-flow.ts';

const password = 'harbor-cedar-56';
const james = { username: 'james.okafor', password };

test('no secret is in the logs', async (context) => {
  let log = '';
  const logger = createLogger('trace', {
    write: (line: string) => {
      log += line;
    },
  });
  const server = await startPortico(context, await sqlitePlace(context), {}, logger);
  const { base, portico } = server;
  const { clients } = portico.oauth;
  const tokenUrl = `${base}/cco/connect/token`;
  const secrets = new Map<string, string>();
  const secret = (what: string, value: string | undefined) => {
    assert.ok(value !== undefined && value.length >= 8, what);
    secrets.set(what, value);
    return value;
  };
  const hidden = (since = 0) => {
    for (const [what, value] of secrets)
      for (const form of new Set([value, encodeURIComponent(value), Buffer.from(value).toString('base64')]))
        assert.ok(!log.slice(since).includes(form), `${what} is in the log`);
  };

  await context.test('of apps that do everything right', async () => {
    const app = await clients.create({ name: 'Secret', redirectUris: [callback] });
    secret('client_secret', app.client_secret);
    secret('password', password);
    const got = await authorize(base, app, james);
    secret('code', got.code);
    secret('code_verifier', got.verifier);
    for (const cookie of got.browser.cookies())
      secret(`cookie ${cookie.split('\n')[0]}`, cookie.slice(cookie.indexOf('=') + 1));
    const { body } = await redeem(base, app, got);
    secret('access token', body.access_token);
    secret('refresh token', body.refresh_token);
    secret('ID Token', body.id_token);
    const second = await refresh(base, app, body.refresh_token);
    secret('second access token', second.body.access_token);
    await server.get('/cco/fhir/Patient/cco-100004', body as never);
    await server.get('/cco/fhir/Patient?_id=cco-100004', body as never);
    const basic = Buffer.from(`${app.client_id}:${app.client_secret}`).toString('base64');
    secret('Basic credentials', basic);
    for (const endpoint of ['introspect', 'revocation'])
      await fetch(`${base}/cco/connect/${endpoint}`, {
        method: 'POST',
        headers: { authorization: `Basic ${basic}` },
        body: new URLSearchParams({ token: second.body.access_token }),
      });
    await fetch(`${base}/cco/connect/userinfo`, {
      headers: { authorization: `Bearer ${body.access_token}` },
    });
    hidden();
  });

  await context.test('of the seed’s requests, whose secrets stand in the address', async () => {
    const app = await clients.create({ name: 'Seed', redirectUris: [callback], legacyToken: true });
    secret('ClientSecret', app.client_secret);
    const browser = new Browser(base);
    const ask = {
      response_type: 'code id_token',
      response_mode: 'form_post',
      nonce: 'n',
      scope: 'openid patientapi.claims.read',
    };
    const page = await grant(
      browser,
      await signIn(browser, authorizeUrl(base, app, { authorize: ask }), james.username, password),
    );
    const code = /name="code" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    secret('Code', code);
    const query = {
      ClientId: app.client_id,
      ClientSecret: app.client_secret ?? '',
      Code: code,
      RedirectUri: callback,
    };
    for (const change of [
      {},
      {},
      { ClientSecret: secret('wrong ClientSecret', 'wrong-secret-wrong-secret') },
      { RedirectUri: 'x' },
    ]) {
      const sent = new URLSearchParams({ ...query, ...change });
      for (const method of ['GET', 'POST']) {
        const response = await fetch(`${tokenUrl}?${sent}`, { method });
        const { access_token } = (await response.json()) as { access_token?: string };
        if (access_token !== undefined) secret('access token of the seed’s request', access_token);
      }
    }
    await fetch(`${tokenUrl}/?${new URLSearchParams(query)}`, { method: 'PUT' });
    await fetch(`${base}/cco/connect/nothing?${new URLSearchParams(query)}`);
    await fetch(`${base}/cco/nothing?${new URLSearchParams(query)}`);
    hidden();
  });

  await context.test('of requests that are refused', async () => {
    const app = await clients.create({ name: 'Wrong', redirectUris: [callback] });
    secret('second client_secret', app.client_secret);
    const wrong = (what: string) =>
      secret(`wrong ${what}`, `wrong-${what.replaceAll(/\W/g, '-')}-0123456789-abcdef`);
    await tokenRequest(tokenUrl, {
      grant_type: 'authorization_code',
      code: wrong('code'),
      code_verifier: wrong('code_verifier'),
      redirect_uri: callback,
      ...credentials(app),
    });
    await refresh(base, app, wrong('refresh_token'));
    await refresh(base, { client_id: app.client_id }, wrong('refresh_token without credentials'));
    await refresh(base, { ...app, client_secret: wrong('client_secret') }, 'x');
    const { privateKey, publicKey } = await generateKeyPair('ES384');
    const signs = await clients.create({
      name: 'Signs',
      redirectUris: [callback],
      jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES384', use: 'sig' }] },
    });
    for (const aud of [tokenUrl, 'https://evil.example']) {
      const assertion = await new SignJWT({ jti: crypto.randomUUID() })
        .setProtectedHeader({ alg: 'ES384', kid: 'k' })
        .setIssuer(signs.client_id)
        .setSubject(signs.client_id)
        .setAudience(aud)
        .setExpirationTime('2m')
        .sign(privateKey);
      secret(`assertion for ${aud}`, assertion);
      for (const _twice of [1, 2])
        await tokenRequest(tokenUrl, {
          grant_type: 'refresh_token',
          refresh_token: 'x',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: assertion,
        });
    }
    const hint = wrong('id_token_hint');
    await fetch(authorizeUrl(base, app, { authorize: { id_token_hint: hint, state: wrong('state') } }), {
      redirect: 'manual',
    });
    await signIn(new Browser(base), authorizeUrl(base, app), james.username, wrong('password'));
    for (const path of [
      '/cco/fhir/Patient/cco-100004',
      '/cco/connect/userinfo',
      '/cco/fhir/nothing/here/at/all',
    ])
      await fetch(base + path, { headers: { authorization: `Bearer ${wrong('bearer token')}` } });
    for (const path of ['/cco/fhir/Patient', '/cco/connect/userinfo', '/cco/account', '/nothing'])
      await fetch(`${base}${path}?access_token=${wrong('token in the query')}&token=${wrong('token')}`);
    await fetch(`${base}/cco/connect/introspect`, {
      method: 'POST',
      body: new URLSearchParams({ token: wrong('token to introspect'), ...credentials(app) }),
    });
    for (const cookie of [
      'portico_cco_session',
      'portico_member',
      'portico_developer',
      'portico_cco_interaction',
    ])
      for (const path of [
        '/cco/account',
        '/developer',
        `/cco/connect/authorize?client_id=${app.client_id}`,
        '/cco/interaction/x',
      ])
        await fetch(base + path, { headers: { cookie: `${cookie}=${wrong('cookie')}` } });
    await fetch(`${base}/cco/account/sign-in`, {
      method: 'POST',
      body: new URLSearchParams({
        username: 'james.okafor',
        password: wrong('password of the account page'),
      }),
    });
    await fetch(`${base}/developer/sign-in`, {
      method: 'POST',
      body: new URLSearchParams({ email: 'a@b.example', password: wrong('developer password') }),
    });
    hidden();
  });

  await context.test(
    'of requests that break: a body too large, a line that is no HTTP, a database that is gone',
    async () => {
      const big = secret('token in a body too large', 'big-token-big-token-big-token');
      await fetch(tokenUrl, {
        method: 'POST',
        body: new URLSearchParams({ refresh_token: big, pad: 'x'.repeat(70_000) }),
      });
      const broken = secret('token in a broken request', 'broken-token-broken-token-broken');
      await new Promise<void>((resolve) => {
        const { port } = new URL(base);
        const socket = createConnection(Number(port), 'localhost', () =>
          socket.write(
            `GET /cco/fhir/Patient?access_token=${broken} HTTP/1.1\r\nauthorization: Bearer ${broken}\r\n\x00bad\r\n\r\n`,
          ),
        );
        socket.on('close', () => resolve()).on('error', () => resolve());
        socket.resume();
      });
      const app = await clients.create({ name: 'Late', redirectUris: [callback], legacyToken: true });
      secret('client_secret of the last app', app.client_secret);
      const got = await authorize(base, app, james);
      secret('last code', got.code);
      secret('last verifier', got.verifier);
      const token = await server.token('cco', 'james.okafor');
      secret('last access token', token.access_token);
      const before = log.length;
      context.mock.method(portico.plan.db, 'read', async () => {
        throw new Error('the database is gone');
      });
      const answers = [
        await server.get('/cco/fhir/Patient/cco-100004', token),
        await server.get('/cco/fhir/Patient/cco-100004?_pretty=true', token),
        await fetch(`${base}/cco/connect/userinfo`, {
          headers: { authorization: `Bearer ${token.access_token}` },
        }),
      ];
      context.mock.restoreAll();
      assert.ok(
        answers.some(({ status }) => status === 500),
        answers.map(({ status }) => status).join(),
      );
      for (const answer of answers) assert.doesNotMatch(await answer.text(), /database is gone|\bat .*\.ts/);
      assert.match(log.slice(before), /the database is gone/, 'the operator is told');
      hidden();
    },
  );

  assert.ok(secrets.size > 30);
  assert.match(log, /refused a request/);
  assert.match(log, /"msg":"request"/);
  // Of a request nothing but its shape.
  assert.doesNotMatch(log, /access_token|ClientSecret|client_secret|Bearer |cco-100004|Okafor/);
});
