// A provider directory of the size that a state has: 100,000 roles of practitioners at places around real cities. The same
// bytes at every run (Plan-Net's types, http://hl7.org/fhir/us/davinci-pdex-plan-net/, with what is searched by in them).
import { concept, type Resource, reference } from '../src/sandbox/generate/building.ts';
import {
  ownIdentifier,
  planNetCode,
  planNetExtension,
  planNetMeta,
  taxonomy,
} from '../src/sandbox/generate/directory/plan-net.ts';
import { type SeededRandom, seededRandom } from '../src/sandbox/generate/seeded-random.ts';

const line = 'cco';
const today = '2026-11-01';
const organizationsOf = 500;
const placesOf = 10_000;
const practitionersOf = 20_000;
const rolesOf = 100_000;

const cities: readonly (readonly [name: string, state: string, latitude: number, longitude: number])[] = [
  ['Portland', 'OR', 45.5152, -122.6784],
  ['Salem', 'OR', 44.9429, -123.0351],
  ['Eugene', 'OR', 44.0521, -123.0868],
  ['Bend', 'OR', 44.0582, -121.3153],
  ['Medford', 'OR', 42.3265, -122.8756],
  ['Seattle', 'WA', 47.6062, -122.3321],
  ['Spokane', 'WA', 47.6588, -117.426],
  ['Tacoma', 'WA', 47.2529, -122.4443],
  ['Boise', 'ID', 43.615, -116.2023],
  ['San Francisco', 'CA', 37.7749, -122.4194],
  ['Sacramento', 'CA', 38.5816, -121.4944],
  ['Los Angeles', 'CA', 34.0522, -118.2437],
  ['San Diego', 'CA', 32.7157, -117.1611],
  ['Phoenix', 'AZ', 33.4484, -112.074],
  ['Denver', 'CO', 39.7392, -104.9903],
  ['Salt Lake City', 'UT', 40.7608, -111.891],
  ['Minneapolis', 'MN', 44.9778, -93.265],
  ['Chicago', 'IL', 41.8781, -87.6298],
  ['Boston', 'MA', 42.3601, -71.0589],
  ['Atlanta', 'GA', 33.749, -84.388],
];
const beginnings =
  'Ab Al Bar Bel Cal Cor Dal Dor El Fal Far Gar Hal Har Jar Kal Kel Lar Lin Mar Mor Nor Ol Par Quin Ros Sal Tor Ul Var'.split(
    ' ',
  );
const endings =
  'ard berg by combe dale den ell er feld ford gren holm ic ing lund man mont ner ov ridge sen son strom ton ura vale well wick wood ski'.split(
    ' ',
  );
/** 900, so that some hundred roles go by each. */
const families = beginnings.flatMap((beginning) => endings.map((ending) => `${beginning}${ending}`));
const givens =
  'Ada Bruno Carmen Dmitri Elena Farid Grace Hugo Ines Jonas Kira Leon Mara Nils Olga Pablo Rosa Samir Tara Vera'.split(
    ' ',
  );
const specialties = [
  taxonomy('207Q00000X', 'Family Medicine Physician'),
  taxonomy('208D00000X', 'General Practice Physician'),
  taxonomy('207R00000X', 'Internal Medicine Physician'),
  taxonomy('207RC0000X', 'Cardiovascular Disease Physician'),
  taxonomy('207RE0101X', 'Endocrinology, Diabetes & Metabolism Physician'),
  taxonomy('208000000X', 'Pediatrics Physician'),
  taxonomy('207V00000X', 'Obstetrics & Gynecology Physician'),
  taxonomy('2084P0800X', 'Psychiatry Physician'),
  taxonomy('207X00000X', 'Orthopaedic Surgery Physician'),
  taxonomy('2085R0202X', 'Diagnostic Radiology Physician'),
];
const streets = ['Harbor Avenue', 'Alder Street', 'Summit Road', 'Orchard Way', 'Mill Lane', 'Cedar Court'];

export function* largeDirectory(): Generator<Resource> {
  const random = seededRandom('large directory');
  for (let at = 0; at < organizationsOf; at++) yield organization(random, at);
  for (let at = 0; at < placesOf; at++) yield place(random, at);
  for (let at = 0; at < practitionersOf; at++) yield practitioner(random, at);
  for (let at = 0; at < rolesOf; at++) yield role(random, at);
}

export const largeDirectorySize = organizationsOf + placesOf + practitionersOf + rolesOf;

function organization(random: SeededRandom, at: number): Resource {
  const [city] = random.pick(cities);
  return {
    resourceType: 'Organization',
    id: `large-org-${at}`,
    meta: planNetMeta(today, 'Organization'),
    identifier: [ownIdentifier(line, 'organization', `L-${at}`)],
    active: true,
    type: [planNetCode('OrgTypeCS', 'prvgrp', 'Provider Group')],
    name: `${city} ${random.pick(families)} Medical Group`,
  };
}

function place(random: SeededRandom, at: number): Resource {
  const [city, state, latitude, longitude] = cities[at % cities.length]!;
  // More of them in the middle than at the edge, within about 40 km.
  const away = () => Number(((random.next() + random.next() + random.next() - 1.5) * 0.25).toFixed(6));
  return {
    resourceType: 'Location',
    id: `large-loc-${at}`,
    meta: planNetMeta(today, 'Location'),
    identifier: [ownIdentifier(line, 'location', `L-${at}`)],
    status: 'active',
    name: `${city} Clinic ${at}`,
    type: [
      concept({
        system: 'http://terminology.hl7.org/CodeSystem/v3-RoleCode',
        code: 'OF',
        display: 'Outpatient facility',
      }),
    ],
    telecom: [{ system: 'phone', value: `503-555-${String(at % 10_000).padStart(4, '0')}`, use: 'work' }],
    address: {
      line: [`${random.between(1, 9999)} ${random.pick(streets)}`],
      city,
      state,
      postalCode: String(97_000 + (at % 2000)),
      country: 'US',
    },
    position: { latitude: latitude + away(), longitude: longitude + away() },
    managingOrganization: reference('Organization', `large-org-${random.between(0, organizationsOf - 1)}`),
  };
}

function practitioner(random: SeededRandom, at: number): Resource {
  const [family, given] = [random.pick(families), random.pick(givens)];
  return {
    resourceType: 'Practitioner',
    id: `large-prac-${at}`,
    meta: planNetMeta(today, 'Practitioner'),
    identifier: [ownIdentifier(line, 'practitioner', `L-${at}`)],
    active: true,
    name: [{ family, given: [given], text: `${given} ${family}` }],
    gender: random.pick(['female', 'male']),
  };
}

function role(random: SeededRandom, at: number): Resource {
  return {
    resourceType: 'PractitionerRole',
    id: `large-role-${at}`,
    meta: planNetMeta(today, 'PractitionerRole'),
    extension: [
      planNetExtension('network-reference', {
        valueReference: reference('Organization', `${line}-network-1`),
      }),
    ],
    identifier: [ownIdentifier(line, 'role', `L-${at}`)],
    active: true,
    period: { start: `20${random.between(10, 25)}-0${random.between(1, 9)}-01` },
    practitioner: reference('Practitioner', `large-prac-${at % practitionersOf}`),
    organization: reference('Organization', `large-org-${random.between(0, organizationsOf - 1)}`),
    code: [planNetCode('ProviderRoleCS', 'ph', 'Physician')],
    specialty: [concept(random.pick(specialties))],
    location: [reference('Location', `large-loc-${random.between(0, placesOf - 1)}`)],
    telecom: [{ system: 'phone', value: `503-555-${String(at % 10_000).padStart(4, '0')}`, use: 'work' }],
    availableTime: [
      {
        daysOfWeek: ['mon', 'tue', 'wed', 'thu', 'fri'],
        availableStartTime: '08:00:00',
        availableEndTime: '17:00:00',
      },
    ],
  };
}
