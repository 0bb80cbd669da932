// The status elements that have no code for what is unknown: a resource without one cannot be sent as US Core demands
// (https://hl7.org/fhir/us/core/STU3.1.1/general-guidance.html#missing-data, the same in 6.1.0), so no app is shown it.

/** Resource type → element. */
export const statusElements: Readonly<Record<string, string>> = {
  AllergyIntolerance: 'clinicalStatus',
  Condition: 'clinicalStatus',
  DocumentReference: 'status',
  Goal: 'lifecycleStatus',
  Immunization: 'status',
};
