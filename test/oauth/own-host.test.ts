// Each line's portal at a whole URL of its own, on its own host, with or without a path, from one process.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import Fastify, { type FastifyInstance } from 'fastify';
import { publicAddresses } from '../../src/app/public-addresses.ts';
import { type Config, sandboxPlan } from '../../src/config/config.ts';
import { type Database, openDatabase } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { silentLogger } from '../../src/log/logger.ts';
import { ClientError } from '../../src/oauth/client-registry.ts';
import { endpoints } from '../../src/oauth/endpoints.ts';
import { createOAuthServer, type OAuthServer } from '../../src/oauth/oauth-server.ts';
import { oauthSchema } from '../../src/oauth/schema.ts';
import { answerOf, callback, password, readForm } from './oauth-fixture.ts';

const lines = [
  {
    id: 'cco',
    name: 'CCO',
    portalUrl: 'https://ccoportal.example.org',
    fhirUrl: 'https://interop-cco.api.example.org',
  },
  {
    id: 'advantage',
    name: 'Advantage',
    portalUrl: 'https://adv.example.org/my/portal',
    fhirUrl: 'https://adv.example.org/my/fhir',
  },
];

describe('portals on hosts of their own', () => {
  let app: FastifyInstance;
  let oauth: OAuthServer;
  let db: Database;
  let dataDir: string;
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'portico-hosts-'));
    db = await openDatabase({ dataDir });
    await migrate(db, oauthSchema);
    const config: Config = {
      ...sandboxPlan('https://plan.example.org'),
      mode: 'production',
      lines,
      port: 0,
      host: undefined,
      dataDir,
      databaseUrl: undefined,
      logLevel: 'silent',
      secretKey: randomBytes(32).toString('base64url'),
    };
    oauth = await createOAuthServer({ db, config, logger: silentLogger() });
    const address = publicAddresses(config);
    app = Fastify({ rewriteUrl: (request) => address(request.headers.host, request.url ?? '/') });
    oauth.register(app);
    for (const line of lines) {
      const account = {
        line: line.id,
        username: 'maria',
        password,
        patient: `${line.id}-1`,
        name: 'Maria',
        actsFor: [],
      };
      await oauth.accounts.create(account);
    }
  });
  after(async () => {
    await app.close();
    await oauth.close();
    await db.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  for (const line of lines) {
    test(`the published flow at ${line.portalUrl}`, async () => {
      const client = await oauth.clients.create({ name: 'App', redirectUris: [callback], legacyToken: true });
      const portal = new URL(line.portalUrl);
      const cookies = new Map<string, { pair: string; path: string }>();
      const request = async (url: string, form?: [string, string][]) => {
        const { pathname, search, host } = new URL(url);
        const response = await app.inject({
          method: form === undefined ? 'GET' : 'POST',
          url: pathname + search,
          headers: {
            host,
            'x-forwarded-host': 'evil.example',
            'x-forwarded-proto': 'http',
            cookie: [...cookies.values()]
              .filter((cookie) => pathname.startsWith(cookie.path))
              .map((cookie) => cookie.pair)
              .join('; '),
            ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
          },
          ...(form === undefined ? {} : { payload: new URLSearchParams(form).toString() }),
        });
        for (const cookie of [response.headers['set-cookie'] ?? []].flat()) {
          const path = /path=([^;]*)/i.exec(cookie)?.[1] ?? '';
          const pair = cookie.split(';')[0] ?? '';
          assert.match(cookie, /; secure/i);
          assert.ok(path.startsWith(portal.pathname), cookie);
          if (cookie.startsWith('__Host-')) assert.equal(path, '/');
          cookies.set(`${pair.split('=')[0]} ${path}`, { pair, path });
        }
        return response;
      };
      const follow = async (url: string, form?: [string, string][]) => {
        let at = url;
        let response = await request(url, form);
        while (response.statusCode === 303) {
          at = new URL(String(response.headers.location), at).href;
          assert.ok(at.startsWith(`${line.portalUrl}/`), at);
          response = await request(at);
        }
        return { at, response };
      };

      const query = new URLSearchParams({
        client_id: client.client_id,
        redirect_uri: callback,
        response_type: 'code id_token',
        response_mode: 'form_post',
        scope: 'openid patientapi.claims.read',
        nonce: 'n',
        state: 's',
      });
      const signIn = await follow(`${line.portalUrl}/connect/authorize?${query}`);
      const signInForm = readForm(signIn.response.body);
      signInForm.set('username', 'maria');
      signInForm.set('password', password);
      const consent = await follow(new URL(signInForm.action, signIn.at).href, signInForm.fields);
      const consentForm = readForm(consent.response.body);
      consentForm.set('decision', 'grant');
      const answer = await follow(new URL(consentForm.action, consent.at).href, consentForm.fields);
      const { code } = answerOf({
        status: 200,
        url: answer.at,
        headers: new Headers(),
        text: answer.response.body,
      });
      const token = new URLSearchParams({
        ClientId: client.client_id,
        ClientSecret: client.client_secret ?? '',
        Code: code ?? '',
        RedirectUri: callback,
      });
      const issued = (await request(`${line.portalUrl}/connect/token?${token}`)).json<
        Record<string, string>
      >();
      assert.equal(issued.patient, `${line.id}-1`, JSON.stringify(issued));
      assert.ok(await oauth.verifyToken(line.id, issued.access_token ?? ''));

      const document = (await request(`${line.portalUrl}/.well-known/openid-configuration`)).json<
        Record<string, unknown>
      >();
      const listed = endpoints(line);
      for (const [name, value] of Object.entries(listed)) assert.equal(document[name], value);
    });
  }

  test('a redirect URI on one’s own computer is for the sandbox only', async () => {
    await assert.rejects(
      oauth.clients.create({ name: 'Local', redirectUris: ['http://localhost:3000/cb'] }),
      (error: unknown) => error instanceof ClientError && /http:\/\/localhost:3000\/cb/.test(error.message),
    );
  });
});
