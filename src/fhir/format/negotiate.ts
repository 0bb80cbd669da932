// Which format an answer has, and which one a body is in (https://hl7.org/fhir/R4/http.html#mime-type,
// https://hl7.org/fhir/R4/http.html#version-parameter, RFC 9110 section 12.5.1).
// The seed's clients send `application/json, text/json, text/x-json, text/javascript, application/xml, text/xml`.
import { FhirError } from '../operation-outcome.ts';
import { qualityOf } from './content-coding.ts';

/** Media types we answer with, by what was accepted. */
const offered: Readonly<Record<string, string>> = {
  'application/fhir+json': 'application/fhir+json',
  'application/json+fhir': 'application/fhir+json',
  'application/json': 'application/json',
  'text/json': 'application/json',
  'text/x-json': 'application/json',
  'text/javascript': 'application/json',
  'application/fhir+xml': 'application/fhir+xml',
  'application/xml+fhir': 'application/fhir+xml',
  'application/xml': 'application/xml',
  'text/xml': 'text/xml',
};

/** What a wildcard stands for, the first that is not refused by its own name. */
const byWildcard: Readonly<Record<string, readonly string[]>> = {
  '*/*': ['application/fhir+json', 'application/json', 'application/fhir+xml', 'application/xml', 'text/xml'],
  'application/*': ['application/fhir+json', 'application/json', 'application/fhir+xml', 'application/xml'],
  'text/*': ['text/xml'],
};

const formats: Readonly<Record<string, string>> = {
  json: 'application/fhir+json',
  xml: 'application/fhir+xml',
  ...offered,
};

const versionServed = '4.0';

interface MediaRange {
  readonly name: string;
  readonly quality: number;
  readonly fhirVersion: string | undefined;
}

/** Whether a content type is one of XML. */
export function isXml(contentType: string): boolean {
  return /[/+]xml(;|$)/.test(contentType);
}

/** How much an Accept header wants a type, by the range that fits it best (RFC 9110 section 12.5.1). */
export function wishFor(accept: string, type: string): number {
  let best = { fits: 0, quality: 0 };
  for (const { name, quality } of accept.split(',').map(readRange)) {
    const fits = name === type ? 3 : name === `${type.split('/')[0]}/*` ? 2 : name === '*/*' ? 1 : 0;
    if (fits > best.fits) best = { fits, quality };
  }
  return best.quality;
}

/** How much it wants one of the media types of FHIR, called by name: that is how a Binary is asked for as a resource. */
export function wishForFhir(accept: string): number {
  const wishes = accept
    .split(',')
    .map(readRange)
    .filter(
      (range) => offered[range.name]?.startsWith('application/fhir+') === true && isVersionServed(range),
    );
  return Math.max(0, ...wishes.map(({ quality }) => quality));
}

/**
 * The content type to answer with.
 * @param format the `_format` parameter, which wins over the header
 * @throws {FhirError} not-acceptable
 */
export function negotiate(accept: string | undefined, format: string | undefined): string {
  if (format !== undefined) return ofFormat(format);
  if (accept === undefined || accept.trim() === '' || accept === '*/*')
    return 'application/fhir+json; charset=utf-8';
  const ranges = accept.split(',').map(readRange).filter(isVersionServed);
  const refused = new Set(ranges.filter(({ quality }) => quality === 0).map(({ name }) => name));
  let best: { readonly type: string; readonly range: MediaRange } | undefined;
  for (const range of ranges) {
    const type = offered[range.name] ?? byWildcard[range.name]?.find((name) => !refused.has(name));
    if (type !== undefined && range.quality > (best?.range.quality ?? 0)) best = { type, range };
  }
  if (best === undefined) {
    throw new FhirError(
      'not-acceptable',
      `Accept: none of '${accept.slice(0, 120)}' is offered; use application/fhir+json or application/fhir+xml, of FHIR version ${versionServed}.`,
    );
  }
  return contentType(best.type, best.range);
}

/** In an address a plus sign that was not percent-encoded is a space. */
function ofFormat(format: string): string {
  const [name = '', ...parameters] = format.split(';');
  const spelled = [name.trim().replaceAll(' ', '+'), ...parameters].join(';');
  const range = readRange(spelled);
  const type = formats[range.name];
  if (type === undefined || !isVersionServed(range))
    throw new FhirError(
      'not-acceptable',
      `_format: '${format.slice(0, 80)}' is not offered; use json or xml, of FHIR version ${versionServed}.`,
    );
  return contentType(type, range);
}

/**
 * What a body says it is in. @throws {FhirError} unsupported-media-type
 * @param given the Content-Type header
 */
export function bodyFormat(given: string | undefined): 'form' | 'json' | 'xml' {
  const range = readRange(given ?? '');
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(given ?? '')?.[1]?.toLowerCase() ?? 'utf-8';
  const type = offered[range.name];
  if (charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii')
    throw new FhirError('unsupported-media-type', 'Content-Type: the charset must be utf-8.');
  if (range.name === formType) return 'form';
  if (type === undefined)
    throw new FhirError(
      'unsupported-media-type',
      'Content-Type: send application/fhir+json or application/fhir+xml.',
    );
  if (!isVersionServed(range))
    throw new FhirError('unsupported-media-type', `Content-Type: the fhirVersion must be ${versionServed}.`);
  return isXml(type) ? 'xml' : 'json';
}

export const formType = 'application/x-www-form-urlencoded';

function readRange(item: string): MediaRange {
  const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
  const version = parameters.find((parameter) => parameter.startsWith('fhirversion='));
  return {
    name,
    quality: qualityOf(parameters),
    fhirVersion: version?.slice('fhirversion='.length).replaceAll('"', ''),
  };
}

function isVersionServed({ fhirVersion }: MediaRange): boolean {
  return fhirVersion === undefined || fhirVersion === versionServed || fhirVersion === `${versionServed}.1`;
}

/** Who names the version is told it. */
function contentType(type: string, { fhirVersion }: MediaRange): string {
  const version = fhirVersion === undefined ? '' : `; fhirVersion=${versionServed}`;
  return `${type}${version}; charset=utf-8`;
}
