// The developer portal as a developer uses it: account, app, secret.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { registerDeveloperPortal } from '../../src/portal/developer-portal.ts';
import {
  Browser,
  type Fixture,
  type Page,
  readForm,
  startFixture,
  storages,
  tokenRequest,
} from './oauth-fixture.ts';

for (const storage of storages) {
  describe(`the developer portal, on ${storage}`, () => {
    let fixture: Fixture;
    before(async () => {
      fixture = await startFixture(storage, {
        register: (app, { db, config, oauth }) =>
          registerDeveloperPortal(app, { db, config, clients: oauth.clients, logger: app.log as never }),
      });
    });
    after(() => fixture.close());

    const signUp = async (email: string) => {
      const browser = new Browser(fixture.base);
      const form = await browser.open('/developer/sign-up');
      const page = await browser.submit(form, (fields) => {
        fields.set('name', 'Dev');
        fields.set('email', email);
        fields.set('password', 'a long enough password');
      });
      return { browser, page };
    };
    const fill = (browser: Browser, page: Page, fields: Record<string, string>) =>
      browser.submit(page, (form) => {
        for (const [name, value] of Object.entries(fields)) form.set(name, value);
      });
    const shownSecret = (page: Page) => /id="client_secret">([^<]+)</.exec(page.text)?.[1];
    const shownId = (page: Page) => /id="client_id">([^<]+)</.exec(page.text)?.[1] ?? '';

    test('a developer registers, adds an app and gets a secret that works and is shown once', async () => {
      const { browser, page } = await signUp('dev@example.com');
      assert.match(page.text, /Register an app/);
      const created = await fill(browser, page, {
        name: 'My <app>',
        redirectUris: 'https://my.example/cb',
        legacyToken: 'yes',
      });
      assert.equal(created.status, 201, created.text);
      const [id, secret] = [shownId(created), shownSecret(created)];
      assert.ok(secret !== undefined && secret.length >= 43);
      const works = async (typed: string) => {
        const { body } = await tokenRequest(`${fixture.base}/cco/connect/token`, {
          grant_type: 'refresh_token',
          refresh_token: 'x',
          client_id: id,
          client_secret: typed,
        });
        return body.error === 'invalid_grant';
      };
      assert.ok(await works(secret));
      const later = await browser.open(`/developer/apps/${id}`);
      assert.match(later.text, /My &lt;app&gt;/);
      assert.equal(shownSecret(later), undefined);
      const renewed = shownSecret(await browser.submit(later));
      assert.ok(renewed !== undefined && renewed !== secret);
      assert.ok(await works(renewed));
      assert.ok(await works(secret));
      assert.match((await browser.open('/developer')).text, new RegExp(id));
      const [app] = (await fixture.oauth.clients.list()).filter((known) => known.client_id === id);
      assert.equal(app?.legacyToken, true);
      assert.deepEqual(app?.lines, ['cco', 'advantage']);
    });

    test('a developer chooses the end of the old secret, sees when each ends, and ends one early', async () => {
      const { browser, page } = await signUp('secrets@example.com');
      const created = await fill(browser, page, { name: 'Secrets', redirectUris: 'https://my.example/cb' });
      const id = shownId(created);
      const first = shownSecret(created) ?? '';
      const again = await browser.submit(await browser.open(`/developer/apps/${id}`), (form) =>
        form.set('overlap', String(7 * 86_400)),
      );
      const second = shownSecret(again) ?? '';
      assert.notEqual(second, first);
      const shown = await browser.open(`/developer/apps/${id}`);
      const inAWeek = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(11, 13);
      assert.match(shown.text, new RegExp(`data-label="Ends">[^<]*, ${inAWeek}:\\d\\d UTC`));
      assert.match(shown.text, /data-label="Ends">when you replace it/);
      for (const secret of [first, second]) assert.ok(!shown.text.includes(secret));
      const [, old] = await fixture.oauth.clients.secrets(id);
      const csrf = new Map(readForm(shown.text).fields).get('csrf') ?? '';
      const end = `/developer/apps/${id}/secrets/${old?.id}/end`;
      const stranger = await signUp('stranger@example.com');
      const foreign = new Map(readForm(stranger.page.text).fields).get('csrf') ?? '';
      assert.equal((await stranger.browser.post(end, [['csrf', foreign]])).status, 404);
      assert.equal((await browser.post(end, [['csrf', foreign]])).status, 403);
      assert.equal((await fixture.oauth.clients.secrets(id)).length, 2);
      assert.match((await browser.post(end, [['csrf', csrf]])).text, /The only one/);
      const [left] = await fixture.oauth.clients.secrets(id);
      const last = await browser.post(`/developer/apps/${id}/secrets/${left?.id}/end`, [['csrf', csrf]]);
      assert.equal(last.status, 422);
      assert.match(last.text, /only secret/);
    });

    test('a developer changes name, redirect URIs and keys; what is wrong stands beside its field', async () => {
      const { browser, page } = await signUp('edit@example.com');
      const created = await fill(browser, page, { name: 'Before', redirectUris: 'https://my.example/cb' });
      const id = shownId(created);
      const form = await browser.open(`/developer/apps/${id}/edit`);
      assert.match(form.text, /value="Before"/);
      assert.match(form.text, />https:\/\/my\.example\/cb<\/textarea>/);
      const refused = await fill(browser, form, {
        name: 'After',
        redirectUris: 'http://my.example/cb',
      });
      assert.equal(refused.status, 422);
      assert.match(refused.text, /id="redirectUris-error"/);
      assert.match(refused.text, /value="After"/);
      const noKeys = await fill(browser, form, { redirectUris: 'https://my.example/cb', jwks: '{' });
      assert.match(noKeys.text, /id="jwks-error">The keys are not JSON/);
      const inside = await fill(browser, form, {
        redirectUris: 'https://my.example/cb',
        jwksUri: 'https://10.0.0.1/jwks',
      });
      assert.match(inside.text, /id="jwksUri-error"/);
      const saved = await fill(browser, form, {
        name: 'After',
        redirectUris: 'https://my.example/cb\nhttps://my.example/two',
        jwksUri: 'https://my.example/jwks.json',
      });
      assert.match(saved.text, /signs with keys of its own/);
      const app = await fixture.oauth.clients.find(id);
      assert.equal(app?.name, 'After');
      assert.deepEqual(app?.redirectUris, ['https://my.example/cb', 'https://my.example/two']);
      assert.equal(app?.jwksUri, 'https://my.example/jwks.json');
      const stranger = await signUp('edit-stranger@example.com');
      assert.equal((await stranger.browser.open(`/developer/apps/${id}/edit`)).status, 404);
    });

    test('an app that may send its secret in the query is told to stop', async () => {
      const { browser, page } = await signUp('legacy@example.com');
      const created = await fill(browser, page, {
        name: 'Legacy',
        redirectUris: 'https://my.example/cb',
        legacyToken: 'yes',
      });
      assert.match(created.text, /that form is deprecated/);
      const id = shownId(created);
      const old = shownSecret(created);
      const legacy = (secret = '') =>
        fetch(
          `${fixture.base}/cco/connect/token?${new URLSearchParams({ ClientId: id, ClientSecret: secret, Code: 'x', RedirectUri: 'https://my.example/cb' })}`,
        ).then(async (answer) => ((await answer.json()) as { error: string }).error);
      assert.equal(await legacy(old), 'invalid_grant');
      const csrf = new Map(readForm(created.text).fields).get('csrf') ?? '';
      const left = await browser.post(`/developer/apps/${id}/leave-legacy`, [['csrf', csrf]]);
      const renewed = shownSecret(left);
      assert.ok(renewed !== undefined && renewed !== old);
      assert.doesNotMatch(left.text, /that form is deprecated/);
      assert.equal(await legacy(renewed), 'invalid_request');
      assert.equal((await fixture.oauth.clients.secrets(id)).length, 2);
      const other = await fill(browser, await browser.open('/developer/apps/new'), {
        name: 'Standard',
        redirectUris: 'https://my.example/cb',
      });
      assert.doesNotMatch(other.text, /deprecated/);
    });

    test('a developer does not see another’s app', async () => {
      const one = await signUp('one@example.com');
      const created = await fill(one.browser, one.page, {
        name: 'One',
        redirectUris: 'https://one.example/cb',
      });
      const two = await signUp('two@example.com');
      const foreign = await two.browser.open(`/developer/apps/${shownId(created)}`);
      assert.equal(foreign.status, 404);
      assert.doesNotMatch(foreign.text, /one\.example/);
      const csrf = new Map(readForm((await two.browser.open('/developer')).text).fields).get('csrf') ?? '';
      const taken = await two.browser.post(`/developer/apps/${shownId(created)}/secret`, [['csrf', csrf]]);
      assert.equal(taken.status, 404);
      assert.doesNotMatch((await two.browser.open('/developer')).text, /One/);
    });

    test('what is wrong stands beside its field and what was typed is kept', async () => {
      const { browser, page } = await signUp('wrong@example.com');
      const refused = await fill(browser, page, { name: 'Kept name', redirectUris: 'http://my.example/cb' });
      assert.equal(refused.status, 422);
      assert.match(
        refused.text,
        /id="redirectUris-error">The redirect URI &quot;http:\/\/my\.example\/cb&quot; must use https/,
      );
      assert.match(refused.text, /value="Kept name"/);
      assert.match(refused.text, />http:\/\/my\.example\/cb<\/textarea>/);
      const again = await signUp('WRONG@example.com');
      assert.equal(again.page.status, 422);
      assert.match(again.page.text, /id="email-error"/);
      const short = new Browser(fixture.base);
      const shortPage = await fill(short, await short.open('/developer/sign-up'), {
        name: '',
        email: 'x',
        password: 'y',
      });
      for (const field of ['name', 'email', 'password'])
        assert.match(shortPage.text, new RegExp(`id="${field}-error"`));
    });

    test('a developer signs in and out; a wrong password and an unknown address look alike', async () => {
      await signUp('back@example.com');
      const browser = new Browser(fixture.base);
      const wrong = await fill(browser, await browser.open('/developer/sign-in'), {
        email: 'back@example.com',
        password: 'no',
      });
      const unknown = await fill(browser, wrong, { email: 'nobody@example.com', password: 'no' });
      assert.equal(wrong.status, 401);
      assert.equal(wrong.text.replaceAll('back@', ''), unknown.text.replaceAll('nobody@', ''));
      const home = await fill(browser, wrong, {
        email: 'back@example.com',
        password: 'a long enough password',
      });
      assert.match(home.text, /Signed in as back@example\.com/);
      const session = browser.cookieFor('/developer');
      await browser.submit(home);
      assert.match((await browser.open('/developer')).text, /Create a developer account/);
      const replayed = await fetch(`${fixture.base}/developer`, { headers: { cookie: session } });
      assert.doesNotMatch(await replayed.text(), /Signed in as/);
    });

    test('signing up with one address over and over is slowed down', async () => {
      const first = await signUp('again@example.com');
      assert.match(first.page.text, /Register an app/);
      const statuses: number[] = [];
      for (let attempt = 0; attempt < 6; attempt++)
        statuses.push((await signUp('again@example.com')).page.status);
      assert.deepEqual(statuses, [422, 422, 422, 422, 429, 429]);
      assert.match(
        (await signUp('again@example.com')).page.text,
        /too many attempts\. Try again in \d+ seconds/,
      );
    });

    test('a form that was not made for this browser is refused', async () => {
      const { browser } = await signUp('csrf@example.com');
      const other = await signUp('other@example.com');
      const token =
        new Map(readForm((await other.browser.open('/developer/apps/new')).text).fields).get('csrf') ?? '';
      for (const csrf of ['', token]) {
        const page = await browser.post('/developer/apps/new', [
          ['csrf', csrf],
          ['name', 'Forged'],
          ['redirectUris', 'https://evil.example/cb'],
          ['line', 'cco'],
        ]);
        assert.equal(page.status, 403);
      }
      assert.ok(!(await fixture.oauth.clients.list()).some((client) => client.name === 'Forged'));
    });

    test('without a session the pages of apps lead to sign-in', async () => {
      for (const path of ['/developer/apps/new', '/developer/apps/x']) {
        assert.match((await new Browser(fixture.base).open(path)).url, /\/developer\/sign-in$/);
      }
    });

    test('no session or password is stored in the clear', async () => {
      const { browser } = await signUp('rest@example.com');
      const kysely = fixture.db.as<Record<string, Record<string, unknown>>>();
      const rows = await Promise.all(
        ['portal_developer', 'portal_browser_session'].map((table) =>
          kysely.selectFrom(table).selectAll().execute(),
        ),
      );
      const stored = JSON.stringify(rows);
      assert.ok(stored.includes('rest@example.com'));
      assert.ok(!stored.includes('a long enough password'));
      for (const cookie of browser.cookies()) assert.ok(!stored.includes(cookie.split('=')[1] ?? 'x'));
    });
  });
}
