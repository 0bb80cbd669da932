// A member ends an app's access, and the app's next request is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sqlitePlace } from '../databases.ts';
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

test('another’s connection and a form without its token change nothing', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const token = await server.token('cco', 'james.okafor');
  const signIn = await fetch(`${server.base}/cco/account/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ username: 'maria.delgado', password: 'harbor-tulip-12' }),
  });
  const cookie = signIn.headers.getSetCookie()[0]!.split(';')[0]!;
  const rows = await server.portico.plan.db.read<[grantId: string]>({
    sql: 'select grant_id from oauth_connection',
    parameters: [],
  });
  for (const csrf of ['', 'x'.repeat(43)]) {
    await fetch(`${server.base}/cco/account/end`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie },
      body: new URLSearchParams({ csrf, connection: rows[0]![0] }),
    });
  }
  const page = await (await fetch(`${server.base}/cco/account`, { headers: { cookie } })).text();
  assert.match(page, /No app is connected/);
  assert.equal((await fetch(`${server.base}/advantage/account`, { headers: { cookie } })).status, 200);
  assert.match(
    await (await fetch(`${server.base}/advantage/account`, { headers: { cookie } })).text(),
    /Sign in to see/,
  );
  assert.equal((await server.get('/cco/fhir/Patient', token)).status, 200);
});

test('signing out ends the session for whoever kept its cookie', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const signIn = await fetch(`${server.base}/cco/account/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ username: 'maria.delgado', password: 'harbor-tulip-12' }),
  });
  const cookie = signIn.headers.getSetCookie()[0]!.split(';')[0]!;
  const show = async () => (await fetch(`${server.base}/cco/account`, { headers: { cookie } })).text();
  const signOut = (csrf: string) =>
    fetch(`${server.base}/cco/account/sign-out`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie },
      body: new URLSearchParams({ csrf }),
    });
  const page = await show();
  assert.match(page, /You are signed in as Maria Delgado/);
  await signOut('from another site');
  assert.match(await show(), /You are signed in/);
  await signOut(/name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '');
  assert.doesNotMatch(await show(), /You are signed in/);
});
