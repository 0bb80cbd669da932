// Immunization: influenza each autumn, and what fits the age.
import { coding, concept, type Resource, reference, yearsBetween } from '../building.ts';
import type { MemberContext } from '../member-context.ts';
import type { Visit } from './encounters.ts';

const cvx = (code: string, display: string) => coding('http://hl7.org/fhir/sid/cvx', code, display);

export function* immunizations(context: MemberContext, visits: readonly Visit[]): Generator<Resource> {
  const { persona, today } = context;
  const last = persona.deceased ?? today;
  const age = yearsBetween(persona.birthDate, last);
  const given: [day: string, vaccine: ReturnType<typeof cvx>][] = [];
  for (const year of ['2023', '2024', '2025']) {
    given.push([
      `${year}-10-0${context.random.between(1, 9)}`,
      cvx('150', 'influenza, injectable, quadrivalent, preservative free'),
    ]);
  }
  if (age < 12) given.push([visits[0]?.day ?? last, cvx('03', 'MMR')]);
  else given.push(['2022-05-11', cvx('208', 'COVID-19, mRNA, LNP-S, PF, 30 mcg/0.3 mL dose')]);
  if (age >= 65) given.push(['2023-04-18', cvx('33', 'pneumococcal polysaccharide PPV23')]);
  let number = 0;
  for (const [day, vaccine] of given) {
    if (day < persona.birthDate || day > last) continue;
    yield immunization(context, ++number, day, vaccine);
  }
}

function immunization(
  { patient, line, persona }: MemberContext,
  number: number,
  day: string,
  vaccine: ReturnType<typeof cvx>,
): Resource {
  const refused = persona.features.includes('complete') && number === 1;
  return {
    resourceType: 'Immunization',
    id: `${patient}-imm-${number}`,
    meta: { profile: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-immunization|6.1.0'] },
    status: refused ? 'not-done' : 'completed',
    ...(refused
      ? {
          statusReason: concept(
            coding('http://terminology.hl7.org/CodeSystem/v3-ActReason', 'PATOBJ', 'patient objection'),
          ),
        }
      : {}),
    vaccineCode: concept(vaccine),
    patient: reference('Patient', patient),
    occurrenceDateTime: day,
    primarySource: true,
    location: reference('Location', `${line}-loc-2`),
    performer: [{ actor: reference('Organization', `${line}-clinic-1`) }],
  };
}
