// Which format an answer has (https://hl7.org/fhir/R4/http.html#mime-type, RFC 9110 section 12.5.1).
// The seed's clients send `application/json, text/json, text/x-json, text/javascript, application/xml, text/xml`.
import { FhirError } from '../operation-outcome.ts';

const fhirJson = 'application/fhir+json; charset=utf-8';
const plainJson = 'application/json; charset=utf-8';
const fhirXml = 'application/fhir+xml; charset=utf-8';

/** Media types we answer with, by what was accepted. */
const offered: Readonly<Record<string, string>> = {
  'application/fhir+json': fhirJson,
  'application/json+fhir': fhirJson,
  'application/json': plainJson,
  'text/json': plainJson,
  'text/x-json': plainJson,
  'text/javascript': plainJson,
  'application/fhir+xml': fhirXml,
  'application/xml+fhir': fhirXml,
  'application/xml': 'application/xml; charset=utf-8',
  'text/xml': 'text/xml; charset=utf-8',
  'application/*': fhirJson,
  '*/*': fhirJson,
};

const formats: Readonly<Record<string, string>> = { json: fhirJson, xml: fhirXml, ...offered };

/** Whether a content type that `negotiate` answered is one of XML. */
export function isXml(contentType: string): boolean {
  return /[/+]xml;/.test(contentType);
}

/**
 * The content type to answer with.
 * @param format the `_format` parameter, which wins over the header
 * @throws {FhirError} not-acceptable
 */
export function negotiate(accept: string | undefined, format: string | undefined): string {
  if (format !== undefined) {
    const type = formats[(format.split(';')[0] ?? '').trim().replaceAll(' ', '+').toLowerCase()];
    if (type === undefined)
      throw new FhirError(
        'not-acceptable',
        `_format: '${format.slice(0, 80)}' is not offered; use json or xml.`,
      );
    return type;
  }
  if (accept === undefined || accept.trim() === '' || accept === '*/*') return fhirJson;
  let best: { type: string; quality: number } | undefined;
  for (const item of accept.split(',')) {
    const [name, ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    const type = offered[name ?? ''];
    if (type === undefined) continue;
    const quality = qualityOf(parameters);
    if (quality > 0 && (best === undefined || quality > best.quality)) best = { type, quality };
  }
  if (best === undefined) {
    throw new FhirError(
      'not-acceptable',
      `Accept: none of '${accept.slice(0, 120)}' is offered; use application/fhir+json or application/fhir+xml.`,
    );
  }
  return best.type;
}

function qualityOf(parameters: readonly string[]): number {
  const given = parameters.find((parameter) => parameter.startsWith('q='));
  if (given === undefined) return 1;
  const quality = Number(given.slice(2));
  return Number.isFinite(quality) ? quality : 0;
}
