// A small app as a developer would write it, served in sandbox mode only. It knows Portico from outside: it sends the
// member to sign in with the seed's documented request, takes the form post, exchanges the code with the seed's query
// spelling over HTTP, and shows what the API answers. It must never reach into the server's own parts for data.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config, Line } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import { cookie, parseCookies } from '../http/cookies.ts';
import { acceptFormBodies, formOf } from '../http/form-body.ts';
import type { OAuthServer } from '../oauth/oauth-server.ts';
import { pageHeaders, renderPage } from '../pages/page.ts';
import { classScopes } from '../smart/scopes.ts';
import { deniedPage, recordPage, startPage } from './sample-app-pages.ts';
import { fetchRecord } from './sample-app-record.ts';
import type { SandboxTables } from './schema.ts';

const cookieName = 'sample-app';
const cookieOptions = (config: Config) => ({
  path: '/sandbox/app',
  secure: config.planUrl.startsWith('https:'),
});
/** The seed's own Accept header, as it prints it. */
export const seedAccept =
  'application/json, text/json, text/x-json, text/javascript, application/xml, text/xml';

interface Credentials {
  readonly client_id: string;
  readonly client_secret: string;
}

interface Parts {
  readonly config: Config;
  readonly db: Database;
  readonly oauth: Pick<OAuthServer, 'clients'>;
}

export async function registerSampleApp(app: FastifyInstance, parts: Parts): Promise<void> {
  const { config } = parts;
  const redirectUri = `${config.planUrl}/sandbox/app/callback`;
  const credentials = await ownCredentials(parts, redirectUri);

  await app.register(async (scope) => {
    acceptFormBodies(scope);
    scope.get('/sandbox/app', async (_request, reply) => sendPage(reply, config, startPage(config)));
    scope.get('/sandbox/app/connect/:line', async (request, reply) => {
      const line = lineOf(config, (request.params as { line: string }).line);
      if (line === undefined) return sendPage(reply.code(404), config, startPage(config));
      const state = randomBytes(24).toString('base64url');
      reply.header('set-cookie', cookie(cookieName, state, { ...cookieOptions(config), maxAgeSeconds: 900 }));
      return reply.redirect(authorizeUrl(line, credentials.client_id, redirectUri, state), 303);
    });
    scope.post('/sandbox/app/callback', (request, reply) =>
      callback(config, credentials, redirectUri, request, reply),
    );
  });
}

/** The app's client, registered at the first start and again when the plan's address has changed. */
async function ownCredentials({ config, db, oauth }: Parts, redirectUri: string): Promise<Credentials> {
  const tables = db.as<SandboxTables>();
  const known = await tables
    .selectFrom('sandbox_app')
    .selectAll()
    .where('redirect_uri', '=', redirectUri)
    .executeTakeFirst();
  if (known !== undefined) return known;
  const created = await oauth.clients.create({
    name: 'Sample app',
    redirectUris: [redirectUri],
    public: false,
    lines: config.lines.map((line) => line.id),
    scopes: ['openid', ...classScopes],
    legacyToken: true,
    pkceOptional: true,
  });
  const row = {
    name: redirectUri,
    client_id: created.client_id,
    client_secret: created.client_secret ?? '',
    redirect_uri: redirectUri,
  };
  await tables.insertInto('sandbox_app').values(row).execute();
  return row;
}

function authorizeUrl(line: Line, clientId: string, redirectUri: string, state: string): string {
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    state,
    response_type: 'code id_token',
    scope: ['openid', ...classScopes].join(' '),
    response_mode: 'form_post',
    // Bound to the state, so that one cookie holds both.
    nonce: nonceOf(state),
  });
  // Which line the answer is from is told by the path of the state's first part.
  query.set('state', `${line.id}.${state}`);
  return `${line.portalUrl}/connect/authorize?${query}`;
}

function nonceOf(state: string): string {
  return createHash('sha256').update(`nonce ${state}`).digest('base64url');
}

async function callback(
  config: Config,
  credentials: Credentials,
  redirectUri: string,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const form = formOf(request);
  const [lineId, state] = (form.get('state') ?? '').split('.');
  const line = lineOf(config, lineId ?? '');
  const expected = parseCookies(request.headers.cookie)[cookieName];
  reply.header('set-cookie', cookie(cookieName, '', { ...cookieOptions(config), maxAgeSeconds: 0 }));
  if (line === undefined || state === undefined || expected === undefined || !same(state, expected)) {
    return sendPage(
      reply.code(400),
      config,
      deniedPage('The answer does not belong to this browser’s request. Start again.'),
    );
  }
  const error = form.get('error');
  if (error !== null)
    return sendPage(
      reply,
      config,
      deniedPage(error === 'access_denied' ? 'Access was not granted.' : `The portal answered: ${error}.`),
    );
  const idToken = form.get('id_token') ?? '';
  if (!idTokenIsOurs(idToken, line, credentials.client_id, nonceOf(state))) {
    return sendPage(reply.code(400), config, deniedPage('The id_token is not for this request.'));
  }
  const query = new URLSearchParams({
    ClientId: credentials.client_id,
    ClientSecret: credentials.client_secret,
    Code: form.get('code') ?? '',
    RedirectUri: redirectUri,
  });
  const answer = await fetch(`${line.portalUrl}/connect/token?${query}`, {
    signal: AbortSignal.timeout(15_000),
  });
  const token = (await answer.json()) as {
    access_token?: string;
    patient?: string;
    scope?: string;
    error?: string;
  };
  if (token.access_token === undefined || token.patient === undefined) {
    return sendPage(
      reply.code(502),
      config,
      deniedPage(`The token request was refused: ${token.error ?? answer.status}.`),
    );
  }
  const record = await fetchRecord(line, token.access_token, token.patient);
  return sendPage(reply, config, recordPage(line, record, (token.scope ?? '').split(' ')));
}

/** Claims of the front-channel id_token. Its signature is not needed where the code is exchanged over a direct connection. */
function idTokenIsOurs(idToken: string, line: Line, clientId: string, nonce: string): boolean {
  try {
    const claims = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString()) as Record<
      string,
      unknown
    >;
    return (
      claims['iss'] === line.portalUrl &&
      claims['aud'] === clientId &&
      claims['nonce'] === nonce &&
      Number(claims['exp']) * 1000 > Date.now()
    );
  } catch {
    return false;
  }
}

function same(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

function lineOf(config: Config, id: string): Line | undefined {
  return config.lines.find((line) => line.id === id);
}

async function sendPage(
  reply: FastifyReply,
  config: Config,
  content: Parameters<typeof renderPage>[1],
): Promise<FastifyReply> {
  return reply.headers(pageHeaders).send(await renderPage(config, content));
}
