// Sign-in and consent, as a person meets them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  answerOf,
  Browser,
  callback,
  type Fixture,
  grant,
  type Page,
  password,
  pkce,
  readForm,
  seedAccounts,
  signIn,
  startFixture,
  storages,
  tokenRequest,
} from './oauth-fixture.ts';

for (const storage of storages) {
  describe(`sign-in and consent, on ${storage}`, () => {
    let fixture: Fixture;
    let client: { client_id: string; client_secret?: string };
    before(async () => {
      fixture = await startFixture(storage);
      await seedAccounts(fixture.oauth);
      client = await fixture.oauth.clients.create({
        name: 'App',
        redirectUris: [callback],
        pkceOptional: true,
      });
    });
    after(() => fixture.close());

    const url = (more: Record<string, string> = {}, line = 'cco') =>
      `${fixture.base}/${line}/connect/authorize?${new URLSearchParams({
        client_id: client.client_id,
        redirect_uri: callback,
        response_type: 'code',
        scope: 'openid patientapi.demographics.read patientapi.claims.read patientapi.labs.read',
        state: 'st',
        ...more,
      })}`;
    const redeem = (page: Page, line = 'cco') =>
      tokenRequest(`${fixture.base}/${line}/connect/token`, {
        grant_type: 'authorization_code',
        code: answerOf(page).code ?? '',
        redirect_uri: callback,
        client_id: client.client_id,
        client_secret: client.client_secret ?? '',
      });

    test('a member who denies sends access_denied and state to the app', async () => {
      const browser = new Browser(fixture.base);
      const consent = await signIn(browser, url());
      const page = await browser.submit(consent, (form) => form.set('decision', 'deny'));
      assert.ok(page.url.startsWith(`${callback}?`));
      assert.equal(answerOf(page).error, 'access_denied');
      assert.equal(answerOf(page).state, 'st');
      assert.equal(answerOf(page).code, undefined);
    });

    test('a member can turn back before signing in', async () => {
      const browser = new Browser(fixture.base);
      const page = await browser.submit(await browser.open(url()), (form) => form.set('decision', 'deny'));
      assert.equal(answerOf(page).error, 'access_denied');
    });

    test('a scope that was unticked is missing from the answer and from the token', async () => {
      const browser = new Browser(fixture.base);
      const consent = await signIn(browser, url());
      const page = await grant(browser, consent, (form) => form.remove('scope', 'patientapi.claims.read'));
      const { body } = await redeem(page);
      assert.equal(body.scope, 'openid patientapi.demographics.read patientapi.labs.read');
      assert.equal((await fixture.oauth.verifyToken('cco', body.access_token))?.scope, body.scope);
    });

    test('granting with everything unticked asks again, and leaves it unticked', async () => {
      const browser = new Browser(fixture.base);
      const consent = await signIn(browser, url());
      const page = await grant(browser, consent, (form) => {
        form.fields = form.fields.filter(([name]) => name !== 'scope');
      });
      assert.equal(page.status, 422);
      assert.match(page.text, /Choose at least one kind of information/);
      // What was unticked stays so: pressing the button again must not share everything.
      assert.doesNotMatch(page.text, /type="checkbox"[^>]* checked/);
      assert.equal((await grant(browser, page)).status, 422);
      const answer = await grant(browser, page, (form) => form.set('scope', 'patientapi.claims.read'));
      assert.equal((await redeem(answer)).body.scope, 'openid patientapi.claims.read');
    });

    test('a scope that was not asked for cannot be granted by the form', async () => {
      const browser = new Browser(fixture.base);
      const consent = await signIn(browser, url());
      const page = await grant(browser, consent, (form) =>
        form.fields.push(['scope', 'patientapi.goals.read']),
      );
      assert.doesNotMatch(String((await redeem(page)).body.scope), /goals/);
    });

    test('a patient that the account may not act for is refused', async () => {
      for (const username of ['maria', 'parent']) {
        const browser = new Browser(fixture.base);
        const consent = await signIn(browser, url(), username);
        const page = await grant(browser, consent, (form) => form.set('patient', 'adv-7'));
        assert.equal(page.status, 403);
        assert.match(page.text, /Nothing was shared/);
      }
    });

    test('an account without a patient is told so and can only return to the app', async () => {
      const browser = new Browser(fixture.base);
      const consent = await signIn(browser, url(), 'stranger');
      assert.match(consent.text, /There is nothing to share/);
      assert.doesNotMatch(consent.text, /value="grant"/);
      const forced = await grant(browser, consent, (form) => form.set('patient', '00001001'));
      assert.match(forced.text, /There is nothing to share/);
      const page = await browser.submit(forced, (form) => form.set('decision', 'deny'));
      assert.equal(answerOf(page).error, 'access_denied');
    });

    test('a person who was asked already is asked again, without signing in again', async () => {
      const browser = new Browser(fixture.base);
      const first = await grant(browser, await signIn(browser, url()));
      const consent = await browser.open(url());
      assert.match(consent.text, /Share your information/);
      assert.doesNotMatch(consent.text, /name="password"/);
      const second = await grant(browser, consent);
      const [one, two] = [await redeem(first), await redeem(second)];
      const grants = await Promise.all(
        [one, two].map(({ body }) => fixture.oauth.verifyToken('cco', body.access_token)),
      );
      assert.notEqual(grants[0]?.grantId, grants[1]?.grantId);
    });

    test('somebody else can sign in on the consent page, and answers the same request', async () => {
      const browser = new Browser(fixture.base);
      const consent = await signIn(browser, url());
      assert.match(consent.text, /Not Maria Lopez\? Sign in as someone else/);
      const old = browser.cookieFor('/cco/connect/authorize');
      const signInPage = await browser.submit(consent, (form) => form.set('decision', 'switch'));
      assert.match(signInPage.text, /name="password"/);
      const other = await browser.submit(signInPage, (form) => {
        form.set('username', 'parent');
        form.set('password', password);
      });
      assert.match(other.text, /You are signed in as <strong>Pat Parent/);
      const page = await grant(browser, other);
      assert.equal(answerOf(page).state, 'st');
      assert.equal((await redeem(page)).body.patient, '00002001');
      const again = await fetch(url({ prompt: 'none' }), { headers: { cookie: old }, redirect: 'manual' });
      assert.match(again.headers.get('location') ?? '', /error=login_required/);
    });

    test('a session of one line does not sign in to another', async () => {
      const browser = new Browser(fixture.base);
      await grant(browser, await signIn(browser, url()));
      assert.match((await browser.open(url({}, 'advantage'))).text, /name="password"/);
      const stolen = browser.cookieFor('/cco/connect/authorize');
      const renamed = stolen.replaceAll('portico_cco_', 'portico_advantage_');
      const response = await fetch(url({ prompt: 'none' }, 'advantage'), {
        headers: { cookie: renamed },
        redirect: 'manual',
      });
      assert.match(response.headers.get('location') ?? '', /error=login_required/);
    });

    test('the same user name in two lines leads to two records', async () => {
      const patients = [];
      for (const line of ['cco', 'advantage']) {
        const browser = new Browser(fixture.base);
        patients.push(
          (await redeem(await grant(browser, await signIn(browser, url({}, line))), line)).body.patient,
        );
      }
      assert.deepEqual(patients, ['00001001', 'adv-7']);
    });

    test('a wrong password shows the form again with the user name and says nothing more', async () => {
      const browser = new Browser(fixture.base);
      const wrong = await signIn(browser, url(), 'maria', 'wrong');
      assert.equal(wrong.status, 401);
      assert.match(wrong.text, /name="username"[^>]*value="maria"/);
      const unknown = await signIn(new Browser(fixture.base), url(), 'nobody"><b>', 'wrong');
      assert.match(unknown.text, /value="nobody&quot;&gt;&lt;b&gt;"/);
      const message = (page: Page) => /role="alert"[^>]*>([^<]*)/.exec(page.text)?.[1];
      assert.ok(message(wrong));
      assert.equal(message(wrong), message(unknown));
      const consent = await browser.submit(wrong, (form) => {
        form.set('username', ' MARIA ');
        form.set('password', password);
      });
      assert.match(consent.text, /Share your information/);
    });

    test('five failures block an account, longer each time, also for the right password and in parallel', async () => {
      for (const username of ['parent', 'does-not-exist']) {
        const browser = new Browser(fixture.base);
        const form = await browser.open(url());
        const attempt = (typed: string) =>
          browser.submit(form, (fields) => {
            fields.set('username', username);
            fields.set('password', typed);
          });
        const burst = await Promise.all(Array.from({ length: 12 }, () => attempt('guess')));
        assert.deepEqual(
          burst.map((page) => page.status).sort((a, b) => a - b),
          [401, 401, 401, 401, 401, 429, 429, 429, 429, 429, 429, 429],
        );
        const blocked = await attempt(password);
        assert.equal(blocked.status, 429);
        assert.equal(blocked.headers.get('retry-after'), '30');
        assert.match(blocked.text, /try again in 30 seconds/);
        fixture.advance(31_000);
        assert.equal((await attempt('guess')).status, 401);
        assert.equal((await attempt(password)).headers.get('retry-after'), '60');
        fixture.advance(61_000);
        const right = await attempt(password);
        assert.equal(right.status, username === 'parent' ? 200 : 401);
        fixture.advance(-92_000);
      }
      const other = await signIn(new Browser(fixture.base), url(), 'maria');
      assert.match(other.text, /Share your information/);
    });

    test('a form without its token, with another’s token or for another’s uid is refused', async () => {
      const browser = new Browser(fixture.base);
      const page = await browser.open(url());
      const other = await new Browser(fixture.base).open(url());
      const fields = { username: 'maria', password };
      const bare = await browser.post(`${new URL(page.url).pathname}/sign-in`, Object.entries(fields));
      assert.equal(bare.status, 403);
      const swapped = await browser.submit(page, (form) =>
        form.set('csrf', new Map(readForm(other.text).fields).get('csrf') ?? ''),
      );
      assert.equal(swapped.status, 403);
      // The victim's browser does not hold the cookie of the attacker's interaction …
      const foreign = await browser.open(new URL(other.url).pathname);
      assert.equal(foreign.status, 400);
      assert.match(foreign.text, /This page has expired/);
      // … and were it to send its own, the uid would not fit.
      const forced = await fetch(other.url, {
        headers: { cookie: browser.cookieFor(new URL(page.url).pathname) },
      });
      assert.equal(forced.status, 403);
      assert.match(await forced.text(), /belongs to another sign-in/);
    });

    test('an expired interaction says what to do', async () => {
      const browser = new Browser(fixture.base);
      const page = await browser.open(url());
      fixture.advance(16 * 60_000);
      const expired = await browser.submit(page, (form) => {
        form.set('username', 'maria');
        form.set('password', password);
      });
      fixture.advance(-16 * 60_000);
      assert.equal(expired.status, 400);
      assert.match(expired.text, /Go back to the app and start connecting again/);
    });

    test('the pages load nothing from elsewhere, may not be framed, are not stored, and show names escaped', async () => {
      const { client_id } = await fixture.oauth.clients.create({
        name: '<img src=x onerror=alert(1)>',
        redirectUris: [callback],
        public: true,
      });
      const browser = new Browser(fixture.base);
      const signInPage = await browser.open(
        url({ client_id, code_challenge: pkce().challenge, code_challenge_method: 'S256' }),
      );
      const consent = await browser.submit(signInPage, (form) => {
        form.set('username', 'maria');
        form.set('password', password);
      });
      for (const page of [signInPage, consent]) {
        const policy = page.headers.get('content-security-policy') ?? '';
        assert.match(policy, /default-src 'none'/);
        assert.match(policy, /frame-ancestors 'none'/);
        assert.doesNotMatch(policy, /form-action|unsafe/);
        assert.equal(page.headers.get('cache-control'), 'no-store');
        assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
        assert.doesNotMatch(page.text, /<img|<script|style=/);
        assert.match(page.text, /&lt;img src=x/);
      }
    });

    test('cookies are HttpOnly, SameSite=Lax and within the line’s path', async () => {
      const response = await fetch(url(), { redirect: 'manual' });
      const cookies = response.headers.getSetCookie();
      assert.ok(cookies.length >= 2);
      for (const cookie of cookies) {
        assert.match(cookie, /; path=\/cco\//i);
        assert.match(cookie, /httponly/i);
        assert.match(cookie, /samesite=lax/i);
      }
    });

    test('no token, code, session, secret or password is in the database or in the log', async () => {
      const browser = new Browser(fixture.base);
      const page = await grant(
        browser,
        await signIn(browser, url({ scope: 'openid patientapi.claims.read offline_access' })),
      );
      const { code } = answerOf(page);
      const { body, status } = await redeem(page);
      assert.equal(status, 200, JSON.stringify(body));
      await redeem(page);
      const kysely = fixture.db.as<Record<string, Record<string, unknown>>>();
      const tables = [
        'oauth_record',
        'oauth_connection',
        'oauth_connection_patient',
        'oauth_client',
        'oauth_client_secret',
        'oauth_account',
        'oauth_authority',
        'oauth_sign_in_attempt',
        'oauth_signing_key',
      ];
      const rows = await Promise.all(tables.map((table) => kysely.selectFrom(table).selectAll().execute()));
      const stored = JSON.stringify(rows);
      assert.ok(stored.includes(client.client_id));
      const cookies = browser.cookies().map((cookie) => cookie.slice(cookie.indexOf('=') + 1));
      const secrets = [
        code,
        body.access_token,
        body.refresh_token,
        body.id_token,
        client.client_secret,
        password,
        ...cookies,
      ];
      assert.ok(secrets.length > 8);
      const log = fixture.log();
      for (const secret of secrets) {
        assert.ok(secret !== undefined && secret.length > 8);
        assert.ok(!stored.includes(secret), 'a bearer value is stored');
        assert.ok(!log.includes(secret), 'a bearer value is logged');
      }
      assert.doesNotMatch(stored, /"d":"/);
    });
  });
}
