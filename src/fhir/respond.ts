// Writes an answer: in the format that was asked for, compressed as was asked for, with the headers that every answer has.
// What is stored goes out as it is; only XML and `_pretty` take it apart (https://hl7.org/fhir/R4/http.html#parameters).
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseExact, stringifyExact } from './exact-json.ts';
import type { FhirService } from './fhir-service.ts';
import { compress } from './format/content-coding.ts';
import { isXml, negotiate } from './format/negotiate.ts';
import { FhirError } from './operation-outcome.ts';

export interface FhirAnswer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Overrides the negotiated content type: the body goes out as it is. */
  readonly contentType?: string;
}

/** How an answer is shown. */
export interface Representation {
  readonly contentType: string;
  readonly pretty: boolean;
}

/** Below this many bytes compression costs more than it saves. */
const compressFrom = 1400;
const exposedHeaders =
  'etag, last-modified, location, content-location, content-disposition, x-request-id, www-authenticate, retry-after, ratelimit, ratelimit-policy, ratelimit-limit, ratelimit-remaining, ratelimit-reset';

/** CORS stands on every answer, errors too. */
export const commonHeaders = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': exposedHeaders,
  'x-content-type-options': 'nosniff',
  vary: 'accept, accept-encoding, authorization',
};

/**
 * @param asked the query and the form of the request
 * @throws {FhirError} not-acceptable, invalid-parameter
 */
export function representationOf(
  service: FhirService,
  accept: string | undefined,
  asked: readonly string[],
): Representation {
  const format = parameter(asked, '_format');
  const pretty = isPretty(asked);
  return {
    contentType: format === undefined ? service.contentTypeFor(accept ?? '*/*') : negotiate(accept, format),
    pretty,
  };
}

/** @throws {FhirError} invalid-parameter */
export function isPretty(asked: readonly string[]): boolean {
  const pretty = parameter(asked, '_pretty');
  if (pretty !== undefined && pretty !== 'true' && pretty !== 'false')
    throw new FhirError('invalid-parameter', `_pretty: '${pretty.slice(0, 40)}' is not true or false.`);
  return pretty === 'true';
}

/** Of an error about the representation itself: in the format asked for as far as that can be made out. */
export function likelyRepresentation(
  service: FhirService,
  accept: string | undefined,
  asked: readonly string[],
): Representation {
  for (const [header, parts] of [
    [accept, asked],
    [accept, []],
  ] as const) {
    try {
      return representationOf(service, header, parts);
    } catch {
      // The next, then what everything falls back on.
    }
  }
  const wished = `${parameter(asked, '_format') ?? ''} ${accept ?? ''}`;
  const xml = /xml/i.test(wished) && !/json/i.test(wished);
  return { contentType: service.contentTypeFor(xml ? 'application/fhir+xml' : '*/*'), pretty: false };
}

/** A character of a name that is percent-encoded. */
const encodedName = /(?:^|&)[^=&]*%/;

function parameter(asked: readonly string[], name: string): string | undefined {
  for (const part of asked) {
    if (part.includes(`${name}=`) || encodedName.test(part)) {
      const value = new URLSearchParams(part).get(name);
      if (value !== null) return value;
    }
  }
  return undefined;
}

export async function respond(
  service: FhirService,
  request: FastifyRequest,
  reply: FastifyReply,
  answer: FhirAnswer,
  representation: Representation,
): Promise<FastifyReply> {
  reply.code(answer.status);
  reply.headers(commonHeaders);
  reply.header('x-request-id', request.id);
  const contentType = answer.contentType ?? representation.contentType;
  reply.header('content-type', contentType);
  if (answer.headers !== undefined) reply.headers(answer.headers);
  const body = answer.contentType === undefined ? shown(service, answer.body, representation) : answer.body;
  const { coding, always } = service.codingFor(String(request.headers['accept-encoding'] ?? ''));
  if (coding !== undefined && body.length > 0 && (body.length >= compressFrom || always)) {
    if (!isPacked(contentType)) {
      reply.header('content-encoding', coding);
      return reply.send(await compress(body, coding));
    }
  }
  // A 304 tells no length that is not that of the 200 (RFC 9110 section 8.6).
  return reply.send(answer.status === 304 ? undefined : body);
}

function shown(
  service: FhirService,
  body: string | Buffer,
  { contentType, pretty }: Representation,
): string | Buffer {
  if (body.length === 0) return body;
  if (isXml(contentType)) return service.toXml(body.toString(), pretty);
  return pretty ? stringifyExact(parseExact(body.toString()) as object, 2) : body;
}

/** Documents whose own format is compressed already. */
function isPacked(contentType: string): boolean {
  return /^(?:image\/(?!svg)|audio\/|video\/|application\/(?:pdf|zip|gzip|octet-stream))/i.test(contentType);
}
