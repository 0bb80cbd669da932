// A person tries the sandbox: first screen → sample app → sign-in → consent → the record, in a real browser.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import type { Database } from '../../src/db/database.ts';
import { importFiles } from '../../src/ingest/import-files.ts';
import { findInputFiles } from '../../src/ingest/input-files.ts';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';
import { openPage, withoutChromium } from './chromium.ts';

async function signIn(page: Page, username: string, password: string): Promise<void> {
  await page.getByLabel(/user ?name/i).fill(username);
  await page.getByLabel(/password/i).fill(password);
  await page.keyboard.press('Enter');
}

for (const width of [1280, 390]) {
  test(`a persona's record is read through the sample app at ${width} pixels`, {
    skip: withoutChromium,
  }, async (context) => {
    const server = await startPortico(context, await sqlitePlace(context));
    const page = await openPage(context, width);
    const errors: string[] = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(server.base);
    await page.getByRole('link', { name: 'Sample app' }).first().click();
    await page.getByRole('link', { name: 'Connect cco' }).click();
    await noFaults(page);
    await signIn(page, 'james.okafor', 'harbor-cedar-56');
    await page.getByRole('button', { name: 'Share', exact: true }).waitFor();
    await noFaults(page);
    assert.match(await page.content(), /Sample app/);
    await page.getByRole('button', { name: 'Share', exact: true }).click();
    await page.getByRole('heading', { name: 'James Okafor' }).waitFor();
    assert.match(await page.content(), /cco-100004/);
    assert.ok((await page.locator('.timeline li').count()) > 20);
    await noFaults(page);
    assert.ok(
      await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth),
      'the page is wider than the screen',
    );
    assert.deepEqual(errors, []);
  });
}

test('a member who unticks demographics shares claims only, and one who refuses shares nothing', {
  skip: withoutChromium,
}, async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const page = await openPage(context);
  await page.goto(`${server.base}/sandbox/app/connect/cco`);
  await signIn(page, 'james.okafor', 'harbor-cedar-56');
  await page.locator('input[name=scope][value="patientapi.demographics.read"]').uncheck();
  await page.locator('button[name=decision][value=grant]').click();
  await page.getByText('Who you are was not shared with this app.').waitFor();
  assert.doesNotMatch(await page.content(), /James Okafor/);
  assert.ok((await page.locator('.timeline li').count()) > 20);
  await page.goto(`${server.base}/sandbox/app/connect/cco`);
  if ((await page.locator('input[name=password]').count()) > 0)
    await signIn(page, 'james.okafor', 'harbor-cedar-56');
  await page.locator('button[name=decision][value=deny]').click();
  await page.getByText('Access was not granted.').waitFor();
});

const synthea = fileURLToPath(new URL('../../../shared/data/synthea', import.meta.url));
const without =
  withoutChromium !== false
    ? withoutChromium
    : existsSync(synthea)
      ? false
      : '../shared/data/synthea is not there';

test("a Synthea member signs in through the browser and the seed's requests read the record", {
  skip: without,
}, async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const files = (await findInputFiles([synthea])).slice(0, 5);
  const report = await importFiles({ ...server.portico.plan, ownBases: [] }, files, {
    line: 'cco',
    atomic: 'bundle',
    validation: { level: 'report' },
  });
  assert.ok(report.created > 500 && report.refused === 0);
  const patient = await somePatient(server.portico.plan.db);
  await server.portico.oauth.accounts.create({
    line: 'cco',
    username: 'synthea',
    password: 'a long passphrase',
    patient,
    name: 'Synthea',
    actsFor: [],
  });
  const page = await openPage(context);
  const redirectUri = 'http://localhost:9/callback';
  const client = await server.portico.oauth.clients.create({
    name: 'Literal app',
    redirectUris: [redirectUri],
    public: false,
    lines: ['cco'],
    legacyToken: true,
    pkceOptional: true,
  });
  // The form post is caught on its way to the app.
  let posted = '';
  await page.route('http://localhost:9/**', (route) => {
    posted = route.request().postData() ?? '';
    return route.fulfill({ body: 'done' });
  });
  const query = `client_id=${client.client_id}&redirect_uri=${encodeURIComponent(redirectUri)}&state=xyz&response_type=code%20id_token&scope=openid%20patientapi.demographics.read%20patientapi.claims.read&response_mode=form_post&nonce=abc`;
  await page.goto(`${server.base}/cco/connect/authorize?${query}`);
  await signIn(page, 'synthea', 'a long passphrase');
  await page.locator('button[name=decision][value=grant]').click();
  await page.waitForURL('http://localhost:9/**');
  const form = new URLSearchParams(posted);
  assert.equal(form.get('state'), 'xyz');
  assert.ok(form.get('id_token'));
  const tokenUrl = `${server.base}/cco/connect/token?ClientId=${client.client_id}&ClientSecret=${client.client_secret}&Code=${form.get('code')}&RedirectUri=${encodeURIComponent(redirectUri)}`;
  const token = (await (await fetch(tokenUrl)).json()) as {
    access_token: string;
    patient: string;
    expires_in: number;
    token_type: string;
  };
  assert.deepEqual([token.patient, token.expires_in, token.token_type], [patient, 3600, 'Bearer']);
  const headers = {
    authorization: `Bearer ${token.access_token}`,
    accept: 'application/json, text/json, text/x-json, text/javascript, application/xml, text/xml',
    'accept-encoding': 'gzip, deflate',
  };
  const person = await fetch(`${server.base}/cco/fhir/Patient/${patient}`, { headers });
  assert.equal(person.status, 200);
  assert.match(person.headers.get('content-type') ?? '', /^application\/json/);
  assert.equal(((await person.json()) as { id: string }).id, patient);
  const claims = await fetch(`${server.base}/cco/fhir/ExplanationOfBenefit?patient=${patient}`, { headers });
  assert.equal(claims.headers.get('content-encoding'), 'gzip');
  const bundle = (await claims.json()) as { entry: { resource: { patient: { reference: string } } }[] };
  assert.ok(bundle.entry.length > 0);
  for (const { resource } of bundle.entry) assert.equal(resource.patient.reference, `Patient/${patient}`);
});

async function somePatient(db: Database): Promise<string> {
  const rows = await db.read<[id: string]>({
    sql: "select r.id from resource r where r.type = 'Patient' and r.line = 'cco' and r.id not like 'cco-%' order by r.key limit 1",
    parameters: [],
  });
  return rows[0]![0];
}

/** The accessibility checker finds nothing (WCAG 2.2 AA). */
async function noFaults(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    .analyze();
  assert.deepEqual(
    violations.map(
      (violation) => `${violation.id}: ${violation.nodes.map((node) => node.target.join(' ')).join(', ')}`,
    ),
    [],
    page.url(),
  );
}
