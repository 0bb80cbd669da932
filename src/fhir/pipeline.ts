// The one path of a FHIR request: authenticate → negotiate → authorize → interaction → respond. A route cannot be
// declared without saying who may call it; a bearer route's interaction gets an Access and nothing else to see with.
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Line } from '../config/config.ts';
import type { MemberAccess, RequestAccess } from '../smart/access.ts';
import { publicPermissions } from '../smart/scopes.ts';
import { countPublicRequests } from './count-public-requests.ts';
import type { FhirService } from './fhir-service.ts';
import { isXml, negotiate } from './format/negotiate.ts';
import { FhirError, toOperationOutcome } from './operation-outcome.ts';
import { type FhirRoute, fhirRoutes } from './routes.ts';
import { NotPermitted } from './store/visible.ts';

export interface FhirRequest {
  readonly line: Line;
  readonly params: Readonly<Record<string, string>>;
  /** Query string or form body, as sent. */
  readonly query: string;
  readonly form: string;
  /** Whether the body is a resource, which `resource` then reads. */
  readonly hasResource: boolean;
  /** @throws {FhirError} invalid-body */
  readonly resource: () => Record<string, unknown>;
  readonly headers: FastifyRequest['headers'];
  readonly now: number;
}

export interface FhirAnswer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Overrides the negotiated content type. */
  readonly contentType?: string;
}

export type BearerInteraction = (
  service: FhirService,
  request: FhirRequest,
  access: RequestAccess,
) => Promise<FhirAnswer>;
export type PublicInteraction = (service: FhirService, request: FhirRequest) => Promise<FhirAnswer>;

const gzipAsync = promisify(gzip);
/** Below this many bytes compression costs more than it saves. */
const compressFrom = 1400;
const formType = 'application/x-www-form-urlencoded';
const resourceTypes = ['application/fhir+json', 'application/json'];
const formLimit = 65_536;
/** For a resource: larger than any single one of a guide, and quick to read. */
const resourceLimit = 1_048_576;
const allowedHeaders =
  'authorization, content-type, accept, prefer, if-none-match, if-modified-since, x-request-id';
const exposedHeaders =
  'etag, last-modified, location, content-location, x-request-id, www-authenticate, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset';

/** CORS stands on every answer, errors too. */
const commonHeaders = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': exposedHeaders,
  'x-content-type-options': 'nosniff',
  vary: 'accept, accept-encoding, authorization',
};

/** Registers a line's FHIR API under its internal path. */
export function registerFhir(app: FastifyInstance, service: FhirService, line: Line): void {
  void app.register(
    async (scope) => {
      scope.addContentTypeParser(formType, { parseAs: 'string' }, (_request, body, done) => done(null, body));
      scope.addContentTypeParser(resourceTypes, { parseAs: 'buffer' }, (_request, body, done) =>
        done(null, body),
      );
      scope.setErrorHandler((error, request, reply) => answerError(request, reply, line, service, error));
      scope.setNotFoundHandler((request, reply) =>
        answerError(request, reply, line, service, unknownAddress(request)),
      );
      scope.options('/*', async (_request, reply) => {
        reply.headers(commonHeaders);
        reply.header('access-control-allow-methods', 'GET, HEAD, POST, OPTIONS');
        reply.header('access-control-allow-headers', allowedHeaders);
        reply.header('access-control-max-age', '86400');
        return reply.code(204).send();
      });
      const countPublicRequest = await countPublicRequests(scope, service.publicRequestsPerMinute);
      for (const route of fhirRoutes) {
        scope.route({
          method: route.method,
          url: route.path,
          bodyLimit: readsResource(route) ? resourceLimit : formLimit,
          handler: async (request, reply) => {
            if (request.headers.authorization === undefined) await countPublicRequest(request, reply);
            return handle(service, line, route, request, reply);
          },
        });
      }
    },
    { prefix: `/${line.id}/fhir` },
  );
}

async function handle(
  service: FhirService,
  line: Line,
  route: FhirRoute,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = queryOf(request.raw.url ?? '');
  const fhirRequest: FhirRequest = {
    line,
    params: request.params as Record<string, string>,
    query,
    form: typeof request.body === 'string' ? request.body : '',
    ...readBody(route, request),
    headers: request.headers,
    now: Date.now(),
  };
  if (route.access === 'public') {
    const contentType = contentTypeOf(service, request, query);
    return respond(service, request, reply, await route.run(service, fhirRequest), contentType);
  }
  const access = isPublic(request, fhirRequest)
    ? publicAccess(line)
    : await authenticate(service, line, request);
  const contentType = contentTypeOf(service, request, query);
  const answer = await route.run(service, fhirRequest, access);
  reply.header('cache-control', access.kind === 'public' ? 'public, max-age=300' : 'private, no-cache');
  return respond(service, request, reply, answer, contentType);
}

function readsResource(route: FhirRoute): boolean {
  return route.access === 'bearer' && route.reads === 'resource';
}

function readBody(route: FhirRoute, { body }: FastifyRequest): Pick<FhirRequest, 'hasResource' | 'resource'> {
  if (!Buffer.isBuffer(body)) return { hasResource: false, resource: () => ({}) };
  if (!readsResource(route)) throw new FhirError('unsupported-media-type', `Content-Type: send ${formType}.`);
  return { hasResource: body.length > 0, resource: () => readResource(body) };
}

/** The parser's own message quotes the text. @throws {FhirError} invalid-body */
function readResource(body: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    throw new FhirError('invalid-body', 'The request body is no valid JSON.');
  }
  if (typeof value !== 'object' || value === null || !('resourceType' in value))
    throw new FhirError('invalid-body', 'The request body has no resourceType, so it is no FHIR resource.');
  return value as Record<string, unknown>;
}

function queryOf(url: string): string {
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark + 1);
}

function contentTypeOf(service: FhirService, request: FastifyRequest, query: string): string {
  const { accept } = request.headers;
  const format = query.includes('_format=') ? new URLSearchParams(query).get('_format') : null;
  return format === null ? service.contentTypeFor(accept ?? '*/*') : negotiate(accept, format);
}

/** The directory and the formulary need no token; one that is sent is looked at. */
function isPublic(request: FastifyRequest, { params }: FhirRequest): boolean {
  return request.headers.authorization === undefined && publicPermissions.has(params['type'] ?? '');
}

function publicAccess(line: Line): RequestAccess {
  return { kind: 'public', line: line.id, grantId: 'public', patients: [], permissions: publicPermissions };
}

/** RFC 6750. A token in the query is never read. */
async function authenticate(
  service: FhirService,
  line: Line,
  request: FastifyRequest,
): Promise<MemberAccess> {
  const header = request.headers.authorization;
  if (header === undefined)
    throw new FhirError('missing-token', 'Send the access token as "Authorization: Bearer …".');
  const token = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(header)?.[1];
  if (token === undefined || token.length > 512) {
    throw new FhirError(
      'invalid-token',
      'Authorization: the header is not "Bearer" and an access token of this server.',
    );
  }
  const grant = await service.verifyToken(line.id, token);
  if (grant === undefined || grant.line !== line.id) {
    throw new FhirError(
      'invalid-token',
      'The access token is not known here, has expired, or the grant behind it has ended.',
    );
  }
  return {
    kind: 'member',
    line: grant.line,
    clientId: grant.clientId,
    grantId: grant.grantId,
    patients: grant.patients,
    permissions: service.permissionsOf(grant.scope),
  };
}

async function respond(
  service: FhirService,
  request: FastifyRequest,
  reply: FastifyReply,
  answer: FhirAnswer,
  contentType: string,
): Promise<FastifyReply> {
  reply.code(answer.status);
  reply.headers(commonHeaders);
  reply.header('x-request-id', request.id);
  reply.header('content-type', answer.contentType ?? contentType);
  if (answer.headers !== undefined) reply.headers(answer.headers);
  const body =
    answer.body.length > 0 && answer.contentType === undefined && isXml(contentType)
      ? service.toXml(answer.body.toString())
      : answer.body;
  if (body.length >= compressFrom && acceptsGzip(request.headers['accept-encoding'])) {
    const compressed = await gzipAsync(body, { level: constants.Z_BEST_SPEED });
    reply.header('content-encoding', 'gzip');
    return reply.send(compressed);
  }
  return reply.send(body);
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  return (
    typeof header === 'string' &&
    /(^|,)\s*(gzip|x-gzip|\*)\s*(;\s*q=(?!0(\.0+)?\s*(,|$))[\d.]+)?\s*(,|$)/i.test(header)
  );
}

function unknownAddress(request: FastifyRequest): FhirError {
  const path = (request.raw.url ?? '').split('?')[0] ?? '';
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return new FhirError(
      'method-not-allowed',
      `${request.method} is not offered here; /metadata lists what is.`,
    );
  }
  return new FhirError(
    'unknown-route',
    `There is nothing at ${path.slice(0, 200)}; /metadata lists what is.`,
  );
}

async function answerError(
  request: FastifyRequest,
  reply: FastifyReply,
  line: Line,
  service: FhirService,
  thrown: unknown,
): Promise<FastifyReply> {
  const error = toFhirError(thrown);
  if (error.status >= 500)
    request.log.error(
      { err: thrown, requestId: request.id, route: request.routeOptions.url },
      'FHIR request failed',
    );
  if (error.status === 401) reply.header('www-authenticate', challenge(line, error));
  if (error.category === 'insufficient-scope') {
    reply.header('www-authenticate', `Bearer realm="${line.fhirUrl}", error="insufficient_scope"`);
  }
  if (error.status === 405) reply.header('allow', 'GET, HEAD');
  if (error.status === 503) reply.header('retry-after', '5');
  reply.header('cache-control', 'no-store');
  const outcome = toOperationOutcome(error, request.id);
  reply.header('link', `<${service.documentationUrl}#${error.category}>; rel="help"`);
  const answer = { status: error.status, body: JSON.stringify(outcome) };
  return respond(service, request, reply, answer, errorContentType(service, request));
}

/** In the format asked for where that is possible. */
function errorContentType(service: FhirService, request: FastifyRequest): string {
  try {
    return contentTypeOf(service, request, queryOf(request.raw.url ?? ''));
  } catch {
    return service.contentTypeFor('*/*');
  }
}

function challenge(line: Line, error: FhirError): string {
  return error.category === 'missing-token'
    ? `Bearer realm="${line.fhirUrl}"`
    : `Bearer realm="${line.fhirUrl}", error="invalid_token", error_description="${error.message}"`;
}

/** What Fastify and the database throw, in the words of the catalogue. The cause of a 5xx is never shown. */
function toFhirError(thrown: unknown): FhirError {
  if (thrown instanceof FhirError) return thrown;
  if (thrown instanceof NotPermitted) {
    return new FhirError('insufficient-scope', `The scopes of this token do not cover ${thrown.message}.`);
  }
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new FhirError('too-large', 'The request body is larger than this address reads.');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_EMPTY_TYPE':
      return new FhirError('unsupported-media-type', `Content-Type: send ${formType}.`);
    case 'FST_ERR_BAD_URL':
      return new FhirError('invalid-parameter', 'The address has a wrong percent-encoding.');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new FhirError('invalid-parameter', 'The request body cannot be read.');
    // PostgreSQL's query_canceled, by statement_timeout.
    case '57014':
      return new FhirError('too-costly', 'The search takes longer than the server allows; narrow it.');
    default:
      return new FhirError('internal', 'The cause is in the operator’s log under this request id.');
  }
}
