// How somebody gets on in daily life: functional, cognitive and disability status, social needs (US Core Simple Observation).
import { type Coding, coding, concept, type Resource, reference } from '../building.ts';
import type { MemberContext } from '../member-context.ts';
import { spouseOf } from '../related-people.ts';
import type { Visit } from './encounters.ts';
import { loinc, observation } from './observation.ts';

/** How somebody gets on in daily life. */
export function* dailyLife(context: MemberContext, visit: Visit): Generator<Resource> {
  const { line, patient } = context;
  const self = reference('Patient', patient);
  const seenBy = reference('Practitioner', visit.practitioner);
  const role = reference('PractitionerRole', `${line}-role-1`);
  const team = reference('CareTeam', `${patient}-team-1`);
  const clinic = reference('Organization', `${line}-clinic-1`);
  const simple = (
    id: string,
    code: Coding,
    kind: readonly [string, string],
    result: Record<string, unknown>,
  ) => ({
    ...observation(context, {
      id,
      profile: 'us-core-simple-observation',
      category: 'survey',
      code,
      visit,
      result,
    }),
    category: [concept(coding('http://hl7.org/fhir/us/core/CodeSystem/us-core-category', ...kind))],
  });
  yield simple(
    'life-function',
    loinc('47420-5', 'Functional status assessment note'),
    ['functional-status', 'Functional Status'],
    {
      valueString: 'Walks without help, shops and cooks.',
      performer: [role],
    },
  );
  yield simple(
    'life-cognition',
    loinc('11332-4', 'History of Cognitive Function Narrative'),
    ['cognitive-status', 'Cognitive Status'],
    {
      valueString: 'Alert and oriented.',
      performer: [team, clinic],
    },
  );
  yield simple(
    'life-disability',
    loinc('69856-3', 'Are you deaf, or do you have serious difficulty hearing'),
    ['disability-status', 'Disability Status'],
    {
      valueCodeableConcept: concept(coding('http://loinc.org', 'LA32-8', 'No')),
      performer: [self],
    },
  );
  yield simple(
    'life-transport',
    coding('http://snomed.info/sct', '160695008', 'Transport too expensive'),
    ['sdoh', 'SDOH'],
    { valueBoolean: false, performer: [spouseOf(context), seenBy] },
  );
}
