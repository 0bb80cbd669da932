// Attacks on codes, tokens and the scopes behind them: https://www.rfc-editor.org/rfc/rfc9700 sections 2.1, 4.5, 4.8, 4.10
// and 4.14. (Replay, ten at once: double-spend.test.ts.)
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { callback, type Fixture, pkce, seedAccounts, startFixture, tokenRequest } from './oauth-fixture.ts';
import { type App, authorize, credentials, redeem, refresh, tokensFor } from './whole-flow.ts';

describe('attacks on codes and tokens', () => {
  let fixture: Fixture;
  let base: string;
  let publicApp: App;
  let otherPublic: App;
  let confidential: App;
  let otherConfidential: App;
  let withoutPkce: App;
  before(async () => {
    fixture = await startFixture();
    base = fixture.base;
    await seedAccounts(fixture.oauth);
    const { clients } = fixture.oauth;
    const redirectUris = [callback];
    publicApp = await clients.create({ name: 'Public', redirectUris, public: true });
    otherPublic = await clients.create({ name: 'Other public', redirectUris, public: true });
    confidential = await clients.create({ name: 'Confidential', redirectUris });
    otherConfidential = await clients.create({ name: 'Other confidential', redirectUris });
    withoutPkce = await clients.create({ name: 'Without', redirectUris, pkceOptional: true });
  });
  after(() => fixture.close());

  const lives = async (token: string, line = 'cco') =>
    (await fixture.oauth.verifyToken(line, token)) !== undefined;

  describe('PKCE downgrade (RFC 9700 section 4.8)', () => {
    test('a verifier for a code without a challenge is invalid_grant, also of an app that need not use PKCE', async () => {
      const without = { authorize: { code_challenge: '', code_challenge_method: '' } };
      const got = await authorize(base, withoutPkce, without);
      const answer = await redeem(base, withoutPkce, { ...got, verifier: pkce().verifier });
      assert.equal(answer.status, 400);
      assert.equal(answer.body.error, 'invalid_grant');
      const fair = await redeem(base, withoutPkce, {
        ...(await authorize(base, withoutPkce, without)),
        verifier: '',
      });
      assert.equal(fair.status, 200);
    });

    test('a challenge without its verifier, with another, or with the challenge itself, is invalid_grant', async () => {
      for (const app of [publicApp, confidential, withoutPkce]) {
        for (const wrong of ['', pkce().verifier, 'challenge']) {
          const { challenge, verifier } = pkce();
          const got = await authorize(base, app, { authorize: { code_challenge: challenge } });
          const sent = wrong === 'challenge' ? challenge : wrong;
          const answer = await redeem(base, app, { ...got, verifier: sent });
          assert.equal(answer.status, 400, wrong);
          assert.equal(answer.body.error, 'invalid_grant', wrong);
          // A code is lost with the attempt: the right verifier comes too late or finds it unspent, never twice.
          const late = await redeem(base, app, { ...got, verifier });
          assert.ok(late.status === 200 || late.body.error === 'invalid_grant');
        }
      }
    });
  });

  describe('what is bound to a client', () => {
    test('a code stolen by another app, public or confidential, yields nothing', async () => {
      for (const [victim, thief] of [
        [publicApp, otherPublic],
        [publicApp, confidential],
        [confidential, otherConfidential],
        [confidential, publicApp],
      ] as const) {
        const got = await authorize(base, victim);
        const answer = await redeem(base, thief, got);
        assert.equal(answer.status, 400);
        assert.equal(answer.body.error, 'invalid_grant');
      }
    });

    test('a refresh token of another app yields nothing', async () => {
      for (const [victim, thief] of [
        [publicApp, otherPublic],
        [publicApp, confidential],
        [confidential, otherConfidential],
        [confidential, publicApp],
      ] as const) {
        const tokens = await tokensFor(base, victim);
        const answer = await refresh(base, thief, tokens.refresh_token);
        assert.equal(answer.status, 400);
        assert.equal(answer.body.error, 'invalid_grant');
        assert.equal(
          (await refresh(base, victim, tokens.refresh_token)).status,
          200,
          'the owner is not harmed',
        );
      }
    });

    test('revoking another app’s token changes nothing and tells nothing (RFC 7009 section 2.1)', async () => {
      const tokens = await tokensFor(base, publicApp);
      const answers: string[] = [];
      for (const token of [
        tokens.access_token,
        tokens.refresh_token,
        'unknown-token-unknown-token-unknown-tok',
      ]) {
        for (const thief of [otherPublic, confidential]) {
          const response = await fetch(`${base}/cco/connect/revocation`, {
            method: 'POST',
            body: new URLSearchParams({ token, ...credentials(thief) }),
          });
          answers.push(`${response.status} ${await response.text()}`);
        }
      }
      assert.equal(new Set(answers).size, 1, answers.join('\n'));
      assert.ok(await lives(tokens.access_token));
      assert.equal((await refresh(base, publicApp, tokens.refresh_token)).status, 200);
    });

    test('introspecting another app’s token tells nothing but active: false', async () => {
      const tokens = await tokensFor(base, publicApp);
      for (const token of [tokens.access_token, tokens.refresh_token])
        for (const thief of [otherPublic, confidential]) {
          const url = `${base}/cco/connect/introspect`;
          assert.deepEqual((await tokenRequest(url, { token, ...credentials(thief) })).body, {
            active: false,
          });
        }
    });
  });

  describe('what is bound to a line', () => {
    test('a refresh token of one line yields nothing in another, and cannot be ended from there', async () => {
      const tokens = await tokensFor(base, publicApp);
      const foreign = await refresh(base, publicApp, tokens.refresh_token, {}, 'advantage');
      assert.equal(foreign.body.error, 'invalid_grant');
      await fetch(`${base}/advantage/connect/revocation`, {
        method: 'POST',
        body: new URLSearchParams({ token: tokens.refresh_token, ...credentials(publicApp) }),
      });
      assert.ok(await lives(tokens.access_token));
      assert.ok(!(await lives(tokens.access_token, 'advantage')));
      assert.equal((await refresh(base, publicApp, tokens.refresh_token)).status, 200);
    });

    test('a session of one line signs nobody in at another', async () => {
      const { browser } = await authorize(base, publicApp);
      const other = await browser.open(
        `/advantage/connect/authorize?${new URLSearchParams({
          client_id: publicApp.client_id,
          redirect_uri: callback,
          response_type: 'code',
          scope: 'openid patientapi.claims.read',
          code_challenge: pkce().challenge,
          code_challenge_method: 'S256',
        })}`,
      );
      assert.match(other.text, /name="password"/);
    });
  });

  describe('one kind of token for another', () => {
    test('ID Token, refresh token and code are no access tokens', async () => {
      const got = await authorize(base, publicApp);
      assert.ok(!(await lives(got.code)));
      const { body } = await redeem(base, publicApp, got);
      for (const token of [body.id_token, body.refresh_token, got.code]) {
        assert.ok(!(await lives(token)));
        const userinfo = await fetch(`${base}/cco/connect/userinfo`, {
          headers: { authorization: `Bearer ${token}` },
        });
        assert.equal(userinfo.status, 401);
      }
    });

    test('an access token or a code is no refresh token, and a refresh token no code', async () => {
      const got = await authorize(base, publicApp);
      assert.equal((await refresh(base, publicApp, got.code)).body.error, 'invalid_grant');
      const { body } = await redeem(base, publicApp, got);
      assert.equal((await refresh(base, publicApp, body.access_token)).body.error, 'invalid_grant');
      const asCode = await redeem(base, publicApp, { code: body.refresh_token, verifier: got.verifier });
      assert.equal(asCode.body.error, 'invalid_grant');
    });

    test('userinfo takes no token from the query (RFC 9700 section 4.3.2)', async () => {
      const { access_token } = await tokensFor(base, publicApp);
      const response = await fetch(`${base}/cco/connect/userinfo?access_token=${access_token}`);
      assert.equal(response.status, 400);
      assert.equal(response.headers.get('cache-control'), 'no-store');
      assert.doesNotMatch(await response.text(), new RegExp(access_token));
      assert.ok(await lives(access_token));
    });
  });

  describe('scopes', () => {
    test('a refresh gives no scope that was not granted, and the narrowing of one refresh does not bind the next', async () => {
      const tokens = await tokensFor(base, confidential, {
        scope: 'openid offline_access patient/Patient.rs patient/Coverage.rs',
        consent: (form) => form.remove('scope', 'patient/Coverage.rs'),
      });
      assert.equal(tokens.scope, 'openid patient/Patient.rs offline_access');
      for (const scope of [
        'openid patient/Coverage.rs',
        'openid patient/Patient.rs patient/Observation.rs',
        'patientapi.claims.read',
      ]) {
        const { status, body } = await refresh(base, confidential, tokens.refresh_token, { scope });
        assert.equal(status, 400, scope);
        assert.equal(body.error, 'invalid_scope', scope);
      }
      const narrow = await refresh(base, confidential, tokens.refresh_token, { scope: 'openid' });
      assert.equal(narrow.body.scope, 'openid');
      const whole = await refresh(base, confidential, tokens.refresh_token);
      assert.deepEqual(String(whole.body.scope).split(' ').sort(), String(tokens.scope).split(' ').sort());
    });

    test('scopes added to the consent form are not granted', async () => {
      const tokens = await tokensFor(base, confidential, {
        consent: (form) => {
          form.fields = [
            ...form.fields,
            ['scope', 'patient/Observation.rs'],
            ['scope', 'patientapi.claims.read'],
            ['scope', 'patient/*.rs'],
          ];
        },
      });
      assert.deepEqual(String(tokens.scope).split(' ').sort(), [
        'offline_access',
        'openid',
        'patient/Patient.rs',
      ]);
    });

    test('a person added to the consent form who may not be acted for is refused', async () => {
      for (const patient of ['00002002', 'adv-7', '', '00001001 00002002', "' or 1=1 --"]) {
        const got = await authorize(base, confidential, {
          consent: (form) => form.set('patient', patient),
        }).catch(() => undefined);
        if (got === undefined) continue;
        const { body } = await redeem(base, confidential, got);
        assert.equal(body.patient, '00001001', patient);
        assert.deepEqual((await fixture.oauth.verifyToken('cco', body.access_token))?.patients, ['00001001']);
      }
    });
  });
});
