// SMART's own JavaScript client, unchanged, in a real browser: https://docs.smarthealthit.org/client-js/
// Standalone launch of https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html from an app on another origin.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { exportJWK, generateKeyPair } from 'jose';
import { openPage, withoutChromium } from '../browser/chromium.ts';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';
import { page, script, serveApp } from './serve-app.ts';

const library = createRequire(import.meta.url).resolve('fhirclient/build/fhir-client.min.js');

/** What the app finds out, as the page puts it into its text. */
interface Seen {
  readonly error?: string;
  readonly patientId: string;
  readonly patient: { readonly resourceType: string; readonly id: string };
  readonly observations: { readonly resource: { readonly subject: { readonly reference: string } } }[];
  readonly user: { readonly resourceType: string; readonly id: string };
  readonly userId: string;
  readonly first: Answer;
  readonly second: Answer;
  readonly again: { readonly id: string };
}

interface Answer {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly scope: string;
}

const scope = 'launch/patient openid fhirUser offline_access patient/Patient.rs patient/Observation.rs';

/** @param credentials beside what the launch page's address says */
const launchPage = (credentials: object) =>
  page(`<script src="/fhir-client.js"></script><script>
    FHIR.oauth2.authorize({ scope: '${scope}', redirectUri: 'app.html', pkceMode: 'required', ...${JSON.stringify(credentials)} });
  </script>`);

/** With a key of its own the library sends its assertion with the code only, so such an app cannot refresh through it. */
const appPage = page(`<script src="/fhir-client.js"></script><pre></pre><script>
  const show = (seen) => { document.querySelector('pre').textContent = JSON.stringify(seen); };
  FHIR.oauth2.ready().then(async (client) => {
    const mayRefresh = client.state.clientPrivateJwk === undefined;
    const first = { ...client.state.tokenResponse };
    const patient = await client.patient.read();
    const observations = await client.patient.request('Observation?_count=5', { flat: false });
    const user = await client.user.read();
    if (mayRefresh) await client.refresh();
    const second = { ...client.state.tokenResponse };
    const again = await client.patient.read();
    show({ patientId: client.patient.id, userId: client.user.id, patient, observations: observations.entry, user, first, second, again });
  }).catch((error) => show({ error: String(error) }));
</script>`);

test('fhirclient launches standalone, reads, searches and refreshes', {
  skip: withoutChromium,
}, async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const files = {
    '/fhir-client.js': script(await readFile(library, 'utf8')),
    '/app.html': appPage,
    '/public.html': launchPage({}),
  };
  const keys = await generateKeyPair('ES384', { extractable: true });
  const named = { kid: 'k1', alg: 'ES384' };
  const privateJwk = { ...(await exportJWK(keys.privateKey)), ...named, key_ops: ['sign'] };
  const publicJwk = { ...(await exportJWK(keys.publicKey)), ...named, use: 'sig' };

  const connect = async (launch: string, clientId: string) => {
    const browser = await openPage(context);
    const complaints: string[] = [];
    browser.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    const iss = `${server.base}/cco/fhir`;
    await browser.goto(`${launch}?${new URLSearchParams({ iss, clientId })}`);
    await browser.locator('input[name=username]').fill('james.okafor');
    await browser.locator('input[name=password]').fill('harbor-cedar-56');
    await browser.keyboard.press('Enter');
    await browser.locator('button[name=decision][value=grant]').click();
    await browser.waitForURL('**/app.html**');
    await browser.locator('pre:not(:empty)').waitFor();
    const seen = JSON.parse((await browser.locator('pre').textContent()) ?? '') as Seen;
    await browser.context().close();
    assert.equal(seen.error, undefined);
    assert.deepEqual(complaints, []);
    return seen;
  };

  const check = (seen: Seen) => {
    assert.equal(seen.patientId, 'cco-100004');
    assert.equal(seen.patient.resourceType, 'Patient');
    assert.equal(seen.patient.id, 'cco-100004');
    assert.ok(seen.observations.length > 0);
    for (const { resource } of seen.observations)
      assert.equal(resource.subject.reference, 'Patient/cco-100004');
    assert.equal(seen.userId, 'cco-100004');
    assert.deepEqual(seen.user, seen.patient);
    assert.deepEqual(seen.first.scope.split(' ').sort(), scope.split(' ').sort());
    assert.equal(seen.again.id, 'cco-100004');
  };

  const origin = await serveApp(context, files);
  const redirectUris = [`${origin}/app.html`];
  const { clients } = server.portico.oauth;

  await context.test('as a public app with PKCE', async () => {
    const { client_id } = await clients.create({ name: 'Browser app', redirectUris, public: true });
    const seen = await connect(`${origin}/public.html`, client_id);
    check(seen);
    assert.notEqual(seen.second.access_token, seen.first.access_token);
    assert.notEqual(seen.second.refresh_token, seen.first.refresh_token);
  });

  await context.test('with a secret', async () => {
    const { client_id, client_secret } = await clients.create({ name: 'App with a secret', redirectUris });
    Object.assign(files, { '/secret.html': launchPage({ clientSecret: client_secret }) });
    const seen = await connect(`${origin}/secret.html`, client_id);
    check(seen);
    assert.notEqual(seen.second.access_token, seen.first.access_token);
  });

  await context.test('with a key of its own (private_key_jwt, ES384)', async () => {
    const { client_id } = await clients.create({
      name: 'App with a key',
      redirectUris,
      jwks: { keys: [publicJwk] },
    });
    Object.assign(files, { '/key.html': launchPage({ clientPrivateJwk: privateJwk }) });
    check(await connect(`${origin}/key.html`, client_id));
  });
});
