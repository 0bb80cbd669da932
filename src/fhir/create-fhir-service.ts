// Puts the FHIR side together.
import { type Permissions, permissionsOf } from '../smart/scopes.ts';
import { capabilityStatement } from './capability-statement.ts';
import type { FhirService } from './fhir-service.ts';

const scopesKept = 5000;

/** @returns a service that remembers the scope strings it has met and the statements it has made */
export function createFhirService(
  parts: Omit<FhirService, 'permissionsOf' | 'capabilityStatement'>,
): FhirService {
  const permissions = new Map<string, Permissions>();
  const statements = new Map<string, string>();
  return {
    ...parts,
    permissionsOf(scope) {
      let known = permissions.get(scope);
      if (known === undefined) {
        if (permissions.size >= scopesKept) permissions.clear();
        known = permissionsOf(scope);
        permissions.set(scope, known);
      }
      return known;
    },
    capabilityStatement(line) {
      let known = statements.get(line.id);
      if (known === undefined) {
        known = JSON.stringify(capabilityStatement(parts, line));
        statements.set(line.id, known);
      }
      return known;
    },
  };
}
