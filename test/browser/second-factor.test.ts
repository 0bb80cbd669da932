// A member sets up a second step and signs in with it, in a real browser with a virtual authenticator (WebAuthn).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TOTP } from 'otpauth';
import type { Page } from 'playwright-core';
import { sqlitePlace } from '../databases.ts';
import { Browser } from '../oauth/oauth-fixture.ts';
import { startPortico } from '../portico.ts';
import { openPage, withoutChromium } from './chromium.ts';

const password = 'harbor-tulip-12';

async function signIn(page: Page): Promise<void> {
  await page.getByLabel('User name').fill('rosa.diaz');
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
}

/** As a person types it. */
async function shownKey(page: Page): Promise<string> {
  return ((await page.locator('code').first().textContent()) ?? '').replaceAll(' ', '');
}

/** Of a later step than the code that was used last. */
async function freshCode(secret: string, last: string): Promise<string> {
  for (;;) {
    const code = new TOTP({ secret }).generate({ timestamp: Date.now() + 29_000 });
    if (code !== last) return code;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

test('an authenticator app, recovery codes and a passkey', { skip: withoutChromium }, async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const page = await openPage(context, 390);
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const account = `${server.base}/cco/account`;
  await server.portico.oauth.accounts.create({
    line: 'cco',
    username: 'rosa.diaz',
    password,
    patient: 'cco-100001',
    name: 'Rosa Diaz',
    actsFor: [],
  });
  await page.goto(account);
  await signIn(page);

  await page.getByRole('link', { name: 'Sign-in and security' }).click();
  await page.getByRole('link', { name: 'Add an authenticator app' }).click();
  const secret = await shownKey(page);
  const first = new TOTP({ secret }).generate();
  await page.getByLabel('6-digit code').fill(first);
  await page.getByLabel('Your password').fill('not it');
  await page.keyboard.press('Enter');
  await page.getByText('This is not your password').waitFor();
  assert.equal(await shownKey(page), secret, 'the same key');
  await page.getByLabel('6-digit code').fill('000000');
  await page.getByLabel('Your password').fill(password);
  await page.keyboard.press('Enter');
  await page.getByText('The code is not of this key').waitFor();
  await page.getByLabel('6-digit code').fill(first);
  await page.getByLabel('Your password').fill(password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor();
  const codes = await page.locator('.codes code').allInnerTexts();
  assert.equal(codes.length, 10);
  await page.reload().catch(() => {});
  await page.goto(`${account}/security`);
  assert.equal(await page.locator('.codes code').count(), 0, 'shown once');

  await page.goto(account);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await signIn(page);
  await page.getByRole('heading', { name: 'One more step' }).waitFor();
  await page.goto(account);
  assert.match(await page.content(), /Sign in to see/, 'the password alone opens nothing');
  await signIn(page);
  await page.getByLabel('6-digit code').fill(first);
  await page.keyboard.press('Enter');
  await page.getByText('the code was used before').waitFor();
  await page.getByLabel('6-digit code').fill(await freshCode(secret, first));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Connected apps' }).waitFor();

  await page.goto(`${account}/security/passkey`);
  await page.getByLabel('Your password').fill(password);
  await page.getByRole('button', { name: 'Make a passkey' }).click();
  await page.getByText('is asked for from now on').waitFor();
  await page.goto(account);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await signIn(page);
  await page.getByRole('button', { name: 'Use your passkey' }).click();
  await page.getByRole('heading', { name: 'Connected apps' }).waitFor();

  // An app's request goes the same way.
  const client = await server.portico.oauth.clients.create({
    name: 'Web',
    redirectUris: ['https://app.example.com/callback'],
    pkceOptional: true,
  });
  const query = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: 'https://app.example.com/callback',
    response_type: 'code',
    scope: 'openid patientapi.labs.read',
    ui_locales: 'es',
  });
  await page.goto(`${server.base}/cco/connect/authorize?${query}`);
  await page.getByLabel('Nombre de usuario').fill('rosa.diaz');
  await page.getByLabel('Contraseña').fill(password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Un paso más' }).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'es');
  await page.getByLabel('código de recuperación').fill(codes[3]!);
  await page.keyboard.press('Enter');
  await page.locator('input[name="scope"]').first().waitFor();

  // A new password is not one that repeats the user name.
  await page.goto(`${account}/security`);
  await page.getByLabel('Your password').last().fill(password);
  await page.getByLabel('New password').fill('rosa.diaz once again');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText('too easy to guess').waitFor();
  await page.getByLabel('Your password').last().fill(password);
  await page.getByLabel('New password').fill('seven quiet herons at dusk');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText('Your password was changed').waitFor();
});

test('nobody shuts the others out of a test member of the sandbox', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const browser = new Browser(server.base);
  const page = await browser.submit(await browser.open('/cco/account'), (form) => {
    form.set('username', 'maria.delgado');
    form.set('password', password);
  });
  const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(page.text) ?? [];
  const security = await browser.open('/cco/account/security');
  assert.match(security.text, /a test member that everybody signs in with/);
  await browser.post('/cco/account/security/password', [
    ['csrf', csrf],
    ['password', password],
    ['new_password', 'seven quiet herons at dusk'],
  ]);
  assert.equal(
    (await server.portico.oauth.accounts.verify('cco', 'maria.delgado', password)).kind,
    'accepted',
  );
});
