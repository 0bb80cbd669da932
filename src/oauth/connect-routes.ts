// The protocol endpoints of one line: authorize, token, introspect, revocation, userinfo, discovery, keys.
// The library answers them; here a request is made into what the library takes (legacy token request, authorize
// by POST, errors as JSON). https://www.rfc-editor.org/rfc/rfc6749#section-3
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Provider } from 'oidc-provider';
import type { Config, Line } from '../config/config.ts';
import { formBodyLimit } from '../http/form-body.ts';
import { type Counted, rateLimitHeaders } from '../http/request-counter.ts';
import { redirectUnkept, sendUnkept } from '../http/unkept.ts';
import { chosenLanguage } from '../pages/language.ts';
import { pageHeaders } from '../pages/page.ts';
import type { ClientRegistry } from './client-registry.ts';
import { routes } from './endpoints.ts';
import { type Forwarded, forwardToProvider } from './forward-to-provider.ts';
import { legacyTokenRequest } from './legacy-token-request.ts';
import { portalPath } from './line-provider.ts';
import { namePublicClient } from './name-public-client.ts';
import { tooManyRequestsPage } from './pages/too-many-requests-page.ts';
import { presentedClient } from './presented-client.ts';
import type { RequestLimits } from './request-limits.ts';

/** RFC 9745: since RFC 9700 (January 2025) no secret belongs in a query. */
const legacyDeprecation = '@1735689600';

export interface ConnectDeps {
  /** The one with the present keys. */
  readonly provider: () => Provider;
  readonly config: Config;
  readonly clients: ClientRegistry;
  readonly limits: RequestLimits;
  readonly onLegacyTokenRequest: (line: string, clientId: string) => void;
}

export function registerConnectRoutes(
  app: FastifyInstance,
  line: Line,
  { provider, config, clients, limits, onLegacyTokenRequest }: ConnectDeps,
): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: formBodyLimit }, (_request, body, done) =>
    done(null, body),
  );
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) request.log.error({ err: error }, 'request failed');
    return sendOAuthError(
      reply,
      status,
      status >= 500 ? 'server_error' : 'invalid_request',
      status >= 500 ? 'something went wrong on the server, try later' : error.message,
    );
  });

  /** Failures of client authentication (401) are counted by where they come from; too many are not looked at. */
  const authenticateClient = async (forwarded: Forwarded, request: FastifyRequest, reply: FastifyReply) => {
    const client = presentedClient(forwarded.headers, new URLSearchParams(forwarded.body.toString()));
    const refused = limits.refusesClient(request.ip, client);
    if (refused !== undefined) {
      const description = `too many failed attempts to authenticate; try again in ${refused.reset} seconds`;
      reply.headers(rateLimitHeaders([refused]));
      return sendOAuthError(reply, 429, 'temporarily_unavailable', description);
    }
    await forwardToProvider(provider(), line, forwarded, { request, reply });
    if (reply.raw.statusCode === 401) limits.clientFailed(request.ip, client);
  };

  // RFC 8594.
  const sunset =
    config.legacyTokenSunset === undefined
      ? {}
      : { sunset: new Date(config.legacyTokenSunset).toUTCString() };

  const handle = async (request: FastifyRequest, reply: FastifyReply, url: string) => {
    const [path = '', queryText = ''] = splitOnce(url, '?');
    // As the library's router reads it: any case, a slash at the end or none.
    const endpoint = path.toLowerCase().replace(/\/$/, '');
    const toPeople = isForPeople(endpoint);
    if (toPeople) {
      const counted = isResumed(endpoint) ? limits.page(request.ip) : limits.begin(request.ip);
      if (counted.exceeded) return sendTooMany(config, reply, counted);
    }
    if (endpoint === '/connect/authorize' && request.method === 'POST') {
      return redirectToGet(line, request, reply, queryText);
    }
    const forwarded = {
      method: request.method,
      url,
      headers: toPeople ? request.headers : { ...request.headers, accept: 'application/json' },
      body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    };
    if (endpoint === '/connect/token' && (request.method === 'POST' || request.method === 'GET')) {
      const query = new URLSearchParams(queryText);
      const legacy = legacyTokenRequest(
        query,
        isForm(request) ? new URLSearchParams(forwarded.body.toString()) : new URLSearchParams(),
      );
      if (legacy !== undefined) {
        if ('problem' in legacy) return sendOAuthError(reply, 400, 'invalid_request', legacy.problem);
        const client = await clients.find(legacy.form.get('client_id') ?? '');
        if (client !== undefined && client.disabledAt === undefined && !client.legacyToken) {
          return sendOAuthError(
            reply,
            400,
            'invalid_request',
            'send a form by POST with client_id, client_secret, code and redirect_uri: this app is not registered for the token request with ClientId in the query',
          );
        }
        if (client?.legacyToken === true) onLegacyTokenRequest(line.id, client.client_id);
        reply.headers({ deprecation: legacyDeprecation, ...sunset });
        const standard = {
          method: 'POST',
          url: path,
          headers: { ...forwarded.headers, 'content-type': 'application/x-www-form-urlencoded' },
          body: Buffer.from(legacy.form.toString()),
        };
        return authenticateClient(standard, request, reply);
      }
      if (request.method === 'GET') {
        reply.header('allow', 'POST');
        return sendOAuthError(reply, 405, 'invalid_request', 'the token endpoint takes a form by POST');
      }
      if (isForm(request) && request.headers.authorization === undefined) {
        const named = await namePublicClient(new URLSearchParams(forwarded.body.toString()), {
          provider: provider(),
          clients,
        });
        if (named !== undefined) forwarded.body = Buffer.from(named.toString());
      }
    }
    return authenticatesClients.has(endpoint)
      ? authenticateClient(forwarded, request, reply)
      : forwardToProvider(provider(), line, forwarded, { request, reply });
  };

  const prefix = `/${line.id}`;
  const below = async (request: FastifyRequest, reply: FastifyReply) => {
    const raw = request.raw.url ?? '';
    // A prefix in percent-encoding finds the route too, but is no address of ours.
    if (!raw.startsWith(`${prefix}/`))
      return sendOAuthError(reply, 404, 'invalid_request', 'there is nothing at this address');
    return handle(request, reply, raw.slice(prefix.length));
  };
  app.all(`${prefix}/connect/*`, below);
  app.all(`${prefix}/.well-known/openid-configuration`, below);
  app.all(`${prefix}/.well-known/openid-configuration/jwks`, below);
  app.all(`${prefix}/.well-known/oauth-authorization-server`, below);
  // RFC 8414 section 3.1 puts the well-known part before an issuer's path.
  if (portalPath(line) === prefix) {
    app.all(`/.well-known/oauth-authorization-server${prefix}`, (request, reply) =>
      handle(request, reply, '/.well-known/oauth-authorization-server'),
    );
  }
}

/** SMART `authorize-post`. A GET keeps the sign-in cookie SameSite=Lax. */
function redirectToGet(line: Line, request: FastifyRequest, reply: FastifyReply, queryText: string) {
  if (!isForm(request)) {
    return sendOAuthError(
      reply,
      400,
      'invalid_request',
      'send the parameters as application/x-www-form-urlencoded',
    );
  }
  const form = Buffer.isBuffer(request.body) ? request.body.toString() : '';
  const parameters = new URLSearchParams([...new URLSearchParams(queryText), ...new URLSearchParams(form)]);
  return redirectUnkept(reply, `${line.portalUrl}/connect/authorize?${parameters}`);
}

const authenticatesClients: ReadonlySet<string> = new Set([
  routes.token,
  routes.introspection,
  routes.revocation,
]);

/** Their errors are pages; all others are JSON, whatever a client's Accept header prefers. */
function isForPeople(endpoint: string): boolean {
  return /^\/connect\/(authorize|endsession)(\/|$)/.test(endpoint);
}

/** On the way back from the pages of a sign-in, whose row is there already. */
function isResumed(endpoint: string): boolean {
  return /^\/connect\/authorize\/[^/]+$/.test(endpoint);
}

export async function sendTooMany(
  config: Config,
  reply: FastifyReply,
  counted: Counted,
): Promise<FastifyReply> {
  const language = chosenLanguage({ acceptLanguage: reply.request.headers['accept-language'] });
  return reply
    .code(429)
    .headers({ ...pageHeaders, ...rateLimitHeaders([counted]) })
    .send(await tooManyRequestsPage(config, counted.reset, language));
}

function isForm(request: FastifyRequest): boolean {
  return /^application\/x-www-form-urlencoded\s*(;|$)/i.test(request.headers['content-type'] ?? '');
}

function sendOAuthError(
  reply: FastifyReply,
  status: number,
  error: string,
  description: string,
): FastifyReply {
  return sendUnkept(reply, status, { error, error_description: description });
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
