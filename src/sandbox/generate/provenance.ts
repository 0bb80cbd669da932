// Provenance of everything in a member's record: who wrote it down, who sent it on, in which form it came. One for each group
// of up to twenty resources that came the same way (US Core 6.1.0 and PDex Provenance).
import { coding, concept, instant, type Resource, reference } from './building.ts';
import type { MemberContext } from './member-context.ts';

const groupSize = 20;

/** Where a kind of record comes from. */
interface Source {
  /** Of PDex's ProvenancePayerDataSource. */
  readonly format: readonly [code: string, display: string];
  /** References without the line. */
  readonly author: readonly [type: string, id: string];
  readonly organization: string;
  readonly message: string;
}

const sources = {
  clinical: {
    format: ['hl7ccda', 'HL7 C-CDA'],
    author: ['Practitioner', 'prac-1'],
    organization: 'clinic-1',
    message: 'Summary of care documents',
  },
  earlier: {
    format: ['hl7ccda', 'HL7 C-CDA'],
    author: ['Organization', 'clinic-2'],
    organization: 'clinic-2',
    message: 'Summary of care of an earlier doctor',
  },
  claim: {
    format: ['x12837', '837 claim'],
    author: ['Organization', 'clinic-1'],
    organization: 'clinic-1',
    message: 'Claims of providers',
  },
  pharmacyClaim: {
    format: ['ncpdp', 'NCPDP Telecommunication'],
    author: ['Organization', 'pharmacy-1'],
    organization: 'pharmacy-1',
    message: 'Claims of pharmacies',
  },
  authorization: {
    format: ['x12278', '278'],
    author: ['Practitioner', 'prac-5'],
    organization: 'clinic-2',
    message: 'Requests for authorization',
  },
  plan: {
    format: ['capture', 'Direct Capture'],
    author: ['Organization', 'payer'],
    organization: 'payer',
    message: 'Enrolment with the plan',
  },
} as const satisfies Record<string, Source>;

function sourceOf(resource: Resource): keyof typeof sources {
  switch (resource.resourceType) {
    case 'Patient':
    case 'RelatedPerson':
    case 'Coverage':
    case 'Consent':
      return 'plan';
    case 'ExplanationOfBenefit':
      if (resource['use'] === 'preauthorization') return 'authorization';
      return JSON.stringify(resource['type']).includes('"pharmacy"') ? 'pharmacyClaim' : 'claim';
    default:
      return resource.id.endsWith('-earlier') ? 'earlier' : 'clinical';
  }
}

export function* provenance(context: MemberContext, recorded: readonly Resource[]): Generator<Resource> {
  // A Medication is nobody's record; its Provenance would belong to nobody.
  const targets = recorded.filter((resource) => resource.resourceType !== 'Medication');
  let number = 0;
  for (const [name, group] of Map.groupBy(targets, sourceOf))
    for (let at = 0; at < group.length; at += groupSize)
      yield provenanceOf(context, sources[name], group.slice(at, at + groupSize), ++number);
}

function provenanceOf(
  { patient, line, today, persona }: MemberContext,
  { format, author, organization, message }: Source,
  targets: readonly Resource[],
  number: number,
): Resource {
  return {
    resourceType: 'Provenance',
    id: `${patient}-prov-${number}`,
    meta: {
      profile: [
        'http://hl7.org/fhir/us/core/StructureDefinition/us-core-provenance|6.1.0',
        ...['2.0.0', '2.1.0'].map(
          (version) => `http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/pdex-provenance|${version}`,
        ),
      ],
    },
    target: targets.map((resource) => reference(resource.resourceType, resource.id)),
    recorded: instant(persona.deceased ?? today, 8),
    agent: [
      {
        type: concept(
          coding('http://terminology.hl7.org/CodeSystem/provenance-participant-type', 'author', 'Author'),
        ),
        who: reference(author[0], `${line}-${author[1]}`),
        onBehalfOf: reference('Organization', `${line}-${organization}`),
      },
      {
        type: concept(
          coding(
            'http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type',
            'transmitter',
            'Transmitter',
          ),
        ),
        who: reference('Organization', `${line}-payer`),
      },
    ],
    entity: [
      {
        extension: [
          {
            url: 'http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/ProvenanceSourceFrom',
            valueCodeableConcept: concept(
              coding('http://hl7.org/fhir/us/davinci-pdex/CodeSystem/ProvenancePayerDataSource', ...format),
            ),
          },
        ],
        role: 'source',
        what: { display: message },
      },
    ],
  };
}
