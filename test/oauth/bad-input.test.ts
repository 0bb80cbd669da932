// Whatever a caller gets wrong is answered as the caller's mistake: a status below 500, on protocol endpoints the JSON of
// RFC 6749 section 5.2 that no cache keeps, and never a stack trace.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { TOTP } from 'otpauth';
import { registerDeveloperPortal } from '../../src/portal/developer-portal.ts';
import { registerMemberAccount } from '../../src/portal/member-account.ts';
import {
  Browser,
  callback,
  type Fixture,
  password,
  readForm,
  seedAccounts,
  startFixture,
  storages,
} from './oauth-fixture.ts';

/** As they stand in a body or a query. */
const values = [
  '',
  '%00',
  'a%00b',
  '%',
  '%zz',
  '%ff%fe',
  '%ed%a0%80',
  'x'.repeat(9000),
  '__proto__',
  '%0d%0aX:1',
];
const form = 'application/x-www-form-urlencoded';

for (const storage of storages) {
  describe(`what a caller gets wrong, on ${storage}`, () => {
    let fixture: Fixture;
    let client: { client_id: string; client_secret: string };
    before(async () => {
      fixture = await startFixture(storage, {
        register: (app, { db, config, oauth }) => {
          registerDeveloperPortal(app, { db, config, clients: oauth.clients, logger: app.log as never });
          for (const line of config.lines) registerMemberAccount(app, line, { config, db, oauth });
        },
      });
      await seedAccounts(fixture.oauth);
      const created = await fixture.oauth.clients.create({
        name: 'Careless',
        redirectUris: [callback],
        legacyToken: true,
      });
      client = { client_id: created.client_id, client_secret: created.client_secret ?? '' };
    });
    after(() => fixture.close());

    const ask = async (path: string, init: RequestInit = {}) => {
      const response = await fetch(`${fixture.base}${path}`, { redirect: 'manual', ...init });
      const text = await response.text();
      const what = `${init.method ?? 'GET'} ${path.slice(0, 200)} ${String(init.body ?? '').slice(0, 200)}`;
      assert.ok(response.status < 500, `${what}: ${response.status} ${text.slice(0, 300)}`);
      assert.doesNotMatch(text, /node_modules|\bat .*\.ts:\d/, what);
      return { status: response.status, headers: response.headers, text, what };
    };

    const askProtocol = async (path: string, init: RequestInit = {}) => {
      const { status, headers, text, what } = await ask(path, init);
      if (status < 400) return;
      assert.match(headers.get('content-type') ?? '', /^application\/json/, what);
      assert.equal(headers.get('cache-control'), 'no-store', what);
      assert.equal(headers.get('pragma'), 'no-cache', what);
      const body = JSON.parse(text) as Record<string, unknown>;
      assert.equal(typeof body.error, 'string', what);
      assert.equal(typeof body.error_description, 'string', what);
    };

    const encoded = (fields: Record<string, string>) => new URLSearchParams(fields).toString();

    for (const endpoint of ['token', 'introspect', 'revocation', 'userinfo']) {
      test(`every parameter of /connect/${endpoint}, wrong in every way, and twice`, async () => {
        const right: Record<string, string> = {
          grant_type: 'authorization_code',
          client_id: client.client_id,
          client_secret: client.client_secret,
          code: 'unknown',
          redirect_uri: callback,
          token: 'unknown',
          refresh_token: 'unknown',
          code_verifier: 'v'.repeat(43),
        };
        for (const name of Object.keys(right)) {
          const { [name]: _, ...others } = right;
          for (const value of values) {
            await askProtocol(`/cco/connect/${endpoint}`, {
              method: 'POST',
              headers: { 'content-type': form },
              body: `${encoded(others)}&${name}=${value}`,
            });
          }
          await askProtocol(`/cco/connect/${endpoint}`, {
            method: 'POST',
            headers: { 'content-type': form },
            body: `${encoded(right)}&${name}=again`,
          });
        }
      });

      test(`media types, sizes, methods and credentials at /connect/${endpoint}`, async () => {
        const path = `/cco/connect/${endpoint}`;
        for (const type of ['application/json', 'text/plain', 'garbage', `${form}; charset=utf-16`, form]) {
          for (const body of ['{}', '\0\0', '&'.repeat(3000), `code=${'x'.repeat(70_000)}`]) {
            await askProtocol(path, { method: 'POST', headers: { 'content-type': type }, body });
          }
        }
        for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) await askProtocol(path, { method });
        for (const pair of ['', ':', 'a', 'a\0b:c\0d', '%00:%00', '%zz:%zz', '\xff:\xff']) {
          const authorization = `Basic ${Buffer.from(pair, 'latin1').toString('base64')}`;
          await askProtocol(path, {
            method: 'POST',
            headers: { authorization, 'content-type': form },
            body: 'grant_type=authorization_code&code=x&token=x',
          });
        }
        for (const authorization of ['Bearer', 'Bearer a b', `Bearer ${'x'.repeat(5000)}`, 'Digest x']) {
          await askProtocol(path, { headers: { authorization } });
        }
      });
    }

    test('the published query with every parameter wrong in every way', async () => {
      const right: Record<string, string> = {
        ClientId: client.client_id,
        ClientSecret: client.client_secret,
        Code: 'unknown',
        RedirectUri: callback,
      };
      for (const name of [...Object.keys(right), 'GrantType', 'RefreshToken']) {
        const { [name]: _, ...others } = right;
        for (const value of values) {
          await askProtocol(`/cco/connect/token?${encoded(others)}&${name}=${value}`);
        }
        await askProtocol(`/cco/connect/token?${encoded(right)}&${name.toUpperCase()}=x`);
      }
    });

    test('the published query needs ClientId beside any other credentials', async () => {
      const strict = await fixture.oauth.clients.create({ name: 'Strict', redirectUris: [callback] });
      const basic = Buffer.from(`${strict.client_id}:${strict.client_secret}`).toString('base64');
      const answer = await ask(`/cco/connect/token?${encoded({ Code: 'x', RedirectUri: callback })}`, {
        headers: { authorization: `Basic ${basic}` },
      });
      assert.equal(answer.status, 400);
      assert.deepEqual(JSON.parse(answer.text), {
        error: 'invalid_request',
        error_description: 'ClientId is missing',
      });
    });

    test('every parameter of /connect/authorize, wrong in every way, and twice', async () => {
      const right: Record<string, string> = {
        client_id: client.client_id,
        redirect_uri: callback,
        response_type: 'code id_token',
        response_mode: 'form_post',
        scope: 'openid patientapi.claims.read',
        state: 's',
        nonce: 'n',
      };
      const more = [
        'code_challenge',
        'code_challenge_method',
        'aud',
        'launch',
        'prompt',
        'max_age',
        'claims',
      ];
      for (const name of [...Object.keys(right), ...more, 'request', 'id_token_hint']) {
        const { [name]: _, ...others } = right;
        for (const value of values) {
          const query = `${encoded(others)}&${name}=${value}`;
          await ask(`/cco/connect/authorize?${query}`);
          await ask('/cco/connect/authorize', {
            method: 'POST',
            headers: { 'content-type': form },
            body: query,
          });
        }
        await ask(`/cco/connect/authorize?${encoded(right)}&${name}=1&${name}=2`);
      }
    });

    test('sign-in and consent forms filled with anything', async () => {
      const browser = new Browser(fixture.base);
      const page = await browser.open(
        `/cco/connect/authorize?${encoded({
          client_id: client.client_id,
          redirect_uri: callback,
          response_type: 'code id_token',
          response_mode: 'form_post',
          scope: 'openid patientapi.claims.read',
          nonce: 'n',
        })}`,
      );
      const { action, fields } = readForm(page.text);
      const csrf = fields.find(([name]) => name === 'csrf')?.[1] ?? '';
      const cookie = browser.cookieFor(new URL(page.url).pathname);
      for (const value of values) {
        for (const [path, body] of [
          [action, `csrf=${csrf}&username=${value}&password=${value}`],
          [action, `csrf=${value}&username=maria&password=x`],
          [action.replace('sign-in', 'consent'), `csrf=${csrf}&decision=${value}&patient=${value}`],
        ] as const) {
          const headers = { cookie, 'content-type': form };
          const { status } = await ask(path, { method: 'POST', headers, body });
          assert.ok(status >= 300, `${path} ${body}`);
        }
        await ask(`/cco/interaction/${value.replace(/%(?![0-9a-f]{2})/g, '%25')}`, { headers: { cookie } });
      }
    });

    test('the member’s pages with anything in forms and cookies', async () => {
      for (const value of values) {
        for (const path of ['sign-in', 'end', 'sign-out']) {
          await ask(`/cco/account/${path}`, {
            method: 'POST',
            headers: {
              'content-type': form,
              cookie: `portico_member=${encodeURIComponent(value).slice(0, 4000)}`,
            },
            body: `username=${value}&password=${value}&csrf=${value}&connection=${value}`,
          });
        }
      }
      const json = await ask('/cco/account/sign-in', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
      assert.equal(json.status, 415);
      assert.match(json.text, /<h1>The form could not be read<\/h1>/);
    });

    test('the pages of a member who is signed in with anything in forms', async () => {
      const browser = new Browser(fixture.base);
      const page = await browser.submit(await browser.open('/cco/account'), (fields) => {
        fields.set('username', 'maria');
        fields.set('password', password);
      });
      const csrf = readForm(page.text).fields.find(([name]) => name === 'csrf')?.[1] ?? '';
      const headers = { 'content-type': form, cookie: browser.cookieFor('/cco/account') };
      const open = await browser.open('/cco/account/security/app');
      const setup = new Map(readForm(open.text).fields).get('setup') ?? '';
      const secret = /<code class="breakable">([A-Z2-7 ]+)<\/code>/.exec(open.text)![1]!.replaceAll(' ', '');
      for (const value of values) {
        const code = new TOTP({ secret }).generate();
        for (const [path, body] of [
          ['end', `connection=${value}`],
          ['security/remove', `factor=${value}`],
          ['security/password', `new_password=${value}`],
          ['security/passkey', `setup=${value}&passkey=${value}&name=${value}`],
          ['security/app', `setup=${value}&code=${value}&name=${value}`],
          ['security/app', `setup=${setup}&code=${code}&name=${value}`],
        ] as const)
          await ask(`/cco/account/${path}`, {
            method: 'POST',
            headers,
            body: `csrf=${csrf}&password=${encodeURIComponent(password)}&${body}`,
          });
      }
      const maria = (await fixture.oauth.accounts.findByUsername('cco', 'maria'))!;
      const kept = (await fixture.oauth.factors.of(maria)).map(({ name }) => name);
      assert.ok(kept.includes('__proto__'), kept.join());
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
      for (const name of kept) assert.doesNotMatch(name, /[\u0000-\u001f]/);
    });

    test('registrations at any address, with a token that could be one', async () => {
      for (const value of values)
        await ask(`/cco/connect/register/${value.replace(/%(?![0-9a-f]{2})/g, '%25')}`, {
          headers: { authorization: `Bearer ${'x'.repeat(43)}` },
        });
    });

    test('the developer portal with anything in forms and addresses', async () => {
      const browser = new Browser(fixture.base);
      const page = await browser.open('/developer/sign-up');
      const csrf = readForm(page.text).fields.find(([name]) => name === 'csrf')?.[1] ?? '';
      const headers = { 'content-type': form, cookie: browser.cookieFor('/developer') };
      for (const [index, value] of values.entries()) {
        for (const body of [
          `name=${value}&email=n${index}%40b.example&password=a-long-enough-word`,
          `name=n&email=${value}%40b.example&password=a-long-enough-word`,
          `name=n&email=p${index}%40b.example&password=${value}`,
        ]) {
          await ask('/developer/sign-up', { method: 'POST', headers, body: `csrf=${csrf}&${body}` });
        }
        await ask('/developer/sign-in', {
          method: 'POST',
          headers,
          body: `csrf=${csrf}&email=${value}&password=${value}`,
        });
      }
      const signedUp = await browser.submit(page, (fields) => {
        fields.set('name', 'Dev');
        fields.set('email', 'fine@example.com');
        fields.set('password', 'a long enough password');
      });
      const token = readForm(signedUp.text).fields.find(([name]) => name === 'csrf')?.[1] ?? '';
      const own = { 'content-type': form, cookie: browser.cookieFor('/developer') };
      const right: Record<string, string> = {
        name: 'App',
        redirectUris: 'https%3A%2F%2Fa.example%2Fcb',
        kind: 'confidential',
        line: 'cco',
        legacyToken: '',
      };
      for (const value of values) {
        for (const name of Object.keys(right)) {
          const fields = Object.entries({ ...right, [name]: value }).map((pair) => pair.join('='));
          const body = `csrf=${token}&${fields.join('&')}`;
          await ask('/developer/apps/new', { method: 'POST', headers: own, body });
        }
        const id = value.replace(/%(?![0-9a-f]{2})/g, '%25');
        await ask(`/developer/apps/${id}`, { headers: own });
        await ask(`/developer/apps/${id}/secret`, { method: 'POST', headers: own, body: `csrf=${token}` });
      }
    });
  });
}
