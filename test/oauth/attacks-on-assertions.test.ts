// Attacks on how an app proves who it is by signing (RFC 7523 section 3, RFC 7515 section 10.7, RFC 8725 sections 2.1 and 3.1),
// and on the ID Token hint. (The same assertion ten times at once: double-spend.test.ts.)
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose';
import {
  answerOf,
  Browser,
  callback,
  type Fixture,
  seedAccounts,
  startFixture,
  tokenRequest,
} from './oauth-fixture.ts';
import { type App, authorizeUrl, tokensFor } from './whole-flow.ts';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const encoded = (value: object | string) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

interface Signer {
  readonly client_id: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

describe('attacks on client assertions', () => {
  let fixture: Fixture;
  let tokenUrl: string;
  let rsa: Signer;
  let ec: Signer;
  before(async () => {
    fixture = await startFixture();
    await seedAccounts(fixture.oauth);
    tokenUrl = `${fixture.base}/cco/connect/token`;
    const signer = async (alg: string): Promise<Signer> => {
      const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
      const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg, use: 'sig' };
      const { client_id } = await fixture.oauth.clients.create({
        name: 'Signs',
        redirectUris: [callback],
        jwks: { keys: [jwk] },
      });
      return { client_id, alg, privateKey, publicKey, jwk };
    };
    rsa = await signer('RS384');
    ec = await signer('ES384');
  });
  after(() => fixture.close());

  const seconds = () => Math.floor(Date.now() / 1000);
  const claimsOf = (client_id: string) => ({
    iss: client_id,
    sub: client_id,
    aud: tokenUrl,
    jti: randomUUID(),
    iat: seconds(),
    exp: seconds() + 240,
  });
  type Claims = Record<string, unknown>;
  const signed = (signer: Signer, claims: Claims = {}, header: Record<string, unknown> = {}) =>
    new SignJWT({ ...claimsOf(signer.client_id), ...claims })
      .setProtectedHeader({ alg: signer.alg, kid: 'k1', ...header })
      .sign(signer.privateKey);

  /** invalid_grant: the app was believed, and only the made-up token was not. */
  const present = async (assertion: string, more: Record<string, string> = {}, url = tokenUrl) =>
    tokenRequest(url, {
      grant_type: 'refresh_token',
      refresh_token: 'unknown-token-unknown-token-unknown-tok',
      client_assertion_type: assertionType,
      client_assertion: assertion,
      ...more,
    });
  const isBelieved = async (assertion: string) => (await present(assertion)).body.error === 'invalid_grant';
  const isRefused = async (
    what: string,
    assertion: string,
    more: Record<string, string> = {},
    url = tokenUrl,
  ) => {
    const { status, body, headers } = await present(assertion, more, url);
    assert.ok(status === 401 || status === 400, `${what}: ${status}`);
    assert.match(String(body.error), /^invalid_(client|request)$/, what);
    assert.equal(headers.get('cache-control'), 'no-store', what);
    assert.doesNotMatch(JSON.stringify(body), /eyJ|"k1"/, what);
  };

  test('a fair assertion is believed, for the token endpoint and for the issuer, in either algorithm', async () => {
    for (const signer of [rsa, ec]) {
      assert.ok(await isBelieved(await signed(signer)));
      assert.ok(await isBelieved(await signed(signer, { aud: `${fixture.base}/cco` })));
    }
  });

  test('alg none is refused, in any case and with any signature', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', ''])
      for (const signature of ['', 'x', encoded('signature')])
        await isRefused(
          `${alg} ${signature}`,
          `${encoded({ alg, kid: 'k1' })}.${encoded(claimsOf(rsa.client_id))}.${signature}`,
        );
  });

  test('HS256 with the public key as the secret is refused, in every form of the key', async () => {
    const secrets = [
      await exportSPKI(rsa.publicKey),
      (await exportSPKI(rsa.publicKey)).trim(),
      JSON.stringify(rsa.jwk),
      JSON.stringify({ keys: [rsa.jwk] }),
      rsa.jwk.n ?? '',
      '',
    ];
    for (const alg of ['HS256', 'HS384', 'HS512'])
      for (const secret of secrets) {
        const text = `${encoded({ alg, kid: 'k1' })}.${encoded(claimsOf(rsa.client_id))}`;
        const mac = createHmac(alg.replace('HS', 'sha'), secret).update(text).digest('base64url');
        await isRefused(alg, `${text}.${mac}`);
      }
  });

  test('an assertion signed by the secret of an app that has one is refused: it registered another method', async () => {
    const app = await fixture.oauth.clients.create({ name: 'Secret', redirectUris: [callback] });
    const text = `${encoded({ alg: 'HS256' })}.${encoded(claimsOf(app.client_id))}`;
    const mac = createHmac('sha256', app.client_secret ?? '')
      .update(text)
      .digest('base64url');
    await isRefused('client_secret_jwt', `${text}.${mac}`);
  });

  test('a key that comes with the assertion is not looked at', async () => {
    const own = await generateKeyPair('RS384', { extractable: true });
    const jwk = await exportJWK(own.publicKey);
    for (const header of [
      { jwk },
      { jwk, kid: 'k2' },
      { jku: `${fixture.base}/keys` },
      { x5u: `${fixture.base}/keys` },
      { x5c: ['MIIB'] },
      { kid: '../../etc/passwd' },
      { kid: "k1' or '1'='1" },
    ]) {
      const assertion = await new SignJWT(claimsOf(rsa.client_id))
        .setProtectedHeader({ alg: 'RS384', kid: 'k1', ...header })
        .sign(own.privateKey);
      await isRefused(JSON.stringify(header), assertion);
    }
  });

  test('what is signed for another, by another or of another is refused', async () => {
    const rows: readonly (readonly [string, Claims])[] = [
      ['iss of another', { iss: ec.client_id }],
      ['sub of another', { sub: ec.client_id }],
      ['iss and sub of another', { iss: ec.client_id, sub: ec.client_id }],
      ['no iss', { iss: undefined }],
      ['no sub', { sub: undefined }],
      ['aud of another server', { aud: 'https://evil.example/token' }],
      ['aud of another line', { aud: `${fixture.base}/advantage/connect/token` }],
      ['issuer of another line as aud', { aud: `${fixture.base}/advantage` }],
      ['no aud', { aud: undefined }],
      ['aud that begins alike', { aud: `${tokenUrl}.evil.example` }],
      ['no jti', { jti: undefined }],
      ['no exp', { exp: undefined }],
      ['exp in the past', { exp: seconds() - 3600 }],
      ['exp as text', { exp: 'tomorrow' }],
      ['not valid yet', { nbf: seconds() + 3600 }],
    ];
    for (const [what, claims] of rows) await isRefused(what, await signed(rsa, claims));
  });

  test('an assertion for one line is refused in another', async () => {
    await isRefused('line', await signed(rsa), {}, `${fixture.base}/advantage/connect/token`);
  });

  test('an assertion beside another app’s id, or beside other credentials, is refused', async () => {
    await isRefused('client_id', await signed(rsa), { client_id: ec.client_id });
    await isRefused('secret', await signed(rsa), { client_id: rsa.client_id, client_secret: 'x' });
    await isRefused('type', await signed(rsa), { client_assertion_type: 'urn:other' });
    const basic = Buffer.from(`${rsa.client_id}:x`).toString('base64');
    const both = await tokenRequest(
      tokenUrl,
      {
        grant_type: 'refresh_token',
        refresh_token: 'unknown-token-unknown-token-unknown-tok',
        client_assertion_type: assertionType,
        client_assertion: await signed(rsa),
      },
      { authorization: `Basic ${basic}` },
    );
    assert.ok(both.status === 400 || both.status === 401);
  });

  test('an app with keys has no secret that opens it', async () => {
    for (const client_secret of ['', 'x', rsa.client_id]) {
      const { status, body } = await tokenRequest(tokenUrl, {
        grant_type: 'refresh_token',
        refresh_token: 'unknown-token-unknown-token-unknown-tok',
        client_id: rsa.client_id,
        client_secret,
      });
      assert.ok(status === 400 || status === 401);
      assert.match(String(body.error), /invalid_(client|request)/);
    }
  });

  test('what is no assertion at all is refused, whatever its shape and size', async () => {
    const fair = await signed(rsa);
    const [header = '', claims = '', signature = ''] = fair.split('.');
    for (const text of [
      'x',
      '..',
      `${header}.${claims}`,
      `${header}.${claims}.`,
      `${header}.${claims}.${signature}.x`,
      `${header}.${encoded('[]')}.${signature}`,
      `${encoded('null')}.${claims}.${signature}`,
      `${header}.${encoded('{"iss":')}.${signature}`,
      `${header}.${claims}.${signature.slice(0, -4)}AAAA`,
      'é.é.é',
      `${header}.${encoded({ ...claimsOf(rsa.client_id), pad: 'x'.repeat(30_000) })}.${signature}`,
    ])
      await isRefused(text.slice(0, 40), text);
  });

  test('an assertion is used once, also at another endpoint', async () => {
    const assertion = await signed(rsa);
    assert.ok(await isBelieved(assertion));
    await isRefused('again', assertion);
    for (const endpoint of ['introspect', 'revocation'])
      await isRefused(endpoint, assertion, { token: 'x' }, `${fixture.base}/cco/connect/${endpoint}`);
  });

  test('an assertion lives five minutes at most', async () => {
    assert.ok(await isBelieved(await signed(rsa, { exp: seconds() + 299 })));
    for (const life of [24 * 3600, 10 * 365 * 86_400])
      await isRefused(`${life} s`, await signed(rsa, { exp: seconds() + life }));
  });

  describe('the ID Token hint', () => {
    let app: App;
    before(async () => {
      app = await fixture.oauth.clients.create({ name: 'Hint', redirectUris: [callback], public: true });
    });

    test('a forged or a foreign ID Token is no hint', async () => {
      const { id_token } = await tokensFor(fixture.base, app);
      const [header = '', claims = '', signature = ''] = id_token.split('.');
      const other = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Claims;
      for (const hint of [
        `${encoded({ alg: 'none' })}.${claims}.`,
        `${header}.${encoded({ ...other, sub: 'someone' })}.${signature}`,
        await signed(rsa, other),
        'x',
      ]) {
        const page = await new Browser(fixture.base).open(
          authorizeUrl(fixture.base, app, { authorize: { id_token_hint: hint, prompt: 'none' } }),
        );
        const answer = answerOf(page);
        assert.match(answer.error ?? '', /^(invalid_request|login_required)$/, hint.slice(0, 30));
        assert.equal(answer.code, undefined);
      }
    });
  });
});
