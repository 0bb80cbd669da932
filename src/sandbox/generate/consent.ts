// Consent: a member lets the plan disclose the record to a clinic (PDex 2.1.0 provider consent,
// http://hl7.org/fhir/us/davinci-pdex/StructureDefinition-pdex-provider-consent.html).
import { addDays, coding, concept, type Resource, reference } from './building.ts';
import type { MemberContext } from './member-context.ts';

const participant = (code: string, display: string) =>
  concept(coding('http://terminology.hl7.org/CodeSystem/provenance-participant-type', code, display));

export function consentOf({ line, patient, persona, today }: MemberContext): Resource {
  const given = addDays(persona.deceased ?? today, -300);
  return {
    resourceType: 'Consent',
    id: `${patient}-consent-1`,
    meta: {
      profile: ['http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/pdex-provider-consent|2.1.0'],
    },
    identifier: [{ system: `https://${line}.cascadeharbor.example/consent`, value: `${patient}-consent-1` }],
    status: 'active',
    scope: concept(
      coding('http://terminology.hl7.org/CodeSystem/consentscope', 'patient-privacy', 'Privacy Consent'),
    ),
    category: [
      concept(coding('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'IDSCL', 'information disclosure')),
    ],
    patient: reference('Patient', patient),
    dateTime: `${given}T10:00:00-08:00`,
    performer: [reference('Patient', patient)],
    organization: [reference('Organization', `${line}-payer`)],
    policyRule: concept(
      coding(
        'http://terminology.hl7.org/CodeSystem/consentpolicycodes',
        'cric',
        'Common Rule Informed Consent',
      ),
    ),
    provision: {
      type: 'permit',
      period: { start: given, end: addDays(given, 730) },
      actor: [
        {
          role: participant('performer', 'Performer'),
          reference: reference('Organization', `${line}-payer`),
        },
        {
          role: concept(
            coding(
              'http://terminology.hl7.org/CodeSystem/v3-ParticipationType',
              'IRCP',
              'information recipient',
            ),
          ),
          reference: reference('Organization', `${line}-clinic-2`),
        },
      ],
      action: [
        concept(coding('http://terminology.hl7.org/CodeSystem/consentaction', 'disclose', 'Disclose')),
      ],
    },
  };
}
