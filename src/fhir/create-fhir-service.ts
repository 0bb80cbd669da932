// Puts the FHIR side together.
import { type Permissions, permissionsOf } from '../smart/scopes.ts';
import type { FhirService } from './fhir-service.ts';

const scopesKept = 5000;

/** @returns a service whose `permissionsOf` remembers the scope strings it has met */
export function createFhirService(parts: Omit<FhirService, 'permissionsOf'>): FhirService {
  const known = new Map<string, Permissions>();
  return {
    ...parts,
    permissionsOf(scope) {
      let permissions = known.get(scope);
      if (permissions === undefined) {
        if (known.size >= scopesKept) known.clear();
        permissions = permissionsOf(scope);
        known.set(scope, permissions);
      }
      return permissions;
    },
  };
}
