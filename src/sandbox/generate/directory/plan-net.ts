// The pieces that Plan-Net's resources share: identifiers, addresses with their place, hours, the guide's extensions
// (http://hl7.org/fhir/us/davinci-pdex-plan-net/).
import type { SandboxLine } from '../../personas.ts';
import { type Coding, coding, concept, reference } from '../building.ts';

export const planNet = 'http://hl7.org/fhir/us/davinci-pdex-plan-net';

type Fields = Record<string, unknown>;
type Concept = ReturnType<typeof concept>;

export const planNetCode = (system: string, code: string, display: string): Concept =>
  concept(coding(`${planNet}/CodeSystem/${system}`, code, display));

export const taxonomy = (code: string, display: string): Coding =>
  coding('http://nucc.org/provider-taxonomy', code, display);

export const planNetMeta = (today: string, name: string, ...more: string[]): Fields => ({
  lastUpdated: `${today}T06:00:00.000Z`,
  profile: [`${planNet}/StructureDefinition/plannet-${name}`, ...more],
});

export const usCore = (name: string): string =>
  `http://hl7.org/fhir/us/core/StructureDefinition/us-core-${name}|6.1.0`;

export const planNetExtension = (name: string, value: Fields): Fields => ({
  url: `${planNet}/StructureDefinition/${name}`,
  ...value,
});

export interface Place {
  readonly street: string;
  readonly city: string;
  readonly postalCode: string;
  readonly latitude: number;
  readonly longitude: number;
}

export const streets: readonly Place[] = [
  {
    street: '1200 Harbor Avenue',
    city: 'Portland',
    postalCode: '97205',
    latitude: 45.5202,
    longitude: -122.6942,
  },
  {
    street: '455 Alder Street',
    city: 'Portland',
    postalCode: '97204',
    latitude: 45.5179,
    longitude: -122.6764,
  },
  { street: '88 Summit Road', city: 'Salem', postalCode: '97301', latitude: 44.9429, longitude: -123.0351 },
  {
    street: '12 Orchard Way',
    city: 'Portland',
    postalCode: '97209',
    latitude: 45.5316,
    longitude: -122.6842,
  },
];

export function addressAt({ street, city, postalCode }: Place): Fields {
  return { line: [street], city, state: 'OR', postalCode, country: 'US' };
}

/** An address that says where it lies. */
export function placedAddress(place: Place): Fields {
  return {
    extension: [
      {
        url: 'http://hl7.org/fhir/StructureDefinition/geolocation',
        extension: [
          { url: 'latitude', valueDecimal: place.latitude },
          { url: 'longitude', valueDecimal: place.longitude },
        ],
      },
    ],
    ...addressAt(place),
  };
}

const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri'];

/** Hours of a week, and of the one day on which it is open all day. */
export const availability = (): Fields => ({
  availableTime: [
    { daysOfWeek: weekdays, availableStartTime: '08:00:00', availableEndTime: '17:00:00' },
    { daysOfWeek: ['sat'], allDay: true },
  ],
  notAvailable: [{ description: 'New Year', during: { start: '2027-01-01', end: '2027-01-01' } }],
});

/** A telephone with its hours, reached through somebody who connects. */
export function answeredPhone(value: string, intermediary: ReturnType<typeof reference>): Fields {
  return {
    extension: [
      planNetExtension('contactpoint-availabletime', {
        extension: [
          ...weekdays.map((day) => ({ url: 'daysOfWeek', valueCode: day })),
          { url: 'availableStartTime', valueTime: '08:00:00' },
          { url: 'availableEndTime', valueTime: '17:00:00' },
        ],
      }),
      planNetExtension('via-intermediary', { valueReference: intermediary }),
    ],
    system: 'phone',
    value,
    use: 'work',
    rank: 1,
  };
}

export function newPatients(line: SandboxLine): Fields {
  return planNetExtension('newpatients', {
    extension: [
      {
        url: 'acceptingPatients',
        valueCodeableConcept: planNetCode('AcceptingPatientsCS', 'newpt', 'Accepting'),
      },
      { url: 'fromNetwork', valueReference: reference('Organization', `${line}-network-1`) },
      { url: 'characteristics', valueString: 'Members of all ages' },
    ],
  });
}

export const oregon = (): Concept => concept(coding('https://www.usps.com/', 'OR', 'Oregon'));

/** A licence that the State gave. */
export function qualification(line: SandboxLine, number: string, code: Coding): Fields {
  return planNetExtension('qualification', {
    extension: [
      {
        url: 'identifier',
        valueIdentifier: { system: `https://${line}.cascadeharbor.example/licence`, value: number },
      },
      { url: 'code', valueCodeableConcept: concept(code) },
      { url: 'issuer', valueReference: reference('Organization', `${line}-licensing`) },
      { url: 'status', valueCode: 'active' },
      { url: 'period', valuePeriod: { start: '2021-01-01' } },
      { url: 'whereValid', valueCodeableConcept: oregon() },
    ],
  });
}

const identifierType = (code: string, display: string) =>
  concept(coding('http://terminology.hl7.org/CodeSystem/v2-0203', code, display));

/** A plan's own number for something of its directory. */
export const ownIdentifier = (line: SandboxLine, kind: string, value: string): Fields => ({
  type: identifierType('PRN', 'Provider number'),
  system: `https://${line}.cascadeharbor.example/${kind}`,
  value,
});

/** A tax number of nobody: the Internal Revenue Service gives none that begins with 00. */
export const taxNumber = (number: number): Fields => ({
  type: identifierType('TAX', 'Tax ID number'),
  system: 'urn:oid:2.16.840.1.113883.4.4',
  value: `00-${String(1_000_000 + number)}`,
});

/** A National Provider Identifier with its check digit (Luhn over 80840 and nine digits). */
export function npi(line: SandboxLine, number: number): Record<string, unknown> {
  const nine = `1${line === 'cco' ? '4' : '7'}${String(number).padStart(7, '0')}`;
  let sum = 0;
  for (const [position, digit] of [...`80840${nine}`].reverse().entries()) {
    const doubled = Number(digit) * (position % 2 === 0 ? 2 : 1);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return {
    type: identifierType('NPI', 'National provider identifier'),
    system: 'http://hl7.org/fhir/sid/us-npi',
    value: `${nine}${(10 - (sum % 10)) % 10}`,
  };
}
