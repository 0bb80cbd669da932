// Condition (problem list and encounter diagnosis), AllergyIntolerance, MedicationRequest, MedicationDispense, Medication.
import type { PersonaCondition } from '../../personas.ts';
import { addDays, coding, concept, instant, type Resource, reference, unknown } from '../building.ts';
import { conditionTable, type Drug } from '../condition-table.ts';
import type { MemberContext } from '../member-context.ts';
import { diagnosesOfCondition, restricted, type Visit } from './encounters.ts';

const core = 'http://hl7.org/fhir/us/core/StructureDefinition';
const terminology = 'http://terminology.hl7.org/CodeSystem';

export function* conditionsAndMedications(
  context: MemberContext,
  visits: readonly Visit[],
): Generator<Resource> {
  const { persona } = context;
  for (const [position, condition] of persona.conditions.entries()) {
    const facts = conditionTable[condition];
    const seen = visits.filter((visit) => visit.condition === condition);
    const first = seen[0] ?? visits[0];
    if (first === undefined) continue;
    const labels =
      facts.label !== undefined && persona.features.includes('sensitive')
        ? { security: [facts.label, restricted] }
        : {};
    yield problem(context, first, position + 1, labels);
    yield* diagnoses(context, seen, position + 1, labels);
    if (facts.drug !== undefined) yield* medication(context, first, position + 1, labels);
  }
  const last = visits.at(-1);
  if (persona.features.includes('complete') && last !== undefined) yield hunger(context, last);
  yield allergy(context, visits[0]);
  if (persona.features.includes('missing-data')) yield earlierAllergy(context);
}

/** A concern that a screening brought up. */
function hunger({ patient, line }: MemberContext, { day }: Visit): Resource {
  return {
    resourceType: 'Condition',
    id: `${patient}-concern-1`,
    meta: { profile: [`${core}/us-core-condition-problems-health-concerns|6.1.0`] },
    extension: [asserted(day)],
    clinicalStatus: concept(coding(`${terminology}/condition-clinical`, 'active', 'Active')),
    verificationStatus: concept(coding(`${terminology}/condition-ver-status`, 'confirmed', 'Confirmed')),
    category: [
      concept(
        coding(
          'http://hl7.org/fhir/us/core/CodeSystem/condition-category',
          'health-concern',
          'Health Concern',
        ),
      ),
      concept(coding('http://hl7.org/fhir/us/core/CodeSystem/us-core-category', 'sdoh', 'SDOH')),
    ],
    code: concept(
      coding('http://snomed.info/sct', '733423003', 'Food insecurity'),
      coding('http://hl7.org/fhir/sid/icd-10-cm', 'Z59.41', 'Food insecurity'),
    ),
    subject: reference('Patient', patient),
    onsetDateTime: day,
    recordedDate: day,
    recorder: reference('Practitioner', `${line}-prac-1`),
  };
}

const asserted = (day: string) => ({
  url: 'http://hl7.org/fhir/StructureDefinition/condition-assertedDate',
  valueDateTime: day,
});

/** What passes: the days that it lasts. */
const passing: Readonly<Partial<Record<PersonaCondition, number>>> = {
  otitis: 14,
  pregnancy: 90,
  migraine: 2,
};

type Labels = Record<string, unknown>;

function problem({ patient, line }: MemberContext, visit: Visit, number: number, labels: Labels): Resource {
  const facts = conditionTable[visit.condition!];
  const resolved = visit.condition === 'otitis' || visit.condition === 'pregnancy';
  return {
    resourceType: 'Condition',
    id: `${patient}-prob-${number}`,
    meta: {
      ...labels,
      // 3.1.1 has one profile for what became two.
      profile: [
        `${core}/us-core-condition-problems-health-concerns|6.1.0`,
        `${core}/us-core-condition|3.1.1`,
      ],
    },
    extension: [asserted(visit.day)],
    clinicalStatus: concept(
      resolved
        ? coding(`${terminology}/condition-clinical`, 'resolved', 'Resolved')
        : coding(`${terminology}/condition-clinical`, 'active', 'Active'),
    ),
    verificationStatus: concept(coding(`${terminology}/condition-ver-status`, 'confirmed', 'Confirmed')),
    category: [
      concept(coding(`${terminology}/condition-category`, 'problem-list-item', 'Problem List Item')),
    ],
    code: concept(facts.snomed, facts.icd),
    subject: reference('Patient', patient),
    onsetDateTime: visit.day,
    ...(resolved ? { abatementDateTime: addDays(visit.day, 90) } : {}),
    recordedDate: visit.day,
    recorder: reference('Practitioner', `${line}-prac-${facts.practitioner}`),
  };
}

function* diagnoses(
  { patient }: MemberContext,
  visits: readonly Visit[],
  number: number,
  labels: Labels,
): Generator<Resource> {
  for (const [position, visit] of visits.slice(0, diagnosesOfCondition).entries()) {
    const facts = conditionTable[visit.condition!];
    const days = passing[visit.condition!];
    yield {
      resourceType: 'Condition',
      id: `${patient}-dx-${number}-${position + 1}`,
      meta: { ...labels, profile: [`${core}/us-core-condition-encounter-diagnosis|6.1.0`] },
      extension: [asserted(visit.day)],
      clinicalStatus: concept(
        days === undefined
          ? coding(`${terminology}/condition-clinical`, 'active', 'Active')
          : coding(`${terminology}/condition-clinical`, 'resolved', 'Resolved'),
      ),
      verificationStatus: concept(coding(`${terminology}/condition-ver-status`, 'confirmed', 'Confirmed')),
      category: [
        concept(coding(`${terminology}/condition-category`, 'encounter-diagnosis', 'Encounter Diagnosis')),
      ],
      code: concept(facts.snomed, facts.icd),
      subject: reference('Patient', patient),
      encounter: reference('Encounter', visit.encounter.id),
      onsetDateTime: visit.day,
      ...(days === undefined ? {} : { abatementDateTime: addDays(visit.day, days) }),
      recordedDate: visit.day,
    };
  }
}

function* medication(
  { patient, line, today, persona }: MemberContext,
  visit: Visit,
  number: number,
  labels: Labels,
): Generator<Resource> {
  const { drug, practitioner, snomed } = conditionTable[visit.condition!];
  const byReference = number % 2 === 0;
  const medicationId = `${patient}-med-${number}`;
  if (byReference) {
    yield {
      resourceType: 'Medication',
      id: medicationId,
      meta: { profile: [`${core}/us-core-medication|6.1.0`] },
      code: concept(drug!.rxnorm),
      status: 'active',
    };
  }
  const what = byReference
    ? { medicationReference: reference('Medication', medicationId, drug!.rxnorm.display) }
    : { medicationCodeableConcept: concept(drug!.rxnorm) };
  const dosage = {
    text: 'Take 1 by mouth once a day',
    timing: { repeat: { frequency: 1, period: 1, periodUnit: 'd' } },
    doseAndRate: [
      { doseQuantity: { value: 1, unit: 'each', system: 'http://unitsofmeasure.org', code: '{each}' } },
    ],
  };
  const last = persona.deceased ?? today;
  yield {
    resourceType: 'MedicationRequest',
    id: `${patient}-rx-${number}`,
    meta: { ...labels, profile: [`${core}/us-core-medicationrequest|6.1.0`] },
    status: persona.deceased === undefined ? 'active' : 'stopped',
    intent: 'order',
    category: [concept(coding(`${terminology}/medicationrequest-category`, 'community', 'Community'))],
    ...(number % 3 === 0
      ? { reportedReference: reference('Practitioner', `${line}-prac-${practitioner}`) }
      : { reportedBoolean: false }),
    ...what,
    subject: reference('Patient', patient),
    encounter: reference('Encounter', visit.encounter.id),
    authoredOn: instant(visit.day),
    requester: reference('Practitioner', `${line}-prac-${practitioner}`),
    reasonCode: [concept(snomed)],
    dosageInstruction: [dosage],
    dispenseRequest: {
      numberOfRepeatsAllowed: 11,
      quantity: { value: 30, unit: 'each', system: 'http://unitsofmeasure.org', code: '{each}' },
    },
  };
  // What PDex asks of a dispense names the package by its NDC.
  const dispensed = byReference
    ? what
    : { medicationCodeableConcept: concept(drug!.rxnorm, packageOf(drug!)) };
  for (const [position, daysAgo] of [12, 45].entries()) {
    const day = addDays(last, -daysAgo);
    if (day < visit.day) continue;
    yield {
      resourceType: 'MedicationDispense',
      id: `${patient}-disp-${number}-${daysAgo}`,
      meta: {
        ...labels,
        profile: [
          `${core}/us-core-medicationdispense|6.1.0`,
          ...(byReference ? [] : ['2.0.0', '2.1.0'].map((version) => `${pdexDispense}|${version}`)),
        ],
      },
      extension: [
        {
          url: 'http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/DispenseRefill',
          valueQuantity: { value: 2 - position },
        },
      ],
      status: 'completed',
      ...dispensed,
      subject: reference('Patient', patient),
      context: reference('Encounter', visit.encounter.id),
      performer: [
        { actor: reference('Organization', `${line}-pharmacy-1`) },
        { actor: reference('Practitioner', `${line}-prac-9`) },
      ],
      authorizingPrescription: [reference('MedicationRequest', `${patient}-rx-${number}`)],
      type: concept(coding(`${terminology}/v3-ActCode`, 'RF', 'Refill')),
      quantity: { value: 30, unit: 'each', system: 'http://unitsofmeasure.org', code: '{each}' },
      daysSupply: { value: 30, unit: 'day', system: 'http://unitsofmeasure.org', code: 'd' },
      whenHandedOver: instant(day, 15),
      dosageInstruction: [dosage],
      substitution: { wasSubstituted: false },
    };
  }
}

const pdexDispense = 'http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/pdex-medicationdispense';
const packageOf = ({ ndc, rxnorm }: Drug) => coding('http://hl7.org/fhir/sid/ndc', ndc, rxnorm.display);

function allergy({ patient, persona, random }: MemberContext, visit: Visit | undefined): Resource {
  const none = random.chance(0.4) && !persona.features.includes('complete');
  return {
    resourceType: 'AllergyIntolerance',
    id: `${patient}-allergy-1`,
    meta: { profile: [`${core}/us-core-allergyintolerance|6.1.0`] },
    clinicalStatus: concept(coding(`${terminology}/allergyintolerance-clinical`, 'active', 'Active')),
    verificationStatus: concept(
      coding(`${terminology}/allergyintolerance-verification`, 'confirmed', 'Confirmed'),
    ),
    code: concept(
      none
        ? coding('http://snomed.info/sct', '716186003', 'No known allergy')
        : coding('http://www.nlm.nih.gov/research/umls/rxnorm', '7980', 'penicillin G'),
    ),
    patient: reference('Patient', patient),
    ...(visit === undefined ? {} : { recordedDate: visit.day }),
    ...(none
      ? {}
      : {
          reaction: [
            {
              manifestation: [concept(coding('http://snomed.info/sct', '271807003', 'Eruption of skin'))],
              severity: 'mild',
            },
          ],
        }),
  };
}

/** Nobody knows whether it is still one, so no app is shown it (US Core, missing data). */
function earlierAllergy({ patient }: MemberContext): Resource {
  return {
    resourceType: 'AllergyIntolerance',
    id: `${patient}-allergy-earlier`,
    meta: { profile: [`${core}/us-core-allergyintolerance|6.1.0`] },
    clinicalStatus: unknown,
    verificationStatus: concept(
      coding(`${terminology}/allergyintolerance-verification`, 'unconfirmed', 'Unconfirmed'),
    ),
    code: concept(
      coding('http://www.nlm.nih.gov/research/umls/rxnorm', '10831', 'sulfamethoxazole / trimethoprim'),
    ),
    patient: reference('Patient', patient),
  };
}
