// SMART App Launch 2.2, standalone launch: https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import {
  answerOf,
  Browser,
  callback,
  type Fixture,
  type Form,
  grant,
  pkce,
  seedAccounts,
  signIn,
  startFixture,
  storages,
  tokenRequest,
} from './oauth-fixture.ts';

const scope = 'launch/patient openid fhirUser patient/Patient.rs patient/Observation.rs offline_access';

for (const storage of storages) {
  describe(`SMART standalone launch of a public client with PKCE, on ${storage}`, () => {
    let fixture: Fixture;
    let clientId: string;
    before(async () => {
      fixture = await startFixture(storage);
      await seedAccounts(fixture.oauth);
      const client = await fixture.oauth.clients.create({
        name: 'Phone',
        redirectUris: [callback],
        public: true,
      });
      assert.equal(client.client_secret, undefined);
      clientId = client.client_id;
    });
    after(() => fixture.close());

    const connect = async (
      more: Record<string, string> = {},
      username = 'maria',
      choose: (form: Form) => void = () => {},
    ) => {
      const { verifier, challenge } = pkce();
      const browser = new Browser(fixture.base);
      const consent = await signIn(
        browser,
        `${fixture.base}/cco/connect/authorize?${new URLSearchParams({
          client_id: clientId,
          redirect_uri: callback,
          response_type: 'code',
          scope,
          state: 'xyz',
          aud: `${fixture.base}/cco/fhir/`,
          code_challenge: challenge,
          code_challenge_method: 'S256',
          ...more,
        })}`,
        username,
      );
      const page = await grant(browser, consent, choose);
      const answer = answerOf(page);
      assert.equal(answer.state, 'xyz', page.text);
      return { code: answer.code ?? '', iss: answer.iss, verifier };
    };

    const redeem = (code: string, verifier: string, more: Record<string, string> = {}) =>
      tokenRequest(
        `${fixture.base}/cco/connect/token`,
        {
          grant_type: 'authorization_code',
          code,
          redirect_uri: callback,
          code_verifier: verifier,
          client_id: clientId,
          ...more,
        },
        { origin: 'https://app.example.com' },
      );

    test('yields patient, refresh token and fhirUser; the answer names its issuer', async () => {
      const { code, verifier, iss } = await connect();
      assert.equal(iss, `${fixture.base}/cco`);
      const { status, body, headers } = await redeem(code, verifier);
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal(body.patient, '00001001');
      assert.equal(body.scope, scope);
      assert.equal(headers.get('access-control-allow-origin'), 'https://app.example.com');
      assert.equal(decodeJwt(body.id_token).fhirUser, `${fixture.base}/cco/fhir/Patient/00001001`);
      assert.equal((await fixture.oauth.verifyToken('cco', body.access_token))?.fhirUser, 'Patient/00001001');
      const userinfo = await fetch(`${fixture.base}/cco/connect/userinfo`, {
        headers: { authorization: `Bearer ${body.access_token}` },
      });
      assert.deepEqual(await userinfo.json(), {
        sub: decodeJwt(body.id_token).sub,
        fhirUser: `${fixture.base}/cco/fhir/Patient/00001001`,
      });
    });

    test('a refresh keeps patient, may narrow scope, and replaces the refresh token of a public client', async () => {
      const { code, verifier } = await connect();
      const first = await redeem(code, verifier);
      const second = await tokenRequest(`${fixture.base}/cco/connect/token`, {
        grant_type: 'refresh_token',
        refresh_token: first.body.refresh_token,
        client_id: clientId,
        scope: 'openid patient/Patient.rs',
      });
      assert.equal(second.status, 200, JSON.stringify(second.body));
      assert.equal(second.body.patient, '00001001');
      assert.equal(second.body.scope, 'openid patient/Patient.rs');
      assert.equal(
        (await fixture.oauth.verifyToken('cco', second.body.access_token))?.scope,
        'openid patient/Patient.rs',
      );
      assert.notEqual(second.body.refresh_token, first.body.refresh_token);
      const reused = await tokenRequest(`${fixture.base}/cco/connect/token`, {
        grant_type: 'refresh_token',
        refresh_token: first.body.refresh_token,
        client_id: clientId,
      });
      assert.equal(reused.status, 400);
      assert.equal(reused.body.error, 'invalid_grant');
      assert.equal(await fixture.oauth.verifyToken('cco', second.body.access_token), undefined);
    });

    test('granular scopes of US Core are granted, echoed and refreshed as they were asked for', async () => {
      const category = (code: string) =>
        `patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|${code}`;
      const granular = `launch/patient openid ${category('laboratory')} ${category('social-history')} offline_access`;
      const { code, verifier } = await connect({ scope: granular });
      const first = await redeem(code, verifier);
      assert.equal(first.status, 200, JSON.stringify(first.body));
      assert.equal(first.body.scope, granular);
      assert.equal((await fixture.oauth.verifyToken('cco', first.body.access_token))?.scope, granular);
      const narrowed = await tokenRequest(`${fixture.base}/cco/connect/token`, {
        grant_type: 'refresh_token',
        refresh_token: first.body.refresh_token,
        client_id: clientId,
        scope: category('laboratory'),
      });
      assert.equal(narrowed.body.scope, category('laboratory'), JSON.stringify(narrowed.body));
    });

    test('of granular scopes those that were unticked are not granted', async () => {
      const category = (code: string) =>
        `patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|${code}`;
      const { code, verifier } = await connect(
        { scope: `openid ${category('laboratory')} ${category('survey')}` },
        'maria',
        (form) => form.remove('scope', category('survey')),
      );
      const { body } = await redeem(code, verifier);
      assert.equal(body.scope, `openid ${category('laboratory')}`);
      // Who unticks a part alone does not give it as a part of the whole.
      const part = await connect(
        {
          scope: `openid ${category('laboratory')} patient/Observation.rs patientapi.observations.read ${category('survey')}`,
        },
        'maria',
        (form) => form.remove('scope', category('survey')),
      );
      const second = await redeem(part.code, part.verifier);
      assert.equal(second.body.scope, `openid ${category('laboratory')}`);
    });

    test('a code used again is refused and ends what it yielded (RFC 6749 section 4.1.2)', async () => {
      const { code, verifier } = await connect();
      const first = await redeem(code, verifier);
      assert.equal(first.status, 200);
      assert.ok(await fixture.oauth.verifyToken('cco', first.body.access_token));
      const second = await redeem(code, verifier);
      assert.equal(second.status, 400);
      assert.equal(second.body.error, 'invalid_grant');
      assert.equal(await fixture.oauth.verifyToken('cco', first.body.access_token), undefined);
      const refresh = await tokenRequest(`${fixture.base}/cco/connect/token`, {
        grant_type: 'refresh_token',
        refresh_token: first.body.refresh_token,
        client_id: clientId,
      });
      assert.equal(refresh.body.error, 'invalid_grant');
    });

    test('a wrong or missing code_verifier is invalid_grant (RFC 7636)', async () => {
      for (const wrong of [pkce().verifier, '']) {
        const { code } = await connect();
        const { status, body } = await redeem(code, wrong);
        assert.equal(status, 400);
        assert.equal(body.error, 'invalid_grant');
      }
    });

    test('a code of another client or for another redirect_uri is invalid_grant', async () => {
      const other = await fixture.oauth.clients.create({
        name: 'Other',
        redirectUris: [callback],
        public: true,
      });
      const stolen = await connect();
      assert.equal(
        (await redeem(stolen.code, stolen.verifier, { client_id: other.client_id })).body.error,
        'invalid_grant',
      );
      const moved = await connect();
      const answer = await redeem(moved.code, moved.verifier, { redirect_uri: `${callback}/other` });
      assert.equal(answer.body.error, 'invalid_grant');
    });

    test('a member who ends the connection, and a disabled client, end every token at once', async () => {
      const { code, verifier } = await connect();
      const { body } = await redeem(code, verifier);
      const grantId = (await fixture.oauth.verifyToken('cco', body.access_token))?.grantId ?? '';
      await fixture.oauth.clients.disable(clientId);
      assert.equal(await fixture.oauth.verifyToken('cco', body.access_token), undefined);
      await fixture.oauth.clients.enable(clientId);
      assert.ok(await fixture.oauth.verifyToken('cco', body.access_token));
      await fixture.oauth.connections.revoke('cco', grantId);
      assert.equal(await fixture.oauth.verifyToken('cco', body.access_token), undefined);
      const refresh = await tokenRequest(`${fixture.base}/cco/connect/token`, {
        grant_type: 'refresh_token',
        refresh_token: body.refresh_token,
        client_id: clientId,
      });
      assert.equal(refresh.body.error, 'invalid_grant');
      const connections = await fixture.oauth.connections.of('cco', String(decodeJwt(body.id_token).sub));
      assert.ok(connections.find((connection) => connection.grantId === grantId)?.revokedAt);
    });

    test('an access token ends after an hour', async () => {
      const { code, verifier } = await connect();
      const { body } = await redeem(code, verifier);
      fixture.advance(3_601_000);
      assert.equal(await fixture.oauth.verifyToken('cco', body.access_token), undefined);
      fixture.advance(-3_601_000);
      assert.ok(await fixture.oauth.verifyToken('cco', body.access_token));
    });

    test('revoking the refresh token ends the access token (RFC 7009)', async () => {
      const { code, verifier } = await connect();
      const { body } = await redeem(code, verifier);
      const revoked = await fetch(`${fixture.base}/cco/connect/revocation`, {
        method: 'POST',
        body: new URLSearchParams({ token: body.refresh_token, client_id: clientId }),
      });
      assert.equal(revoked.status, 200);
      assert.equal(await fixture.oauth.verifyToken('cco', body.access_token), undefined);
    });

    test('a person who acts for another chooses whose record is shared', async () => {
      const { verifier, challenge } = pkce();
      const browser = new Browser(fixture.base);
      const consent = await signIn(
        browser,
        `${fixture.base}/cco/connect/authorize?${new URLSearchParams({
          client_id: clientId,
          redirect_uri: callback,
          response_type: 'code',
          scope,
          aud: `${fixture.base}/cco/fhir`,
          code_challenge: challenge,
          code_challenge_method: 'S256',
        })}`,
        'parent',
      );
      assert.match(consent.text, /type="radio" name="patient" value="00002001" checked/);
      const page = await grant(browser, consent, (form) => form.set('patient', '00002002'));
      const { body } = await redeem(answerOf(page).code ?? '', verifier);
      assert.equal(body.patient, '00002002');
      const verified = await fixture.oauth.verifyToken('cco', body.access_token);
      assert.deepEqual(verified?.patients, ['00002002']);
      assert.equal(verified?.fhirUser, 'Patient/00002001');
    });
  });
}
