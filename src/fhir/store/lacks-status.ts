// Whether a resource lacks a status that US Core does not let it be without
// (https://hl7.org/fhir/us/core/STU3.1.1/general-guidance.html#missing-data). Where R4's own invariants let it be absent, or
// demand that it is, nothing is missing.
import type { FhirResource } from '../fhir-resource.ts';

const terminology = 'http://terminology.hl7.org/CodeSystem';

/** Whether the status is demanded of a type that may be without. */
const demanded: Readonly<Record<string, (resource: FhirResource) => boolean>> = {
  // ait-1 demands it, ait-2 forbids it of what was entered in error.
  AllergyIntolerance: (resource) =>
    !hasCoding(resource['verificationStatus'], 'allergyintolerance-verification', 'entered-in-error'),
  // con-5 forbids it of what was entered in error; con-3 demands it of a problem list, con-4 of what has abated.
  Condition: (resource) =>
    !hasCoding(resource['verificationStatus'], 'condition-ver-status', 'entered-in-error') &&
    (listOf(resource['category']).some((one) => hasCoding(one, 'condition-category', 'problem-list-item')) ||
      Object.keys(resource).some((name) => /^_?abatement[A-Z]/.test(name))),
};

/** @param statusElements resource type → element */
export function lacksStatus(
  statusElements: Readonly<Record<string, string>>,
  resource: FhirResource,
): boolean {
  const element = statusElements[resource.resourceType];
  if (element === undefined || hasCode(resource[element])) return false;
  return demanded[resource.resourceType]?.(resource) ?? true;
}

/** The reason why there is none is no status. */
function hasCode(value: unknown): boolean {
  if (typeof value === 'string') return value !== '';
  return codingsOf(value).some(
    ({ system, code }) =>
      typeof code === 'string' && code !== '' && system !== `${terminology}/data-absent-reason`,
  );
}

function hasCoding(value: unknown, system: string, code: string): boolean {
  return codingsOf(value).some((one) => one['system'] === `${terminology}/${system}` && one['code'] === code);
}

function codingsOf(value: unknown): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null || !('coding' in value)) return [];
  return listOf(value.coding).filter(
    (coding): coding is Record<string, unknown> => typeof coding === 'object' && coding !== null,
  );
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
