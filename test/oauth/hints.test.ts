// What an app may say of the person and their page beside what it asks: login_hint, ui_locales, prompt, max_age.
// https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { lineWords, sensitiveWords } from '../../src/oauth/pages/class-texts.ts';
import { consentTexts } from '../../src/oauth/pages/consent-texts.ts';
import { secondFactorTexts } from '../../src/oauth/pages/second-factor-texts.ts';
import { problemTexts, signInTexts } from '../../src/oauth/pages/sign-in-texts.ts';
import { chosenLanguage } from '../../src/pages/language.ts';
import { frameTexts } from '../../src/pages/page.ts';
import { memberTexts, whyEnded } from '../../src/portal/pages/member-texts.ts';
import { securityTexts } from '../../src/portal/pages/security-texts.ts';
import { categoryScopes } from '../../src/smart/category-scopes.ts';
import { dataClasses } from '../../src/smart/data-classes.ts';
import { classScopes } from '../../src/smart/scopes.ts';
import {
  answerOf,
  Browser,
  callback,
  type Fixture,
  grant,
  type Page,
  password,
  seedAccounts,
  signIn,
  startFixture,
} from './oauth-fixture.ts';

/** Every text of a dictionary; what takes a value is given `·`. */
function textsOf(dictionary: unknown): string[] {
  if (typeof dictionary === 'string') return [dictionary];
  if (typeof dictionary === 'function') return [String((dictionary as (value: string) => string)('·'))];
  if (typeof dictionary !== 'object' || dictionary === null) return [];
  return Object.values(dictionary).flatMap(textsOf);
}

describe('the language of the pages', () => {
  test('is the first of ui_locales that is known, else what the browser says', () => {
    for (const [uiLocales, acceptLanguage, expected] of [
      ['es', 'en', 'es'],
      ['fr es-MX en', undefined, 'es'],
      ['fr', 'es-419,es;q=0.9,en;q=0.8', 'es'],
      [undefined, 'en-US,es;q=0.9', 'en'],
      [undefined, 'es;q=0, en;q=0.1', 'en'],
      [undefined, 'fr', 'en'],
      ['ES', undefined, 'es'],
      [undefined, undefined, 'en'],
    ] as const)
      assert.equal(chosenLanguage({ uiLocales, acceptLanguage }), expected, `${uiLocales} ${acceptLanguage}`);
  });

  test('every text of the pages has its own in Spanish', () => {
    // The same word in both languages.
    const shared = new Set(['Error:', 'HIV', '·']);
    for (const [english, spanish] of [
      [consentTexts.en, consentTexts.es],
      [signInTexts.en, signInTexts.es],
      [secondFactorTexts.en, secondFactorTexts.es],
      [problemTexts.en, problemTexts.es],
      [frameTexts.en, frameTexts.es],
      [memberTexts.en, memberTexts.es],
      [whyEnded.en, whyEnded.es],
      [securityTexts.en, securityTexts.es],
    ]) {
      const [left, right] = [textsOf(english), textsOf(spanish)];
      assert.equal(left.length, right.length);
      for (const [position, text] of left.entries())
        if (!shared.has(text)) assert.notEqual(right[position], text);
    }
    for (const { code } of dataClasses) {
      const line = { kind: 'data', classes: [code], scopes: [] } as const;
      assert.notEqual(lineWords(line, 'es').title, lineWords(line, 'en').title, code);
      assert.notEqual(lineWords(line, 'es').explains, lineWords(line, 'en').explains, code);
    }
    for (const category of categoryScopes) {
      const line = { kind: 'data', classes: [], scopes: [], category } as const;
      const name = `${category.type} ${category.category}`;
      assert.notEqual(lineWords(line, 'es').title, lineWords(line, 'en').title, name);
      assert.notEqual(lineWords(line, 'es').explains, lineWords(line, 'en').explains, name);
    }
    const english = sensitiveWords('en');
    for (const [position, { code, title }] of sensitiveWords('es').entries())
      assert.notEqual(title, english[position]?.title, code);
  });
});

describe('hints of the authorization request', () => {
  let fixture: Fixture;
  let clientId: string;
  before(async () => {
    fixture = await startFixture();
    await seedAccounts(fixture.oauth);
    const client = await fixture.oauth.clients.create({
      name: 'Mi aplicación',
      redirectUris: [callback],
      pkceOptional: true,
    });
    clientId = client.client_id;
  });
  after(() => fixture.close());

  const url = (more: Record<string, string> = {}) =>
    `${fixture.base}/cco/connect/authorize?${new URLSearchParams({
      client_id: clientId,
      redirect_uri: callback,
      response_type: 'code',
      scope: 'openid patientapi.claims.read',
      state: 'st',
      aud: `${fixture.base}/cco/fhir`,
      ...more,
    })}`;

  /** English texts of the dictionaries that a page shows. */
  const englishOn = (page: Page) => {
    const plain = page.text.replaceAll('&#39;', '’');
    const known = [
      ...textsOf(consentTexts.en),
      ...textsOf(signInTexts.en),
      ...textsOf(problemTexts.en),
      ...textsOf(frameTexts.en),
      ...dataClasses.flatMap(({ title, explains }) => [title, explains]),
      ...sensitiveWords('en').flatMap(({ title, explains }) => [title, explains]),
    ].filter((text) => text.length > 3 && !text.includes('·') && !/^(Error:|App)$/.test(text));
    const spanish = textsOf([consentTexts.es, signInTexts.es, problemTexts.es]).join('\n');
    return known.filter(
      (text) => plain.includes(`>${text}`) || (plain.includes(text) && !spanish.includes(text)),
    );
  };

  test('ui_locales=es gives the sign-in and consent pages whole in Spanish', async () => {
    const browser = new Browser(fixture.base);
    const scope = `openid ${classScopes.join(' ')} user/Organization.rs offline_access`;
    const signInPage = await browser.open(url({ ui_locales: 'es', scope }));
    const refused = await browser.submit(signInPage, (form) => {
      form.set('username', 'parent');
      form.set('password', 'wrong');
    });
    const consent = await browser.submit(refused, (form) => {
      form.set('username', 'parent');
      form.set('password', password);
    });
    const again = await grant(browser, consent, (form) => {
      form.fields = form.fields.filter(([name]) => name !== 'scope');
    });
    const nobody = await signIn(new Browser(fixture.base), url({ ui_locales: 'es' }), 'stranger');
    for (const page of [signInPage, refused, consent, again, nobody]) {
      assert.match(page.text, /<html lang="es">/);
      assert.deepEqual(englishOn(page), []);
    }
    assert.match(signInPage.text, /Iniciar sesión/);
    assert.match(again.text, /Elija al menos un tipo de información/);
    assert.ok(englishOn(await signIn(new Browser(fixture.base), url({ scope }))).length > 20);
  });

  test('the browser’s own language is taken where the app says nothing, on pages of problems as well', async () => {
    const headers = { 'accept-language': 'es-MX,es;q=0.9' };
    const wrong = await fetch(url({ redirect_uri: 'https://evil.example.com/' }), { headers });
    assert.match(await wrong.text(), /<html lang="es">[\s\S]*Esta solicitud no se puede contestar/);
    const gone = await fetch(`${fixture.base}/cco/interaction/none`, { headers });
    assert.match(await gone.text(), /<html lang="es">[\s\S]*Esta página ha caducado/);
  });

  test('login_hint fills in the user name, escaped and cut, and is not passed on to another person', async () => {
    const browser = new Browser(fixture.base);
    const page = await browser.open(url({ login_hint: '"><b>maria' }));
    assert.match(page.text, /name="username"[^>]*value="&quot;&gt;&lt;b&gt;maria"/);
    const long = await new Browser(fixture.base).open(url({ login_hint: 'x'.repeat(900) }));
    assert.equal(/name="username"[^>]*value="(x+)"/.exec(long.text)?.[1]?.length, 200);
    const consent = await signIn(browser, url({ login_hint: 'maria' }));
    const other = await browser.submit(consent, (form) => form.set('decision', 'switch'));
    assert.match(other.text, /name="username"[^>]*value=""/);
  });

  test('prompt=login and max_age ask for the password again, prompt=consent does not', async () => {
    const browser = new Browser(fixture.base);
    await grant(browser, await signIn(browser, url()));
    assert.doesNotMatch((await browser.open(url({ prompt: 'consent' }))).text, /name="password"/);
    assert.doesNotMatch((await browser.open(url({ max_age: '600' }))).text, /name="password"/);
    for (const hint of [{ prompt: 'login' }, { max_age: '0' }, { prompt: 'login consent' }]) {
      const page = await browser.open(url(hint));
      assert.match(page.text, /name="password"/, JSON.stringify(hint));
      const consent = await browser.submit(page, (form) => {
        form.set('username', 'maria');
        form.set('password', password);
      });
      assert.match(consent.text, /Share your information/);
      assert.ok(answerOf(await grant(browser, consent)).code);
    }
  });

  test('prompt=none shows no page: login_required, or consent_required of who is signed in', async () => {
    const browser = new Browser(fixture.base);
    const before = answerOf(await browser.open(url({ prompt: 'none' })));
    assert.deepEqual([before.error, before.state], ['login_required', 'st']);
    await grant(browser, await signIn(browser, url()));
    const now = answerOf(await browser.open(url({ prompt: 'none' })));
    assert.deepEqual([now.error, now.state], ['consent_required', 'st']);
  });

  test('when the account is closed between sign-in and consent the browser goes back to the app', async () => {
    const leaver = await fixture.oauth.accounts.create({
      line: 'cco',
      username: 'leaver',
      password,
      patient: 'p',
      name: 'L',
      actsFor: [],
    });
    const browser = new Browser(fixture.base);
    const consent = await signIn(browser, url(), 'leaver');
    await fixture.oauth.accounts.remove(leaver);
    const page = await grant(browser, consent);
    assert.deepEqual([answerOf(page).error, answerOf(page).state], ['login_required', 'st']);
  });
});
