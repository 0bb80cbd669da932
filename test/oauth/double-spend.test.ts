// Whatever can be spent once is spent once, however many requests arrive together, on both databases.
// https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2, https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
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
  type TokenAnswer,
  tokenRequest,
} from './oauth-fixture.ts';

const parallel = 10;

for (const storage of storages) {
  describe(`one use only, on ${storage}`, () => {
    let fixture: Fixture;
    before(async () => {
      fixture = await startFixture(storage);
      await seedAccounts(fixture.oauth);
    });
    after(() => fixture.close());

    const codeFor = async (clientId: string, scope: string, challenge: string) => {
      const browser = new Browser(fixture.base);
      const consent = await signIn(
        browser,
        `${fixture.base}/cco/connect/authorize?${new URLSearchParams({
          client_id: clientId,
          redirect_uri: callback,
          response_type: 'code',
          scope,
          state: 's',
          code_challenge: challenge,
          code_challenge_method: 'S256',
        })}`,
      );
      return answerOf(await grant(browser, consent)).code ?? '';
    };

    const statuses = (answers: readonly TokenAnswer[]) =>
      answers.map((answer) => answer.status).sort((a, b) => a - b);
    const onceOnly = [200, ...Array.from({ length: parallel - 1 }, () => 400)];
    /** Who spent it first finds the grant ended already when a second use was faster than its answer. */
    const atMostOnce = (answers: readonly TokenAnswer[]) => {
      const found = statuses(answers);
      assert.deepEqual(found, found[0] === 400 ? onceOnly.map(() => 400) : onceOnly);
    };

    test('an authorization code yields one token for ten requests at the same time, and the grant ends', async () => {
      const client = await fixture.oauth.clients.create({ name: 'Race', redirectUris: [callback] });
      for (let round = 0; round < 5; round++) {
        const { verifier, challenge } = pkce();
        const code = await codeFor(client.client_id, 'openid patientapi.claims.read', challenge);
        const answers = await Promise.all(
          Array.from({ length: parallel }, () =>
            tokenRequest(`${fixture.base}/cco/connect/token`, {
              grant_type: 'authorization_code',
              code,
              redirect_uri: callback,
              code_verifier: verifier,
              client_id: client.client_id,
              client_secret: client.client_secret ?? '',
            }),
          ),
        );
        atMostOnce(answers);
        for (const { status, body } of answers) if (status === 400) assert.equal(body.error, 'invalid_grant');
        const won = answers.find((answer) => answer.status === 200);
        assert.equal(await fixture.oauth.verifyToken('cco', won?.body.access_token ?? ''), undefined);
      }
    });

    test('a refresh token of a public client yields one token for ten requests at the same time', async () => {
      const client = await fixture.oauth.clients.create({
        name: 'Race',
        redirectUris: [callback],
        public: true,
      });
      for (let round = 0; round < 5; round++) {
        const { verifier, challenge } = pkce();
        const code = await codeFor(
          client.client_id,
          'openid patientapi.claims.read offline_access',
          challenge,
        );
        const first = await tokenRequest(`${fixture.base}/cco/connect/token`, {
          grant_type: 'authorization_code',
          code,
          redirect_uri: callback,
          code_verifier: verifier,
          client_id: client.client_id,
        });
        assert.equal(first.status, 200, JSON.stringify(first.body));
        const answers = await Promise.all(
          Array.from({ length: parallel }, () =>
            tokenRequest(`${fixture.base}/cco/connect/token`, {
              grant_type: 'refresh_token',
              refresh_token: first.body.refresh_token,
              client_id: client.client_id,
            }),
          ),
        );
        atMostOnce(answers);
        const won = answers.find((answer) => answer.status === 200);
        assert.equal(await fixture.oauth.verifyToken('cco', won?.body.access_token ?? ''), undefined);
        assert.equal(await fixture.oauth.verifyToken('cco', first.body.access_token), undefined);
      }
    });

    test('a client assertion authenticates once for ten requests at the same time', async () => {
      const { privateKey, publicKey } = await generateKeyPair('ES384', { extractable: true });
      const client = await fixture.oauth.clients.create({
        name: 'Signs',
        redirectUris: [callback],
        jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES384', use: 'sig' }] },
      });
      assert.equal(client.client_secret, undefined);
      for (let round = 0; round < 5; round++) {
        const assertion = await new SignJWT({})
          .setProtectedHeader({ alg: 'ES384', kid: 'k1' })
          .setIssuer(client.client_id)
          .setSubject(client.client_id)
          .setAudience(`${fixture.base}/cco/connect/token`)
          .setJti(randomUUID())
          .setIssuedAt()
          .setExpirationTime('4m')
          .sign(privateKey);
        const answers = await Promise.all(
          Array.from({ length: parallel }, () =>
            tokenRequest(`${fixture.base}/cco/connect/introspect`, {
              token: 'unknown-token-unknown-token',
              client_assertion: assertion,
              client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
            }),
          ),
        );
        assert.deepEqual(statuses(answers), [200, ...Array.from({ length: parallel - 1 }, () => 401)]);
        for (const { status, body } of answers)
          if (status === 401) assert.equal(body.error, 'invalid_client');
      }
    });

    test('two processes that start at the same time sign with one key', async () => {
      const { signingKeys } = await import('../../src/oauth/signing-keys.ts');
      const sets = await Promise.all(
        Array.from({ length: 4 }, () => signingKeys(fixture.db, fixture.config, 'new-line', Date.now())),
      );
      assert.equal(new Set(sets.map((keys) => JSON.stringify(keys.map((key) => key.kid)))).size, 1);
      assert.equal(sets[0]?.length, 1);
    });
  });
}
