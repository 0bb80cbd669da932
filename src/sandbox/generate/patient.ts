// The Patient of a member (US Core 6.1.0, CARIN BB 2.0.0 and 2.1.0).
import type { Persona } from '../personas.ts';
import { type Coding, coding, concept, type Resource, unknown } from './building.ts';
import type { MemberContext } from './member-context.ts';
import { relatedPeople } from './related-people.ts';

const core = 'http://hl7.org/fhir/us/core/StructureDefinition';
const raceCodes: Readonly<Record<Persona['race'], readonly [code: string, display: string]>> = {
  white: ['2106-3', 'White'],
  black: ['2054-5', 'Black or African American'],
  asian: ['2028-9', 'Asian'],
  native: ['1002-5', 'American Indian or Alaska Native'],
  pacific: ['2076-8', 'Native Hawaiian or Other Pacific Islander'],
  unknown: ['UNK', 'Unknown'],
};
const languages = { en: ['en', 'English'], es: ['es', 'Spanish'], vi: ['vi', 'Vietnamese'] } as const;
const streets = ['Alder Street', 'Harbor Avenue', 'Cedar Lane', 'Summit Road', 'Orchard Way'] as const;
const towns = [
  ['Portland', '97205'],
  ['Salem', '97301'],
  ['Eugene', '97401'],
  ['Bend', '97701'],
  ['Medford', '97501'],
] as const;

export function* generatePatient(context: MemberContext): Generator<Resource> {
  const { persona, patient, line, random, today } = context;
  const [town, postalCode] = random.pick(towns);
  const [language, languageName] = languages[persona.language];
  const missing = persona.features.includes('missing-data');
  const livingThere = persona.birthDate > '2018-05-01' ? persona.birthDate : '2018-05-01';
  const address = {
    use: 'home',
    line: [`${random.between(10, 990)} ${random.pick(streets)}`],
    city: town,
    state: 'OR',
    postalCode,
    country: 'US',
  };
  yield {
    resourceType: 'Patient',
    id: patient,
    meta: {
      lastUpdated: `${today}T08:00:00.000Z`,
      profile: [
        `${core}/us-core-patient|6.1.0`,
        'http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-Patient|2.0.0',
        'http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-Patient|2.1.0',
      ],
    },
    language: 'en-US',
    extension: extensions(persona),
    identifier: [
      {
        type: concept(coding('http://terminology.hl7.org/CodeSystem/v2-0203', 'MB', 'Member Number')),
        system: `https://${line}.cascadeharbor.example/member-number`,
        value: patient,
      },
      {
        type: concept(
          coding('http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBIdentifierType', 'um', 'Unique Member ID'),
        ),
        system: `https://${line}.cascadeharbor.example/unique-member-id`,
        value: `${patient}-01`,
      },
    ],
    active: persona.deceased === undefined,
    name: [
      {
        use: 'official',
        family: persona.family,
        given: [...persona.given],
        text: `${persona.given.join(' ')} ${persona.family}`,
      },
      // A member's present name is always known, an earlier one need not be: us-core-6 allows a name of nothing else.
      ...(missing ? [{ use: 'old', ...unknown }] : []),
    ],
    telecom: missing
      ? [{ system: 'phone', use: 'home', _value: unknown }]
      : [
          { system: 'phone', value: `503-555-0${random.between(100, 199)}`, use: 'home' },
          { system: 'email', value: `${persona.key}@example.com` },
        ],
    gender: persona.gender,
    birthDate: persona.birthDate,
    ...(persona.deceased === undefined ? {} : { deceasedDateTime: `${persona.deceased}T04:30:00-08:00` }),
    address: persona.features.includes('complete')
      ? [
          { ...address, period: { start: '2020-03-01' } },
          {
            use: 'old',
            line: ['7 Ferry Street', 'Apt 3'],
            city: 'Astoria',
            state: 'OR',
            postalCode: '97103',
            country: 'US',
            period: { start: '2011-06-01', end: '2020-02-29' },
          },
        ]
      : missing
        ? [
            {
              use: 'home',
              _line: [unknown],
              _city: unknown,
              state: 'OR',
              _postalCode: unknown,
              country: 'US',
            },
          ]
        : [{ ...address, period: { start: livingThere } }],
    communication: [
      { language: concept(coding('urn:ietf:bcp:47', language, languageName)), preferred: true },
    ],
  };
  yield* relatedPeople(context);
}

const identity = (code: string, display: string) => coding('http://snomed.info/sct', code, display);
const genderIdentities: Readonly<Record<Persona['gender'], Coding>> = {
  female: identity('446141000124107', 'Identifies as female gender (finding)'),
  male: identity('446151000124109', 'Identifies as male gender (finding)'),
  other: identity('33791000087105', 'Identifies as nonbinary gender (finding)'),
};

function extensions(persona: Persona): Record<string, unknown>[] {
  const [race, raceName] = raceCodes[persona.race];
  const ethnicity = persona.hispanic
    ? ['2135-2', 'Hispanic or Latino']
    : ['2186-5', 'Non Hispanic or Latino'];
  const cdc = 'urn:oid:2.16.840.1.113883.6.238';
  const found: Record<string, unknown>[] = [
    {
      url: `${core}/us-core-race`,
      extension: [
        {
          url: 'ombCategory',
          valueCoding: coding(
            race === 'UNK' ? 'http://terminology.hl7.org/CodeSystem/v3-NullFlavor' : cdc,
            race,
            raceName,
          ),
        },
        { url: 'text', valueString: raceName },
      ],
    },
    {
      url: `${core}/us-core-ethnicity`,
      extension: [
        { url: 'ombCategory', valueCoding: coding(cdc, ethnicity[0]!, ethnicity[1]!) },
        { url: 'text', valueString: ethnicity[1]! },
      ],
    },
    {
      url: `${core}/us-core-birthsex`,
      valueCode: persona.gender === 'other' ? 'UNK' : persona.gender === 'female' ? 'F' : 'M',
    },
  ];
  if (persona.features.includes('complete')) {
    found.push(
      {
        url: `${core}/us-core-sex`,
        valueCode: { female: '248152002', male: '248153007', other: 'UNK' }[persona.gender],
      },
      {
        url: `${core}/us-core-genderIdentity`,
        valueCodeableConcept: concept(genderIdentities[persona.gender]),
      },
    );
  }
  return found;
}
