// The provider directory of a line in Plan-Net 1.1.0: payer, network, hospital, clinics, pharmacy, dentist, laboratory, the
// people who work there and where (http://hl7.org/fhir/us/davinci-pdex-plan-net/STU1.1/).
import type { SandboxLine } from '../personas.ts';
import { coding, concept, type Resource, reference } from './building.ts';

const planNet = 'http://hl7.org/fhir/us/davinci-pdex-plan-net';
const orgType = (code: string, display: string) =>
  concept(coding(`${planNet}/CodeSystem/OrgTypeCS`, code, display));
const taxonomy = (code: string, display: string) =>
  coding('http://nucc.org/provider-taxonomy', code, display);

const organizations = [
  ['payer', 'pay', 'Payer', 'Cascade Harbor Health Plan'],
  ['hospital-1', 'fac', 'Facility', 'Harbor Regional Hospital'],
  ['clinic-1', 'prvgrp', 'Provider Group', 'Alder Street Family Clinic'],
  ['clinic-2', 'prvgrp', 'Provider Group', 'Summit Specialty Clinic'],
  ['clinic-3', 'prvgrp', 'Provider Group', 'Orchard Women and Children'],
  ['pharmacy-1', 'fac', 'Facility', 'Harbor Community Pharmacy'],
  ['dental-1', 'prvgrp', 'Provider Group', 'Bayview Dental'],
  ['lab-1', 'fac', 'Facility', 'Cascade Reference Laboratory'],
] as const;

const practitioners = [
  ['Chen', 'Amy', 'female', taxonomy('207Q00000X', 'Family Medicine Physician'), 'clinic-1'],
  ['Osei', 'Kwame', 'male', taxonomy('208D00000X', 'General Practice Physician'), 'clinic-1'],
  ['Larsen', 'Ingrid', 'female', taxonomy('207R00000X', 'Internal Medicine Physician'), 'clinic-3'],
  ['Patel', 'Ravi', 'male', taxonomy('207RC0000X', 'Cardiovascular Disease Physician'), 'hospital-1'],
  [
    'Moreno',
    'Isabel',
    'female',
    taxonomy('207RE0101X', 'Endocrinology, Diabetes & Metabolism Physician'),
    'clinic-2',
  ],
  ['Nguyen', 'Thanh', 'male', taxonomy('122300000X', 'Dentist'), 'dental-1'],
  ['Abrams', 'Leah', 'female', taxonomy('2084P0800X', 'Psychiatry Physician'), 'clinic-2'],
  ['Whitaker', 'Paul', 'male', taxonomy('2085R0202X', 'Diagnostic Radiology Physician'), 'hospital-1'],
] as const;

const places = [
  ['Harbor Regional Hospital', '1200 Harbor Avenue', 'Portland', '97205', 45.5202, -122.6942, 'hospital-1'],
  ['Alder Street Family Clinic', '455 Alder Street', 'Portland', '97204', 45.5179, -122.6764, 'clinic-1'],
  ['Summit Specialty Clinic', '88 Summit Road', 'Salem', '97301', 44.9429, -123.0351, 'clinic-2'],
  ['Harbor Community Pharmacy', '12 Orchard Way', 'Portland', '97209', 45.5316, -122.6842, 'pharmacy-1'],
] as const;

export function* generateDirectory(line: SandboxLine, today: string): Generator<Resource> {
  const profile = (name: string, ...more: string[]) => ({
    lastUpdated: `${today}T06:00:00.000Z`,
    profile: [`${planNet}/StructureDefinition/plannet-${name}`, ...more],
  });
  const usCore = (name: string) => `http://hl7.org/fhir/us/core/StructureDefinition/us-core-${name}|6.1.0`;
  for (const [position, [id, code, display, name]] of organizations.entries()) {
    yield {
      resourceType: 'Organization',
      id: `${line}-${id}`,
      meta: profile(
        'Organization',
        usCore('organization'),
        'http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-Organization|2.0.0',
      ),
      identifier: [npi(line, 100 + position)],
      active: true,
      type: [orgType(code, display)],
      name,
      telecom: [{ system: 'phone', value: `503-555-02${10 + position}`, use: 'work' }],
      address: [addressOf(position % places.length)],
      ...(id === 'payer' ? {} : { partOf: reference('Organization', `${line}-payer`) }),
    };
  }
  yield {
    resourceType: 'Organization',
    id: `${line}-network-1`,
    meta: profile('Network'),
    active: true,
    type: [orgType('ntwk', 'Network')],
    name: 'Cascade Harbor Network',
    partOf: reference('Organization', `${line}-payer`),
  };
  for (const [position, [name, , , , latitude, longitude, owner]] of places.entries()) {
    yield {
      resourceType: 'Location',
      id: `${line}-loc-${position + 1}`,
      meta: profile('Location', usCore('location')),
      identifier: [{ system: `https://${line}.cascadeharbor.example/location`, value: `${position + 1}` }],
      status: 'active',
      name,
      type: [
        concept(
          coding(
            'http://terminology.hl7.org/CodeSystem/v3-RoleCode',
            position === 0 ? 'HOSP' : position === 3 ? 'PHARM' : 'OUTPHARM',
            position === 0 ? 'Hospital' : position === 3 ? 'Pharmacy' : 'outpatient pharmacy',
          ),
        ),
      ],
      telecom: [{ system: 'phone', value: `503-555-03${10 + position}`, use: 'work' }],
      address: addressOf(position),
      position: { latitude, longitude },
      managingOrganization: reference('Organization', `${line}-${owner}`),
      hoursOfOperation: [
        { daysOfWeek: ['mon', 'tue', 'wed', 'thu', 'fri'], openingTime: '08:00:00', closingTime: '17:00:00' },
      ],
    };
    yield {
      resourceType: 'HealthcareService',
      id: `${line}-hs-${position + 1}`,
      meta: profile('HealthcareService'),
      active: true,
      providedBy: reference('Organization', `${line}-${owner}`),
      category: [
        concept(
          coding(
            `${planNet}/CodeSystem/HealthcareServiceCategoryCS`,
            position === 3 ? 'pharm' : position === 0 ? 'hosp' : 'outpat',
            position === 3 ? 'Pharmacy' : position === 0 ? 'Hospital' : 'Clinic or Outpatient Facility',
          ),
        ),
      ],
      specialty: [
        concept(
          position === 3
            ? taxonomy('3336C0003X', 'Community/Retail Pharmacy')
            : taxonomy('261QP2300X', 'Primary Care Clinic/Center'),
        ),
      ],
      location: [reference('Location', `${line}-loc-${position + 1}`)],
      name: `${name}: care`,
      telecom: [{ system: 'phone', value: `503-555-03${10 + position}` }],
    };
  }
  yield {
    resourceType: 'Endpoint',
    id: `${line}-endpoint-1`,
    meta: profile('Endpoint'),
    status: 'active',
    connectionType: coding(
      'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
      'hl7-fhir-rest',
      'HL7 FHIR',
    ),
    name: 'Patient Access API',
    managingOrganization: reference('Organization', `${line}-payer`),
    payloadType: [concept(coding(`${planNet}/CodeSystem/EndpointPayloadTypeCS`, 'NA', 'Not Applicable'))],
    address: `https://${line}.cascadeharbor.example/fhir`,
  };
  for (const [position, [family, given, gender, specialty, employer]] of practitioners.entries()) {
    yield {
      resourceType: 'Practitioner',
      id: `${line}-prac-${position + 1}`,
      meta: profile(
        'Practitioner',
        usCore('practitioner'),
        'http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-Practitioner|2.0.0',
      ),
      identifier: [npi(line, 200 + position)],
      active: true,
      name: [{ family, given: [given], text: `${given} ${family}`, suffix: ['MD'] }],
      telecom: [{ system: 'phone', value: `503-555-04${10 + position}`, use: 'work' }],
      address: [addressOf(position % places.length)],
      gender,
      qualification: [{ code: concept(specialty) }],
    };
    yield {
      resourceType: 'PractitionerRole',
      id: `${line}-role-${position + 1}`,
      meta: profile('PractitionerRole', usCore('practitionerrole')),
      extension: [
        {
          url: `${planNet}/StructureDefinition/network-reference`,
          valueReference: reference('Organization', `${line}-network-1`),
        },
      ],
      active: true,
      practitioner: reference('Practitioner', `${line}-prac-${position + 1}`, `${given} ${family}`),
      organization: reference('Organization', `${line}-${employer}`),
      code: [concept(coding(`${planNet}/CodeSystem/ProviderRoleCS`, 'ph', 'Physician'))],
      specialty: [concept(specialty)],
      location: [reference('Location', `${line}-loc-${(position % places.length) + 1}`)],
      healthcareService: [reference('HealthcareService', `${line}-hs-${(position % places.length) + 1}`)],
      telecom: [{ system: 'phone', value: `503-555-04${10 + position}`, use: 'work' }],
      endpoint: [reference('Endpoint', `${line}-endpoint-1`)],
    };
  }
  for (const [position, member] of ['hospital-1', 'clinic-1', 'clinic-2', 'pharmacy-1'].entries()) {
    yield {
      resourceType: 'OrganizationAffiliation',
      id: `${line}-aff-${position + 1}`,
      meta: profile('OrganizationAffiliation'),
      active: true,
      organization: reference('Organization', `${line}-payer`),
      participatingOrganization: reference('Organization', `${line}-${member}`),
      network: [reference('Organization', `${line}-network-1`)],
      code: [concept(coding(`${planNet}/CodeSystem/OrganizationAffiliationRoleCS`, 'member', 'Member'))],
      location: [reference('Location', `${line}-loc-${position + 1}`)],
    };
  }
  yield {
    resourceType: 'InsurancePlan',
    id: `${line}-plan-1`,
    meta: profile('InsurancePlan'),
    identifier: [{ system: `https://${line}.cascadeharbor.example/plan`, value: 'P-1' }],
    status: 'active',
    type: [
      concept(
        line === 'cco'
          ? coding(`${planNet}/CodeSystem/InsuranceProductTypeCS`, 'mediadv', 'Medicaid')
          : coding(`${planNet}/CodeSystem/InsuranceProductTypeCS`, 'mediadvhmo', 'Medicare Advantage HMO'),
      ),
    ],
    name: line === 'cco' ? 'Cascade Harbor CCO' : 'Cascade Harbor Advantage HMO',
    period: { start: '2022-01-01' },
    ownedBy: reference('Organization', `${line}-payer`),
    administeredBy: reference('Organization', `${line}-payer`),
    coverageArea: [reference('Location', `${line}-loc-1`)],
    network: [reference('Organization', `${line}-network-1`)],
  };
}

/** A National Provider Identifier with its check digit (Luhn over 80840 and nine digits). */
function npi(line: SandboxLine, number: number): Record<string, unknown> {
  const nine = `1${line === 'cco' ? '4' : '7'}${String(number).padStart(7, '0')}`;
  let sum = 0;
  for (const [position, digit] of [...`80840${nine}`].reverse().entries()) {
    const doubled = Number(digit) * (position % 2 === 0 ? 2 : 1);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return {
    type: concept(
      coding('http://terminology.hl7.org/CodeSystem/v2-0203', 'NPI', 'National provider identifier'),
    ),
    system: 'http://hl7.org/fhir/sid/us-npi',
    value: `${nine}${(10 - (sum % 10)) % 10}`,
  };
}

function addressOf(position: number): Record<string, unknown> {
  const [, street, city, postalCode] = places[position]!;
  return { line: [street], city, state: 'OR', postalCode, country: 'US' };
}
