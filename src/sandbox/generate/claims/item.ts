// What each kind of claim bills for (CARIN BB: ExplanationOfBenefit.item).
import { type Coding, coding, concept, reference, yearsBetween } from '../building.ts';
import { conditionTable } from '../condition-table.ts';
import type { MemberContext } from '../member-context.ts';
import { c4bb, type NumberedClaim } from './claim-facts.ts';
import { hospitalStayOf } from './hospital-stays.ts';
import { type Settled, usd } from './settlement.ts';
import { forOral, forTransport, type SupportingInfo } from './supporting-info.ts';

const cpt = (code: string, display: string) => coding('http://www.ama-assn.org/go/cpt', code, display);
const ndc = (code: string, display: string) => coding('http://hl7.org/fhir/sid/ndc', code, display);
const revenue = (code: string, display: string) =>
  concept(coding('https://www.nubc.org/CodeSystem/RevenueCodes', code, display));
const place = (code: string, display: string) => ({
  locationCodeableConcept: concept(
    coding(
      'https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set',
      code,
      display,
    ),
  ),
});
const separate = {
  modifier: [concept(cpt('25', 'Significant, separately identifiable evaluation and management service'))],
};

/** @param adjudication of the item; empty where the header has it */
export function items(
  { line, persona }: MemberContext,
  facts: NumberedClaim,
  settled: Settled,
  info: readonly SupportingInfo[],
  adjudication: readonly object[],
): object[] {
  const complete = facts.rank !== undefined;
  const modifier = complete ? separate : {};
  const noted = facts.rank === 0 ? { noteNumber: [1] } : {};
  const billed =
    facts.encounter === undefined ? {} : { encounter: [reference('Encounter', facts.encounter)] };
  const decided = adjudication.length === 0 ? {} : { adjudication };
  const one = { quantity: { value: 1 } };
  const about = (categories: readonly string[]) => {
    const sequences = info.filter(({ kind }) => categories.includes(kind)).map(({ sequence }) => sequence);
    return sequences.length === 0 ? {} : { informationSequence: sequences };
  };
  switch (facts.kind) {
    case 'inpatient':
      return [
        {
          sequence: 1,
          diagnosisSequence: [1],
          revenue: concept(hospitalStayOf(facts.diagnosis).ward),
          productOrService: concept(
            coding(
              'http://terminology.hl7.org/CodeSystem/data-absent-reason',
              'not-applicable',
              'Not Applicable',
            ),
          ),
          servicedPeriod: { start: facts.start, end: facts.end },
          ...noted,
          ...billed,
          ...decided,
        },
        ...(complete
          ? [
              {
                sequence: 2,
                revenue: revenue('0300', 'Laboratory'),
                productOrService: concept(cpt('80053', 'Comprehensive metabolic panel')),
                modifier: [concept(cpt('91', 'Repeat clinical diagnostic laboratory test'))],
                servicedDate: facts.end,
                ...one,
              },
            ]
          : []),
      ];
    case 'outpatient':
      return [
        {
          sequence: 1,
          diagnosisSequence: [1],
          revenue: revenue('0450', 'Emergency room'),
          productOrService: concept(cpt('99284', 'Emergency department visit')),
          ...modifier,
          servicedDate: facts.start,
          ...one,
          ...noted,
          ...billed,
          ...decided,
        },
      ];
    case 'professional': {
      const what =
        facts.trait === 'ambulance'
          ? {
              productOrService: concept(
                coding(
                  'https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets',
                  'A0429',
                  'Ambulance service, basic life support, emergency transport',
                ),
              ),
              ...about(forTransport),
              ...place('41', 'Ambulance - Land'),
            }
          : {
              productOrService: concept(cpt('99213', 'Office visit, established patient')),
              ...modifier,
              ...place('11', 'Office'),
            };
      return [
        {
          sequence: 1,
          diagnosisSequence: [1],
          ...what,
          servicedDate: facts.start,
          ...one,
          net: usd(settled.submitted),
          ...noted,
          ...billed,
          ...decided,
        },
      ];
    }
    case 'oral':
      return [
        {
          sequence: 1,
          ...(complete ? { diagnosisSequence: [1] } : {}),
          ...about(forOral),
          productOrService: concept(dentalWork(yearsBetween(persona.birthDate, facts.start), facts.rank)),
          ...(facts.rank === 0 ? { modifier: [concept(cpt('52', 'Reduced services'))] } : {}),
          servicedDate: facts.start,
          ...place('11', 'Office'),
          bodySite: concept(
            coding(
              'http://terminology.hl7.org/CodeSystem/ADAUniversalToothDesignationSystem',
              '8',
              'Tooth 8',
            ),
          ),
          ...one,
          net: usd(settled.submitted),
          ...noted,
          ...decided,
        },
      ];
    case 'pharmacy':
      return [
        {
          sequence: 1,
          ...(facts.trait === 'compound' ? compound : packaged(facts)),
          servicedDate: facts.start,
          net: usd(settled.submitted),
          locationReference: reference('Location', `${line}-loc-4`),
          ...noted,
          ...decided,
        },
      ];
  }
}

const pieces = (value: number) => ({
  quantity: { value, unit: 'Each', system: 'http://unitsofmeasure.org', code: '{Each}' },
});

const packaged = ({ drug }: NumberedClaim) => ({
  productOrService: concept(ndc(drug!.ndc, drug!.rxnorm.display)),
  ...pieces(30),
});

/** A pharmacy makes it from other packages. */
const compound = {
  productOrService: concept(c4bb('C4BBCompoundLiteral', 'compound', 'compound')),
  ...pieces(1),
  detail: [conditionTable['heart-failure'].drug!, conditionTable.hypertension.drug!].map(
    ({ ndc: code, rxnorm }, position) => ({
      sequence: position + 1,
      productOrService: concept(ndc(code, rxnorm.display)),
      ...pieces(10),
    }),
  ),
};

function dentalWork(age: number, rank: number | undefined): Coding {
  const cdt = (code: string, display: string) => coding('http://www.ada.org/cdt', code, display);
  if (rank === 0) return cdt('D2750', 'Crown');
  if (rank === 2) return cdt('D8670', 'Orthodontic treatment visit');
  return age < 14 ? cdt('D1120', 'Child cleaning') : cdt('D1110', 'Adult cleaning');
}
