// The people of a member: who acts for it, and the family of those who name one (US Core and CARIN BB RelatedPerson).
import { type Persona, personas, relatedPersonId } from '../personas.ts';
import { coding, concept, type Resource, reference, yearsBetween } from './building.ts';
import type { MemberContext } from './member-context.ts';

export function* relatedPeople(context: MemberContext): Generator<Resource> {
  const { line, patient, persona } = context;
  for (const other of personas)
    if (other.signIn?.actsFor?.[line]?.includes(patient) === true)
      yield relatedPerson(context, {
        key: other.key,
        name: { family: other.family, given: [...other.given] },
        relationship: relationships(context, other),
      });
  if (persona.features.includes('complete'))
    yield relatedPerson(context, {
      key: 'spouse',
      name: { family: persona.family, given: [persona.gender === 'male' ? 'Miriam' : 'Daniel'] },
      relationship: [role('SPS', 'spouse')],
    });
}

/** The one whom a complete record names as family. */
export const spouseOf = ({ patient }: MemberContext) =>
  reference('RelatedPerson', relatedPersonId(patient, 'spouse'));

const role = (code: string, display: string) =>
  concept(coding('http://terminology.hl7.org/CodeSystem/v3-RoleCode', code, display));
/** What one who acts for a grown-up is to them, by the keys of both. */
const kinship: Readonly<Record<string, ReturnType<typeof role>>> = {
  'karen-brandt walter-brandt': role('DAUC', 'daughter'),
  'karen-brandt edith-brandt': role('NIECE', 'niece'),
};

function relationships({ persona, today }: MemberContext, other: Persona) {
  if (yearsBetween(persona.birthDate, today) < 18) {
    return [other.gender === 'female' ? role('MTH', 'mother') : role('FTH', 'father')];
  }
  const kin = kinship[`${other.key} ${persona.key}`];
  const attorney = role('HPOWATT', 'healthcare power of attorney');
  return kin === undefined ? [attorney] : [kin, attorney];
}

interface Related {
  readonly key: string;
  readonly name: { readonly family: string; readonly given: readonly string[] };
  readonly relationship: readonly ReturnType<typeof role>[];
}

function relatedPerson({ patient, today }: MemberContext, { key, name, relationship }: Related): Resource {
  return {
    resourceType: 'RelatedPerson',
    id: relatedPersonId(patient, key),
    meta: {
      lastUpdated: `${today}T08:00:00.000Z`,
      profile: [
        'http://hl7.org/fhir/us/core/StructureDefinition/us-core-relatedperson|6.1.0',
        ...['2.0.0', '2.1.0'].map(
          (version) => `http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-RelatedPerson|${version}`,
        ),
      ],
    },
    active: true,
    patient: reference('Patient', patient),
    relationship,
    name: [name],
    telecom: [{ system: 'email', value: `${key}@example.com` }],
    address: [{ city: 'Portland', state: 'OR', country: 'US' }],
  };
}
