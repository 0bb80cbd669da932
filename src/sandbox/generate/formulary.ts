// The formulary of a line in both forms of the US Drug Formulary: 1.1.0 (List and MedicationKnowledge, which the seed's
// clients read) and 2.0.1 (InsurancePlan, Basic and MedicationKnowledge).
import type { SandboxLine } from '../personas.ts';
import { type Coding, coding, concept, type Resource, reference } from './building.ts';

const usdf = 'http://hl7.org/fhir/us/davinci-drug-formulary';
const extension = (name: string, value: Record<string, unknown>) => ({
  url: `${usdf}/StructureDefinition/usdf-${name}-extension`,
  ...value,
});
const rxnorm = (code: string, display: string) =>
  coding('http://www.nlm.nih.gov/research/umls/rxnorm', code, display);

type Tier = 'generic' | 'preferred-generic' | 'brand' | 'specialty';
const tierNames: Readonly<Record<Tier, string>> = {
  generic: 'Generic',
  'preferred-generic': 'Preferred Generic',
  brand: 'Brand',
  specialty: 'Specialty',
};

const drugs: readonly (readonly [
  Coding,
  Tier,
  priorAuthorization: boolean,
  stepTherapy: boolean,
  quantityLimit: boolean,
])[] = [
  [
    rxnorm('860975', '24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet'),
    'preferred-generic',
    false,
    false,
    false,
  ],
  [rxnorm('314076', 'lisinopril 10 MG Oral Tablet'), 'preferred-generic', false, false, false],
  [rxnorm('617310', 'atorvastatin 20 MG Oral Tablet'), 'generic', false, false, false],
  [rxnorm('979480', 'losartan potassium 50 MG Oral Tablet'), 'generic', false, false, false],
  [rxnorm('313988', 'furosemide 40 MG Oral Tablet'), 'generic', false, false, false],
  [rxnorm('312940', 'sertraline 25 MG Oral Tablet'), 'generic', false, false, true],
  [rxnorm('745679', '200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler'), 'brand', false, false, true],
  [rxnorm('351267', 'buprenorphine 8 MG / naloxone 2 MG Sublingual Tablet'), 'brand', true, false, true],
  [
    rxnorm('1999667', 'bictegravir 50 MG / emtricitabine 200 MG / tenofovir alafenamide 25 MG Oral Tablet'),
    'specialty',
    true,
    false,
    false,
  ],
  [rxnorm('310261', 'exemestane 25 MG Oral Tablet'), 'specialty', true, true, false],
  [rxnorm('313165', 'sumatriptan 100 MG Oral Tablet'), 'generic', false, true, true],
  [rxnorm('308182', 'amoxicillin 250 MG Oral Capsule'), 'preferred-generic', false, false, false],
  [rxnorm('198405', 'ibuprofen 400 MG Oral Tablet'), 'preferred-generic', false, false, false],
  [
    rxnorm('1049640', 'acetaminophen 325 MG / oxycodone hydrochloride 5 MG Oral Tablet [Percocet]'),
    'brand',
    true,
    false,
    true,
  ],
];

export function* generateFormulary(line: SandboxLine, today: string): Generator<Resource> {
  const planId = line === 'cco' ? 'CH-CCO-2026' : 'CH-ADV-2026';
  const meta = (name: string) => ({
    lastUpdated: `${today}T06:00:00.000Z`,
    profile: [`${usdf}/StructureDefinition/usdf-${name}`],
  });
  const policy = concept(
    coding('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'DRUGPOL', 'drug policy'),
  );
  yield coveragePlan(line, planId, meta('CoveragePlan'), policy);
  yield {
    resourceType: 'InsurancePlan',
    id: `${line}-formulary`,
    meta: meta('Formulary'),
    identifier: [{ system: `https://${line}.cascadeharbor.example/formulary`, value: `F-${planId}` }],
    status: 'active',
    type: [policy],
    name: `Cascade Harbor formulary ${planId}`,
    period: { start: '2026-01-01', end: '2026-12-31' },
  };
  yield {
    resourceType: 'InsurancePlan',
    id: `${line}-drug-plan`,
    meta: meta('PayerInsurancePlan'),
    identifier: [{ system: `https://${line}.cascadeharbor.example/plan`, value: planId }],
    status: 'active',
    type: [
      concept(
        coding(
          'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/InsuranceProductTypeCS',
          line === 'cco' ? 'mediaid' : 'mediadv',
          line === 'cco' ? 'Medicaid' : 'Medicare Advantage',
        ),
      ),
    ],
    name: `Cascade Harbor drug coverage ${planId}`,
    period: { start: '2026-01-01', end: '2026-12-31' },
    coverageArea: [reference('Location', `${line}-loc-1`)],
    coverage: [
      {
        extension: [
          extension('FormularyReference', {
            valueReference: reference('InsurancePlan', `${line}-formulary`),
          }),
        ],
        type: policy,
        benefit: [
          {
            type: concept(
              coding(
                `${usdf}/CodeSystem/usdf-PharmacyBenefitTypeCS-TEMPORARY-TRIAL-USE`,
                '1-month-in-retail',
                '1 month in network retail',
              ),
            ),
          },
        ],
      },
    ],
  };
  for (const [position, drug] of drugs.entries()) yield* drugOf(line, planId, position + 1, drug, meta);
}

function coveragePlan(
  line: SandboxLine,
  planId: string,
  meta: Record<string, unknown>,
  policy: Record<string, unknown>,
): Resource {
  const tier = (code: Tier, copay: number) =>
    extension('DrugTierDefinition', {
      extension: [
        {
          url: 'drugTierID',
          valueCodeableConcept: concept(coding(`${usdf}/CodeSystem/usdf-DrugTierCS`, code, tierNames[code])),
        },
        { url: 'mailOrder', valueBoolean: code !== 'specialty' },
        {
          url: 'costSharing',
          extension: [
            {
              url: 'pharmacyType',
              valueCodeableConcept: concept(
                coding(
                  `${usdf}/CodeSystem/usdf-PharmacyTypeCS`,
                  '1-month-in-retail',
                  '1 month supply in network retail',
                ),
              ),
            },
            { url: 'copayAmount', valueMoney: { value: copay, currency: 'USD' } },
            {
              url: 'copayOption',
              valueCodeableConcept: concept(
                coding(`${usdf}/CodeSystem/usdf-CopayOptionCS`, 'after-deductible', 'After Deductible'),
              ),
            },
          ],
        },
      ],
    });
  return {
    resourceType: 'List',
    id: `${line}-coverage-plan`,
    meta,
    extension: [
      tier('preferred-generic', 0),
      tier('generic', 5),
      tier('brand', 30),
      tier('specialty', 90),
      extension('Network', { valueString: 'Cascade Harbor Network' }),
      extension('SummaryURL', { valueUrl: `https://${line}.cascadeharbor.example/formulary/summary` }),
      extension('FormularyURL', { valueUrl: `https://${line}.cascadeharbor.example/formulary` }),
      extension('EmailPlanContact', { valueString: `mailto:formulary@${line}.cascadeharbor.example` }),
      extension('MarketingURL', { valueUrl: `https://${line}.cascadeharbor.example` }),
      extension('PlanIDType', { valueString: 'HIOS-PLAN-ID' }),
    ],
    identifier: [{ use: 'official', value: planId }],
    status: 'current',
    mode: 'snapshot',
    title: `Cascade Harbor formulary ${planId}`,
    code: policy,
    date: '2026-01-01T00:00:00Z',
  };
}

function* drugOf(
  line: SandboxLine,
  planId: string,
  number: number,
  [code, tier, priorAuthorization, stepTherapy, quantityLimit]: (typeof drugs)[number],
  meta: (name: string) => Record<string, unknown>,
): Generator<Resource> {
  const limits = [
    extension('PriorAuthorization', { valueBoolean: priorAuthorization }),
    extension('StepTherapyLimit', { valueBoolean: stepTherapy }),
    extension('QuantityLimit', { valueBoolean: quantityLimit }),
  ];
  const tierOf = (system: string) =>
    extension('DrugTierID', {
      valueCodeableConcept: concept(coding(`${usdf}/CodeSystem/${system}`, tier, tierNames[tier])),
    });
  yield {
    resourceType: 'MedicationKnowledge',
    id: `${line}-formulary-drug-${number}`,
    meta: meta('FormularyDrug'),
    extension: [
      extension('PlanID', { valueString: planId }),
      tierOf('usdf-DrugTierCS'),
      ...limits,
      extension('MailOrder', { valueBoolean: tier !== 'specialty' }),
    ],
    code: concept(code),
    status: 'active',
  };
  yield {
    resourceType: 'MedicationKnowledge',
    id: `${line}-drug-${number}`,
    meta: meta('FormularyDrug'),
    code: concept(code),
    status: 'active',
  };
  yield {
    resourceType: 'Basic',
    id: `${line}-formulary-item-${number}`,
    meta: meta('FormularyItem'),
    extension: [
      extension('FormularyReference', { valueReference: reference('InsurancePlan', `${line}-formulary`) }),
      extension('AvailabilityStatus', { valueCode: 'active' }),
      extension('PharmacyBenefitType', {
        valueCodeableConcept: concept(
          coding(
            `${usdf}/CodeSystem/usdf-PharmacyBenefitTypeCS-TEMPORARY-TRIAL-USE`,
            '1-month-in-retail',
            '1 month in network retail',
          ),
        ),
      }),
      tierOf('usdf-DrugTierCS-TEMPORARY-TRIAL-USE'),
      extension('AvailabilityPeriod', { valuePeriod: { start: '2026-01-01', end: '2026-12-31' } }),
      ...limits,
    ],
    code: concept(coding(`${usdf}/CodeSystem/usdf-InsuranceItemTypeCS`, 'formulary-item', 'Formulary Item')),
    subject: reference('MedicationKnowledge', `${line}-drug-${number}`),
  };
}
