// Locations of a line's directory and the services that are given there; the area that the plan covers
// (Plan-Net Location and HealthcareService, the formulary's InsurancePlanLocation).
import type { SandboxLine } from '../../personas.ts';
import { type Coding, coding, concept, type Resource, reference } from '../building.ts';
import {
  addressAt,
  answeredPhone,
  availability,
  newPatients,
  ownIdentifier,
  planNetCode,
  planNetExtension,
  planNetMeta,
  streets,
  taxonomy,
  usCore,
} from './plan-net.ts';

interface PlaceFacts {
  readonly name: string;
  readonly owner: string;
  readonly kind: Coding;
  readonly category: readonly [code: string, display: string];
  readonly service: Coding;
  readonly specialty: Coding;
}

const roleCode = (code: string, display: string) =>
  coding('http://terminology.hl7.org/CodeSystem/v3-RoleCode', code, display);
const serviceType = (code: string, display: string) =>
  coding('http://terminology.hl7.org/CodeSystem/service-type', code, display);
const primaryCare = taxonomy('261QP2300X', 'Primary Care Clinic/Center');

/** Each at the street of its position. */
export const places: readonly PlaceFacts[] = [
  {
    name: 'Harbor Regional Hospital',
    owner: 'hospital-1',
    kind: roleCode('HOSP', 'Hospital'),
    category: ['hosp', 'Hospital'],
    service: serviceType('554', 'Chronic Disease Management'),
    specialty: taxonomy('282N00000X', 'General Acute Care Hospital'),
  },
  {
    name: 'Alder Street Family Clinic',
    owner: 'clinic-1',
    kind: roleCode('FMC', 'family medicine clinic'),
    category: ['outpat', 'Clinic or Outpatient Facility'],
    service: serviceType('76', 'Health Counselling'),
    specialty: primaryCare,
  },
  {
    name: 'Summit Specialty Clinic',
    owner: 'clinic-2',
    kind: roleCode('OF', 'Outpatient facility'),
    category: ['outpat', 'Clinic or Outpatient Facility'],
    service: serviceType('488', 'Diabetes Educator'),
    specialty: primaryCare,
  },
  {
    name: 'Harbor Community Pharmacy',
    owner: 'pharmacy-1',
    kind: roleCode('PHARM', 'Pharmacy'),
    category: ['pharm', 'Pharmacy'],
    service: serviceType('537', 'Medication Reviews'),
    specialty: taxonomy('3336C0003X', 'Community/Retail Pharmacy'),
  },
];

const access = (code: string, display: string) =>
  planNetExtension('accessibility', { valueCodeableConcept: planNetCode('AccessibilityCS', code, display) });

export function* placesOf(line: SandboxLine, today: string): Generator<Resource> {
  for (const [position, facts] of places.entries()) {
    yield location(line, today, position, facts);
    yield service(line, today, position, facts);
  }
  yield {
    ...location(line, today, 0, { ...places[0]!, kind: roleCode('ER', 'Emergency room') }),
    id: `${line}-loc-5`,
    identifier: [ownIdentifier(line, 'location', '5')],
    name: 'Harbor Regional Hospital, emergency department',
    alias: ['Harbor ER'],
    partOf: reference('Location', `${line}-loc-1`),
    hoursOfOperation: [{ daysOfWeek: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], allDay: true }],
  };
  yield area(line, today);
}

function location(
  line: SandboxLine,
  today: string,
  position: number,
  { name, owner, kind }: PlaceFacts,
): Resource {
  const place = streets[position]!;
  return {
    resourceType: 'Location',
    id: `${line}-loc-${position + 1}`,
    meta: planNetMeta(today, 'Location', usCore('location')),
    extension: [
      newPatients(line),
      access('adacomp', 'ADA compliant'),
      access('pubtrans', 'public transit options'),
    ],
    identifier: [ownIdentifier(line, 'location', `${position + 1}`)],
    status: 'active',
    name,
    alias: [name.split(' ').slice(0, 2).join(' ')],
    description: `${name}, ${place.street}`,
    type: [concept(kind)],
    telecom: [answeredPhone(`503-555-03${10 + position}`, reference('Location', `${line}-loc-1`))],
    address: addressAt(place),
    position: { latitude: place.latitude, longitude: place.longitude },
    managingOrganization: reference('Organization', `${line}-${owner}`),
    hoursOfOperation: [
      { daysOfWeek: ['mon', 'tue', 'wed', 'thu', 'fri'], openingTime: '08:00:00', closingTime: '17:00:00' },
    ],
    availabilityExceptions: 'Closed on federal holidays.',
    endpoint: [reference('Endpoint', `${line}-endpoint-1`)],
  };
}

function service(
  line: SandboxLine,
  today: string,
  position: number,
  { name, owner, category, service: type, specialty }: PlaceFacts,
): Resource {
  const method = (code: string, display: string, ...modalities: (readonly [string, string])[]) =>
    planNetExtension('delivery-method', {
      extension: [
        { url: 'type', valueCodeableConcept: planNetCode('DeliveryMethodCS', code, display) },
        ...modalities.map((modality) => ({
          url: 'virtualModalities',
          valueCodeableConcept: planNetCode('VirtualModalitiesCS', ...modality),
        })),
      ],
    });
  return {
    resourceType: 'HealthcareService',
    id: `${line}-hs-${position + 1}`,
    meta: planNetMeta(today, 'HealthcareService'),
    extension: [
      newPatients(line),
      method('physical', 'Physical'),
      method('virtual', 'Virtual', ['phone', 'phone'], ['video', 'video chat']),
    ],
    identifier: [ownIdentifier(line, 'service', `${position + 1}`)],
    active: true,
    providedBy: reference('Organization', `${line}-${owner}`),
    category: [planNetCode('HealthcareServiceCategoryCS', ...category)],
    type: [concept(type)],
    specialty: [concept(specialty)],
    location: [reference('Location', `${line}-loc-${position + 1}`)],
    name: `${name}: care`,
    comment: 'Bring the member card.',
    telecom: [answeredPhone(`503-555-03${10 + position}`, reference('PractitionerRole', `${line}-role-1`))],
    coverageArea: [reference('Location', `${line}-area`)],
    appointmentRequired: position !== 3,
    ...availability(),
    availabilityExceptions: 'Closed on federal holidays.',
    endpoint: [reference('Endpoint', `${line}-endpoint-1`)],
  };
}

/** The State in outline: near enough for a sandbox. */
function area(line: SandboxLine, today: string): Resource {
  const outline = {
    type: 'Polygon',
    coordinates: [
      [
        [-124.6, 42.0],
        [-116.9, 42.0],
        [-116.9, 46.3],
        [-124.6, 46.3],
        [-124.6, 42.0],
      ],
    ],
  };
  return {
    resourceType: 'Location',
    id: `${line}-area`,
    meta: planNetMeta(
      today,
      'Location',
      usCore('location'),
      'http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-InsurancePlanLocation|2.0.1',
    ),
    extension: [
      {
        url: 'http://hl7.org/fhir/StructureDefinition/location-boundary-geojson',
        valueAttachment: {
          contentType: 'application/geo+json',
          data: Buffer.from(JSON.stringify(outline)).toString('base64'),
          title: 'Oregon in outline',
        },
      },
    ],
    status: 'active',
    name: 'Oregon',
    description: 'The area that the plan covers.',
    address: { state: 'OR', country: 'US' },
    managingOrganization: reference('Organization', `${line}-payer`),
  };
}
