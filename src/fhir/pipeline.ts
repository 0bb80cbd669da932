// The one path of a FHIR request: authenticate → negotiate → authorize → interaction → respond. A route cannot be
// declared without saying who may call it; a bearer route's interaction gets an Access and nothing else to see with.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Line } from '../config/config.ts';
import { type MemberAccess, memberAccess, type RequestAccess } from '../smart/access.ts';
import { publicPermissions } from '../smart/scopes.ts';
import { allowedMethods } from './allowed-methods.ts';
import { type CountRequests, countRequests } from './count-requests.ts';
import type { FhirService } from './fhir-service.ts';
import { bodyFormat, formType } from './format/negotiate.ts';
import { type JsonObject, readResource } from './format/request-body.ts';
import { type Forward, forwardTo } from './forward.ts';
import { FhirError, toOperationOutcome } from './operation-outcome.ts';
import {
  commonHeaders,
  type FhirAnswer,
  isPretty,
  likelyRepresentation,
  representationOf,
  respond,
} from './respond.ts';
import { type FhirRoute, fhirRoutes } from './routes.ts';
import { NotPermitted } from './store/visible.ts';

export interface FhirRequest {
  /** As `x-request-id` says it. */
  readonly id: string;
  readonly line: Line;
  readonly params: Readonly<Record<string, string>>;
  /** Query string or form body, as sent. */
  readonly query: string;
  readonly form: string;
  /** Whether the body is a resource, which `resource` then reads. */
  readonly hasResource: boolean;
  /** @throws {FhirError} invalid-body */
  readonly resource: () => JsonObject;
  readonly headers: FastifyRequest['headers'];
  readonly now: number;
  /** Makes another request to the same base, with the same token and everything that is checked of a request. */
  readonly forward: Forward;
}

export type BearerInteraction = (
  service: FhirService,
  request: FhirRequest,
  access: RequestAccess,
) => Promise<FhirAnswer>;
export type PublicInteraction = (service: FhirService, request: FhirRequest) => Promise<FhirAnswer>;

const formLimit = 65_536;
/** For a resource: larger than any single one of a guide, and quick to read. */
const resourceLimit = 1_048_576;
const allowedHeaders =
  'authorization, content-type, accept, prefer, if-none-match, if-modified-since, x-request-id';

/** Registers a line's FHIR API under its internal path. */
export function registerFhir(app: FastifyInstance, service: FhirService, line: Line): void {
  void app.register(
    async (scope) => {
      // Which formats a route reads is told from its header, by one code for all.
      scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
      scope.setErrorHandler((error, request, reply) => answerError(request, reply, line, service, error));
      scope.setNotFoundHandler((request, reply) =>
        answerError(request, reply, line, service, unknownAddress(request, line)),
      );
      scope.options('/*', async (_request, reply) => {
        reply.headers(commonHeaders);
        reply.header('access-control-allow-methods', 'GET, HEAD, POST, OPTIONS');
        reply.header('access-control-allow-headers', allowedHeaders);
        reply.header('access-control-max-age', '86400');
        return reply.code(204).send();
      });
      const counts = countRequests(service.requestsPerMinute);
      for (const route of fhirRoutes) {
        scope.route({
          method: route.method,
          url: route.path,
          bodyLimit: route.reads === 'resource' ? resourceLimit : formLimit,
          handler: async (request, reply) => {
            if (request.headers.authorization === undefined) counts.ofAddress(request, reply);
            return handle(service, line, route, request, reply, counts);
          },
        });
      }
    },
    { prefix: prefixOf(line) },
  );
}

async function handle(
  service: FhirService,
  line: Line,
  route: FhirRoute,
  request: FastifyRequest,
  reply: FastifyReply,
  counts: CountRequests,
): Promise<FastifyReply> {
  const query = queryOf(request.raw.url ?? '');
  const access =
    route.access === 'public'
      ? undefined
      : isPublic(route, request)
        ? publicAccess(line)
        : await authenticate(service, line, request).catch((error: unknown) => {
            // Guessing at tokens is no way around the limit of those who have none.
            if (request.headers.authorization !== undefined) counts.ofAddress(request, reply);
            throw error;
          });
  if (access?.kind === 'member') counts.ofMember(access, reply);
  const { accept } = request.headers;
  const body = readBody(service, route, request);
  const asked = body.form === '' ? [query] : [query, body.form];
  const hasOwnFormats = route.ownFormats !== undefined && route.ownFormats === typeOf(request);
  if (hasOwnFormats) isPretty(asked);
  const representation =
    hasOwnFormats || route.unnegotiated === true
      ? likelyRepresentation(service, accept, asked)
      : representationOf(service, accept, asked);
  const fhirRequest: FhirRequest = {
    id: request.id,
    line,
    params: request.params as Record<string, string>,
    query,
    ...body,
    headers: request.headers,
    now: Date.now(),
    forward: forwardTo(request, line),
  };
  if (access === undefined) {
    const run = route.run as PublicInteraction;
    return respond(service, request, reply, await run(service, fhirRequest), representation);
  }
  const answer = await route.run(service, fhirRequest, access);
  reply.header('cache-control', access.kind === 'public' ? 'public, max-age=300' : 'private, no-cache');
  return respond(service, request, reply, answer, representation);
}

const noBody = {
  form: '',
  hasResource: false,
  resource: (): never => {
    throw new FhirError('invalid-body', 'The request body is empty.');
  },
};

/** @throws {FhirError} unsupported-media-type */
function readBody(
  service: FhirService,
  route: FhirRoute,
  request: FastifyRequest,
): Pick<FhirRequest, 'form' | 'hasResource' | 'resource'> {
  if (route.reads === undefined) return noBody;
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const type = request.headers['content-type'];
  if (type === undefined && bytes.length === 0) return noBody;
  const coding = request.headers['content-encoding'] ?? 'identity';
  if (coding.trim().toLowerCase() !== 'identity')
    throw new FhirError('unsupported-media-type', 'Content-Encoding: send the body uncompressed.');
  if (route.reads === 'form' && type?.split(';')[0]?.trim().toLowerCase() !== formType)
    throw new FhirError('unsupported-media-type', `Content-Type: send ${formType}.`);
  const format = bodyFormat(type);
  if (format === 'form') return { ...noBody, form: bytes.toString() };
  if (bytes.length === 0) return noBody;
  return { form: '', hasResource: true, resource: () => readResource(format, bytes, service.readXml) };
}

function queryOf(url: string): string {
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark + 1);
}

/** The directory and the formulary need no token; one that is sent is looked at. */
function isPublic(route: FhirRoute, request: FastifyRequest): boolean {
  if (request.headers.authorization !== undefined) return false;
  return route.access === 'optional' || publicPermissions.has(typeOf(request));
}

function typeOf(request: FastifyRequest): string {
  return (request.params as { readonly type?: string }).type ?? '';
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
  return memberAccess(grant, service.permissionsOf(grant.scope));
}

function unknownAddress(request: FastifyRequest, line: Line): FhirError {
  const path = (request.raw.url ?? '').split('?')[0] ?? '';
  if (allowedMethods(pathBelow(line, path)).length > 0) {
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

/** Of a path as the router has it. */
function pathBelow(line: Line, path: string): string {
  return path.slice(prefixOf(line).length);
}

function prefixOf(line: Line): string {
  return `/${line.id}/fhir`;
}

async function answerError(
  request: FastifyRequest,
  reply: FastifyReply,
  line: Line,
  service: FhirService,
  thrown: unknown,
): Promise<FastifyReply> {
  const error = toFhirError(thrown, request.routeOptions.bodyLimit);
  if (error.status >= 500)
    request.log.error(
      { err: thrown, requestId: request.id, route: request.routeOptions.url },
      'FHIR request failed',
    );
  if (error.status === 401) reply.header('www-authenticate', challenge(line, error));
  if (error.category === 'insufficient-scope') {
    reply.header('www-authenticate', `Bearer realm="${line.fhirUrl}", error="insufficient_scope"`);
  }
  if (error.status === 405) {
    const path = pathBelow(line, (request.raw.url ?? '').split('?')[0] ?? '');
    reply.header('allow', [...allowedMethods(path), 'OPTIONS'].join(', '));
  }
  if (error.status === 503) reply.header('retry-after', '5');
  reply.header('cache-control', 'no-store');
  const outcome = toOperationOutcome(error, request.id);
  reply.header('link', `<${service.documentationUrl}#${error.category}>; rel="help"`);
  const answer = { status: error.status, body: JSON.stringify(outcome) };
  const asked = [queryOf(request.raw.url ?? '')];
  return respond(
    service,
    request,
    reply,
    answer,
    likelyRepresentation(service, request.headers.accept, asked),
  );
}

function challenge(line: Line, error: FhirError): string {
  return error.category === 'missing-token'
    ? `Bearer realm="${line.fhirUrl}"`
    : `Bearer realm="${line.fhirUrl}", error="invalid_token", error_description="${error.message}"`;
}

/** What Fastify and the database throw, in the words of the catalogue. The cause of a 5xx is never shown. */
function toFhirError(thrown: unknown, bodyLimit: number | undefined): FhirError {
  if (thrown instanceof FhirError) return thrown;
  if (thrown instanceof NotPermitted) {
    return new FhirError('insufficient-scope', `The scopes of this token do not cover ${thrown.message}.`);
  }
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new FhirError(
        'too-large',
        `The request body is larger than ${Math.round((bodyLimit ?? formLimit) / 1024)} kB.`,
      );
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_EMPTY_TYPE':
      return new FhirError('unsupported-media-type', 'Content-Type: say what the body is.');
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
