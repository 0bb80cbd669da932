// The date of care of each type, for operations that ask for the care of a time and not for what was recorded then
// (`start` and `end` of https://hl7.org/fhir/R4/patient-operation-everything.html and of US Core's $docref): by the first of
// these search parameters that a resource has. What has none, and types that are not here, are of every time.
import type { Definitions, SearchParam } from '../definitions/definitions.ts';
import { FhirError } from '../operation-outcome.ts';
import { earliest, latest, readDate } from './param-types/date.ts';
import { type Ask, clip } from './parse-ask.ts';

export const careDates: Readonly<Record<string, readonly string[]>> = {
  AllergyIntolerance: ['onset', 'date'],
  CarePlan: ['date'],
  CareTeam: ['date'],
  Condition: ['onset-date', 'recorded-date', 'asserted-date'],
  DeviceUseStatement: ['date'],
  DiagnosticReport: ['date'],
  DocumentReference: ['period', 'date'],
  Encounter: ['date'],
  ExplanationOfBenefit: ['service-date', 'service-start-date', 'billable-period-start'],
  Goal: ['start-date'],
  ImagingStudy: ['started'],
  Immunization: ['date'],
  Media: ['created'],
  MedicationAdministration: ['effective-time'],
  MedicationDispense: ['whenhandedover', 'whenprepared'],
  MedicationRequest: ['authoredon'],
  MedicationStatement: ['effective'],
  NutritionOrder: ['datetime'],
  Observation: ['date'],
  Procedure: ['date'],
  QuestionnaireResponse: ['authored'],
  ServiceRequest: ['occurrence', 'authored'],
  Specimen: ['collected'],
};

/** Undefined where every resource of the type is let through. @throws {FhirError} naming `start` or `end` */
export function careDateAsk(
  definitions: Definitions,
  type: string,
  start: string | null,
  end: string | null,
): Ask | undefined {
  const from = instantOf('start', start);
  const to = instantOf('end', end);
  if (from === undefined && to === undefined) return undefined;
  const interval = { lo: from?.lo ?? earliest, hi: to?.hi ?? latest };
  if (interval.lo > interval.hi) throw new FhirError('invalid-parameter', 'end: is before start.');
  const params = (careDates[type] ?? [])
    .map((code) => definitions.searchParam(type, code))
    .filter((param): param is SearchParam => param?.type === 'date');
  return params.length === 0 ? undefined : { kind: 'careDate', params, interval };
}

function instantOf(name: string, value: string | null) {
  if (value === null) return undefined;
  const interval = readDate(value);
  if (typeof interval === 'string')
    throw new FhirError('invalid-parameter', `${name}: '${clip(value)}' is not a date: ${interval}`);
  return interval;
}
