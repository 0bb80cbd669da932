// A member ends an app's access, and the app's next request is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sqlitePlace } from '../databases.ts';
import { Browser, type Page, readForm } from '../oauth/oauth-fixture.ts';
import { startPortico } from '../portico.ts';
import { openPage, withoutChromium } from './chromium.ts';

test('a member sees what is connected and ends it', { skip: withoutChromium }, async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const token = await server.token('cco', 'maria.delgado', 'openid patientapi.labs.read');
  const other = await server.token('cco', 'james.okafor');
  assert.equal((await server.get('/cco/fhir/Observation', token)).status, 200);
  const page = await openPage(context, 390);
  await page.goto(`${server.base}/cco/account`);
  await page.getByLabel('User name').fill('maria.delgado');
  await page.getByLabel('Password').fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByText('This user name and password do not belong together.').waitFor();
  assert.equal(await page.getByLabel('User name').inputValue(), 'maria.delgado');
  await page.getByLabel('Password').fill('harbor-tulip-12');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Test app' }).waitFor();
  assert.match(await page.content(), /Lab results/);
  await page.getByRole('button', { name: 'End access of Test app' }).click();
  await page.getByText('No app is connected.').waitFor();
  assert.equal((await server.get('/cco/fhir/Observation', token)).status, 401);
  assert.equal((await server.get('/cco/fhir/Observation', other)).status, 200);
});

/** A browser without scripts, signed in at the member's pages. */
async function signedIn(
  base: string,
  username: string,
  password: string,
): Promise<{ browser: Browser; page: Page }> {
  const browser = new Browser(base);
  const page = await browser.submit(await browser.open('/cco/account'), (form) => {
    form.set('username', username);
    form.set('password', password);
  });
  return { browser, page };
}

test('another’s connection and a form without its token change nothing', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const token = await server.token('cco', 'james.okafor');
  const own = await server.token('cco', 'maria.delgado');
  const { browser, page } = await signedIn(server.base, 'maria.delgado', 'harbor-tulip-12');
  const grants = await server.portico.plan.db.read<[grantId: string, username: string]>({
    sql: `select grant_id, username from oauth_connection c join oauth_account a on a.id = c.account_id`,
    parameters: [],
  });
  const grantOf = (username: string) => grants.find(([, name]) => name === username)![0];
  const { fields } = readForm(page.text);
  const csrf = new Map(fields).get('csrf') ?? '';
  for (const [given, connection] of [
    ['', grantOf('maria.delgado')],
    ['x'.repeat(43), grantOf('maria.delgado')],
    [csrf, grantOf('james.okafor')],
  ] as const) {
    await browser.post('/cco/account/end', [
      ['csrf', given],
      ['connection', connection],
    ]);
  }
  assert.equal((await server.get('/cco/fhir/Patient', token)).status, 200);
  assert.equal((await server.get('/cco/fhir/Patient', own)).status, 200);
  assert.equal((await browser.open(`/cco/account/receipts/${grantOf('james.okafor')}`)).status, 404);
  const cookie = browser.cookieFor('/cco/account');
  const other = await fetch(`${server.base}/advantage/account`, { headers: { cookie } });
  assert.match(await other.text(), /Sign in to see/);
});

test('signing out ends the session for whoever kept its cookie', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const { browser, page } = await signedIn(server.base, 'maria.delgado', 'harbor-tulip-12');
  const cookie = browser.cookieFor('/cco/account');
  const show = async () => (await fetch(`${server.base}/cco/account`, { headers: { cookie } })).text();
  assert.match(page.text, /You are signed in as Maria Delgado/);
  await browser.post('/cco/account/sign-out', [['csrf', 'from another site']]);
  assert.match(await show(), /You are signed in/);
  await browser.post('/cco/account/sign-out', [
    ['csrf', new Map(readForm(page.text).fields).get('csrf') ?? ''],
  ]);
  assert.doesNotMatch(await show(), /You are signed in/);
});

test('another site cannot sign its visitor in, and too many attempts say when to come again', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const credentials = { username: 'maria.delgado', password: 'harbor-tulip-12' };
  // The attacker's own token does not fit the cookie of the visitor's browser.
  const attacker = await new Browser(server.base).open('/cco/account');
  const csrf = new Map(readForm(attacker.text).fields).get('csrf') ?? '';
  for (const token of [{}, { csrf }]) {
    const answer = await fetch(`${server.base}/cco/account/sign-in`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ ...credentials, ...token }),
    });
    assert.equal(answer.status, 403);
    assert.deepEqual(
      answer.headers.getSetCookie().filter((line) => line.startsWith('portico_member=')),
      [],
    );
  }
  for (let attempt = 0; attempt < 5; attempt++)
    assert.equal((await signedIn(server.base, 'maria.delgado', 'wrong')).page.status, 400);
  const { page } = await signedIn(server.base, 'maria.delgado', 'wrong');
  assert.equal(page.status, 429);
  assert.equal(page.headers.get('retry-after'), '30');
});

test('the receipt of a connection says what was agreed, and stays when it has ended', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  await server.token('cco', 'maria.delgado', 'openid patientapi.labs.read', 'cco-100003');
  const { browser, page } = await signedIn(server.base, 'maria.delgado', 'harbor-tulip-12');
  const link = /href="([^"]*\/receipts\/[^"]+)"/.exec(page.text)?.[1] ?? '';
  const receipt = await browser.open(link);
  assert.match(receipt.text, /What you agreed to with Test app/);
  assert.match(receipt.text, /Lucia Delgado, member id cco-100003/);
  assert.match(receipt.text, /<strong>Lab results<\/strong>/);
  assert.match(receipt.text, /app\.example\.com/);
  const headers = { cookie: browser.cookieFor('/cco/account'), 'accept-language': 'es-MX' };
  const spanish = async (path: string) => (await fetch(`${server.base}${path}`, { headers })).text();
  assert.match(await spanish('/cco/account'), /<html lang="es">[\s\S]*Aplicaciones conectadas/);
  // What was shown stays in the language it was shown in.
  assert.match(
    await spanish(link),
    /Lo que usted aceptó con Test app[\s\S]*<ul lang="en"><li><strong>Lab results/,
  );
  const ended = await browser.submit(page);
  assert.match(ended.text, /No longer connected/);
  assert.match(ended.text, /You ended it\./);
  assert.match((await browser.open(link)).text, /You ended it\./);
});
