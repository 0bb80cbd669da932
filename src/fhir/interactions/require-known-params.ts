// Refuses what an interaction without search parameters does not know: nothing is silently ignored.
import { FhirError } from '../operation-outcome.ts';

/** @throws {FhirError} naming the first unknown or repeated parameter. */
export function requireKnownParams(query: string, known: readonly string[]): URLSearchParams {
  const params = new URLSearchParams(query);
  for (const name of params.keys()) {
    if (!known.includes(name)) {
      throw new FhirError(
        'unknown-parameter',
        `'${name.slice(0, 80)}' is no parameter of this interaction. It has: ${known.join(', ')}.`,
      );
    }
    if (params.getAll(name).length > 1)
      throw new FhirError('invalid-parameter', `${name} is given more than once.`);
  }
  return params;
}
