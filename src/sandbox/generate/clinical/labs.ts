// Laboratory results in series, with their specimens, orders and reports.
import { coding, concept, instant, type Resource, reference } from '../building.ts';
import { conditionTable, type LabTest, labTests } from '../condition-table.ts';
import type { MemberContext } from '../member-context.ts';
import type { Visit } from './encounters.ts';
import { loinc, observation, quantity } from './observation.ts';

const core = 'http://hl7.org/fhir/us/core/StructureDefinition';

export function* labs(context: MemberContext, visits: readonly Visit[]): Generator<Resource> {
  const { persona } = context;
  const every = visits.length > 40 ? 8 : 2;
  let number = 0;
  for (const [position, visit] of visits.entries()) {
    if (position % every !== 0) continue;
    const tests = new Set<LabTest>(persona.conditions.flatMap((condition) => conditionTable[condition].labs));
    if (tests.size === 0) tests.add(labTests.hemoglobin);
    yield* panel(context, visit, ++number, [...tests]);
  }
}

function* panel(
  context: MemberContext,
  visit: Visit,
  number: number,
  tests: readonly LabTest[],
): Generator<Resource> {
  const { patient, line, random, persona } = context;
  const specimen = `${patient}-spec-${number}`;
  const order = `${patient}-order-${number}`;
  yield {
    resourceType: 'ServiceRequest',
    id: order,
    meta: { profile: [`${core}/us-core-servicerequest|6.1.0`] },
    status: 'completed',
    intent: 'order',
    category: [concept(coding('http://snomed.info/sct', '108252007', 'Laboratory procedure'))],
    code: concept(loinc('24323-8', 'Comprehensive metabolic 2000 panel - Serum or Plasma')),
    subject: reference('Patient', patient),
    encounter: reference('Encounter', visit.encounter.id),
    occurrenceDateTime: instant(visit.day, 9),
    authoredOn: instant(visit.day, 9),
    requester: reference('Practitioner', visit.practitioner),
  };
  yield {
    resourceType: 'Specimen',
    id: specimen,
    meta: { profile: [`${core}/us-core-specimen|6.1.0`] },
    identifier: [{ system: `https://${line}.cascadeharbor.example/specimen`, value: specimen }],
    type: concept(coding('http://snomed.info/sct', '122555007', 'Venous blood specimen')),
    subject: reference('Patient', patient),
    collection: { collectedDateTime: instant(visit.day, 9) },
  };
  const results: string[] = [];
  for (const [position, test] of tests.entries()) {
    const value = Number((test.from + random.next() * (test.to - test.from)).toFixed(test.digits));
    const [low, high] = test.normal;
    const flag = value > high ? ['H', 'High'] : value < low ? ['L', 'Low'] : ['N', 'Normal'];
    const unknown = persona.features.includes('missing-data') && position === 0 && number === 1;
    const built = observation(context, {
      id: `lab-${number}-${position + 1}`,
      profile: 'us-core-observation-lab',
      category: 'laboratory',
      code: test.code,
      visit,
      result: unknown
        ? {
            dataAbsentReason: concept(
              coding('http://terminology.hl7.org/CodeSystem/data-absent-reason', 'unknown', 'Unknown'),
            ),
          }
        : {
            valueQuantity: quantity(value, test.unit, test.ucum),
            interpretation: [
              concept(
                coding(
                  'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation',
                  flag[0]!,
                  flag[1]!,
                ),
              ),
            ],
            referenceRange: [
              { low: quantity(low, test.unit, test.ucum), high: quantity(high, test.unit, test.ucum) },
            ],
          },
    });
    yield {
      ...built,
      basedOn: [reference('ServiceRequest', order)],
      specimen: reference('Specimen', specimen),
    };
    results.push(built.id);
  }
  yield {
    resourceType: 'DiagnosticReport',
    id: `${patient}-labrep-${number}`,
    meta: { profile: [`${core}/us-core-diagnosticreport-lab|6.1.0`] },
    basedOn: [reference('ServiceRequest', order)],
    status: 'final',
    category: [concept(coding('http://terminology.hl7.org/CodeSystem/v2-0074', 'LAB', 'Laboratory'))],
    code: concept(loinc('24323-8', 'Comprehensive metabolic 2000 panel - Serum or Plasma')),
    subject: reference('Patient', patient),
    encounter: reference('Encounter', visit.encounter.id),
    effectiveDateTime: instant(visit.day, 9),
    issued: instant(visit.day, 14),
    performer: [reference('Organization', `${line}-lab-1`), reference('Practitioner', visit.practitioner)],
    resultsInterpreter: [reference('Practitioner', visit.practitioner)],
    specimen: [reference('Specimen', specimen)],
    result: results.map((id) => reference('Observation', id)),
  };
}
