// What one address may ask of a portal in a minute: https://www.rfc-editor.org/rfc/rfc6819#section-4.4.1.11,
// RFC 6585 section 4 (429, Retry-After). In whatever spelling the library's router takes an address.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { purgeExpired } from '../../src/oauth/purge-expired.ts';
import { callback, type Fixture, pkce, startFixture, tokenRequest } from './oauth-fixture.ts';

const limited = { authorizeRequestsPerMinute: 10, failedAuthenticationsPerMinute: 12 };

async function start(context: TestContext): Promise<Fixture> {
  // Addresses as a proxy in front tells them, so that a test can have several.
  const fixture = await startFixture('sqlite', { config: limited, trustProxy: true });
  context.after(() => fixture.close());
  return fixture;
}

const from = (address: string) => ({ 'x-forwarded-for': address });

async function interactions({ db }: Fixture): Promise<number> {
  const rows = await db
    .as<{ oauth_record: { kind: string } }>()
    .selectFrom('oauth_record')
    .select('kind')
    .where('kind', '=', 'Interaction')
    .execute();
  return rows.length;
}

describe('a flood of authorization requests', () => {
  test('is refused with a page and Retry-After, leaves few rows, and is forgotten', async (context) => {
    const fixture = await start(context);
    const { client_id } = await fixture.oauth.clients.create({
      name: 'App',
      redirectUris: [callback],
      public: true,
    });
    const query = new URLSearchParams({
      client_id,
      redirect_uri: callback,
      response_type: 'code',
      scope: 'openid patientapi.claims.read',
      state: 's',
      code_challenge: pkce().challenge,
      code_challenge_method: 'S256',
    });
    const authorize = (path: string, address: string) =>
      fetch(`${fixture.base}/cco${path}?${query}`, { redirect: 'manual', headers: from(address) });

    const spellings = [
      '/connect/authorize',
      '/connect/Authorize',
      '/CONNECT/authorize/',
      '/connect/authorize/',
      '/connect/AUTHORIZE',
      '/connect/%61uthorize',
      '/connect//authorize',
      '/connect/authorize//',
    ];
    const statuses: number[] = [];
    for (let n = 0; n < 300; n++)
      statuses.push((await authorize(spellings[n % spellings.length] ?? '', '192.0.2.1')).status);
    assert.ok(statuses.slice(-200).every((status) => status === 429 || status === 404));
    const left = await interactions(fixture);
    assert.ok(left > 3 && left <= limited.authorizeRequestsPerMinute, `${left} rows`);

    const refused = await authorize('/connect/authorize', '192.0.2.1');
    assert.equal(refused.status, 429);
    const wait = Number(refused.headers.get('retry-after'));
    assert.ok(wait >= 1 && wait <= 60);
    assert.match(refused.headers.get('content-type') ?? '', /text\/html/);
    assert.match(refused.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/);
    assert.equal(refused.headers.get('ratelimit-policy'), '"authorize";q=10;w=60');
    assert.match(await refused.text(), new RegExp(`Wait (a second|${wait} seconds)`));

    assert.equal((await authorize('/connect/authorize', '192.0.2.2')).status, 303);
    fixture.advance(60_000);
    assert.equal((await authorize('/connect/authorize', '192.0.2.1')).status, 303);

    fixture.advance(17 * 60_000);
    await purgeExpired(fixture.db, Date.now() + 18 * 60_000);
    assert.equal(await interactions(fixture), 0);
  });

  test('the pages of a sign-in have a limit of their own, which one person does not reach', async (context) => {
    const fixture = await start(context);
    const page = (address: string) =>
      fetch(`${fixture.base}/cco/interaction/none`, { redirect: 'manual', headers: from(address) });
    const statuses = [];
    for (let n = 0; n < 102; n++) statuses.push((await page('2001:db8::1')).status);
    assert.deepEqual([...new Set(statuses.slice(0, 100))], [400]);
    assert.deepEqual(statuses.slice(100), [429, 429]);
    assert.equal((await page('2001:db8::2')).status, 429, 'the same network');
    assert.equal((await page('2001:db8:0:1::1')).status, 400);
    const resumed = await fetch(`${fixture.base}/cco/connect/authorize/none`, {
      redirect: 'manual',
      headers: from('2001:db8::1'),
    });
    assert.equal(resumed.status, 429);
  });
});

describe('failures of client authentication', () => {
  test('are counted for a client and its address; the right secret works from elsewhere and again later', async (context) => {
    const fixture = await start(context);
    const client = await fixture.oauth.clients.create({ name: 'App', redirectUris: [callback] });
    const ask = (endpoint: string, secret: string, address: string, clientId = client.client_id) =>
      tokenRequest(
        `${fixture.base}/cco/connect/${endpoint}`,
        { token: 'x'.repeat(43), grant_type: 'refresh_token', refresh_token: 'x' },
        {
          ...from(address),
          authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`,
        },
      );
    const right = client.client_secret ?? '';
    const endpoints = ['token', 'introspect', 'revocation', 'Token/'];
    for (let n = 0; n < 4; n++)
      assert.equal((await ask(endpoints[n % 4] ?? '', 'wrong', '192.0.2.1')).status, 401);
    for (const [endpoint, secret] of [
      ['token', 'wrong'],
      ['introspect', right],
      ['revocation', right],
      ['TOKEN/', right],
    ] as const) {
      const refused = await ask(endpoint, secret, '192.0.2.1');
      assert.equal(refused.status, 429, endpoint);
      assert.equal(refused.body.error, 'temporarily_unavailable');
      assert.ok(Number(refused.headers.get('retry-after')) > 0);
      assert.equal(refused.headers.get('cache-control'), 'no-store');
    }
    const legacy = await fetch(
      `${fixture.base}/cco/connect/token?${new URLSearchParams({ ClientId: client.client_id, ClientSecret: right, Code: 'x', RedirectUri: callback })}`,
      { headers: from('192.0.2.1') },
    );
    assert.ok([400, 429].includes(legacy.status));
    assert.equal((await ask('introspect', right, '192.0.2.2')).status, 200);
    fixture.advance(60_000);
    assert.equal((await ask('introspect', right, '192.0.2.1')).status, 200);
    for (let n = 0; n < 30; n++)
      assert.equal((await ask('introspect', right, '192.0.2.1')).status, 200, 'what succeeds is not counted');
  });

  test('over many clients are counted for the address', async (context) => {
    const fixture = await start(context);
    const guess = (address: string) =>
      tokenRequest(
        `${fixture.base}/cco/connect/token`,
        { grant_type: 'refresh_token', refresh_token: 'x', client_id: randomUUID(), client_secret: 'x' },
        from(address),
      );
    const statuses = [];
    for (let n = 0; n < 14; n++) statuses.push((await guess('192.0.2.9')).status);
    assert.deepEqual(statuses.slice(-3), [401, 429, 429]);
    assert.equal((await guess('192.0.2.8')).status, 401);
  });

  test('an assertion that is not good is counted for the client that it names', async (context) => {
    const fixture = await start(context);
    const claims = Buffer.from(JSON.stringify({ sub: 'some-client' })).toString('base64url');
    const statuses = [];
    for (let n = 0; n < 6; n++)
      statuses.push(
        (
          await tokenRequest(
            `${fixture.base}/cco/connect/token`,
            {
              grant_type: 'refresh_token',
              refresh_token: 'x',
              client_assertion: `e30.${claims}.x`,
              client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
            },
            from('192.0.2.1'),
          )
        ).status,
      );
    assert.deepEqual(statuses, [401, 401, 401, 401, 429, 429]);
  });
});
