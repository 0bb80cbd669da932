// The resource that a request brings, from JSON or XML, as one value whose numbers keep their digits
// (https://hl7.org/fhir/R4/http.html#mime-type). Bounded: in bytes by the route, in depth here. A problem is told by its
// place, never with what the body holds.
import { parseExact } from '../exact-json.ts';
import { FhirError } from '../operation-outcome.ts';
import { type ReadXml, XmlProblem } from './xml-reader.ts';

export type JsonObject = Record<string, unknown>;

/** Brackets open at once: FHIR allows any number, no resource needs more. */
const deepest = 300;

/** @throws {FhirError} invalid-body */
export function readResource(format: 'json' | 'xml', body: Buffer, readXml: ReadXml): JsonObject {
  const text = decoded(body);
  const value = format === 'xml' ? fromXml(text, readXml) : fromJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw broken('is no JSON object');
  if (typeof (value as JsonObject)['resourceType'] !== 'string')
    throw broken('has no resourceType, so it is no FHIR resource');
  return value as JsonObject;
}

function decoded(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw broken('is not UTF-8');
  }
}

function fromXml(text: string, readXml: ReadXml): unknown {
  try {
    return parseExact(JSON.stringify(readXml(text).value));
  } catch (error) {
    if (!(error instanceof XmlProblem)) throw error;
    const { line, path, message } = error;
    throw broken(`${message} (line ${line}${path === '' ? '' : `, ${path}`})`);
  }
}

function fromJson(text: string): unknown {
  if (isTooDeep(text)) throw broken(`is nested more than ${deepest} levels deep`);
  try {
    return parseExact(text);
  } catch (error) {
    // The parser's own message quotes the text.
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    const before = position === undefined ? undefined : text.slice(0, Number(position)).split('\n');
    const place = before === undefined ? '' : ` (line ${before.length}, column ${before.at(-1)!.length + 1})`;
    throw broken(`is no valid JSON${place}`);
  }
}

function isTooDeep(text: string): boolean {
  let open = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[{]|[\]}]/gs)) {
    if (token === '[' || token === '{') open++;
    else if (token === ']' || token === '}') open--;
    if (open > deepest) return true;
  }
  return false;
}

function broken(what: string): FhirError {
  return new FhirError('invalid-body', `The request body ${what}.`);
}
