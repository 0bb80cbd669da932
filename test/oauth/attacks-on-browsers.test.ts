// Attacks through the member's browser: mix-up, fixation, framing, leaking addresses, other origins, open redirects.
// https://www.rfc-editor.org/rfc/rfc9700 sections 4.2, 4.4, 4.11, 4.12 and 4.16; https://www.rfc-editor.org/rfc/rfc9207
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';
import { answerOf, Browser, callback, grant, pkce, readForm, signIn } from './oauth-fixture.ts';
import { authorize, authorizeUrl, redeem } from './whole-flow.ts';

const james = { username: 'james.okafor', password: 'harbor-cedar-56' };
const maria = { username: 'maria.delgado', password: 'harbor-tulip-12' };

test('attacks through the browser', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const { base } = server;
  const { clients } = server.portico.oauth;
  const app = await clients.create({ name: 'Public', redirectUris: [callback], public: true });
  const confidential = await clients.create({ name: 'Secret', redirectUris: [callback] });
  const hybrid = await clients.create({ name: 'Hybrid', redirectUris: [callback], legacyToken: true });
  const hybridAsk = {
    response_type: 'code id_token',
    response_mode: 'form_post',
    nonce: 'n',
    scope: 'openid patientapi.claims.read',
  };
  const issuer = `${base}/cco`;

  await context.test(
    'mix-up: every answer of the code flow, errors too, names its issuer and its state',
    async () => {
      const { answer } = await authorize(base, app, james);
      assert.equal(answer.iss, issuer);
      const few = { name: 'Few', redirectUris: [callback], public: true, scopes: ['openid'] };
      const narrow = await clients.create(few);
      const errors = [
        ['invalid_request', app, { code_challenge: '', code_challenge_method: '' }],
        ['login_required', app, { prompt: 'none' }],
        ['unsupported_response_type', app, { response_type: 'token' }],
        ['invalid_scope', narrow, { scope: 'openid patientapi.claims.read' }],
      ] as const;
      for (const [error, client, parameters] of errors) {
        const page = await new Browser(base).open(authorizeUrl(base, client, { authorize: parameters }));
        const sent = answerOf(page);
        assert.deepEqual([sent.error, sent.iss, sent.state], [error, issuer, 'the-state']);
        assert.equal(sent.code, undefined);
      }
      const browser = new Browser(base);
      const consent = await signIn(browser, authorizeUrl(base, app), james.username, james.password);
      const denied = answerOf(await browser.submit(consent, (form) => form.set('decision', 'deny')));
      assert.deepEqual([denied.error, denied.iss, denied.state], ['access_denied', issuer, 'the-state']);
    },
  );

  await context.test(
    'an authorization request that is refused before its redirect_uri is known to be the app’s goes nowhere',
    async () => {
      for (const [what, parameters] of [
        ['another redirect_uri', { redirect_uri: 'https://evil.example/cb' }],
        ['no redirect_uri', { redirect_uri: '' }],
        ['an unknown app', { client_id: '00000000-0000-4000-8000-000000000000' }],
        ['no app', { client_id: '' }],
        [
          'a redirect_uri with everything else wrong',
          { redirect_uri: '//evil.example', response_type: 'x', scope: '', state: '"><script>' },
        ],
        [
          'a request object',
          { redirect_uri: 'https://evil.example/cb', request: 'eyJhbGciOiJub25lIn0.e30.' },
        ],
        ['a request_uri', { redirect_uri: 'https://evil.example/cb', request_uri: 'https://evil.example/r' }],
      ] as const) {
        const response = await fetch(authorizeUrl(base, app, { authorize: parameters }), {
          redirect: 'manual',
        });
        assert.equal(response.status, 400, what);
        assert.equal(response.headers.get('location'), null, what);
        const text = await response.text();
        assert.doesNotMatch(text, /<script|href="(https?:)?\/\/evil|url=/i, what);
        assert.equal(response.headers.get('x-frame-options'), 'DENY', what);
      }
    },
  );

  await context.test(
    'response_mode cannot move the answer to where scripts of others can read it',
    async () => {
      for (const response_mode of ['fragment', 'web_message', 'jwt', 'query.jwt']) {
        const page = await new Browser(base).open(
          authorizeUrl(base, app, { authorize: { response_mode, prompt: 'none' } }),
        );
        assert.equal(answerOf(page).code, undefined, response_mode);
      }
      // An ID Token never travels in a query, which logs and Referer would keep (OAuth 2.0 Multiple Response Types, section 5).
      const page = await new Browser(base).open(
        authorizeUrl(base, hybrid, { authorize: { ...hybridAsk, response_mode: 'query' } }),
      );
      assert.equal(answerOf(page).error, 'invalid_request');
    },
  );

  await context.test(
    'fixation: a session that was there before the sign-in is not the one after it',
    async () => {
      const browser = new Browser(base);
      const page = await browser.open(authorizeUrl(base, app));
      const sessionOf = (of: Browser) =>
        /portico_cco_session=[^;]+/.exec(of.cookieFor('/cco/connect/authorize'))?.[0];
      assert.equal(sessionOf(browser), undefined, 'nobody has a session before they sign in');
      const form = readForm(page.text);
      form.set('username', james.username);
      form.set('password', james.password);
      const planted = 'planted-session-id-planted-session-id-plant';
      const response = await fetch(new URL(form.action, page.url), {
        method: 'POST',
        redirect: 'manual',
        headers: {
          cookie: `${browser.cookieFor(new URL(page.url).pathname)}; portico_cco_session=${planted}; portico_cco_session.sig=x`,
        },
        body: new URLSearchParams(form.fields),
      });
      assert.equal(response.status, 303);
      assert.ok(!response.headers.getSetCookie().some((line) => line.includes(planted)));

      // Signing in anew in the same browser, as oneself or as somebody else: the old session is worth nothing.
      for (const next of [james, maria]) {
        const known = new Browser(base);
        await authorize(base, app, { ...james, browser: known });
        const [before, jar] = [sessionOf(known), known.cookieFor('/cco/connect/authorize')];
        assert.ok(before);
        const again = authorizeUrl(base, app, { authorize: { prompt: 'login' } });
        const signedIn = await signIn(known, again, next.username, next.password);
        // For another person the library signs the first one out by a form that sends itself.
        const consent = next === james ? signedIn : await known.submit(signedIn);
        assert.match(consent.text, /name="decision"/);
        assert.ok(sessionOf(known));
        assert.notEqual(sessionOf(known), before);
        const thief = await fetch(authorizeUrl(base, app, { authorize: { prompt: 'none' } }), {
          redirect: 'manual',
          headers: { cookie: jar },
        });
        assert.match(thief.headers.get('location') ?? '', /error=login_required/);
      }
    },
  );

  await context.test('an interaction of one browser cannot be finished in another', async () => {
    const victim = new Browser(base);
    const page = await victim.open(authorizeUrl(base, app));
    const attacker = new Browser(base);
    await attacker.open(authorizeUrl(base, app));
    const stolen = await attacker.submit(page, (form) => {
      form.set('username', james.username);
      form.set('password', james.password);
    });
    // The cookie of an interaction is sent to its own address only.
    assert.equal(stolen.status, 400);
    assert.match(stolen.text, /start connecting again/);
    assert.doesNotMatch((await new Browser(base).open(page.url)).text, /name="(password|decision)"/);
  });

  await context.test('no page may be framed, kept, or tell its address to others', async () => {
    const browser = new Browser(base);
    const posted = await grant(
      browser,
      await signIn(
        browser,
        authorizeUrl(base, hybrid, { authorize: hybridAsk }),
        james.username,
        james.password,
      ),
    );
    assert.match(posted.text, /<form[^>]*action="https:\/\/app\.example\.com\/callback"/);
    const account = new Browser(base);
    const signInPage = await account.open('/cco/account');
    const apps = await account.submit(signInPage, (form) => {
      form.set('username', james.username);
      form.set('password', james.password);
    });
    assert.match(apps.text, /Hybrid/);
    const pages = {
      'form_post page': posted,
      'account sign-in page': signInPage,
      'account page': apps,
      'account sign-in that failed': await account.submit(
        await new Browser(base).open('/cco/account'),
        (form) => form.set('username', 'x'),
      ),
      'error page': await new Browser(base).open('/cco/connect/authorize?client_id=x'),
      'interaction that is gone': await new Browser(base).open('/cco/interaction/x'),
      'developer portal': await new Browser(base).open('/developer/sign-in'),
    };
    for (const [what, { headers }] of Object.entries(pages)) {
      const policy = headers.get('content-security-policy') ?? '';
      assert.match(policy, /frame-ancestors 'none'/, what);
      assert.match(policy, /default-src 'none'/, what);
      assert.match(policy, /base-uri 'none'/, what);
      assert.doesNotMatch(policy, /unsafe|\*/, what);
      assert.equal(headers.get('x-frame-options'), 'DENY', what);
      assert.equal(headers.get('referrer-policy'), 'no-referrer', what);
      assert.match(headers.get('cache-control') ?? '', /no-store/, what);
      assert.equal(headers.get('x-content-type-options'), 'nosniff', what);
    }
    // Of scripts only the one that sends the form, by its digest, is let in.
    const script = /<script[^>]*>([\s\S]*?)<\/script>/.exec(posted.text)?.[1] ?? '';
    const digest = createHash('sha256').update(script).digest('base64');
    assert.ok((posted.headers.get('content-security-policy') ?? '').includes(`'sha256-${digest}'`));
  });

  await context.test('redirects that carry a code are not kept and tell no address', async () => {
    const browser = new Browser(base);
    const page = await grant(
      browser,
      await signIn(browser, authorizeUrl(base, app), james.username, james.password),
    );
    assert.equal(page.status, 303);
    assert.match(page.url, /code=/);
    assert.match(page.headers.get('cache-control') ?? '', /no-store/);
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
  });

  await context.test('what is typed into a request comes back escaped', async () => {
    const evil = '"><script>alert(1)</script>';
    const hostile = await clients.create({ name: evil, redirectUris: [callback], legacyToken: true });
    const url = authorizeUrl(base, hostile, { authorize: { ...hybridAsk, state: evil, login_hint: evil } });
    const browser = new Browser(base);
    const signInPage = await browser.open(url);
    const refused = await browser.submit(signInPage, (form) => {
      form.set('username', evil);
      form.set('password', 'wrong');
    });
    const consent = await signIn(browser, url, maria.username, maria.password);
    const posted = await grant(browser, consent);
    assert.equal(answerOf(posted).state, evil);
    for (const { text } of [signInPage, refused, consent, posted]) assert.doesNotMatch(text, /<script>alert/);
  });

  await context.test(
    'other origins: documents to all, tokens to a public app’s own, pages to none',
    async () => {
      const evil = 'https://evil.example';
      const own = 'https://app.example.com';
      const allowed = async (path: string, origin: string, init: RequestInit = {}) => {
        const response = await fetch(base + path, {
          redirect: 'manual',
          ...init,
          headers: { ...init.headers, origin },
        });
        await response.text();
        assert.equal(response.headers.get('access-control-allow-credentials'), null, `${path} with cookies`);
        return response.headers.get('access-control-allow-origin');
      };
      for (const path of [
        '/cco/.well-known/openid-configuration',
        '/cco/.well-known/oauth-authorization-server',
        '/cco/.well-known/openid-configuration/jwks',
        '/cco/fhir/.well-known/smart-configuration',
        '/cco/fhir/metadata',
        '/cco/fhir/Patient/cco-100004',
      ])
        assert.ok(['*', evil].includes((await allowed(path, evil)) ?? ''), path);
      const got = await authorize(base, app, james);
      const { body } = await redeem(base, app, got);
      const posts: readonly (readonly [string, Record<string, string>])[] = [
        [
          '/cco/connect/token',
          { grant_type: 'refresh_token', refresh_token: body.refresh_token, client_id: app.client_id },
        ],
        ['/cco/connect/revocation', { token: 'x', client_id: app.client_id }],
        ['/cco/connect/introspect', { token: 'x', client_id: app.client_id }],
      ];
      for (const [path, form] of posts) {
        const init = { method: 'POST', body: new URLSearchParams(form) };
        assert.equal(await allowed(path, evil, init), null, path);
      }
      for (const [path, form] of posts) {
        const init = { method: 'POST', body: new URLSearchParams(form) };
        assert.equal(await allowed(path, own, init), own, path);
      }
      for (const path of [
        `/cco/connect/authorize?client_id=${app.client_id}`,
        '/cco/interaction/x',
        '/cco/account',
        '/developer',
        '/cco/connect/endsession',
      ])
        assert.equal(await allowed(path, evil), null, path);
    },
  );

  await context.test(
    'a token in an address is no token at the FHIR API, and one of another line neither',
    async () => {
      const token = await server.token('cco', 'james.okafor');
      const path = '/cco/fhir/Patient/cco-100004';
      assert.equal((await server.get(path, token)).status, 200);
      for (const address of [
        `${path}?access_token=${token.access_token}`,
        `${path}?token=${token.access_token}`,
      ]) {
        const response = await server.get(address);
        assert.ok(response.status === 400 || response.status === 401, `${address}: ${response.status}`);
        assert.ok(!(await response.text()).includes(token.access_token));
      }
      const inForm = await fetch(`${base}/cco/fhir/Patient/_search`, {
        method: 'POST',
        body: new URLSearchParams({ access_token: token.access_token }),
      });
      assert.ok(inForm.status === 400 || inForm.status === 401);
      const elsewhere = await server.get('/advantage/fhir/Patient', token);
      assert.equal(elsewhere.status, 401);
      assert.match(elsewhere.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
    },
  );

  await context.test(
    'the authorization endpoint takes no POST of JSON and no method but GET and POST',
    async () => {
      const { challenge } = pkce();
      const url = new URL(authorizeUrl(base, confidential, {}, challenge));
      const json = await fetch(url.origin + url.pathname, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(Object.fromEntries(url.searchParams)),
        redirect: 'manual',
      });
      assert.equal(json.status, 400);
      for (const method of ['PUT', 'DELETE', 'PATCH']) {
        const response = await fetch(url, { method, redirect: 'manual' });
        assert.ok(response.status >= 400 && response.status < 500, method);
      }
    },
  );
});
