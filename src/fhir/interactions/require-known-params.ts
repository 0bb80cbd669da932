// Refuses what an interaction without search parameters does not know: nothing is silently ignored. `_format` and `_pretty`
// belong to every request and are settled before it (https://hl7.org/fhir/R4/http.html#parameters).
import { FhirError } from '../operation-outcome.ts';

/** @throws {FhirError} naming the first unknown or repeated parameter. */
export function requireKnownParams(query: string, known: readonly string[]): URLSearchParams {
  const params = new URLSearchParams(query);
  for (const name of params.keys()) {
    if (!known.includes(name) && !isOfEveryRequest(name)) {
      throw new FhirError(
        'unknown-parameter',
        `'${name.slice(0, 80)}' is no parameter of this interaction. It has: ${[...known, '_format', '_pretty'].join(', ')}.`,
      );
    }
    if (params.getAll(name).length > 1)
      throw new FhirError('invalid-parameter', `${name} is given more than once.`);
  }
  return params;
}

export function isOfEveryRequest(name: string): boolean {
  return name === '_format' || name === '_pretty';
}
