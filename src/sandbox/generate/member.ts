// Everything of one member: who it is, the clinical record, the claims, the consent, and the Provenance of all of it.
import type { Resource } from './building.ts';
import { generateClaims } from './claims.ts';
import { generateClinical } from './clinical.ts';
import { consentOf } from './consent.ts';
import type { MemberContext } from './member-context.ts';
import { generatePatient } from './patient.ts';
import { provenance } from './provenance.ts';

export function* generateMember(context: MemberContext): Generator<Resource> {
  const recorded: Resource[] = [...generatePatient(context)];
  yield* recorded;
  const { features } = context.persona;
  if (features.includes('patient-only')) return;
  // Encounters come first: claims refer to the visits they bill.
  const visits: Resource[] = [];
  for (const resource of generateClinical(context)) {
    if (resource.resourceType === 'Encounter') visits.push(resource);
    recorded.push(resource);
    yield resource;
  }
  for (const resource of generateClaims(context, visits)) {
    recorded.push(resource);
    yield resource;
  }
  if (features.includes('complete') || features.includes('prior-authorizations')) {
    const consent = consentOf(context);
    recorded.push(consent);
    yield consent;
  }
  yield* provenance(context, recorded);
}
