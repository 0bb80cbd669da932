// Whose record a resource belongs to: what the Patient CompartmentDefinition says
// (https://hl7.org/fhir/R4/compartmentdefinition-patient.html), completed by docs/adr/0003 for types that name a
// patient although the definition leaves them out. What fits no rule belongs to nobody's record: when in doubt, deny.
// What is sensitive, and what is not shown for want of a status, belongs to a scope beside: see scope-name.ts.
import { referenceTypes, referredTypes } from '../../smart/data-classes.ts';
import { sensitiveClassesOf } from '../../smart/sensitive-classes.ts';
import type { Definitions } from '../definitions/definitions.ts';
import type { FhirResource } from '../fhir-resource.ts';
import type { IndexedRow } from '../search/index-resource.ts';
import { lacksStatus } from './lacks-status.ts';
import { referenceScope, referredScope, withheld } from './scope-name.ts';

/** Types outside the CompartmentDefinition whose parameter names the one patient they are about. */
const namesPatient: Readonly<Record<string, readonly string[]>> = {
  Device: ['patient'],
  Task: ['patient'],
};

/** Why those who see the rest are not shown it (`ScopeName`). */
interface Kept {
  readonly kept: readonly string[];
}

export type Compartment = Kept &
  (
    | { readonly kind: 'scopes'; readonly owners: readonly string[] }
    /** Belongs to those who see every one of the targets. */
    | {
        readonly kind: 'follows';
        readonly targets: readonly { readonly type: string; readonly id: string }[];
      }
  );

export function compartmentRule({
  patientCompartment,
  statusElements,
}: Pick<Definitions, 'patientCompartment' | 'statusElements'>) {
  /** `rows` are the index rows of the resource itself. */
  return function compartmentOf(resource: FhirResource, rows: readonly IndexedRow[]): Compartment {
    const type = resource.resourceType;
    const kept = sensitiveClassesOf(resource);
    if (type === 'Patient') return { kind: 'scopes', owners: [resource.id], kept };
    if (type === 'Provenance') return { kind: 'follows', targets: targetsOf(resource, rows), kept };
    const params = new Set([...(patientCompartment[type] ?? []), ...(namesPatient[type] ?? [])]);
    const members = new Set<string>();
    for (const { param, row } of rows) {
      if (row.table === 'idx_reference' && row.target_type === 'Patient' && params.has(param))
        members.add(row.target_id);
    }
    if (type === 'Binary') {
      const owner = /^Patient\/([A-Za-z0-9.-]{1,64})$/.exec(securityContext(resource));
      if (owner !== null) members.add(owner[1]!);
    }
    if (members.size === 0) return { kind: 'scopes', owners: sharedScopes(resource, params.size > 0), kept };
    const lacking = lacksStatus(statusElements, resource) ? [withheld] : [];
    return { kind: 'scopes', owners: [...members], kept: [...kept, ...lacking] };
  };
}

function sharedScopes(resource: FhirResource, couldNamePatient: boolean): string[] {
  const type = resource.resourceType;
  const referred = referredTypes.includes(type);
  if (!referred && !referenceTypes.includes(type)) return [];
  if (type === 'Binary' && securityContext(resource) !== '') return [];
  // List and Basic are anything; only the formulary's own are nobody's record.
  if (couldNamePatient && !declaresFormulary(resource)) return [];
  if (mentionsPatient(resource)) return [];
  return [referred ? referredScope : referenceScope];
}

function targetsOf(
  { target }: Readonly<Record<string, unknown>>,
  rows: readonly IndexedRow[],
): { type: string; id: string }[] {
  const targets = rows.flatMap(({ param, row }) =>
    param === 'target' && row.table === 'idx_reference' ? [{ type: row.target_type, id: row.target_id }] : [],
  );
  // What is named by an identifier or in words only is in nobody's record as far as is known.
  const isNamed = (one: unknown): boolean =>
    typeof one === 'object' && one !== null && 'reference' in one && typeof one.reference === 'string';
  const isVague = Array.isArray(target) && !target.every(isNamed);
  return isVague ? [...targets, { type: '', id: '' }] : targets;
}

function securityContext(resource: FhirResource): string {
  const context = resource['securityContext'];
  if (typeof context !== 'object' || context === null || !('reference' in context)) return '';
  return typeof context.reference === 'string' ? context.reference : '';
}

function declaresFormulary(resource: FhirResource): boolean {
  const profiles = resource.meta?.profile;
  return (
    Array.isArray(profiles) &&
    profiles.some((profile) => String(profile).startsWith('http://hl7.org/fhir/us/davinci-drug-formulary/'))
  );
}

/** Any reference to a patient, however deep: reference data that has one is no reference data. */
function mentionsPatient(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(mentionsPatient);
  for (const [name, inner] of Object.entries(value)) {
    if (name === 'reference' && typeof inner === 'string' && /(^|\/)Patient\//.test(inner)) return true;
    if (name === 'resourceType' && inner === 'Patient') return true;
    if (mentionsPatient(inner)) return true;
  }
  return false;
}
