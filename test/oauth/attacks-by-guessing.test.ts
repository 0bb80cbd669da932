// Guessing: who exists, by what is said and by how long it takes; passwords, by every door at once and from behind made-up
// addresses. https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#authentication-and-error-messages
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { registerMemberAccount } from '../../src/portal/member-account.ts';
import { Browser, callback, type Fixture, password, seedAccounts, startFixture } from './oauth-fixture.ts';
import { type App, authorizeUrl, refresh } from './whole-flow.ts';

describe('guessing', () => {
  let fixture: Fixture;
  let app: App;
  before(async () => {
    fixture = await startFixture('sqlite', {
      register: (server, deps) => {
        for (const line of deps.config.lines) registerMemberAccount(server, line, deps);
      },
    });
    await seedAccounts(fixture.oauth);
    app = await fixture.oauth.clients.create({ name: 'P', redirectUris: [callback], public: true });
  });
  after(() => fixture.close());

  const atAccount = async (username: string, typed: string, headers: Record<string, string> = {}) => {
    const browser = new Browser(fixture.base);
    const page = await browser.open('/cco/account');
    if (Object.keys(headers).length === 0)
      return browser.submit(page, (form) => {
        form.set('username', username);
        form.set('password', typed);
      });
    const csrf = /name="csrf" value="([^"]*)"/.exec(page.text)?.[1];
    const response = await fetch(`${fixture.base}/cco/account/sign-in`, {
      method: 'POST',
      redirect: 'manual',
      headers: { ...headers, cookie: browser.cookieFor('/cco/account/sign-in') },
      body: new URLSearchParams({ username, password: typed, ...(csrf === undefined ? {} : { csrf }) }),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  /** Without what was typed and what is new on every page. */
  const said = ({ status, text }: { status: number; text: string }, username: string) =>
    `${status} ${text.replaceAll(username, 'NAME').replace(/name="csrf" value="[^"]*"/, '')}`;

  test('the account page says the same of a wrong password and of a name that is unknown', async () => {
    const wrong = await atAccount('maria', 'wrong');
    const unknown = await atAccount('nobody-of-that-name', 'wrong');
    assert.ok(wrong.status >= 400);
    assert.equal(said(wrong, 'maria'), said(unknown, 'nobody-of-that-name'));
    // An account of another line is none here.
    await fixture.oauth.accounts.create({
      line: 'advantage',
      username: 'only-there',
      password,
      patient: null,
      name: 'O',
      actsFor: [],
    });
    assert.equal(
      said(await atAccount('only-there', password), 'only-there'),
      said(unknown, 'nobody-of-that-name'),
    );
  });

  test('a name that is unknown takes as long as a wrong password', async () => {
    const pairs = 24;
    await Promise.all(
      Array.from({ length: pairs }, (_, index) =>
        fixture.oauth.accounts.create({
          line: 'cco',
          username: `known-${index}`,
          password,
          patient: null,
          name: 'K',
          actsFor: [],
        }),
      ),
    );
    const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] };
    for (let index = 0; index < pairs; index++)
      // By turns, so that a busy machine weighs on both alike.
      for (const kind of index % 2 === 0
        ? (['known', 'unknown'] as const)
        : (['unknown', 'known'] as const)) {
        const started = performance.now();
        const found = await fixture.oauth.accounts.verify(
          'cco',
          `${kind}-${index}`,
          'wrong',
          `10.0.0.${index}`,
        );
        times[kind].push(performance.now() - started);
        assert.equal(found.kind, 'refused');
      }
    const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
    const [known, unknown] = [median(times.known), median(times.unknown)];
    // A check of a password is 90 of 100 parts of the time; without it the ratio is below a fifth.
    assert.ok(
      unknown / known > 0.6 && unknown / known < 1.67,
      `unknown ${unknown.toFixed(1)} ms, known ${known.toFixed(1)} ms`,
    );
  });

  test('both sign-in pages count together: one door more is no guess more', async () => {
    const username = 'parent';
    const browser = new Browser(fixture.base);
    const form = await browser.open(authorizeUrl(fixture.base, app));
    const statuses: number[] = [];
    for (let guess = 0; guess < 4; guess++) {
      const page =
        guess % 2 === 0
          ? await atAccount(username, `guess-${guess}`)
          : await browser.submit(form, (fields) => {
              fields.set('username', username);
              fields.set('password', `guess-${guess}`);
            });
      statuses.push(page.status);
    }
    assert.ok(!statuses.includes(429), statuses.join());
    await atAccount(username, 'guess-5');
    assert.equal(
      (await atAccount(username, password)).status,
      429,
      'the right password, at the account page',
    );
    const other = await browser.submit(form, (fields) => {
      fields.set('username', username.toUpperCase());
      fields.set('password', password);
    });
    assert.equal(other.status, 429, 'the right password, on the way to an app, in other letters');
    fixture.advance(24 * 3_600_000 + 60_000);
    assert.equal((await atAccount(username, password)).status, 200);
    fixture.advance(-24 * 3_600_000 - 60_000);
  });

  test('guesses at many names from one address are stopped, whatever address the request claims', async () => {
    const statuses: number[] = [];
    for (let guess = 0; guess < 60; guess++) {
      const claimed = `203.0.113.${guess}`;
      const { status } = await atAccount(`sprayed-${guess}`, 'Winter2026!', {
        'x-forwarded-for': claimed,
        'x-real-ip': claimed,
        forwarded: `for=${claimed}`,
      });
      statuses.push(status);
      if (status === 429) break;
    }
    assert.equal(statuses.at(-1), 429, `${statuses.length} guesses were looked at`);
    fixture.advance(24 * 3_600_000 + 60_000);
    assert.equal((await atAccount('maria', password)).status, 200);
    fixture.advance(-24 * 3_600_000 - 60_000);
  });

  test('a code and a refresh token that never were are told like those that are spent or another’s', async () => {
    const answers = new Set<string>();
    for (const token of ['unknown-token-unknown-token-unknown-tok', 'x', 'é', '\0']) {
      const { status, body } = await refresh(fixture.base, app, token);
      answers.add(`${status} ${JSON.stringify(body)}`);
    }
    assert.equal(answers.size, 1, [...answers].join('\n'));
  });
});
