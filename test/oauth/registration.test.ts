// Apps that register themselves: https://www.rfc-editor.org/rfc/rfc7591, RFC 7592, and software statements in UDAP's form
// (https://hl7.org/fhir/us/udap-security/registration.html).
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { randomUUID, webcrypto, X509Certificate } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import * as x509 from '@peculiar/x509';
import { SignJWT } from 'jose';
import { makeInitialToken } from '../../src/oauth/registration/registration-tokens.ts';
import type { OAuthTables } from '../../src/oauth/schema.ts';
import {
  answerOf,
  Browser,
  callback,
  type Fixture,
  grant,
  pkce,
  seedAccounts,
  signIn,
  startFixture,
  storages,
  tokenRequest,
} from './oauth-fixture.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
x509.cryptoProvider.set(webcrypto as never);

interface Issued {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

async function issue(
  name: string,
  more: { by?: Issued; ca?: boolean; uri?: string; notAfter?: Date } = {},
): Promise<Issued> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: more.by?.certificate.subject ?? `CN=${name}`,
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: more.notAfter ?? new Date(Date.now() + 3_600_000),
    publicKey: keys.publicKey as never,
    signingKey: (more.by ?? { keys }).keys.privateKey as never,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(more.ca === true, undefined, true),
      ...(more.uri === undefined
        ? []
        : [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: more.uri }])]),
    ],
  });
  return { certificate, keys };
}

const issuer = 'https://app.example.com/udap';

for (const storage of storages) {
  describe(`apps register themselves, on ${storage}`, () => {
    let fixture: Fixture;
    let guarded: Fixture;
    let off: Fixture;
    let [root, between, leaf]: Issued[] = [];
    before(async () => {
      root = await issue('Trust Community', { ca: true });
      between = await issue('Trust Community for apps', { ca: true, by: root });
      leaf = await issue('app', { by: between, uri: issuer });
      fixture = await startFixture(storage);
      await seedAccounts(fixture.oauth);
      guarded = await startGuarded();
      off = await startFixture(storage, { config: { clientRegistration: 'off' } });
    });
    after(() => Promise.all([fixture.close(), guarded.close(), off.close()]));

    const startGuarded = () =>
      startFixture(storage, {
        config: {
          clientRegistration: 'token',
          trustAnchors: [
            {
              name: 'Trust Community',
              certificate: new X509Certificate(Buffer.from(root!.certificate.rawData)),
            },
          ],
        },
      });
    /** One address may register only so many apps in an hour. */
    const anew = async () => {
      await guarded.close();
      guarded = await startGuarded();
    };

    const call = async (
      base: string,
      method: string,
      path: string,
      more: { body?: unknown; token?: string | undefined; type?: string } = {},
    ) => {
      const answer = await fetch(base + path, {
        method,
        headers: {
          ...(more.token === undefined ? {} : { authorization: `Bearer ${more.token}` }),
          ...(more.body === undefined ? {} : { 'content-type': more.type ?? 'application/json' }),
        },
        ...(more.body === undefined
          ? {}
          : { body: typeof more.body === 'string' ? more.body : JSON.stringify(more.body) }),
      });
      const text = await answer.text();
      return {
        status: answer.status,
        headers: answer.headers,
        body: (text === '' ? {} : JSON.parse(text)) as Record<string, string> & { redirect_uris?: string[] },
      };
    };
    const register = (body: unknown, token?: string, base = fixture.base, type?: string) =>
      call(base, 'POST', '/cco/connect/register', { body, token, ...(type === undefined ? {} : { type }) });

    const phone = {
      client_name: 'Phone',
      redirect_uris: [callback],
      token_endpoint_auth_method: 'none',
      scope: 'openid patientapi.claims.read offline_access nonsense',
      grant_types: ['authorization_code', 'refresh_token'],
    };

    test('an app that signs may say where its keys are', async () => {
      const answer = await call(fixture.base, 'POST', '/cco/connect/register', {
        body: {
          client_name: 'Publishes its keys',
          redirect_uris: ['https://a.example/cb'],
          token_endpoint_auth_method: 'private_key_jwt',
          jwks_uri: 'https://a.example/jwks.json',
        },
      });
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      assert.equal(answer.body.jwks_uri, 'https://a.example/jwks.json');
      assert.equal(answer.body.client_secret, undefined);
      const client = await fixture.oauth.clients.find(String(answer.body.client_id));
      assert.equal(client?.jwksUri, 'https://a.example/jwks.json');
    });

    test('and connect a member with what they got', async () => {
      const { status, body, headers } = await register(phone);
      assert.equal(status, 201, JSON.stringify(body));
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.equal(body['client_secret'], undefined);
      assert.equal(body['scope'], 'openid patientapi.claims.read offline_access', 'what we know of it');
      const { verifier, challenge } = pkce();
      const browser = new Browser(fixture.base);
      const consent = await signIn(
        browser,
        `${fixture.base}/cco/connect/authorize?${new URLSearchParams({
          client_id: body['client_id']!,
          redirect_uri: callback,
          response_type: 'code',
          scope: 'openid patientapi.claims.read',
          code_challenge: challenge,
          code_challenge_method: 'S256',
        })}`,
      );
      assert.match(consent.text, /not verified/);
      const token = await tokenRequest(`${fixture.base}/cco/connect/token`, {
        grant_type: 'authorization_code',
        code: answerOf(await grant(browser, consent)).code ?? '',
        redirect_uri: callback,
        client_id: body['client_id']!,
        code_verifier: verifier,
      });
      assert.equal(token.status, 200, JSON.stringify(token.body));
    });

    test('a confidential app gets a secret once, and sees and ends its registration by its own token', async () => {
      const { status, body } = await register({ client_name: 'Web', redirect_uris: [callback] });
      assert.equal(status, 201);
      assert.match(body['client_secret']!, /^[A-Za-z0-9_-]{43}$/);
      const path = new URL(body['registration_client_uri']!).pathname;
      const token = body['registration_access_token']!;
      const seen = await call(fixture.base, 'GET', path, { token });
      assert.equal(seen.status, 200);
      assert.deepEqual(seen.body.redirect_uris, [callback]);
      assert.ok(!('client_secret' in seen.body) && !('registration_access_token' in seen.body));

      const other = (await register(phone)).body['registration_access_token'];
      for (const wrong of [undefined, other, 'x'.repeat(43)]) {
        assert.equal((await call(fixture.base, 'GET', path, { token: wrong })).status, 401);
        assert.equal((await call(fixture.base, 'DELETE', path, { token: wrong })).status, 401);
        assert.equal((await call(fixture.base, 'PUT', path, { token: wrong, body: {} })).status, 401);
      }
      const changed = {
        client_id: body['client_id'],
        client_name: 'Web, renamed',
        redirect_uris: ['https://app.example.com/other'],
      };
      const put = (sent: object) => call(fixture.base, 'PUT', path, { token, body: sent });
      assert.equal((await put({ ...changed, client_id: 'another' })).status, 400);
      assert.equal((await put({ ...changed, redirect_uris: ['http://evil.example'] })).status, 400);
      assert.equal((await put({ ...changed, token_endpoint_auth_method: 'none' })).status, 400);
      const after = await put(changed);
      assert.equal(after.status, 200, JSON.stringify(after.body));
      assert.deepEqual(
        [after.body['client_name'], after.body.redirect_uris],
        ['Web, renamed', ['https://app.example.com/other']],
      );
      assert.ok(!('client_secret' in after.body));
      const elsewhere = path.replace('/cco/', '/advantage/');
      assert.equal((await call(fixture.base, 'GET', elsewhere, { token })).status, 401);
      assert.equal((await call(fixture.base, 'GET', `${path}x`, { token })).status, 401);

      assert.equal((await call(fixture.base, 'DELETE', path, { token })).status, 204);
      assert.equal((await call(fixture.base, 'GET', path, { token })).status, 401);
      const client = await fixture.oauth.clients.find(body['client_id']!);
      assert.ok(client?.disabledAt !== undefined);
    });

    test('a name that looks like another’s by what nobody sees is refused', async () => {
      for (const sign of ['\u200b', '\u2060', '\ufeff', '\u00ad', '\u061c', '\u202e', '\u2028', '\u0085'])
        await assert.rejects(
          fixture.oauth.clients.create({ name: `Pho${sign}ne`, redirectUris: [callback], public: true }),
          { name: 'ClientError', field: 'name' },
          sign.codePointAt(0)!.toString(16),
        );
      await fixture.oauth.clients.create({
        name: 'Santé – 健康 👩‍⚕️',
        redirectUris: [callback],
        public: true,
      });
    });

    test('what cannot be registered is refused by name', async () => {
      const key = (await issue('x')).keys;
      const jwk = await webcrypto.subtle.exportKey('jwk', key.publicKey);
      const privateJwk = await webcrypto.subtle.exportKey('jwk', key.privateKey);
      const web = { client_name: 'Web', redirect_uris: [callback] };
      const cases: [unknown, string, RegExp][] = [
        [{ redirect_uris: [callback] }, 'invalid_client_metadata', /client_name/],
        [{ client_name: 'Web' }, 'invalid_redirect_uri', /redirect_uris/],
        [{ ...web, redirect_uris: [] }, 'invalid_redirect_uri', /redirect_uris/],
        [{ ...web, redirect_uris: 'https://a.example' }, 'invalid_redirect_uri', /redirect_uris/],
        [{ ...web, redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri', /javascript/],
        [{ ...web, redirect_uris: ['https://a.example/*'] }, 'invalid_redirect_uri', /wildcard/],
        [{ ...web, client_name: '‮Web' }, 'invalid_client_metadata', /name/],
        [{ ...web, client_name: 'x'.repeat(101) }, 'invalid_client_metadata', /client_name/],
        [{ ...web, scope: 'system/*.read' }, 'invalid_client_metadata', /scope/],
        [{ ...web, grant_types: ['client_credentials'] }, 'invalid_client_metadata', /grant_types/],
        [{ ...web, grant_types: ['refresh_token'] }, 'invalid_client_metadata', /authorization_code/],
        [{ ...web, response_types: ['token'] }, 'invalid_client_metadata', /response_types/],
        [{ ...web, token_endpoint_auth_method: 'private_key_jwt' }, 'invalid_client_metadata', /jwks/],
        [{ ...web, jwks: { keys: [jwk] } }, 'invalid_client_metadata', /jwks/],
        [{ ...web, jwks_uri: 'https://a.example/jwks' }, 'invalid_client_metadata', /jwks/],
        [
          { ...web, token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://10.0.0.1/jwks' },
          'invalid_client_metadata',
          /reached/,
        ],
        [
          {
            ...web,
            token_endpoint_auth_method: 'private_key_jwt',
            jwks_uri: 'https://a.example/jwks',
            jwks: { keys: [jwk] },
          },
          'invalid_client_metadata',
          /not both/,
        ],
        [
          { ...web, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [privateJwk] } },
          'invalid_client_metadata',
          /private/,
        ],
        [{ ...web, software_statement: 'x' }, 'unapproved_software_statement', /no authority/],
        [[], 'invalid_client_metadata', /object/],
        ['null', 'invalid_client_metadata', /object/],
        ['{', 'invalid_client_metadata', /JSON/],
      ];
      for (const [body, code, message] of cases) {
        const answer = await register(body);
        assert.equal(answer.status, 400, JSON.stringify(answer.body));
        assert.equal(answer.body['error'], code);
        assert.match(answer.body['error_description']!, message);
      }
      assert.equal((await register('client_name=x', undefined, fixture.base, 'text/plain')).status, 415);
      assert.equal((await register(JSON.stringify({ ...web, x: 'x'.repeat(70_000) }))).status, 413);
    });

    test('there is a bound to how many one address registers', async () => {
      const statuses = new Set<number>();
      for (let at = 0; at < 35; at++) statuses.add((await register(phone)).status);
      assert.deepEqual([...statuses].at(-1), 429);
      fixture.advance(3_601_000);
      assert.equal((await register(phone)).status, 201);
    });

    test('where the plan wants a token, it is good for as many as it says, also at once', async () => {
      const db = guarded.db.as<OAuthTables>();
      assert.equal((await register(phone, undefined, guarded.base)).status, 401);
      assert.equal((await register(phone, 'x'.repeat(43), guarded.base)).status, 401);
      const now = Date.now();
      const make = (uses: number, ms = 60_000) =>
        makeInitialToken(db, { note: 'test', uses, expiresAt: now + ms }, now);
      const token = await make(2);
      assert.equal((await register({ ...phone, scope: 'none' }, token, guarded.base)).status, 400);
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => register(phone, token, guarded.base)),
      );
      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 401, 401, 401, 401]);
      assert.equal((await register(phone, await make(1, -1), guarded.base)).status, 401, 'too late');
      const stored = JSON.stringify(await db.selectFrom('oauth_initial_token').selectAll().execute());
      assert.ok(!stored.includes(token));
    });

    test('where it is off, there is nothing', async () => {
      assert.equal((await register(phone, undefined, off.base)).status, 404);
      const discovery = (await (
        await fetch(`${off.base}/cco/.well-known/openid-configuration`)
      ).json()) as object;
      assert.ok(!('registration_endpoint' in discovery));
      const open = (await (
        await fetch(`${fixture.base}/cco/.well-known/openid-configuration`)
      ).json()) as Record<string, string>;
      assert.equal(open['registration_endpoint'], `${fixture.base}/cco/connect/register`);
    });

    describe('with a software statement', () => {
      before(anew);

      const statement = async (
        more: {
          claims?: Record<string, unknown>;
          chain?: Issued[];
          key?: webcrypto.CryptoKey;
          alg?: string;
          secondsAgo?: number;
          life?: number;
        } = {},
      ) => {
        const chain = more.chain ?? [leaf!, between!];
        const at = Math.floor(Date.now() / 1000) - (more.secondsAgo ?? 0);
        return new SignJWT({
          iss: issuer,
          sub: issuer,
          aud: `${guarded.base}/cco/connect/register`,
          jti: randomUUID(),
          client_name: 'Vouched for',
          redirect_uris: [callback],
          grant_types: ['authorization_code', 'refresh_token'],
          response_types: ['code'],
          token_endpoint_auth_method: 'private_key_jwt',
          scope: 'openid patientapi.claims.read',
          iat: at,
          exp: at + (more.life ?? 240),
          ...more.claims,
        })
          .setProtectedHeader({
            alg: more.alg ?? 'ES256',
            x5c: chain.map(({ certificate }) => Buffer.from(certificate.rawData).toString('base64')),
          })
          .sign(more.key ?? chain[0]!.keys.privateKey);
      };
      const send = async (text: unknown) =>
        register({ software_statement: text, udap: '1' }, undefined, guarded.base);

      test('of an authority that the plan trusts the app is registered without a token, as verified', async () => {
        const { status, body } = await send(await statement());
        assert.equal(status, 201, JSON.stringify(body));
        const client = await guarded.oauth.clients.find(body['client_id']!);
        assert.deepEqual([client?.verifiedBy, client?.authMethod], ['Trust Community', 'private_key_jwt']);
        // The certificate's key is the one that its assertions are signed with.
        const now = Math.floor(Date.now() / 1000);
        const assertion = await new SignJWT({})
          .setProtectedHeader({ alg: 'ES256' })
          .setIssuer(body['client_id']!)
          .setSubject(body['client_id']!)
          .setAudience(`${guarded.base}/cco/connect/token`)
          .setIssuedAt(now)
          .setExpirationTime(now + 60)
          .setJti(randomUUID())
          .sign(leaf!.keys.privateKey);
        const answer = await tokenRequest(`${guarded.base}/cco/connect/token`, {
          grant_type: 'refresh_token',
          refresh_token: 'none',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: assertion,
        });
        assert.equal(answer.body['error'], 'invalid_grant', 'the app is known, only the token is not');
      });

      test('what is in the request beside the statement does not count', async () => {
        const text = await statement();
        const { body } = await register(
          { software_statement: text, client_name: 'Another', redirect_uris: ['https://evil.example/cb'] },
          undefined,
          guarded.base,
        );
        assert.equal(body['client_name'], 'Vouched for');
        assert.deepEqual(body.redirect_uris, [callback]);
      });

      test('a statement is taken once, also of ten at once', async () => {
        const text = await statement();
        const answers = await Promise.all(Array.from({ length: 10 }, () => send(text)));
        assert.equal(answers.filter(({ status }) => status === 201).length, 1);
        for (const { status, body } of answers.filter((answer) => answer.status !== 201))
          assert.deepEqual(
            [status, body['error']],
            [400, 'invalid_software_statement'],
            JSON.stringify(body),
          );
      });

      test('members see who vouches for it as long as the plan trusts them', async () => {
        await seedAccounts(guarded.oauth);
        const seenAt = async ({ base, oauth }: Fixture) => {
          const { client_id } = await oauth.clients.create({
            name: 'Vouched for',
            redirectUris: [callback],
            verifiedBy: 'Trust Community',
            pkceOptional: true,
          });
          const query = new URLSearchParams({
            client_id,
            redirect_uri: callback,
            response_type: 'code',
            scope: 'patientapi.claims.read openid',
          });
          return (await signIn(new Browser(base), `${base}/cco/connect/authorize?${query}`)).text;
        };
        assert.match(await seenAt(guarded), /class="tag">[^<]*Trust Community/);
        const former = await seenAt(fixture);
        assert.match(former, /<span class="tag">/);
        assert.doesNotMatch(former, /Trust Community/);
      });

      test('everything else is refused', async () => {
        await anew();
        const stranger = await issue('Stranger', { ca: true });
        const impostor = await issue('Trust Community', { ca: true });
        const alone = await issue('app', { by: stranger, uri: issuer });
        const late = await issue('app', { by: between!, uri: issuer, notAfter: new Date(Date.now() - 1000) });
        const byLeaf = await issue('app', { by: leaf!, uri: issuer });
        const nameless = await issue('app', { by: between! });
        const unapproved = 'unapproved_software_statement';
        const invalid = 'invalid_software_statement';
        const cases: [string, unknown, string][] = [
          ['of a stranger', await statement({ chain: [alone, stranger] }), unapproved],
          [
            'with the name of the authority and another key',
            await statement({ chain: [await issue('app', { by: impostor, uri: issuer }), impostor] }),
            unapproved,
          ],
          ['with a gap in its chain', await statement({ chain: [leaf!] }), unapproved],
          ['with a certificate that has ended', await statement({ chain: [late, between!] }), unapproved],
          ['of one who may issue nothing', await statement({ chain: [byLeaf, leaf!, between!] }), unapproved],
          ['signed by the authority itself', await statement({ chain: [between!] }), unapproved],
          [
            'of another name',
            await statement({ claims: { iss: 'https://evil.example', sub: 'https://evil.example' } }),
            invalid,
          ],
          ['with a certificate without a name', await statement({ chain: [nameless, between!] }), invalid],
          ['about another', await statement({ claims: { sub: 'https://evil.example' } }), invalid],
          ['for another server', await statement({ claims: { aud: 'https://evil.example' } }), invalid],
          [
            'for the other line',
            await statement({ claims: { aud: `${guarded.base}/advantage/connect/register` } }),
            invalid,
          ],
          ['that has ended', await statement({ secondsAgo: 600 }), invalid],
          ['that lives too long', await statement({ life: 3600 }), invalid],
          ['without jti', await statement({ claims: { jti: '' } }), invalid],
          ['signed by another key', await statement({ key: alone.keys.privateKey }), invalid],
          ['that was altered', `${(await statement()).slice(0, -6)}AAAAAA`, invalid],
          [
            'without certificates',
            await statement({ chain: [] as never, key: leaf!.keys.privateKey }),
            invalid,
          ],
          ['that is no JWT', 'x.y.z', invalid],
          ['that is no text', { a: 1 }, invalid],
          ['that is endless', 'x'.repeat(60_000), invalid],
        ];
        for (const [what, text, code] of cases) {
          const answer = await send(text);
          assert.deepEqual(
            [answer.status, answer.body['error']],
            [400, code],
            `${what}: ${JSON.stringify(answer.body)}`,
          );
        }
      });
    });
  });
}
