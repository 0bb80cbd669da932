// batch: several reads in one request (https://hl7.org/fhir/R4/http.html#transaction). Each entry is a request of its own,
// with the token of the whole (fhir/forward.ts); nothing of an entry is decided here but that it only reads. Bounded in
// entries and in bytes.
import { STATUS_CODES } from 'node:http';
import { bundleText } from '../bundle.ts';
import type { JsonObject } from '../format/request-body.ts';
import type { ForwardedAnswer } from '../forward.ts';
import { FhirError, toOperationOutcome } from '../operation-outcome.ts';
import type { BearerInteraction, FhirRequest } from '../pipeline.ts';
import { isOfEveryRequest, requireKnownParams } from './require-known-params.ts';

const entriesAtMost = 100;
/** Of all answers together; an entry that begins beyond it is refused. */
const charactersAtMost = 20_000_000;

export const batch: BearerInteraction = async (_service, request) => {
  requireKnownParams(request.query, []);
  const entries = entriesOf(request.resource());
  const answers: string[][] = [];
  let characters = 0;
  for (const [position, entry] of entries.entries()) {
    const answer = await answerEntry(request, entry, `Bundle.entry[${position}]`, characters);
    for (const piece of answer) characters += piece.length;
    answers.push(answer);
  }
  return {
    status: 200,
    body: bundleText({ type: 'batch-response', links: [], entries: answers }),
    headers: { 'cache-control': 'no-store' },
  };
};

/** @throws {FhirError} for what is no batch */
function entriesOf(bundle: JsonObject): unknown[] {
  const { resourceType, type, entry = [] } = bundle;
  if (resourceType !== 'Bundle')
    throw new FhirError('invalid-body', 'The request body is no Bundle, which is what is posted here.');
  if (type === 'transaction')
    throw new FhirError(
      'unsupported-bundle',
      'Bundle.type: a transaction writes, and this server only reads; send a batch.',
    );
  if (type !== 'batch')
    throw new FhirError('unsupported-bundle', 'Bundle.type: only a batch is processed here.');
  if (!Array.isArray(entry)) throw new FhirError('invalid-body', 'Bundle.entry: must be an array.');
  if (entry.length > entriesAtMost)
    throw new FhirError(
      'too-costly',
      `Bundle.entry: a batch has at most ${entriesAtMost} entries; send several batches.`,
    );
  return entry;
}

/** The entry's text, in pieces. What is wrong with an entry is told in it and costs the others nothing. */
async function answerEntry(
  request: FhirRequest,
  entry: unknown,
  place: string,
  charactersBefore: number,
): Promise<string[]> {
  try {
    if (charactersBefore > charactersAtMost)
      throw new FhirError(
        'too-costly',
        `${place}: the answers before it are all that fits; send a smaller batch.`,
      );
    const { method, url, headers } = readEntry(request, entry, place);
    return entryText(await request.forward({ method, path: url, headers }), `${place}.request.url`);
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return refusal(error, request);
  }
}

function readEntry(request: FhirRequest, entry: unknown, place: string) {
  const asked = isObject(entry) ? entry['request'] : undefined;
  if (!isObject(asked) || typeof asked['method'] !== 'string' || typeof asked['url'] !== 'string')
    throw new FhirError('invalid-body', `${place}.request: needs a method and a url.`);
  const { method, url, ifNoneMatch, ifModifiedSince } = asked;
  if (method !== 'GET' && method !== 'HEAD')
    throw new FhirError('method-not-allowed', `${place}.request.method: only GET and HEAD are offered.`);
  const headers: Record<string, string> = {};
  const { prefer } = request.headers;
  if (typeof prefer === 'string') headers['prefer'] = prefer;
  if (ifNoneMatch !== undefined)
    headers['if-none-match'] = headerValue(ifNoneMatch, `${place}.request.ifNoneMatch`);
  if (ifModifiedSince !== undefined) {
    const since = typeof ifModifiedSince === 'string' ? Date.parse(ifModifiedSince) : Number.NaN;
    if (Number.isNaN(since))
      throw new FhirError('invalid-parameter', `${place}.request.ifModifiedSince: is no instant.`);
    headers['if-modified-since'] = new Date(since).toUTCString();
  }
  return {
    method,
    url: pathOf(request.line.fhirUrl, url as string, `${place}.request.url`),
    headers,
  } as const;
}

function headerValue(value: unknown, place: string): string {
  if (typeof value !== 'string' || !/^[\x20-\x7e]{1,1000}$/.test(value))
    throw new FhirError('invalid-parameter', `${place}: is no ETag.`);
  return value;
}

/** Below the base, whatever was written. The format is that of the whole. @throws {FhirError} invalid-parameter */
function pathOf(fhirUrl: string, url: string, place: string): string {
  const base = new URL(`${fhirUrl}/`);
  const target = URL.canParse(url, base) ? new URL(url, base) : undefined;
  if (target === undefined || target.origin !== base.origin || !target.pathname.startsWith(base.pathname))
    throw new FhirError('invalid-parameter', `${place}: is not below this FHIR base.`);
  const query = target.search
    .slice(1)
    .split('&')
    .filter((part) => part !== '' && !isOfEveryRequest(decodeURIComponentOr(part.split('=')[0]!)));
  const path = target.pathname.slice(base.pathname.length - 1);
  return query.length === 0 ? path : `${path}?${query.join('&')}`;
}

/** A name that cannot be decoded is no name of a parameter that is known here. */
function decodeURIComponentOr(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function entryText(answer: ForwardedAnswer, place: string): string[] {
  const { status, statusText, headers, body } = answer;
  // What is asked for as JSON of FHIR and comes as something else is no resource.
  const isResource = String(headers['content-type'] ?? '').startsWith('application/fhir+json');
  if (body !== '' && !isResource) throw new FhirError('unknown-route', `${place}: names no resource.`);
  const response: Record<string, string> = { status: `${status} ${statusText}` };
  if (typeof headers['etag'] === 'string') response['etag'] = headers['etag'];
  if (typeof headers['last-modified'] === 'string')
    response['lastModified'] = new Date(headers['last-modified']).toISOString();
  const about = JSON.stringify(response);
  if (body === '') return [`{"response":${about}}`];
  if (status >= 400) return [`{"response":${about.slice(0, -1)},"outcome":`, body, '}}'];
  return ['{"resource":', body, `,"response":${about}}`];
}

function refusal(error: FhirError, { id }: FhirRequest): string[] {
  const outcome = toOperationOutcome(error, id);
  const status = `${error.status} ${STATUS_CODES[error.status]}`;
  return [`{"response":${JSON.stringify({ status, outcome })}}`];
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
