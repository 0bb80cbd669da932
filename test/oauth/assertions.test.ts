// Clients that sign (private_key_jwt): https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html,
// https://www.rfc-editor.org/rfc/rfc7523#section-3
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
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

const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const seconds = () => Math.floor(Date.now() / 1000);

for (const storage of storages) {
  for (const algorithm of ['RS384', 'ES384'] as const) {
    describe(`a client that signs with ${algorithm}, on ${storage}`, () => {
      let fixture: Fixture;
      let clientId: string;
      let keys: Awaited<ReturnType<typeof generateKeyPair>>;
      before(async () => {
        fixture = await startFixture(storage, { config: { failedAuthenticationsPerMinute: 1000 } });
        await seedAccounts(fixture.oauth);
        keys = await generateKeyPair(algorithm, { extractable: true });
        const key = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: algorithm, use: 'sig' };
        const created = await fixture.oauth.clients.create({
          name: 'Signs',
          redirectUris: [callback],
          jwks: { keys: [key] },
        });
        clientId = created.client_id;
      });
      after(() => fixture.close());

      const assertion = async (change: (claims: JWTPayload) => void = () => {}, header = {}) => {
        const claims: JWTPayload = {
          iss: clientId,
          sub: clientId,
          aud: `${fixture.base}/cco/connect/token`,
          jti: randomUUID(),
          iat: seconds(),
          exp: seconds() + 300,
        };
        change(claims);
        return new SignJWT(claims)
          .setProtectedHeader({ alg: algorithm, kid: 'k1', typ: 'JWT', ...header })
          .sign(keys.privateKey);
      };
      const request = async (form: Record<string, string>, signed?: string, line = 'cco') =>
        tokenRequest(`${fixture.base}/${line}/connect/token`, {
          ...form,
          client_assertion_type: jwtBearer,
          client_assertion: signed ?? (await assertion()),
        });

      test('redeems a code and refreshes', async () => {
        const { verifier, challenge } = pkce();
        const browser = new Browser(fixture.base);
        const consent = await signIn(
          browser,
          `/cco/connect/authorize?${new URLSearchParams({
            client_id: clientId,
            redirect_uri: callback,
            response_type: 'code',
            scope: 'openid offline_access patient/Patient.rs',
            aud: `${fixture.base}/cco/fhir`,
            state: 's',
            code_challenge: challenge,
            code_challenge_method: 'S256',
          })}`,
        );
        const { code = '' } = answerOf(await grant(browser, consent));
        const first = await request({
          grant_type: 'authorization_code',
          code,
          redirect_uri: callback,
          code_verifier: verifier,
        });
        assert.equal(first.status, 200, JSON.stringify(first.body));
        assert.equal(first.body.patient, '00001001');
        const second = await request({
          grant_type: 'refresh_token',
          refresh_token: first.body.refresh_token,
        });
        assert.equal(second.status, 200, JSON.stringify(second.body));
        assert.equal(second.body.patient, '00001001');
        const unsigned = await tokenRequest(`${fixture.base}/cco/connect/token`, {
          grant_type: 'refresh_token',
          refresh_token: second.body.refresh_token ?? first.body.refresh_token,
          client_id: clientId,
        });
        assert.equal(unsigned.status, 401);
      });

      // Of a good assertion the answer is invalid_grant: the refresh token is made up.
      const refresh = { grant_type: 'refresh_token', refresh_token: 'x' };

      for (const [what, change] of [
        [
          'with the issuer as its audience',
          (claims) => Object.assign(claims, { aud: `${fixture.base}/cco` }),
        ],
        [
          'with the token endpoint among its audiences',
          (claims) => Object.assign(claims, { aud: ['x', claims.aud] }),
        ],
        ['without iat', (claims) => delete claims.iat],
        ['of a clock that is 45 seconds fast', (claims) => later(claims, 45)],
      ] as readonly (readonly [string, (claims: JWTPayload) => unknown])[]) {
        test(`an assertion ${what} is taken`, async () => {
          const answer = await request(refresh, await assertion((claims) => void change(claims)));
          assert.equal(answer.body.error, 'invalid_grant', JSON.stringify(answer.body));
        });
      }

      for (const [what, change] of [
        ['of ten minutes', (claims) => Object.assign(claims, { exp: seconds() + 600 })],
        ['of 24 hours', (claims) => Object.assign(claims, { exp: seconds() + 86_400 })],
        ['of ten years', (claims) => Object.assign(claims, { exp: seconds() + 315_360_000 })],
        ['made an hour ago', (claims) => Object.assign(claims, { iat: seconds() - 3600 })],
        ['of the future', (claims) => Object.assign(claims, { iat: seconds() + 200 })],
        ['that is not good yet', (claims) => Object.assign(claims, { nbf: seconds() + 200 })],
        ['that has expired', (claims) => later(claims, -400)],
        ['without exp', (claims) => delete claims.exp],
        ['without jti', (claims) => delete claims.jti],
        ['with a long jti', (claims) => Object.assign(claims, { jti: 'x'.repeat(257) })],
        ['for another server', (claims) => Object.assign(claims, { aud: 'https://other.example/token' })],
        [
          'for the other line',
          (claims) => Object.assign(claims, { aud: `${fixture.base}/advantage/connect/token` }),
        ],
        ['of another issuer', (claims) => Object.assign(claims, { iss: 'other' })],
        ['of another subject', (claims) => Object.assign(claims, { sub: 'other' })],
      ] as readonly (readonly [string, (claims: JWTPayload) => unknown])[]) {
        test(`an assertion ${what} is invalid_client and says no more`, async () => {
          const answer = await request(refresh, await assertion((claims) => void change(claims)));
          assert.equal(answer.status, 401, JSON.stringify(answer.body));
          assert.deepEqual(answer.body, {
            error: 'invalid_client',
            error_description: 'client authentication failed',
          });
        });
      }

      test('an assertion of another key, of no key or of the public key as a secret is refused', async () => {
        const stranger = await generateKeyPair(algorithm);
        const claims = {
          iss: clientId,
          sub: clientId,
          aud: `${fixture.base}/cco`,
          jti: randomUUID(),
          exp: seconds() + 60,
        };
        const foreign = await new SignJWT(claims)
          .setProtectedHeader({ alg: algorithm, kid: 'k1' })
          .sign(stranger.privateKey);
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
        const none = `${part({ alg: 'none' })}.${part(claims)}.`;
        const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(keys.publicKey)));
        const confused = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret);
        for (const signed of [foreign, none, confused])
          assert.equal((await request(refresh, signed)).status, 401);
      });
    });
  }
}

function later(claims: JWTPayload, by: number): void {
  claims.iat = (claims.iat ?? 0) + by;
  claims.exp = (claims.exp ?? 0) + by;
}
