// Rotation of the keys that sign ID Tokens, which no client notices:
// https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeProtectedHeader,
  type JSONWebKeySet,
  jwtVerify,
} from 'jose';
import {
  listSigningKeys,
  rotateSigningKey,
  signingKeys,
  withdrawSigningKeys,
} from '../../src/oauth/signing-keys.ts';
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
  storages,
  tokenRequest,
} from './oauth-fixture.ts';

const hour = 3_600_000;
const notice = 600_000;

async function connected(fixture: Fixture) {
  await seedAccounts(fixture.oauth);
  const { client_id } = await fixture.oauth.clients.create({
    name: 'App',
    redirectUris: [callback],
    public: true,
  });
  let refreshToken = '';
  const ask = async (form: Record<string, string>) => {
    const { body, status } = await tokenRequest(`${fixture.base}/cco/connect/token`, { client_id, ...form });
    assert.equal(status, 200, JSON.stringify(body));
    refreshToken = body.refresh_token;
    return body.id_token;
  };
  return {
    clientId: client_id,
    async signedIn() {
      const { verifier, challenge } = pkce();
      const browser = new Browser(fixture.base);
      const query = new URLSearchParams({
        client_id,
        redirect_uri: callback,
        response_type: 'code',
        scope: 'openid offline_access patientapi.claims.read',
        state: 's',
        code_challenge: challenge,
        code_challenge_method: 'S256',
      });
      // The pages of a sign-in and the token endpoint may be on either side of a rotation.
      const consent = await signIn(browser, `/cco/connect/authorize?${query}`);
      return async () => {
        const { code = '' } = answerOf(await grant(browser, consent));
        return ask({
          grant_type: 'authorization_code',
          code,
          redirect_uri: callback,
          code_verifier: verifier,
        });
      };
    },
    refreshed: () => ask({ grant_type: 'refresh_token', refresh_token: refreshToken }),
  };
}

for (const storage of storages) {
  describe(`signing keys, on ${storage}`, () => {
    test('a new key is published before it signs and the old one until its tokens have ended', async (context) => {
      const fixture = await startFixture(storage);
      context.after(() => fixture.close());
      const { db, config, oauth, base } = fixture;
      let shift = 0;
      const advance = async (ms: number) => {
        shift += ms;
        fixture.advance(ms);
        await oauth.reloadSigningKeys();
      };
      const published = async () => {
        const answer = await fetch(`${base}/cco/.well-known/openid-configuration/jwks`);
        assert.equal(answer.headers.get('cache-control'), 'public, max-age=300');
        return (await answer.json()) as JSONWebKeySet;
      };
      const kidsOf = ({ keys }: JSONWebKeySet) => keys.map(({ kid }) => kid);
      const kidOf = (token: string) => decodeProtectedHeader(token).kid;
      const app = await connected(fixture);
      const verify = async (token: string, keys: JSONWebKeySet) =>
        jwtVerify(token, createLocalJWKSet(keys), { issuer: `${base}/cco`, audience: app.clientId });
      // An app that keeps the published keys as long as its library does.
      const patient = createRemoteJWKSet(new URL(`${base}/cco/.well-known/openid-configuration/jwks`));

      const begun = await app.signedIn();
      const before = await published();
      const [old] = kidsOf(before);
      const rotated = await rotateSigningKey(db, config, 'cco', {
        now: Date.now() + shift,
        signsFrom: Date.now() + shift + notice,
      });
      assert.equal(rotated?.state, 'next');
      assert.equal(
        await rotateSigningKey(db, config, 'cco', { now: Date.now(), signsFrom: Date.now() + hour }),
        undefined,
        'one at a time',
      );

      await oauth.reloadSigningKeys();
      const during = await published();
      assert.deepEqual(new Set(kidsOf(during)), new Set([old, rotated.kid]));
      const first = await begun();
      assert.equal(kidOf(first), old);
      await verify(first, before);
      await jwtVerify(first, patient);

      const across = await app.signedIn();
      await advance(notice + 1000);
      const second = await app.refreshed();
      assert.equal(kidOf(second), rotated.kid);
      await verify(second, during);
      await jwtVerify(second, patient);
      const after = await published();
      await verify(first, after);
      assert.equal(kidOf(await across()), rotated.kid, 'a sign-in that began before');
      assert.deepEqual(
        (await listSigningKeys(db, 'cco', Date.now() + shift)).map(({ state }) => state),
        ['signing', 'retired'],
      );

      await advance(hour + 6 * 60_000);
      assert.deepEqual(kidsOf(await published()), [rotated.kid]);
      assert.equal(kidOf(await app.refreshed()), rotated.kid);
      assert.deepEqual(
        (await listSigningKeys(db, 'cco', Date.now() + shift)).map(({ state }) => state),
        ['signing', 'withdrawn'],
      );
      assert.equal(
        (await fetch(`${base}/advantage/.well-known/openid-configuration/jwks`).then((r) => r.json())).keys
          .length,
        1,
        'the other line has keys of its own',
      );
    });

    test('the private part of a key is never published, nor stored in the clear', async (context) => {
      const fixture = await startFixture(storage);
      context.after(() => fixture.close());
      await rotateSigningKey(fixture.db, fixture.config, 'cco', {
        now: Date.now(),
        signsFrom: Date.now() + hour,
      });
      await fixture.oauth.reloadSigningKeys();
      const text = await (await fetch(`${fixture.base}/cco/.well-known/openid-configuration/jwks`)).text();
      assert.doesNotMatch(text, /"(d|p|q|dp|dq|qi)"/);
      const stored = JSON.stringify(
        await fixture.db
          .as<{ oauth_signing_key: Record<string, unknown> }>()
          .selectFrom('oauth_signing_key')
          .selectAll()
          .execute(),
      );
      for (const key of await signingKeys(fixture.db, fixture.config, 'cco', Date.now()))
        assert.ok(!stored.includes(String(key.d)));
    });

    test('a key that somebody else may have is taken away at once', async (context) => {
      const fixture = await startFixture(storage);
      context.after(() => fixture.close());
      const { db, config } = fixture;
      const [old] = await signingKeys(db, config, 'cco', Date.now());
      await rotateSigningKey(db, config, 'cco', { now: Date.now(), signsFrom: Date.now() + hour });
      await withdrawSigningKeys(db, config, 'cco', Date.now());
      const left = await signingKeys(db, config, 'cco', Date.now());
      assert.equal(left.length, 1);
      assert.notEqual(left[0]?.kid, old?.kid);
      assert.deepEqual(
        (await listSigningKeys(db, 'cco', Date.now())).map(({ state }) => state),
        ['signing', 'withdrawn', 'withdrawn'],
      );
      const again = await rotateSigningKey(db, config, 'cco', {
        now: Date.now(),
        signsFrom: Date.now() + hour,
      });
      assert.equal(again?.state, 'next');
    });
  });
}
