// The registry of apps as apps meet it: secrets (two at most), changes, native apps (RFC 8252), keys at an address of their
// own (RFC 7591 section 2, `jwks_uri`).
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { ClientError } from '../../src/oauth/client-registry.ts';
import {
  Browser,
  callback,
  type Fixture,
  pkce,
  seedAccounts,
  startFixture,
  storages,
  tokenRequest,
} from './oauth-fixture.ts';

const day = 86_400_000;

for (const storage of storages) {
  describe(`apps, on ${storage}`, () => {
    let fixture: Fixture;
    before(async () => {
      fixture = await startFixture(storage);
      await seedAccounts(fixture.oauth);
    });
    after(() => fixture.close());

    const works = async (clientId: string, secret: string) => {
      const { body } = await tokenRequest(`${fixture.base}/cco/connect/token`, {
        grant_type: 'refresh_token',
        refresh_token: 'x',
        client_id: clientId,
        client_secret: secret,
      });
      return body.error === 'invalid_grant';
    };
    const which = async (clientId: string, secrets: readonly string[]) =>
      (await Promise.all(secrets.map((secret) => works(clientId, secret)))).map(Number).join('');

    test('two secrets are good at most; the end of the old one is chosen; one can be ended early', async () => {
      const { clients } = fixture.oauth;
      const { client_id: id, client_secret: first = '' } = await clients.create({
        name: 'Two',
        redirectUris: [callback],
      });
      const secrets = [first];
      const rotate = async (overlapSeconds: number) => {
        const { client_secret } = await clients.rotateSecret(id, { overlapSeconds });
        secrets.push(client_secret ?? '');
      };
      await rotate(7 * 86_400);
      assert.equal(await which(id, secrets), '11');
      await rotate(86_400);
      assert.equal(await which(id, secrets), '011', 'the oldest ends at once');
      const listed = await clients.secrets(id);
      assert.equal(listed.length, 2);
      assert.equal(listed[0]?.endsAt, undefined);
      const ends = (listed[1]?.endsAt ?? 0) - Date.now();
      assert.ok(ends > day - 60_000 && ends <= day, String(ends));
      assert.doesNotMatch(JSON.stringify(listed), new RegExp(secrets.join('|')));

      await clients.endSecret(id, listed[1]?.id ?? '');
      assert.equal(await which(id, secrets), '001');
      const refuses = (run: Promise<unknown>, why: RegExp) =>
        assert.rejects(run, (error: unknown) => error instanceof ClientError && why.test(error.message));
      await refuses(clients.endSecret(id, listed[1]?.id ?? ''), /no such secret/);
      await refuses(clients.endSecret(id, listed[0]?.id ?? ''), /only secret/);
      await rotate(0);
      assert.equal(await which(id, secrets), '0001');
      await rotate(3600);
      fixture.advance(3_601_000);
      assert.equal(await which(id, secrets), '00001');
    });

    test('two are good at most however many are made at once', async () => {
      const { clients } = fixture.oauth;
      const { client_id: id } = await clients.create({ name: 'Many', redirectUris: [callback] });
      const made = await Promise.all(Array.from({ length: 8 }, () => clients.rotateSecret(id)));
      const good = await which(
        id,
        made.map(({ client_secret }) => client_secret ?? ''),
      );
      assert.equal(good.replaceAll('0', '').length, 2, good);
      assert.equal((await clients.secrets(id)).length, 2);
    });

    test('a secret of one app is not ended by another', async () => {
      const { clients } = fixture.oauth;
      const one = await clients.create({ name: 'One', redirectUris: [callback] });
      const two = await clients.create({ name: 'Two', redirectUris: [callback] });
      await clients.rotateSecret(one.client_id);
      await clients.rotateSecret(two.client_id);
      const [, old] = await clients.secrets(one.client_id);
      await assert.rejects(clients.endSecret(two.client_id, old?.id ?? ''), ClientError);
      assert.equal((await clients.secrets(one.client_id)).length, 2);
    });

    test('name and redirect URIs change from the next request on, under the rules of registration', async () => {
      const { clients } = fixture.oauth;
      const { client_id: id } = await clients.create({
        name: 'Old',
        redirectUris: [callback],
        public: true,
      });
      const page = (redirectUri: string) =>
        new Browser(fixture.base).open(
          `/cco/connect/authorize?${new URLSearchParams({ client_id: id, redirect_uri: redirectUri, response_type: 'code', scope: 'openid patientapi.claims.read', state: 's', code_challenge: pkce().challenge, code_challenge_method: 'S256' })}`,
        );
      assert.equal((await page(callback)).status, 200);
      await clients.update(id, { name: 'New', redirectUris: ['https://new.example/cb'] });
      assert.equal((await page(callback)).status, 400);
      const shown = await page('https://new.example/cb');
      assert.equal(shown.status, 200);
      assert.match(shown.text, /New/);
      for (const [changes, field] of [
        [{ redirectUris: ['http://new.example/cb'] }, 'redirectUris'],
        [{ redirectUris: [] }, 'redirectUris'],
        [{ name: ' ' }, 'name'],
        [{ jwksUri: 'https://new.example/jwks' }, 'jwksUri'],
      ] as const)
        await assert.rejects(
          clients.update(id, changes),
          (error: unknown) => error instanceof ClientError && error.field === field,
        );
      assert.deepEqual((await clients.find(id))?.redirectUris, ['https://new.example/cb']);
    });

    test('an app that gets keys signs from then on, and its secret has ended', async () => {
      const { clients } = fixture.oauth;
      const { client_id: id, client_secret = '' } = await clients.create({
        name: 'Changes over',
        redirectUris: [callback],
      });
      assert.ok(await works(id, client_secret));
      const { publicKey } = await generateKeyPair('ES384', { extractable: true });
      await clients.update(id, { jwks: { keys: [await exportJWK(publicKey)] } });
      assert.ok(!(await works(id, client_secret)));
      assert.equal((await clients.find(id))?.authMethod, 'private_key_jwt');
      assert.deepEqual(await clients.secrets(id), []);
    });
  });
}

describe('native apps RFC 8252', () => {
  let fixture: Fixture;
  before(async () => {
    fixture = await startFixture('sqlite', { config: { mode: 'production' } });
  });
  after(() => fixture.close());

  const status = async (clientId: string, redirectUri: string) =>
    (
      await new Browser(fixture.base).open(
        `/cco/connect/authorize?${new URLSearchParams({ client_id: clientId, redirect_uri: redirectUri, response_type: 'code', scope: 'openid patientapi.claims.read', state: 's', code_challenge: pkce().challenge, code_challenge_method: 'S256' })}`,
      )
    ).status;

  test('answer at any port of a loopback address that they registered, in production as well (section 7.3)', async () => {
    const { client_id: id } = await fixture.oauth.clients.create({
      name: 'Desktop',
      redirectUris: [
        'http://127.0.0.1/cb',
        'http://[::1]/cb',
        'com.example.app:/cb',
        'https://app.example.com/cb',
      ],
      public: true,
    });
    for (const uri of [
      'http://127.0.0.1/cb',
      'http://127.0.0.1:51004/cb',
      'http://[::1]:61023/cb',
      'com.example.app:/cb',
      'https://app.example.com/cb',
    ])
      assert.equal(await status(id, uri), 200, uri);
    for (const uri of [
      'http://127.0.0.1:51004/other',
      'http://127.0.0.1:51004/cb?x=1',
      'http://127.0.0.2:51004/cb',
      'http://localhost:51004/cb',
      'https://127.0.0.1:51004/cb',
      'http://127.0.0.1.evil.example/cb',
      'http://127.0.0.1:51004@evil.example/cb',
      'com.example.app:/other',
      'https://app.example.com:8443/cb',
    ])
      assert.equal(await status(id, uri), 400, uri);
  });

  test('only: an app with a secret has no loopback address, and a browser app’s port is compared', async () => {
    const { clients } = fixture.oauth;
    await assert.rejects(
      clients.create({ name: 'Server', redirectUris: ['http://127.0.0.1/cb'] }),
      ClientError,
    );
    await assert.rejects(
      clients.create({ name: 'Browser', redirectUris: ['http://localhost/cb'], public: true }),
      ClientError,
    );
    await assert.rejects(
      clients.create({
        name: 'Both',
        redirectUris: ['com.example.app:/cb', 'https://localhost/cb'],
        public: true,
      }),
      ClientError,
    );
    const { client_id } = await clients.create({ name: 'Web', redirectUris: [callback], public: true });
    assert.equal(await status(client_id, callback.replace('.com/', '.com:8443/')), 400);
  });
});

describe('keys at the app’s own address (jwks_uri)', () => {
  test('are read when the app signs, and a new key of the app is seen within a minute', async (context) => {
    const fixture = await startFixture('sqlite');
    context.after(() => fixture.close());
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    let published: object[] = [];
    let asked = 0;
    const server = createServer((_request, response) => {
      asked++;
      response.writeHead(200, { 'cache-control': 'max-age=86400' }).end(JSON.stringify({ keys: published }));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    context.after(() => server.close());
    const jwksUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
    const { client_id: clientId, client_secret } = await fixture.oauth.clients.create({
      name: 'Publishes',
      redirectUris: [callback],
      jwksUri,
    });
    assert.equal(client_secret, undefined);

    const key = async (kid: string) => {
      const { privateKey, publicKey } = await generateKeyPair('RS384', { extractable: true });
      return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS384', use: 'sig' } };
    };
    const [old, next] = [await key('old'), await key('next')];
    const error = async ({ kid, privateKey }: typeof old) => {
      const seconds = Math.floor(Date.now() / 1000);
      const signed = await new SignJWT({ jti: randomUUID(), iat: seconds, exp: seconds + 200 })
        .setProtectedHeader({ alg: 'RS384', kid })
        .setIssuer(clientId)
        .setSubject(clientId)
        .setAudience(`${fixture.base}/cco/connect/token`)
        .sign(privateKey);
      const { body } = await tokenRequest(`${fixture.base}/cco/connect/token`, {
        grant_type: 'refresh_token',
        refresh_token: 'x',
        client_assertion: signed,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      });
      return body.error;
    };

    published = [old.jwk];
    assert.equal(await error(old), 'invalid_grant');
    assert.equal(await error(old), 'invalid_grant');
    assert.equal(asked, 1, 'kept for a minute');
    published = [next.jwk];
    context.mock.timers.tick(61_000);
    assert.equal(await error(next), 'invalid_grant');
    assert.equal(await error(old), 'invalid_client', 'a key that the app took away');
    assert.equal(asked, 2);
  });
});
