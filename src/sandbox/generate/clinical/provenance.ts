// Provenance of what was recorded: who wrote it down and who sent it on, one for each group of up to twenty resources.
import { coding, concept, instant, type Resource, reference } from '../building.ts';
import type { MemberContext } from '../member-context.ts';

const groupSize = 20;

export function* provenance(context: MemberContext, recorded: readonly Resource[]): Generator<Resource> {
  const { patient, line, today, persona } = context;
  const agent = (system: string, code: string, display: string, who: Record<string, unknown>) => ({
    type: concept(coding(system, code, display)),
    ...who,
  });
  // A Medication is nobody's record; its Provenance would belong to nobody.
  const targets = recorded.filter((resource) => resource.resourceType !== 'Medication');
  for (let at = 0, number = 1; at < targets.length; at += groupSize, number++) {
    yield {
      resourceType: 'Provenance',
      id: `${patient}-prov-${number}`,
      meta: { profile: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-provenance|6.1.0'] },
      target: targets
        .slice(at, at + groupSize)
        .map((resource) => reference(resource.resourceType, resource.id)),
      recorded: instant(persona.deceased ?? today, 8),
      agent: [
        agent('http://terminology.hl7.org/CodeSystem/provenance-participant-type', 'author', 'Author', {
          who: reference('Practitioner', `${line}-prac-1`),
          onBehalfOf: reference('Organization', `${line}-clinic-1`),
        }),
        agent(
          'http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type',
          'transmitter',
          'Transmitter',
          {
            who: reference('Organization', `${line}-payer`),
          },
        ),
      ],
    };
  }
}
