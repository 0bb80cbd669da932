// Two servers on one database: what one decides, the other keeps to from its next request on. Nothing that decides is kept in
// memory. https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2, RFC 7009 section 2
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { sandboxPlan } from '../../src/config/config.ts';
import { testOnEachDatabase } from '../databases.ts';
import { startPortico } from '../portico.ts';
import { Browser, callback, grant, signIn, tokenRequest } from './oauth-fixture.ts';
import { authorize, authorizeUrl, credentials, redeem, refresh, tokensFor } from './whole-flow.ts';

const james = { username: 'james.okafor', password: 'harbor-cedar-56' };

testOnEachDatabase('what one server decides holds in the other at once', async (place, context) => {
  const secretKey = randomBytes(32).toString('base64url');
  const one = await startPortico(context, place, { secretKey });
  // The same addresses in public; only the port that it listens on is its own.
  const { port: _, ...addresses } = { ...sandboxPlan(one.base), port: 0 };
  const two = await startPortico(context, place, { secretKey, ...addresses });
  const { clients } = one.portico.oauth;
  const app = await clients.create({ name: 'Public', redirectUris: [callback], public: true });
  const secret = await clients.create({ name: 'Secret', redirectUris: [callback] });
  const path = '/cco/fhir/Patient/cco-100004';
  const statusAt = async (server: typeof one, access_token: string) =>
    (await fetch(server.base + path, { headers: { authorization: `Bearer ${access_token}` } })).status;

  await context.test(
    'a flow begun at one is finished at the other, and its token is good at both',
    async () => {
      const got = await authorize(one.base, app, james);
      const { body, status } = await redeem(two.base, app, got);
      assert.equal(status, 200, JSON.stringify(body));
      for (const server of [one, two]) assert.equal(await statusAt(server, body.access_token), 200);
      assert.equal((await refresh(one.base, app, body.refresh_token)).status, 200);
    },
  );

  await context.test('a member who ends access at one ends it at both', async () => {
    const tokens = await tokensFor(one.base, app, james);
    assert.equal(await statusAt(two, tokens.access_token), 200);
    const grantId = (await one.portico.oauth.verifyToken('cco', tokens.access_token))?.grantId ?? '';
    await one.portico.oauth.connections.revoke('cco', grantId);
    assert.equal(await statusAt(two, tokens.access_token), 401);
    assert.equal((await refresh(two.base, app, tokens.refresh_token)).body.error, 'invalid_grant');
  });

  await context.test('a token revoked at one is worth nothing at the other (RFC 7009)', async () => {
    const tokens = await tokensFor(one.base, app, james);
    assert.equal(await statusAt(two, tokens.access_token), 200);
    await fetch(`${one.base}/cco/connect/revocation`, {
      method: 'POST',
      body: new URLSearchParams({ token: tokens.refresh_token, ...credentials(app) }),
    });
    assert.equal(await statusAt(two, tokens.access_token), 401);
  });

  await context.test(
    'an app disabled at one is unknown at the other, and back when it is enabled',
    async () => {
      const tokens = await tokensFor(one.base, secret, james);
      await clients.disable(secret.client_id);
      assert.equal(await statusAt(two, tokens.access_token), 401);
      assert.equal((await refresh(two.base, secret, tokens.refresh_token)).status, 401);
      const page = await new Browser(two.base).open(authorizeUrl(two.base, secret));
      assert.match(page.text, /invalid_client/);
      await clients.enable(secret.client_id);
      assert.equal((await refresh(two.base, secret, tokens.refresh_token)).status, 200);
    },
  );

  await context.test(
    'a secret that is new at one is good at the other, and one that has ended is not',
    async () => {
      const rotating = await clients.create({ name: 'Rotates', redirectUris: [callback] });
      const isKnown = async (client_secret: string | undefined) =>
        (await refresh(two.base, { client_id: rotating.client_id, client_secret: client_secret ?? '' }, 'x'))
          .body.error === 'invalid_grant';
      assert.ok(await isKnown(rotating.client_secret));
      const next = await clients.rotateSecret(rotating.client_id, { overlapSeconds: 0 });
      assert.ok(await isKnown(next.client_secret));
      assert.ok(!(await isKnown(rotating.client_secret)));
    },
  );

  await context.test('a code and a refresh token are spent once, ten times at once at both', async () => {
    const got = await authorize(one.base, app, james);
    const bases = Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? one.base : two.base));
    const codes = await Promise.all(bases.map((base) => redeem(base, app, got)));
    assert.equal(codes.filter(({ status }) => status === 200).length, 1);
    const first = await tokensFor(one.base, app, james);
    const refreshed = await Promise.all(bases.map((base) => refresh(base, app, first.refresh_token)));
    assert.equal(refreshed.filter(({ status }) => status === 200).length, 1);
    // A refresh token used again ends the whole connection.
    assert.equal(await statusAt(two, first.access_token), 401);
  });

  await context.test('guesses at one count at the other', async () => {
    const guess = async ({ portico }: typeof one, password: string) =>
      (await portico.oauth.accounts.verify('cco', 'nora.lindqvist', password, '192.0.2.1')).kind;
    for (let attempt = 0; attempt < 6; attempt++) await guess(attempt % 2 === 0 ? one : two, 'wrong');
    for (const server of [one, two]) assert.equal(await guess(server, 'harbor-birch-78'), 'blocked');
  });

  await context.test('both sign with the same keys', async () => {
    const keysOf = async ({ base }: typeof one) =>
      (await fetch(`${base}/cco/.well-known/openid-configuration/jwks`)).text();
    assert.equal(await keysOf(one), await keysOf(two));
  });

  await context.test('a session at one is a session at the other', async () => {
    const browser = new Browser(one.base);
    await grant(browser, await signIn(browser, authorizeUrl(one.base, app), james.username, james.password));
    const answer = await fetch(
      authorizeUrl(two.base, app, { authorize: { prompt: 'none', aud: `${one.base}/cco/fhir` } }),
      {
        redirect: 'manual',
        headers: { cookie: browser.cookieFor('/cco/connect/authorize') },
      },
    );
    assert.match(answer.headers.get('location') ?? '', /error=consent_required/);
    const introspected = await tokenRequest(`${two.base}/cco/connect/introspect`, {
      token: 'unknown-token-unknown-token-unknown-tok',
      ...credentials(secret),
    });
    assert.deepEqual(introspected.body, { active: false });
  });
});
