// The formulary of a line in both forms of the US Drug Formulary. 1.1.0 is List and MedicationKnowledge, profiles without a
// version, as its clients expect; 2.0.1 is InsurancePlan, Basic and MedicationKnowledge. The guide uses the same canonicals
// for both, so that 2.0.1 is always pinned (http://hl7.org/fhir/us/davinci-drug-formulary/).
import type { SandboxLine } from '../personas.ts';
import { coding, concept, type Resource, reference } from './building.ts';
import { type FormularyDrug, formularyDrugs, type Tier, tiers } from './formulary/formulary-drugs.ts';

const usdf = 'http://hl7.org/fhir/us/davinci-drug-formulary';
const code = (system: string, value: string, display: string) =>
  concept(coding(`${usdf}/CodeSystem/usdf-${system}`, value, display));
const extension = (name: string, value: Record<string, unknown>) => ({
  url: `${usdf}/StructureDefinition/usdf-${name}-extension`,
  ...value,
});
const metaOf = (today: string, name: string) => ({
  lastUpdated: `${today}T06:00:00.000Z`,
  profile: [`${usdf}/StructureDefinition/usdf-${name}`],
});
const drugPolicy = concept(
  coding('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'DRUGPOL', 'drug policy'),
);
const drugPlan = concept(coding('http://terminology.hl7.org/CodeSystem/insurance-plan-type', 'drug', 'Drug'));
const tierNames = Object.keys(tiers) as Tier[];

/** What the formulary of a line is about, the same in both forms. */
interface Plan {
  readonly line: SandboxLine;
  readonly id: string;
  readonly name: string;
  readonly today: string;
  readonly period: { readonly start: string; readonly end: string };
}

export function* generateFormulary(line: SandboxLine, today: string): Generator<Resource> {
  const year = today.slice(0, 4);
  const id = `${line === 'cco' ? 'CH-CCO' : 'CH-ADV'}-${year}`;
  const period = { start: `${year}-01-01`, end: `${year}-12-31` };
  const plan: Plan = { line, id, name: `Cascade Harbor formulary ${id}`, today, period };
  yield coveragePlan(plan);
  yield formulary(plan);
  yield payerInsurancePlan(plan);
  for (const [position, drug] of formularyDrugs.entries()) yield* drugOf(plan, position + 1, drug);
}

/** 1.1.0: the plan with its tiers. */
function coveragePlan({ line, id, name, today, period }: Plan): Resource {
  const tier = (tierId: Tier) =>
    extension('DrugTierDefinition', {
      extension: [
        { url: 'drugTierID', valueCodeableConcept: code('DrugTierCS', tierId, tiers[tierId].name) },
        { url: 'mailOrder', valueBoolean: tierId !== 'specialty' },
        {
          url: 'costSharing',
          extension: [
            {
              url: 'pharmacyType',
              valueCodeableConcept: code('PharmacyTypeCS', '1-month-in-retail', '1 month in network retail'),
            },
            { url: 'copayAmount', valueMoney: { value: tiers[tierId].copay, currency: 'USD' } },
            {
              url: 'copayOption',
              valueCodeableConcept: code('CopayOptionCS', 'after-deductible', 'After Deductible'),
            },
            { url: 'coinsuranceRate', valueDecimal: tiers[tierId].coinsurance },
            {
              url: 'coinsuranceOption',
              valueCodeableConcept: code('CoinsuranceOptionCS', 'after-deductible', 'After Deductible'),
            },
          ],
        },
      ],
    });
  return {
    resourceType: 'List',
    id: `${line}-coverage-plan`,
    meta: metaOf(today, 'CoveragePlan'),
    extension: [
      ...tierNames.map(tier),
      extension('Network', { valueString: 'Cascade Harbor Network' }),
      extension('SummaryURL', { valueUrl: `https://${line}.cascadeharbor.example/formulary/summary` }),
      extension('FormularyURL', { valueUrl: `https://${line}.cascadeharbor.example/formulary` }),
      extension('EmailPlanContact', { valueUrl: `mailto:formulary@${line}.cascadeharbor.example` }),
      extension('MarketingURL', { valueUrl: `https://${line}.cascadeharbor.example` }),
      extension('PlanIDType', { valueString: 'HIOS-PLAN-ID' }),
    ],
    identifier: [{ use: 'official', value: id }],
    status: 'current',
    mode: 'snapshot',
    title: name,
    code: drugPolicy,
    date: `${period.start}T00:00:00Z`,
    entry: formularyDrugs.map((_, position) => ({
      item: reference('MedicationKnowledge', `${line}-formulary-drug-${position + 1}`),
    })),
  };
}

/** 2.0.1 */
function formulary({ line, id, name, today, period }: Plan): Resource {
  return {
    resourceType: 'InsurancePlan',
    id: `${line}-formulary`,
    meta: metaOf(today, 'Formulary|2.0.1'),
    identifier: [{ system: `https://${line}.cascadeharbor.example/formulary`, value: `F-${id}` }],
    status: 'active',
    type: [drugPolicy],
    name,
    period,
  };
}

/** 2.0.1: what the member pays for a drug of each tier. */
function payerInsurancePlan({ line, id, today, period }: Plan): Resource {
  const afterDeductible = [
    code('CostShareOptionCS-TEMPORARY-TRIAL-USE', 'after-deductible', 'After Deductible'),
  ];
  return {
    resourceType: 'InsurancePlan',
    id: `${line}-drug-plan`,
    meta: metaOf(today, 'PayerInsurancePlan|2.0.1'),
    identifier: [{ system: `https://${line}.cascadeharbor.example/plan`, value: id }],
    status: 'active',
    type: [
      concept(
        coding(
          'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/InsuranceProductTypeCS',
          line === 'cco' ? 'medi' : 'mediadv',
          line === 'cco' ? 'Medicaid' : 'Medicare Advantage',
        ),
      ),
    ],
    name: `Cascade Harbor drug coverage ${id}`,
    period,
    coverageArea: [reference('Location', `${line}-area`)],
    contact: [
      {
        purpose: code('PlanContactTypeCS-TEMPORARY-TRIAL-USE', 'FORMULARY', 'Plan Formulary Information'),
        name: { text: 'Formulary questions' },
        telecom: [{ system: 'url', value: `https://${line}.cascadeharbor.example/formulary` }],
      },
    ],
    coverage: [
      {
        extension: [
          extension('FormularyReference', {
            valueReference: reference('InsurancePlan', `${line}-formulary`),
          }),
        ],
        type: drugPolicy,
        benefit: [{ type: drugPlan }],
      },
    ],
    plan: [
      {
        type: drugPlan,
        specificCost: [
          {
            category: retail(),
            benefit: tierNames.map((tier) => ({
              type: tierConcept('2.0.1', tier),
              cost: [
                {
                  type: code('BenefitCostTypeCS-TEMPORARY-TRIAL-USE', 'copay', 'Copay'),
                  qualifiers: afterDeductible,
                  value: {
                    value: tiers[tier].copay,
                    unit: '$',
                    system: 'urn:iso:std:iso:4217',
                    code: 'USD',
                  },
                },
                {
                  type: code('BenefitCostTypeCS-TEMPORARY-TRIAL-USE', 'coinsurance', 'Coinsurance'),
                  qualifiers: afterDeductible,
                  value: { value: tiers[tier].coinsurance, system: 'http://unitsofmeasure.org', code: '%' },
                },
              ],
            })),
          },
        ],
      },
    ],
  };
}

const retail = () =>
  code('PharmacyBenefitTypeCS-TEMPORARY-TRIAL-USE', '1-month-in-retail', '1 month in network retail');
const tierConcept = (version: '1.1.0' | '2.0.1', tier: Tier) =>
  code(version === '1.1.0' ? 'DrugTierCS' : 'DrugTierCS-TEMPORARY-TRIAL-USE', tier, tiers[tier].name);

/** A drug of 1.1.0, and the drug and the item of 2.0.1. */
function* drugOf(plan: Plan, number: number, drug: FormularyDrug): Generator<Resource> {
  const { line, today } = plan;
  const limits = [
    extension('PriorAuthorization', { valueBoolean: drug.rules.includes('prior-authorization') }),
    extension('StepTherapyLimit', { valueBoolean: drug.rules.includes('step-therapy') }),
    extension('QuantityLimit', { valueBoolean: drug.rules.includes('quantity-limit') }),
  ];
  const tierId = (version: '1.1.0' | '2.0.1') =>
    extension('DrugTierID', { valueCodeableConcept: tierConcept(version, drug.tier) });
  yield {
    resourceType: 'MedicationKnowledge',
    id: `${line}-formulary-drug-${number}`,
    meta: metaOf(today, 'FormularyDrug'),
    extension: [
      extension('PlanID', { valueString: plan.id }),
      tierId('1.1.0'),
      ...limits,
      extension('MailOrder', { valueBoolean: drug.tier !== 'specialty' }),
    ],
    code: concept(drug.code),
    status: 'active',
  };
  yield {
    resourceType: 'MedicationKnowledge',
    id: `${line}-drug-${number}`,
    meta: metaOf(today, 'FormularyDrug|2.0.1'),
    code: concept(drug.code, ...(drug.group === undefined ? [] : [drug.group])),
    status: 'active',
    ...(drug.form === undefined ? {} : { doseForm: concept(drug.form) }),
  };
  yield {
    resourceType: 'Basic',
    id: `${line}-formulary-item-${number}`,
    meta: metaOf(today, 'FormularyItem|2.0.1'),
    extension: [
      extension('FormularyReference', { valueReference: reference('InsurancePlan', `${line}-formulary`) }),
      extension('AvailabilityStatus', { valueCode: 'active' }),
      extension('PharmacyBenefitType', { valueCodeableConcept: retail() }),
      tierId('2.0.1'),
      extension('AvailabilityPeriod', { valuePeriod: plan.period }),
      ...limits,
    ],
    code: code('InsuranceItemTypeCS', 'formulary-item', 'Formulary Item'),
    subject: reference('MedicationKnowledge', `${line}-drug-${number}`),
  };
}
