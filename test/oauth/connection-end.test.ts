// What has ended yields nothing: a connection that was ended or has expired, and a person's right to act for another.
// https://www.rfc-editor.org/rfc/rfc9700#section-4.14, https://www.rfc-editor.org/rfc/rfc6749#section-6
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { OAuthTables } from '../../src/oauth/schema.ts';
import {
  answerOf,
  Browser,
  callback,
  type Fixture,
  grant,
  password,
  pkce,
  seedAccounts,
  signIn,
  startFixture,
  storages,
  tokenRequest,
} from './oauth-fixture.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

for (const storage of storages) {
  describe(`the end of a connection, on ${storage}`, () => {
    let fixture: Fixture;
    let clientId: string;
    let confidential: { client_id: string; client_secret: string };
    before(async () => {
      fixture = await startFixture(storage);
      await seedAccounts(fixture.oauth);
      clientId = (
        await fixture.oauth.clients.create({ name: 'Phone', redirectUris: [callback], public: true })
      ).client_id;
      const created = await fixture.oauth.clients.create({ name: 'Web', redirectUris: [callback] });
      confidential = { client_id: created.client_id, client_secret: created.client_secret ?? '' };
    });
    after(() => fixture.close());

    const agree = async (scope: string, username: string, patient: string, client = clientId) => {
      const { verifier, challenge } = pkce();
      const browser = new Browser(fixture.base);
      const consent = await signIn(
        browser,
        `${fixture.base}/cco/connect/authorize?${new URLSearchParams({
          client_id: client,
          redirect_uri: callback,
          response_type: 'code',
          scope,
          code_challenge: challenge,
          code_challenge_method: 'S256',
        })}`,
        username,
      );
      const page = await grant(browser, consent, (form) => form.set('patient', patient));
      return { code: answerOf(page).code ?? '', code_verifier: verifier };
    };

    const redeem = async (code: Record<string, string>, client: Record<string, string> = {}) => {
      const answer = await tokenRequest(`${fixture.base}/cco/connect/token`, {
        grant_type: 'authorization_code',
        redirect_uri: callback,
        client_id: clientId,
        ...client,
        ...code,
      });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return answer.body;
    };

    const connect = async (more: { scope?: string; username?: string; patient?: string } = {}) => {
      const { scope = 'offline_access', username = 'maria', patient = '00001001' } = more;
      const body = await redeem(await agree(`openid patientapi.claims.read ${scope}`, username, patient));
      const grantId = (await fixture.oauth.verifyToken('cco', body.access_token))?.grantId ?? '';
      return { body, grantId };
    };

    const refresh = (refreshToken: string, client: Record<string, string> = { client_id: clientId }) =>
      tokenRequest(`${fixture.base}/cco/connect/token`, {
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        ...client,
      });

    const refused = async (refreshToken: string) => {
      const { status, body } = await refresh(refreshToken);
      assert.equal(status, 400);
      assert.equal(body.error, 'invalid_grant');
      assert.equal(body.access_token, undefined);
    };

    const change = (grantId: string, set: { revoked_at?: number; expires_at?: number }) =>
      fixture.db
        .as<OAuthTables>()
        .updateTable('oauth_connection')
        .set(set)
        .where('grant_id', '=', grantId)
        .execute();

    const at = (t: TestContext, ms: number) => t.mock.timers.enable({ apis: ['Date'], now: Date.now() + ms });

    test('a connection that is ended yields nothing, even while its tokens are still stored', async () => {
      const { body, grantId } = await connect();
      await change(grantId, { revoked_at: Date.now() });
      assert.equal(await fixture.oauth.verifyToken('cco', body.access_token), undefined);
      await refused(body.refresh_token);
    });

    test('a connection that has expired yields nothing, even while its tokens are still stored', async () => {
      const { body, grantId } = await connect();
      await change(grantId, { expires_at: Date.now() - 1 });
      assert.equal(await fixture.oauth.verifyToken('cco', body.access_token), undefined);
      await refused(body.refresh_token);
    });

    test('a refresh tells the client whose it was what happened and what to do, and no other client', async () => {
      const described = async (
        refreshToken: string,
        client?: { client_id: string; client_secret?: string },
      ) => {
        const { status, body } = await refresh(refreshToken, client);
        assert.deepEqual([status, body['error']], [400, 'invalid_grant']);
        return String(body['error_description']);
      };
      const ended = { line: 'cco', patient: '00001001' };
      for (const [reason, words] of [
        ['member', /the member ended this connection; .*ask them to connect again/],
        ['operator', /the health plan ended this connection/],
        ['disenrolled', /no longer a member of this line/],
        ['deceased', /has died/],
      ] as const) {
        const { body } = await connect();
        await fixture.oauth.connections.end(ended, reason);
        assert.equal(await fixture.oauth.verifyToken('cco', body.access_token), undefined);
        assert.match(await described(body.refresh_token), words);
        assert.doesNotMatch(await described(body.refresh_token), /00001001|Maria/);
        assert.match(await described(body.refresh_token, confidential), /not valid, has expired or was used/);
      }
      assert.match(
        await described('x'.repeat(43)),
        /not valid, has expired or was used already; .*connect again/,
      );
    });

    test('what the app revoked, what was used twice and what is over is told apart', async () => {
      const description = async (refreshToken: string) =>
        String((await refresh(refreshToken)).body['error_description']);
      const revoked = await connect();
      await fetch(`${fixture.base}/cco/connect/revocation`, {
        method: 'POST',
        body: new URLSearchParams({ token: revoked.body.refresh_token, client_id: clientId }),
      });
      assert.match(await description(revoked.body.refresh_token), /the app itself revoked this connection/);
      const twice = await connect();
      const newer = await refresh(twice.body.refresh_token);
      await refused(twice.body.refresh_token);
      assert.match(await description(newer.body.refresh_token), /used twice/);
      const over = await connect();
      await change(over.grantId, { expires_at: Date.now() - 1 });
      assert.match(await description(over.body.refresh_token), /reached its end date/);
      const rows = await fixture.db
        .as<OAuthTables>()
        .selectFrom('oauth_connection')
        .select(['grant_id', 'end_reason'])
        .where('grant_id', 'in', [revoked.grantId, twice.grantId, over.grantId])
        .execute();
      assert.deepEqual(Object.fromEntries(rows.map((row) => [row.grant_id, row.end_reason])), {
        [revoked.grantId]: 'client',
        [twice.grantId]: 'replay',
        [over.grantId]: null,
      });
    });

    test('the token answer says when consent ends, where there is a refresh token', async () => {
      const { body } = await connect();
      assert.ok(Math.abs(Number(body['authorization_expires_in']) - 365 * 86_400) < 60);
      const later = await refresh(body.refresh_token);
      assert.ok(Number(later.body['authorization_expires_in']) <= Number(body['authorization_expires_in']));
      const plain = await agree('openid patientapi.claims.read', 'maria', '00001001');
      assert.equal((await redeem(plain))['authorization_expires_in'], undefined);
    });

    test('a code of a connection that was ended or has expired yields nothing', async () => {
      for (const set of [{ revoked_at: 1 }, { expires_at: 1 }]) {
        const code = await agree('openid patientapi.claims.read', 'maria', '00001001');
        const connections = fixture.db.as<OAuthTables>().selectFrom('oauth_connection').select('grant_id');
        const newest = await connections.orderBy('created_at', 'desc').limit(1).executeTakeFirstOrThrow();
        await change(newest.grant_id, set);
        const { status, body } = await tokenRequest(`${fixture.base}/cco/connect/token`, {
          grant_type: 'authorization_code',
          redirect_uri: callback,
          client_id: clientId,
          ...code,
        });
        assert.equal(status, 400);
        assert.equal(body.error, 'invalid_grant');
      }
    });

    test('a refresh asks again whether the account may act for the patient, and ends the connection if not', async () => {
      const parent = { line: 'cco', username: 'parent', password, patient: '00002001', name: 'Pat Parent' };
      const child = await connect({ username: 'parent', patient: '00002002' });
      const own = await connect({ username: 'parent', patient: '00002001' });
      const allowed = await refresh(child.body.refresh_token);
      assert.equal(allowed.body.patient, '00002002');
      await fixture.oauth.accounts.create({ ...parent, actsFor: [] });
      await refused(allowed.body.refresh_token);
      assert.equal(await fixture.oauth.verifyToken('cco', allowed.body.access_token), undefined);
      await fixture.oauth.accounts.create({ ...parent, actsFor: ['00002002'] });
      await refused(allowed.body.refresh_token);
      assert.equal((await refresh(own.body.refresh_token)).body.patient, '00002001');
    });

    test('a refresh for an account that was removed is invalid_grant', async () => {
      const account = { line: 'cco', username: 'leaver', password, patient: '00009001', name: 'Lee Leaver' };
      const { id } = await fixture.oauth.accounts.create({ ...account, actsFor: [] });
      const { body } = await connect({ username: 'leaver', patient: '00009001' });
      await fixture.db.as<OAuthTables>().deleteFrom('oauth_account').where('id', '=', id).execute();
      await refused(body.refresh_token);
    });

    test('an access token lives its whole hour, however late in its minute the code was exchanged', async (t) => {
      const code = await agree('openid patientapi.claims.read', 'maria', '00001001');
      at(t, 55_000);
      const body = await redeem(code);
      assert.equal(body.expires_in, 3600);
      t.mock.timers.setTime(Date.now() + hour - 2000);
      assert.ok(await fixture.oauth.verifyToken('cco', body.access_token));
      t.mock.timers.setTime(Date.now() + 4000);
      assert.equal(await fixture.oauth.verifyToken('cco', body.access_token), undefined);
    });

    test('online_access ends after twelve hours, however often it is renewed, and no token outlives it', async (t) => {
      const { body } = await connect({ scope: 'online_access' });
      // Short of the end by more than the seconds that the test itself takes.
      at(t, 11 * hour - 5000);
      const renewed = await refresh(body.refresh_token);
      assert.equal(renewed.body.expires_in, 3600);
      t.mock.timers.setTime(Date.now() + 50 * minute);
      const last = await refresh(renewed.body.refresh_token);
      assert.ok(Math.abs(Number(last.body.expires_in) - 600) < 30, `expires_in ${last.body.expires_in}`);
      assert.ok(await fixture.oauth.verifyToken('cco', last.body.access_token));
      t.mock.timers.setTime(Date.now() + 10 * minute + 6000);
      assert.equal(await fixture.oauth.verifyToken('cco', last.body.access_token), undefined);
      await refused(last.body.refresh_token);
    });

    test('a confidential client keeps its refresh token, and gets a new one before it expires', async (t) => {
      const code = await agree(
        'openid patientapi.claims.read offline_access',
        'maria',
        '00001001',
        confidential.client_id,
      );
      const first = await redeem(code, confidential);
      assert.equal(
        (await refresh(first.refresh_token, confidential)).body.refresh_token,
        first.refresh_token,
      );
      at(t, 80 * day);
      const renewed = await refresh(first.refresh_token, confidential);
      assert.equal(renewed.status, 200);
      assert.notEqual(renewed.body.refresh_token, first.refresh_token);
      t.mock.timers.setTime(Date.now() + 80 * day);
      assert.equal((await refresh(renewed.body.refresh_token, confidential)).status, 200);
    });
  });
}
