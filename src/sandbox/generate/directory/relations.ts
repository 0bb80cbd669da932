// How a line's directory hangs together: the endpoint, who belongs to the network, the plan that has the network
// (Plan-Net Endpoint, OrganizationAffiliation and InsurancePlan).
import type { SandboxLine } from '../../personas.ts';
import { coding, concept, type Resource, reference } from '../building.ts';
import { places } from './places.ts';
import {
  answeredPhone,
  ownIdentifier,
  planNetCode,
  planNetExtension,
  planNetMeta,
  qualification,
} from './plan-net.ts';

export function endpointOf(line: SandboxLine, today: string): Resource {
  return {
    resourceType: 'Endpoint',
    id: `${line}-endpoint-1`,
    meta: planNetMeta(today, 'Endpoint'),
    extension: [
      planNetExtension('endpoint-usecase', {
        extension: [
          {
            url: 'type',
            valueCodeableConcept: concept(
              coding('http://terminology.hl7.org/CodeSystem/v3-ActReason', 'HPAYMT', 'healthcare payment'),
            ),
          },
          { url: 'standard', valueUri: 'http://hl7.org/fhir/us/davinci-pdex' },
        ],
      }),
    ],
    status: 'active',
    connectionType: coding(
      'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
      'hl7-fhir-rest',
      'HL7 FHIR',
    ),
    name: 'Patient Access API',
    managingOrganization: reference('Organization', `${line}-payer`),
    contact: [{ system: 'email', value: `developers@${line}.cascadeharbor.example`, use: 'work' }],
    payloadType: [planNetCode('EndpointPayloadTypeCS', 'NA', 'Not Applicable')],
    payloadMimeType: ['application/fhir+json', 'application/fhir+xml'],
    address: `https://${line}.cascadeharbor.example/fhir`,
  };
}

const roles: readonly (readonly [code: string, display: string])[] = [
  ['hospital', 'Hospital'],
  ['outpatient', 'Clinic or Outpatient Facility'],
  ['outpatient', 'Clinic or Outpatient Facility'],
  ['pharmacy', 'Pharmacy'],
];

/** Each of the places belongs to the network. */
export function* affiliationsOf(line: SandboxLine, today: string): Generator<Resource> {
  for (const [position, { owner, specialty }] of places.entries())
    yield {
      resourceType: 'OrganizationAffiliation',
      id: `${line}-aff-${position + 1}`,
      meta: planNetMeta(today, 'OrganizationAffiliation'),
      extension: [qualification(line, `A-${position + 1}`, specialty)],
      identifier: [ownIdentifier(line, 'affiliation', `${position + 1}`)],
      active: true,
      period: { start: '2020-01-01' },
      organization: reference('Organization', `${line}-payer`),
      participatingOrganization: reference('Organization', `${line}-${owner}`),
      network: [reference('Organization', `${line}-network-1`)],
      code: [planNetCode('OrganizationAffiliationRoleCS', ...roles[position]!)],
      specialty: [concept(specialty)],
      location: [reference('Location', `${line}-loc-${position + 1}`)],
      healthcareService: [reference('HealthcareService', `${line}-hs-${position + 1}`)],
      telecom: [answeredPhone(`503-555-03${10 + position}`, reference('Organization', `${line}-payer`))],
      endpoint: [reference('Endpoint', `${line}-endpoint-1`)],
    };
}

export function insurancePlanOf(line: SandboxLine, today: string): Resource {
  return {
    resourceType: 'InsurancePlan',
    id: `${line}-plan-1`,
    meta: planNetMeta(today, 'InsurancePlan'),
    identifier: [
      {
        ...ownIdentifier(line, 'plan', 'P-1'),
        assigner: reference('Organization', `${line}-payer`, 'Cascade Harbor Health Plan'),
      },
    ],
    status: 'active',
    type: [
      line === 'cco'
        ? planNetCode('InsuranceProductTypeCS', 'medi', 'Medicaid')
        : planNetCode('InsuranceProductTypeCS', 'mediadvhmo', 'Medicare Advantage HMO'),
    ],
    name: line === 'cco' ? 'Cascade Harbor CCO' : 'Cascade Harbor Advantage HMO',
    alias: [line === 'cco' ? 'CCO' : 'Advantage'],
    period: { start: '2022-01-01' },
    ownedBy: reference('Organization', `${line}-payer`),
    administeredBy: reference('Organization', `${line}-payer`),
    coverageArea: [reference('Location', `${line}-area`), reference('Location', `${line}-loc-1`)],
    contact: [
      {
        name: { text: 'Member services' },
        telecom: [{ system: 'phone', value: '503-555-0200', use: 'work' }],
      },
    ],
    endpoint: [reference('Endpoint', `${line}-endpoint-1`)],
    network: [reference('Organization', `${line}-network-1`)],
    plan: [
      {
        type: planNetCode('InsurancePlanTypeCS', 'lowdeductible', 'Low Deductible'),
        coverageArea: [reference('Location', `${line}-area`)],
      },
    ],
  };
}
