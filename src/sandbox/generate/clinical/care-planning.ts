// CareTeam, CarePlan and Goal.
import type { PersonaCondition } from '../../personas.ts';
import { addDays, type Coding, coding, concept, type Resource, reference } from '../building.ts';
import { conditionTable } from '../condition-table.ts';
import type { MemberContext } from '../member-context.ts';
import { spouseOf } from '../related-people.ts';
import type { Visit } from './encounters.ts';
import { loinc } from './observation.ts';

const core = 'http://hl7.org/fhir/us/core/StructureDefinition';

export function* carePlanning(context: MemberContext, visits: readonly Visit[]): Generator<Resource> {
  const { patient, line, persona, today } = context;
  const first = visits[0];
  if (first === undefined || persona.conditions.length === 0) return;
  const ended = persona.deceased === undefined ? {} : { end: persona.deceased };
  const concern = conditionTable[persona.conditions[0]!];
  yield {
    resourceType: 'CareTeam',
    id: `${patient}-team-1`,
    meta: { profile: [`${core}/us-core-careteam|6.1.0`] },
    status: persona.deceased === undefined ? 'active' : 'inactive',
    name: `Care team of ${persona.given[0]} ${persona.family}`,
    subject: reference('Patient', patient),
    period: { start: first.day, ...ended },
    participant: [
      {
        role: [concept(coding('http://snomed.info/sct', '446050000', 'Primary care provider'))],
        member: reference('Practitioner', `${line}-prac-1`),
      },
      {
        role: [concept(coding('http://snomed.info/sct', '223366009', 'Healthcare professional'))],
        member: reference('Practitioner', `${line}-prac-${concern.practitioner}`),
      },
      {
        role: [concept(coding('http://snomed.info/sct', '223366009', 'Healthcare professional'))],
        member: reference('PractitionerRole', `${line}-role-${concern.practitioner}`),
      },
      ...(persona.features.includes('complete') ? family(context) : []),
    ],
  };
  yield {
    resourceType: 'CarePlan',
    id: `${patient}-plan-1`,
    meta: { profile: [`${core}/us-core-careplan|6.1.0`] },
    text: {
      status: 'generated',
      div: `<div xmlns="http://www.w3.org/1999/xhtml"><p>Care plan for ${concern.snomed.display}: regular visits, medicine as prescribed.</p></div>`,
    },
    status: persona.deceased === undefined ? 'active' : 'completed',
    intent: 'plan',
    category: [
      concept(
        coding(
          'http://hl7.org/fhir/us/core/CodeSystem/careplan-category',
          'assess-plan',
          'Assessment and Plan of Treatment',
        ),
      ),
    ],
    subject: reference('Patient', patient),
    period: { start: first.day, ...ended },
    careTeam: [reference('CareTeam', `${patient}-team-1`)],
    goal: [reference('Goal', `${patient}-goal-1`)],
  };
  yield {
    resourceType: 'Goal',
    id: `${patient}-goal-1`,
    meta: { profile: [`${core}/us-core-goal|6.1.0`] },
    lifecycleStatus: persona.deceased === undefined ? 'active' : 'cancelled',
    description: {
      coding: [measureOf(persona.conditions[0]!)],
      text: `Keep ${concern.snomed.display.toLowerCase()} under control`,
    },
    subject: reference('Patient', patient),
    startDate: first.day,
    target: [{ dueDate: addDays(today, 180) }],
  };
}

/** The member and the spouse take part in the care. */
function family(context: MemberContext): Record<string, unknown>[] {
  const part = (code: string, display: string, member: ReturnType<typeof reference>) => ({
    role: [concept(coding('http://snomed.info/sct', code, display))],
    member,
  });
  return [
    part('116154003', 'Patient', reference('Patient', context.patient)),
    part('133932002', 'Caregiver', spouseOf(context)),
  ];
}

/** What tells whether a goal is met. */
function measureOf(condition: PersonaCondition): Coding {
  const [lab] = conditionTable[condition].labs;
  if (condition === 'hypertension')
    return loinc('85354-9', 'Blood pressure panel with all children optional');
  if (condition === 'asthma' || condition === 'copd')
    return loinc('59408-5', 'Oxygen saturation in Arterial blood by Pulse oximetry');
  if (condition === 'depression')
    return loinc('44261-6', 'Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]');
  return lab?.code ?? loinc('72514-3', 'Pain severity - 0-10 verbal numeric rating [Score] - Reported');
}
