// The parameters of an operation, from the address, a form or a Parameters resource, as one list
// (https://hl7.org/fhir/R4/operations.html#request).
import { FhirError } from '../operation-outcome.ts';
import type { FhirRequest } from '../pipeline.ts';
import { requireKnownParams } from './require-known-params.ts';

const parametersAtMost = 100;

/**
 * @param repeatable of the known, those that may come more than once
 * @throws {FhirError} naming the first unknown or repeated parameter
 */
export function operationParams(
  request: FhirRequest,
  known: readonly string[],
  repeatable: readonly string[] = [],
): URLSearchParams {
  const params = new URLSearchParams(request.query);
  for (const [name, value] of new URLSearchParams(request.form)) params.append(name, value);
  if (request.hasResource) {
    for (const [name, value] of fromResource(request.resource())) params.append(name, value);
  }
  const single = new URLSearchParams(
    [...params].filter(([name]) => !repeatable.includes(name)).map(([name, value]) => [name, value]),
  );
  requireKnownParams(single.toString(), known);
  return params;
}

function* fromResource(resource: Record<string, unknown>): Generator<[name: string, value: string]> {
  const given = resource['parameter'] ?? [];
  if (resource['resourceType'] !== 'Parameters' || !Array.isArray(given))
    throw new FhirError('invalid-body', 'The request body is no Parameters resource.');
  if (given.length > parametersAtMost)
    throw new FhirError('invalid-body', `The request body has more than ${parametersAtMost} parameters.`);
  for (const [position, parameter] of given.entries()) {
    const place = `Parameters.parameter[${position}]`;
    if (!isObject(parameter) || typeof parameter['name'] !== 'string')
      throw new FhirError('invalid-body', `${place}: a parameter has a name.`);
    const entries = Object.entries(parameter).filter(([name]) => /^value[A-Z]/.test(name));
    const text = entries.length === 1 ? textOf(entries[0]![1]) : undefined;
    if (text === undefined)
      throw new FhirError(
        'invalid-body',
        `${place}: '${parameter['name'].slice(0, 80)}' has no value of a kind that is read here.`,
      );
    yield [parameter['name'], text];
  }
}

/** As a search would write it: a Coding as `system|code`, several codings as alternatives. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (!isObject(value)) return undefined;
  if (typeof value['reference'] === 'string') return value['reference'];
  if (typeof value['code'] === 'string') {
    const { system, code } = value as { system?: unknown; code: string };
    return typeof system === 'string' ? `${escaped(system)}|${escaped(code)}` : escaped(code);
  }
  if (!Array.isArray(value['coding'])) return undefined;
  const codings = value['coding'].map(textOf);
  return codings.length > 0 && codings.every((coding) => coding !== undefined)
    ? codings.join(',')
    : undefined;
}

/** https://hl7.org/fhir/R4/search.html#escaping */
function escaped(text: string): string {
  return text.replace(/[\\,|$]/g, '\\$&');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
