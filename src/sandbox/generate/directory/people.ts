// Practitioners of a line's directory and their roles (Plan-Net, US Core and CARIN BB).
import type { SandboxLine } from '../../personas.ts';
import { type Coding, coding, concept, type Resource, reference } from '../building.ts';
import { places } from './places.ts';
import {
  answeredPhone,
  availability,
  newPatients,
  npi,
  oregon,
  ownIdentifier,
  placedAddress,
  planNetCode,
  planNetExtension,
  planNetMeta,
  qualification,
  streets,
  taxNumber,
  usCore,
} from './plan-net.ts';
import { practitioners } from './practitioners.ts';

const degreeOf = (code: string, display: string) =>
  coding('http://terminology.hl7.org/CodeSystem/v2-0360', code, display);
type Calling = readonly [degree: Coding, role: readonly [code: string, display: string]];
const physician: Calling = [degreeOf('MD', 'Doctor of Medicine'), ['ph', 'Physician']];
/** By specialty, of those who are no physicians. */
const callings: Readonly<Record<string, Calling>> = {
  '122300000X': [degreeOf('DDS', 'Doctor of Dental Surgery'), ['de', 'Dentist']],
  '183500000X': [degreeOf('PharmD', 'Doctor of Pharmacy'), ['rx', 'Pharmacy Service Providers']],
};

type Facts = (typeof practitioners)[number];

export function* peopleOf(line: SandboxLine, today: string): Generator<Resource> {
  for (const [position, facts] of practitioners.entries()) {
    yield practitioner(line, today, position, facts);
    yield role(line, today, position, facts);
  }
}

function practitioner(
  line: SandboxLine,
  today: string,
  position: number,
  [family, given, gender, specialty]: Facts,
): Resource {
  const [degree] = callings[specialty.code] ?? physician;
  const licence = {
    extension: [
      planNetExtension('practitioner-qualification', {
        extension: [
          { url: 'status', valueCode: 'active' },
          { url: 'whereValid', valueCodeableConcept: oregon() },
        ],
      }),
    ],
    period: { start: '2015-07-01' },
    issuer: reference('Organization', `${line}-licensing`),
  };
  const number = (kind: string) => [
    { system: `https://${line}.cascadeharbor.example/licence`, value: `${kind}-${200 + position}` },
  ];
  return {
    resourceType: 'Practitioner',
    id: `${line}-prac-${position + 1}`,
    meta: planNetMeta(
      today,
      'Practitioner',
      usCore('practitioner'),
      ...['2.0.0', '2.1.0'].map(
        (version) => `http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-Practitioner|${version}`,
      ),
    ),
    identifier: [npi(line, 200 + position), taxNumber((line === 'cco' ? 200 : 700) + position)],
    active: true,
    name: [{ family, given: [given], text: `${given} ${family}`, suffix: [degree.code] }],
    telecom: [{ system: 'phone', value: `503-555-04${10 + position}`, use: 'work' }],
    address: [placedAddress(streets[position % streets.length]!)],
    gender,
    qualification: [
      { ...licence, identifier: number('S'), code: concept(specialty) },
      { ...licence, identifier: number('D'), code: concept(degree) },
    ],
    communication: [
      {
        extension: [
          planNetExtension('communication-proficiency', {
            valueCodeableConcept: planNetCode(
              'LanguageProficiencyCS',
              '30',
              'General professional proficiency',
            ),
          }),
        ],
        ...concept(coding('urn:ietf:bcp:47', 'es', 'Spanish')),
      },
    ],
  };
}

function role(
  line: SandboxLine,
  today: string,
  position: number,
  [family, given, , specialty, employer]: Facts,
): Resource {
  const [, calling] = callings[specialty.code] ?? physician;
  const employed = places.findIndex((place) => place.owner === employer);
  const where = (position < 8 || employed < 0 ? position % places.length : employed) + 1;
  return {
    resourceType: 'PractitionerRole',
    id: `${line}-role-${position + 1}`,
    meta: planNetMeta(today, 'PractitionerRole', usCore('practitionerrole')),
    extension: [
      planNetExtension('network-reference', {
        valueReference: reference('Organization', `${line}-network-1`),
      }),
      newPatients(line),
      qualification(line, `R-${200 + position}`, specialty),
    ],
    identifier: [ownIdentifier(line, 'role', `${position + 1}`)],
    active: true,
    period: { start: '2020-01-01' },
    practitioner: reference('Practitioner', `${line}-prac-${position + 1}`, `${given} ${family}`),
    organization: reference('Organization', `${line}-${employer}`),
    code: [planNetCode('ProviderRoleCS', ...calling)],
    specialty: [concept(specialty)],
    location: [reference('Location', `${line}-loc-${where}`)],
    healthcareService: [reference('HealthcareService', `${line}-hs-${where}`)],
    telecom: [
      answeredPhone(
        `503-555-04${10 + position}`,
        reference('OrganizationAffiliation', `${line}-aff-${(position % 4) + 1}`),
      ),
    ],
    ...availability(),
    endpoint: [reference('Endpoint', `${line}-endpoint-1`)],
  };
}
