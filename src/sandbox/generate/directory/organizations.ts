// Organizations of a line's directory: the payer and what it belongs to, those who treat, the network, the licensing office
// (Plan-Net Organization and Network, US Core and CARIN BB Organization).
import type { SandboxLine } from '../../personas.ts';
import { type Coding, coding, concept, type Resource, reference } from '../building.ts';
import {
  addressAt,
  answeredPhone,
  npi,
  placedAddress,
  planNetCode,
  planNetExtension,
  planNetMeta,
  qualification,
  streets,
  taxNumber,
  taxonomy,
  usCore,
} from './plan-net.ts';

interface OrganizationFacts {
  readonly id: string;
  readonly type: readonly [code: string, display: string];
  readonly name: string;
  readonly description: string;
  readonly licence?: Coding;
  readonly partOf?: string;
}

const group = ['prvgrp', 'Provider Group'] as const;
const facility = ['fac', 'Facility'] as const;

const organizations: readonly OrganizationFacts[] = [
  {
    id: 'payer',
    type: ['payer', 'Payer'],
    name: 'Cascade Harbor Health Plan',
    description: 'The health plan itself.',
    licence: taxonomy('302R00000X', 'Health Maintenance Organization'),
    partOf: 'holding',
  },
  {
    id: 'hospital-1',
    type: facility,
    name: 'Harbor Regional Hospital',
    description: 'A general hospital with an emergency department.',
    licence: taxonomy('282N00000X', 'General Acute Care Hospital'),
  },
  {
    id: 'clinic-1',
    type: group,
    name: 'Alder Street Family Clinic',
    description: 'Primary care for families.',
    licence: taxonomy('261QP2300X', 'Primary Care Clinic/Center'),
  },
  {
    id: 'clinic-2',
    type: group,
    name: 'Summit Specialty Clinic',
    description: 'Specialists, by referral.',
    licence: taxonomy('261QM1300X', 'Multi-Specialty Clinic/Center'),
  },
  {
    id: 'clinic-3',
    type: group,
    name: 'Orchard Women and Children',
    description: 'Care of women and children.',
    licence: taxonomy('261QP2300X', 'Primary Care Clinic/Center'),
  },
  {
    id: 'pharmacy-1',
    type: facility,
    name: 'Harbor Community Pharmacy',
    description: 'A community pharmacy.',
    licence: taxonomy('3336C0003X', 'Community/Retail Pharmacy'),
  },
  {
    id: 'dental-1',
    type: group,
    name: 'Bayview Dental',
    description: 'Dentists.',
    licence: taxonomy('261QD0000X', 'Dental Clinic/Center'),
  },
  {
    id: 'lab-1',
    type: facility,
    name: 'Cascade Reference Laboratory',
    description: 'A laboratory that others send to.',
    licence: taxonomy('291U00000X', 'Clinical Medical Laboratory'),
  },
  {
    id: 'holding',
    type: ['bus', 'Non-Healthcare Business'],
    name: 'Cascade Harbor Holdings',
    description: 'What the health plan belongs to.',
  },
  {
    id: 'licensing',
    type: ['bus', 'Non-Healthcare Business'],
    name: 'Example Office of Professional Licences',
    description: 'Licenses those who treat. It is made up.',
  },
  {
    id: 'hospital-2',
    type: facility,
    name: 'Summit Valley Hospital',
    description: 'A hospital outside the network.',
    licence: taxonomy('282N00000X', 'General Acute Care Hospital'),
  },
];

export function* organizationsOf(line: SandboxLine, today: string): Generator<Resource> {
  for (const [position, facts] of organizations.entries()) yield organization(line, today, position, facts);
  yield network(line, today);
}

function organization(
  line: SandboxLine,
  today: string,
  position: number,
  { id, type, name, description, licence, partOf }: OrganizationFacts,
): Resource {
  const place = streets[position % streets.length]!;
  const apart = licence === undefined || id === 'hospital-2';
  return {
    resourceType: 'Organization',
    id: `${line}-${id}`,
    meta: planNetMeta(
      today,
      'Organization',
      usCore('organization'),
      ...['2.0.0', '2.1.0'].map(
        (version) => `http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-Organization|${version}`,
      ),
    ),
    extension: [
      ...(licence === undefined ? [] : [qualification(line, `L-${100 + position}`, licence)]),
      planNetExtension('org-description', { valueString: description }),
    ],
    identifier: [
      npi(line, 100 + position),
      taxNumber((line === 'cco' ? 0 : 500) + position),
      ...(id === 'payer' ? payerIdentifiers(line) : []),
    ],
    active: true,
    type: [planNetCode('OrgTypeCS', ...type)],
    name,
    telecom: [
      answeredPhone(`503-555-02${10 + position}`, reference('Organization', `${line}-payer`)),
      { system: 'url', value: `https://${id}.${line}.cascadeharbor.example`, use: 'work', rank: 2 },
    ],
    address: [{ ...placedAddress(place), type: 'both', text: `${place.street}, ${place.city}, OR` }],
    ...(apart || partOf !== undefined ? {} : { partOf: reference('Organization', `${line}-payer`) }),
    ...(partOf === undefined ? {} : { partOf: reference('Organization', `${line}-${partOf}`) }),
    contact: [
      {
        purpose: concept(
          coding('http://terminology.hl7.org/CodeSystem/contactentity-type', 'ADMIN', 'Administrative'),
        ),
        name: { text: 'Front office' },
        telecom: [{ system: 'email', value: `office@${id}.${line}.cascadeharbor.example`, use: 'work' }],
      },
    ],
    endpoint: [reference('Endpoint', `${line}-endpoint-1`)],
  };
}

function payerIdentifiers(line: SandboxLine): Record<string, unknown>[] {
  const c4bb = (code: string, display: string) =>
    concept(coding('http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBIdentifierType', code, display));
  return [
    {
      type: c4bb('naiccode', 'NAIC Code'),
      system: 'urn:oid:2.16.840.1.113883.6.300',
      value: line === 'cco' ? '00001' : '00002',
    },
    {
      type: c4bb('payerid', 'Payer ID'),
      system: `https://${line}.cascadeharbor.example/payer`,
      value: line === 'cco' ? 'CHCCO' : 'CHADV',
    },
  ];
}

function network(line: SandboxLine, today: string): Resource {
  return {
    resourceType: 'Organization',
    id: `${line}-network-1`,
    meta: planNetMeta(today, 'Network'),
    extension: [
      planNetExtension('location-reference', { valueReference: reference('Location', `${line}-area`) }),
    ],
    identifier: [npi(line, 190)],
    active: true,
    type: [planNetCode('OrgTypeCS', 'ntwk', 'Network')],
    name: 'Cascade Harbor Network',
    address: [addressAt(streets[1]!)],
    partOf: reference('Organization', `${line}-payer`),
    contact: [
      {
        name: { text: 'Provider relations', family: 'Relations', given: ['Provider'] },
        telecom: [{ system: 'phone', value: '503-555-0290', use: 'work' }],
      },
    ],
    endpoint: [reference('Endpoint', `${line}-endpoint-1`)],
  };
}
