// Refuses types that the guides do not serve, the same for every caller.
import type { Definitions } from '../definitions/definitions.ts';
import { FhirError } from '../operation-outcome.ts';

/** @throws {FhirError} unknown-type */
export function requireServedType(definitions: Definitions, type: string): void {
  if (definitions.servedTypes.has(type)) return;
  const why = definitions.resourceTypes.includes(type) ? 'is not served here' : 'is no FHIR R4 resource type';
  throw new FhirError('unknown-type', `'${type.slice(0, 80)}' ${why}; /metadata lists the types.`);
}
