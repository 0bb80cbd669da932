// openid-client (OpenID Certified relying party), unchanged: discovery, PKCE, ID Token checks, userinfo, refresh,
// introspection and revocation, as each kind of client; the seed's hybrid flow; and as a browser app in Chromium.
// https://openid.net/specs/openid-connect-core-1_0.html, https://www.rfc-editor.org/rfc/rfc8414
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { exportJWK, generateKeyPair } from 'jose';
import * as client from 'openid-client';
import { openPage, withoutChromium } from '../browser/chromium.ts';
import { sqlitePlace } from '../databases.ts';
import { answerOf, Browser } from '../oauth/oauth-fixture.ts';
import { startPortico } from '../portico.ts';
import { page, type ServedFile, script, serveApp } from './serve-app.ts';

const redirectUri = 'https://app.example.com/callback';
const scope = 'openid fhirUser launch/patient offline_access patient/Patient.rs patient/Coverage.rs';
const insecure = { execute: [client.allowInsecureRequests] };

/** Signs in and agrees to everything; answers what the browser was sent to. */
async function visit(base: string, address: URL): Promise<ReturnType<typeof answerOf> & { url?: string }> {
  const browser = new Browser(base);
  const consent = await browser.submit(await browser.open(address.href), (form) => {
    form.set('username', 'james.okafor');
    form.set('password', 'harbor-cedar-56');
  });
  // Where the redirect leads is the app's; the last address of the chain has the answer.
  const answer = await browser.submit(consent, (form) => form.set('decision', 'grant'));
  return { ...answerOf(answer), url: answer.url };
}

test('openid-client', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const fhir = `${server.base}/cco/fhir`;

  async function wholeFlow(configuration: client.Configuration): Promise<void> {
    client.enableNonRepudiationChecks(configuration);
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
    const address = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope,
      aud: fhir,
      state: expectedState,
      nonce: expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    });
    const { url = '' } = await visit(server.base, address);
    const tokens = await client.authorizationCodeGrant(configuration, new URL(url), {
      pkceCodeVerifier,
      expectedState,
      expectedNonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    assert.equal(claims?.['fhirUser'], `${fhir}/Patient/cco-100004`);
    assert.equal(tokens['patient'], 'cco-100004');
    const userinfo = await client.fetchUserInfo(configuration, tokens.access_token, claims?.sub ?? '');
    assert.equal(userinfo['fhirUser'], claims?.['fhirUser']);
    const read = (token: string) =>
      client.fetchProtectedResource(configuration, token, new URL(`${fhir}/Patient/cco-100004`), 'GET');
    assert.equal((await read(tokens.access_token)).status, 200);

    const refreshed = await client.refreshTokenGrant(configuration, tokens.refresh_token ?? '', {
      scope: 'openid patient/Patient.rs',
    });
    assert.equal(refreshed.scope, 'openid patient/Patient.rs');
    assert.equal(refreshed['patient'], 'cco-100004');
    assert.equal((await read(refreshed.access_token)).status, 200);
    const told = await client.tokenIntrospection(configuration, refreshed.access_token);
    assert.equal(told.active, true);
    assert.equal(told.sub, claims?.sub);
    assert.equal(told['patient'], 'cco-100004');

    await client.tokenRevocation(configuration, refreshed.refresh_token ?? tokens.refresh_token ?? '');
    assert.equal((await client.tokenIntrospection(configuration, refreshed.access_token)).active, false);
    await assert.rejects(read(refreshed.access_token), (error) => {
      assert.ok(error instanceof client.WWWAuthenticateChallengeError);
      assert.equal(error.response.status, 401);
      assert.equal(error.cause[0]?.parameters.error, 'invalid_token');
      return true;
    });
    await assert.rejects(client.refreshTokenGrant(configuration, tokens.refresh_token ?? ''), {
      error: 'invalid_grant',
    });
  }

  for (const algorithm of ['oidc', 'oauth2'] as const)
    await context.test(
      `a public app, discovered by ${algorithm === 'oidc' ? 'OpenID Connect Discovery' : 'RFC 8414'}`,
      async () => {
        const { client_id } = await server.portico.oauth.clients.create({
          name: 'Public',
          redirectUris: [redirectUri],
          public: true,
        });
        const configuration = await client.discovery(
          new URL(`${server.base}/cco`),
          client_id,
          undefined,
          client.None(),
          { ...insecure, algorithm },
        );
        await wholeFlow(configuration);
      },
    );

  for (const [how, authentication] of [
    ['client_secret_basic', client.ClientSecretBasic],
    ['client_secret_post', client.ClientSecretPost],
  ] as const)
    await context.test(`a confidential app with ${how}`, async () => {
      const { client_id, client_secret } = await server.portico.oauth.clients.create({
        name: 'Confidential',
        redirectUris: [redirectUri],
      });
      await wholeFlow(
        await client.discovery(
          new URL(`${server.base}/cco`),
          client_id,
          undefined,
          authentication(client_secret ?? ''),
          insecure,
        ),
      );
    });

  for (const alg of ['RS256', 'ES256', 'RS384', 'ES384'])
    await context.test(`a confidential app with private_key_jwt, ${alg}`, async () => {
      const { publicKey, privateKey } = await generateKeyPair(alg);
      const { client_id } = await server.portico.oauth.clients.create({
        name: 'Signs',
        redirectUris: [redirectUri],
        jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg, use: 'sig' }] },
      });
      await wholeFlow(
        await client.discovery(
          new URL(`${server.base}/cco`),
          client_id,
          undefined,
          client.PrivateKeyJwt({ key: privateKey, kid: 'k1' }),
          insecure,
        ),
      );
    });

  await context.test('the seed’s hybrid flow with form_post', async () => {
    const { client_id, client_secret } = await server.portico.oauth.clients.create({
      name: 'Hybrid',
      redirectUris: [redirectUri],
      legacyToken: true,
    });
    const configuration = await client.discovery(
      new URL(`${server.base}/cco`),
      client_id,
      client_secret,
      undefined,
      insecure,
    );
    client.useCodeIdTokenResponseType(configuration);
    client.enableNonRepudiationChecks(configuration);
    const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
    const address = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: 'openid patientapi.demographics.read',
      response_mode: 'form_post',
      state: expectedState,
      nonce: expectedNonce,
    });
    const { url: _, ...posted } = await visit(server.base, address);
    const answer = new Request(redirectUri, { method: 'POST', body: new URLSearchParams(posted) });
    const tokens = await client.authorizationCodeGrant(configuration, answer, {
      expectedState,
      expectedNonce,
    });
    assert.equal(tokens['patient'], 'cco-100004');
    assert.equal(tokens.expires_in, 3600);
  });

  await context.test('a denied request is told with its issuer', async () => {
    const { client_id } = await server.portico.oauth.clients.create({
      name: 'Denied',
      redirectUris: [redirectUri],
      public: true,
    });
    const configuration = await client.discovery(
      new URL(`${server.base}/cco`),
      client_id,
      undefined,
      client.None(),
      insecure,
    );
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const address = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: 'openid patientapi.claims.read',
      state: 's',
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    });
    const browser = new Browser(server.base);
    const consent = await browser.submit(await browser.open(address.href), (form) => {
      form.set('username', 'james.okafor');
      form.set('password', 'harbor-cedar-56');
    });
    const answer = await browser.submit(consent, (form) => form.set('decision', 'deny'));
    await assert.rejects(
      client.authorizationCodeGrant(configuration, new URL(answer.url), {
        pkceCodeVerifier,
        expectedState: 's',
      }),
      { error: 'access_denied' },
    );
  });

  await context.test(
    'a browser app on another origin, in Chromium',
    { skip: withoutChromium },
    async (context) => {
      const origin = await serveApp(context, {
        ...(await modules('openid-client/build')),
        ...(await modules('oauth4webapi/build')),
        ...(await modules('jose/dist/webapi')),
        '/app.html': browserApp(`${server.base}/cco`, fhir),
      });
      const { client_id } = await server.portico.oauth.clients.create({
        name: 'Browser app',
        redirectUris: [`${origin}/app.html`],
        public: true,
      });
      const window = await openPage(context);
      await window.goto(`${origin}/app.html?client_id=${client_id}`);
      await window.locator('input[name=username]').fill('james.okafor');
      await window.locator('input[name=password]').fill('harbor-cedar-56');
      await window.keyboard.press('Enter');
      await window.locator('button[name=decision][value=grant]').click();
      await window.locator('pre:not(:empty)').waitFor();
      assert.deepEqual(JSON.parse((await window.locator('pre').textContent()) ?? ''), {
        patient: 'cco-100004',
        fhirUser: `${fhir}/Patient/cco-100004`,
        read: 'Patient/cco-100004',
        refreshed: 'cco-100004',
        revoked: 'invalid_grant',
      });
    },
  );
});

/** The scripts of an installed package's folder, by the address that the app serves them at. */
async function modules(folder: string): Promise<Record<string, ServedFile>> {
  const root = new URL(`../../node_modules/${folder}/`, import.meta.url);
  const names = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.js'));
  const read = async (name: string) => script(await readFile(new URL(name, root), 'utf8'));
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [`/${folder}/${name}`, await read(name)] as const)),
  );
}

function browserApp(issuer: string, fhir: string) {
  const imports = {
    'openid-client': '/openid-client/build/index.js',
    oauth4webapi: '/oauth4webapi/build/index.js',
    'jose/errors': '/jose/dist/webapi/util/errors.js',
    'jose/jwe/compact/decrypt': '/jose/dist/webapi/jwe/compact/decrypt.js',
  };
  return page(`<script type="importmap">${JSON.stringify({ imports })}</script><pre></pre>
<script type="module">
import * as client from 'openid-client';
const show = (seen) => { document.querySelector('pre').textContent = JSON.stringify(seen); };
try {
  const address = new URL(location.href);
  const asked = address.searchParams.get('client_id');
  if (asked !== null) sessionStorage.setItem('client', asked);
  const options = { execute: [client.allowInsecureRequests] };
  const configuration = await client.discovery(new URL('${issuer}'), sessionStorage.getItem('client'), undefined, client.None(), options);
  client.enableNonRepudiationChecks(configuration);
  if (!address.searchParams.has('state')) {
    const verifier = client.randomPKCECodeVerifier();
    sessionStorage.setItem('verifier', verifier);
    location.href = client.buildAuthorizationUrl(configuration, {
      redirect_uri: address.origin + address.pathname,
      scope: '${scope}', aud: '${fhir}', state: 'the-state',
      code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    });
  } else {
    const tokens = await client.authorizationCodeGrant(configuration, address, {
      pkceCodeVerifier: sessionStorage.getItem('verifier'), expectedState: 'the-state', idTokenExpected: true,
    });
    const { fhirUser } = await client.fetchUserInfo(configuration, tokens.access_token, tokens.claims().sub);
    const read = await (await client.fetchProtectedResource(configuration, tokens.access_token, new URL('${fhir}/Patient/' + tokens.patient), 'GET')).json();
    const refreshed = await client.refreshTokenGrant(configuration, tokens.refresh_token);
    await client.tokenRevocation(configuration, refreshed.refresh_token);
    const revoked = await client.refreshTokenGrant(configuration, refreshed.refresh_token).catch((error) => error.error);
    show({ patient: tokens.patient, fhirUser, read: 'Patient/' + read.id, refreshed: refreshed.patient, revoked });
  }
} catch (error) { show({ error: String(error), cause: String(error.cause) }); }
</script>`);
}
