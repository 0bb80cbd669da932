// A provider directory of the size that a large plan has: 100,000 roles of practitioners at places around real cities. The same
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
  ['Houston', 'TX', 29.7604, -95.3698],
  ['Dallas', 'TX', 32.7767, -96.797],
  ['Austin', 'TX', 30.2672, -97.7431],
  ['San Antonio', 'TX', 29.4241, -98.4936],
  ['El Paso', 'TX', 31.7619, -106.485],
  ['Albuquerque', 'NM', 35.0844, -106.6504],
  ['Tucson', 'AZ', 32.2226, -110.9747],
  ['Las Vegas', 'NV', 36.1699, -115.1398],
  ['Reno', 'NV', 39.5296, -119.8138],
  ['Fresno', 'CA', 36.7378, -119.7871],
  ['Missoula', 'MT', 46.8721, -113.994],
  ['Cheyenne', 'WY', 41.14, -104.8202],
  ['Omaha', 'NE', 41.2565, -95.9345],
  ['Kansas City', 'MO', 39.0997, -94.5786],
  ['St. Louis', 'MO', 38.627, -90.1994],
  ['Tulsa', 'OK', 36.154, -95.9928],
  ['New Orleans', 'LA', 29.9511, -90.0715],
  ['Memphis', 'TN', 35.1495, -90.049],
  ['Nashville', 'TN', 36.1627, -86.7816],
  ['Louisville', 'KY', 38.2527, -85.7585],
  ['Indianapolis', 'IN', 39.7684, -86.1581],
  ['Detroit', 'MI', 42.3314, -83.0458],
  ['Milwaukee', 'WI', 43.0389, -87.9065],
  ['Cleveland', 'OH', 41.4993, -81.6944],
  ['Columbus', 'OH', 39.9612, -82.9988],
  ['Pittsburgh', 'PA', 40.4406, -79.9959],
  ['Philadelphia', 'PA', 39.9526, -75.1652],
  ['New York', 'NY', 40.7128, -74.006],
  ['Buffalo', 'NY', 42.8864, -78.8784],
  ['Baltimore', 'MD', 39.2904, -76.6122],
  ['Richmond', 'VA', 37.5407, -77.436],
  ['Charlotte', 'NC', 35.2271, -80.8431],
  ['Miami', 'FL', 25.7617, -80.1918],
  ['Tampa', 'FL', 27.9506, -82.4572],
  ['Jacksonville', 'FL', 30.3322, -81.6557],
  ['Birmingham', 'AL', 33.5186, -86.8104],
  ['Little Rock', 'AR', 34.7465, -92.2896],
  ['Des Moines', 'IA', 41.5868, -93.625],
  ['Anchorage', 'AK', 61.2181, -149.9003],
  ['Honolulu', 'HI', 21.3069, -157.8583],
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
