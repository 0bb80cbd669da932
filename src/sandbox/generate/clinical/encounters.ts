// Encounter: routine visits every few months, and for those with a hospital stay an emergency visit and an admission.
import type { PersonaCondition } from '../../personas.ts';
import { addDays, coding, concept, instant, type Resource, reference } from '../building.ts';
import { conditionTable } from '../condition-table.ts';
import type { MemberContext } from '../member-context.ts';

export interface Visit {
  readonly encounter: Resource;
  /** ISO day. */
  readonly day: string;
  readonly condition: PersonaCondition | undefined;
  readonly practitioner: string;
  readonly stay: boolean;
}

const actCode = (code: string, display: string) =>
  coding('http://terminology.hl7.org/CodeSystem/v3-ActCode', code, display);

export function* encounters(context: MemberContext): Generator<Visit> {
  const { persona, today, random } = context;
  const last = persona.deceased ?? today;
  const gap = persona.features.includes('many-claims') ? 12 : persona.conditions.length > 2 ? 60 : 110;
  let number = 0;
  const seen = new Map<PersonaCondition, number>();
  const reasons = (condition: PersonaCondition | undefined) => reasonsOf(context, seen, condition);
  for (
    let day = addDays(last, -1400);
    day < last;
    day = addDays(day, gap + random.between(0, Math.ceil(gap / 3)))
  ) {
    if (day < persona.birthDate) continue;
    const condition = persona.conditions[number % Math.max(persona.conditions.length, 1)];
    yield visit(context, ++number, day, condition, reasons(condition), false);
  }
  if (!persona.features.includes('hospital-stay')) return;
  const admitted = addDays(last, -130);
  const why = persona.conditions.at(-1);
  yield visit(context, ++number, addDays(admitted, -1), why, reasons(why), false, true);
  yield visit(context, ++number, admitted, why, reasons(why), true);
}

/** The problem that a visit is about, and the diagnosis of the visit where one is recorded. */
function reasonsOf(
  { patient, persona }: MemberContext,
  seen: Map<PersonaCondition, number>,
  condition: PersonaCondition | undefined,
): ReturnType<typeof reference>[] {
  if (condition === undefined) return [];
  const time = (seen.get(condition) ?? 0) + 1;
  seen.set(condition, time);
  const number = persona.conditions.indexOf(condition) + 1;
  return [
    reference('Condition', `${patient}-prob-${number}`),
    ...(time <= diagnosesOfCondition ? [reference('Condition', `${patient}-dx-${number}-${time}`)] : []),
  ];
}

/** Visits for one condition that a diagnosis of their own is recorded of, the first ones. */
export const diagnosesOfCondition = 4;

function visit(
  context: MemberContext,
  number: number,
  day: string,
  condition: PersonaCondition | undefined,
  reasons: readonly ReturnType<typeof reference>[],
  stay: boolean,
  emergency = false,
): Visit {
  const { line, patient, random, persona } = context;
  const facts = condition === undefined ? undefined : conditionTable[condition];
  const practitioner = `${line}-prac-${facts?.practitioner ?? 1}`;
  const end = stay ? addDays(day, random.between(2, 6)) : day;
  const place = stay || emergency ? 'hospital-1' : `clinic-${random.between(1, 3)}`;
  const sensitive = facts?.label !== undefined && persona.features.includes('sensitive');
  const encounter: Resource = {
    resourceType: 'Encounter',
    id: `${patient}-enc-${number}`,
    meta: {
      profile: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-encounter|6.1.0'],
      ...(sensitive ? { security: [facts!.label, restricted] } : {}),
    },
    identifier: [
      { system: `https://${line}.cascadeharbor.example/encounter`, value: `${patient}-v${number}` },
    ],
    status: 'finished',
    class: stay
      ? actCode('IMP', 'inpatient encounter')
      : emergency
        ? actCode('EMER', 'emergency')
        : actCode('AMB', 'ambulatory'),
    type: [
      stay
        ? concept(coding('http://snomed.info/sct', '32485007', 'Hospital admission'))
        : emergency
          ? concept(coding('http://snomed.info/sct', '50849002', 'Emergency room admission'))
          : concept(coding('http://snomed.info/sct', '185349003', 'Encounter for check up')),
    ],
    subject: reference('Patient', patient),
    participant: [
      {
        type: [
          concept(
            coding('http://terminology.hl7.org/CodeSystem/v3-ParticipationType', 'PPRF', 'primary performer'),
          ),
        ],
        period: { start: instant(day), end: instant(end, 17) },
        individual: reference('Practitioner', practitioner),
      },
    ],
    period: { start: instant(day), end: instant(end, stay ? 17 : 10) },
    ...(facts === undefined ? {} : { reasonCode: [concept(facts.snomed)], reasonReference: reasons }),
    ...(stay
      ? {
          hospitalization: {
            dischargeDisposition: concept(
              coding('http://terminology.hl7.org/CodeSystem/discharge-disposition', 'home', 'Home'),
            ),
          },
        }
      : {}),
    location: [{ location: reference('Location', `${line}-loc-${stay || emergency ? 1 : 2}`) }],
    serviceProvider: reference('Organization', `${line}-${place}`),
  };
  return { encounter, day, condition, practitioner, stay };
}

export const restricted = coding(
  'http://terminology.hl7.org/CodeSystem/v3-Confidentiality',
  'R',
  'restricted',
);
