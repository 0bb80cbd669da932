// The guides that Portico knows from the start: id → package. Later ones win where two define a parameter differently.
export const guidePackages = [
  ['us-core-3.1.1', 'hl7.fhir.us.core-3.1.1'],
  ['us-core-6.1.0', 'hl7.fhir.us.core-6.1.0'],
  ['carin-bb-2.0.0', 'hl7.fhir.us.carin-bb-2.0.0'],
  ['carin-bb-2.1.0', 'hl7.fhir.us.carin-bb-2.1.0'],
  ['pdex-2.0.0', 'hl7.fhir.us.davinci-pdex-2.0.0'],
  ['pdex-2.1.0', 'hl7.fhir.us.davinci-pdex-2.1.0'],
  ['plan-net-1.1.0', 'hl7.fhir.us.davinci-pdex-plan-net-1.1.0'],
  ['plan-net-1.2.0', 'hl7.fhir.us.davinci-pdex-plan-net-1.2.0'],
  ['formulary-1.1.0', 'hl7.fhir.us.davinci-drug-formulary-1.1.0'],
  ['formulary-2.0.1', 'hl7.fhir.us.davinci-drug-formulary-2.0.1'],
] as const;
