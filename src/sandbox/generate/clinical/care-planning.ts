// CareTeam, CarePlan and Goal.
import { addDays, coding, concept, type Resource, reference } from '../building.ts';
import { conditionTable } from '../condition-table.ts';
import type { MemberContext } from '../member-context.ts';
import type { Visit } from './encounters.ts';

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
    description: { text: `Keep ${concern.snomed.display.toLowerCase()} under control` },
    subject: reference('Patient', patient),
    startDate: first.day,
    target: [{ dueDate: addDays(today, 180) }],
  };
}
