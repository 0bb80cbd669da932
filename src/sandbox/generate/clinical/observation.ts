// What all observations of a record share.
import { type Coding, coding, concept, instant, type Resource, reference } from '../building.ts';
import type { MemberContext } from '../member-context.ts';
import type { Visit } from './encounters.ts';

const core = 'http://hl7.org/fhir/us/core/StructureDefinition';

const categories = {
  activity: 'Activity',
  exam: 'Exam',
  imaging: 'Imaging',
  laboratory: 'Laboratory',
  procedure: 'Procedure',
  therapy: 'Therapy',
  'vital-signs': 'Vital Signs',
  'social-history': 'Social History',
  survey: 'Survey',
} as const;

export interface ObservationFacts {
  readonly id: string;
  /** Last part of the profile's URL, without version. */
  readonly profile: string;
  readonly category: keyof typeof categories;
  readonly code: Coding;
  readonly visit: Visit;
  /** value[x], component or dataAbsentReason. */
  readonly result: Record<string, unknown>;
}

export const loinc = (code: string, display: string): Coding => coding('http://loinc.org', code, display);

export const quantity = (value: number, unit: string, code: string) => ({
  value,
  unit,
  system: 'http://unitsofmeasure.org',
  code,
});

export function observation({ patient, line }: MemberContext, facts: ObservationFacts): Resource {
  return {
    resourceType: 'Observation',
    id: `${patient}-${facts.id}`,
    meta: {
      profile: [
        `${core}/${facts.profile}|6.1.0`,
        // The profile that those of the single vital signs are made from.
        ...(facts.category === 'vital-signs' ? [`${core}/us-core-vital-signs|6.1.0`] : []),
      ],
    },
    status: 'final',
    category: [
      concept(
        coding(
          'http://terminology.hl7.org/CodeSystem/observation-category',
          facts.category,
          categories[facts.category],
        ),
      ),
    ],
    code: concept(facts.code),
    subject: reference('Patient', patient),
    encounter: reference('Encounter', facts.visit.encounter.id),
    effectiveDateTime: instant(facts.visit.day, 9),
    issued: instant(facts.visit.day, 12),
    performer: [
      facts.category === 'laboratory'
        ? reference('Organization', `${line}-lab-1`)
        : reference('Practitioner', facts.visit.practitioner),
    ],
    ...facts.result,
  };
}
