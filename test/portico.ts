// A whole Portico over real HTTP, with its sandbox, and tokens got as an app gets them.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { createPortico, type Portico } from '../src/app/create-portico.ts';
import { type Config, sandboxPlan } from '../src/config/config.ts';
import { type Logger, silentLogger } from '../src/log/logger.ts';
import { personas } from '../src/sandbox/personas.ts';
import { classScopes } from '../src/smart/scopes.ts';
import type { TestPlace } from './databases.ts';
import { Browser, readForm } from './oauth/oauth-fixture.ts';
import { fillPlace } from './seeded-place.ts';

export interface Token {
  readonly access_token: string;
  readonly patient: string;
  readonly scope: string;
}

export interface RunningPortico {
  readonly base: string;
  readonly portico: Portico;
  /** Signs a persona in with the seed's request and grants everything that was asked, and of what is sensitive what is named. */
  token(
    line: string,
    username: string,
    scope?: string,
    patient?: string | readonly string[],
    sensitive?: readonly string[],
  ): Promise<Token>;
  get(path: string, token?: Token, headers?: Record<string, string>): Promise<Response>;
}

const redirectUri = 'https://app.example.com/callback';

export async function startPortico(
  context: TestContext,
  place: TestPlace,
  settings: Partial<Config> = {},
  logger: Logger = silentLogger(),
): Promise<RunningPortico> {
  const port = await freePort();
  const base = `http://localhost:${port}`;
  const seededWith =
    settings.secretKey === undefined && settings.mode === undefined ? await fillPlace(place) : undefined;
  const config: Config = {
    ...sandboxPlan(base),
    port,
    host: 'localhost',
    dataDir: place.dataDir,
    databaseUrl: place.databaseUrl,
    logLevel: 'silent',
    secretKey: seededWith ?? randomBytes(32).toString('base64url'),
    ...settings,
  };
  const portico = await createPortico(config, logger);
  context.after(() => portico.close());
  await portico.listen();
  const client = await portico.oauth.clients.create({
    name: 'Test app',
    redirectUris: [redirectUri],
    public: false,
    lines: ['cco', 'advantage'],
    legacyToken: true,
    pkceOptional: true,
  });
  return {
    base,
    portico,
    get: (path, token, headers = {}) =>
      fetch(path.startsWith('http') ? path : `${base}${path}`, {
        headers: {
          ...headers,
          ...(token === undefined ? {} : { authorization: `Bearer ${token.access_token}` }),
        },
      }),
    async token(line, username, scope = `openid ${classScopes.join(' ')}`, patient, sensitive = []) {
      const browser = new Browser(base);
      const query = new URLSearchParams({
        client_id: client.client_id,
        redirect_uri: redirectUri,
        state: 's',
        response_type: 'code id_token',
        scope,
        response_mode: 'form_post',
        nonce: 'n',
        // SMART scopes need it; the seed's requests have none.
        ...(/(patient|user)\//.test(scope) ? { aud: `${base}/${line}/fhir` } : {}),
      });
      const signIn = await browser.open(`/${line}/connect/authorize?${query}`);
      const consent = await browser.submit(signIn, (form) => {
        form.set('username', username);
        form.set('password', passwordOf(username));
      });
      const posted = await browser.submit(consent, (form) => {
        if (patient !== undefined) {
          form.fields = form.fields.filter(([name]) => name !== 'patient');
          for (const chosen of [patient].flat()) form.fields.push(['patient', chosen]);
        }
        for (const code of sensitive) form.fields.push(['sensitive', code]);
        form.set('decision', 'grant');
      });
      const code = readForm(posted.text).fields.find(([name]) => name === 'code')?.[1];
      if (code === undefined) throw new Error(`no code: ${posted.status} ${posted.text}`);
      const tokenQuery = new URLSearchParams({
        ClientId: client.client_id,
        ClientSecret: client.client_secret!,
        Code: code,
        RedirectUri: redirectUri,
      });
      const answer = await fetch(`${base}/${line}/connect/token?${tokenQuery}`);
      if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as Token;
    },
  };
}

function passwordOf(username: string): string {
  const persona = personas.find((candidate) => candidate.signIn?.username === username);
  if (persona?.signIn === undefined) throw new Error(`no persona ${username}`);
  return persona.signIn.password;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
