// The drugs of the sandbox's formulary: RxNorm semantic drugs, their tier, and what the plan asks for before it pays.
import { type Coding, coding } from '../building.ts';

export type Tier = 'preferred-generic' | 'generic' | 'preferred-brand' | 'brand' | 'specialty';

/** Copay in dollars a month; coinsurance in percent. */
export const tiers: Readonly<Record<Tier, { name: string; copay: number; coinsurance: number }>> = {
  'preferred-generic': { name: 'Preferred Generic', copay: 0, coinsurance: 0 },
  generic: { name: 'Generic', copay: 5, coinsurance: 0 },
  'preferred-brand': { name: 'Preferred Brand', copay: 20, coinsurance: 10 },
  brand: { name: 'Brand', copay: 30, coinsurance: 20 },
  specialty: { name: 'Specialty', copay: 90, coinsurance: 25 },
};

type Rule = 'prior-authorization' | 'step-therapy' | 'quantity-limit';

export interface FormularyDrug {
  readonly code: Coding;
  readonly tier: Tier;
  readonly rules: readonly Rule[];
  /** SNOMED CT; absent where the package is more than a dose form. */
  readonly form: Coding | undefined;
  /** RxNorm's group of the same drug and form, where the guide's own examples name it. */
  readonly group?: Coding;
}

const rxnorm = (code: string, display: string) =>
  coding('http://www.nlm.nih.gov/research/umls/rxnorm', code, display);
const forms = [
  ['Tablet', coding('http://snomed.info/sct', '385055001', 'Tablet')],
  ['Capsule', coding('http://snomed.info/sct', '385049006', 'Capsule')],
] as const;

const drug = (tier: Tier, code: string, display: string, ...rules: Rule[]): FormularyDrug => ({
  code: rxnorm(code, display),
  tier,
  rules,
  form: forms.find(([name]) => display.includes(name))?.[1],
});

export const formularyDrugs: readonly FormularyDrug[] = [
  drug('preferred-generic', '860975', '24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet'),
  drug('preferred-generic', '314076', 'lisinopril 10 MG Oral Tablet'),
  drug('preferred-generic', '314077', 'lisinopril 20 MG Oral Tablet'),
  drug('preferred-generic', '308182', 'amoxicillin 250 MG Oral Capsule'),
  drug('preferred-generic', '310965', 'ibuprofen 200 MG Oral Tablet'),
  drug('preferred-generic', '243670', 'aspirin 81 MG Oral Tablet'),
  drug('preferred-generic', '310798', 'hydrochlorothiazide 25 MG Oral Tablet'),
  drug('generic', '617310', 'atorvastatin 20 MG Oral Tablet'),
  drug('generic', '617311', 'atorvastatin 40 MG Oral Tablet'),
  drug('generic', '314231', 'simvastatin 10 MG Oral Tablet'),
  drug('generic', '308136', 'amlodipine 2.5 MG Oral Tablet'),
  drug('generic', '979485', 'losartan potassium 25 MG Oral Tablet'),
  drug('generic', '979492', 'losartan potassium 50 MG Oral Tablet'),
  drug('generic', '313988', 'furosemide 40 MG Oral Tablet'),
  drug('generic', '200033', 'carvedilol 25 MG Oral Tablet'),
  drug('generic', '866412', '24 HR metoprolol succinate 100 MG Extended Release Oral Tablet'),
  drug('generic', '309362', 'clopidogrel 75 MG Oral Tablet'),
  drug('generic', '855332', 'warfarin sodium 5 MG Oral Tablet'),
  drug('generic', '312940', 'sertraline 25 MG Oral Tablet', 'quantity-limit'),
  drug('generic', '835603', 'tramadol hydrochloride 50 MG Oral Tablet', 'quantity-limit'),
  drug(
    'preferred-brand',
    '745679',
    '200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler',
    'quantity-limit',
  ),
  drug(
    'preferred-brand',
    '896209',
    '60 ACTUAT fluticasone propionate 0.25 MG/ACTUAT / salmeterol 0.05 MG/ACTUAT Dry Powder Inhaler',
    'step-therapy',
    'quantity-limit',
  ),
  drug(
    'brand',
    '351267',
    'buprenorphine 8 MG / naloxone 2 MG Sublingual Tablet',
    'prior-authorization',
    'quantity-limit',
  ),
  {
    ...drug(
      'brand',
      '1049640',
      'acetaminophen 325 MG / oxycodone hydrochloride 5 MG Oral Tablet [Percocet]',
      'prior-authorization',
      'quantity-limit',
    ),
    group: rxnorm('1185784', 'Percocet Pill'),
  },
  drug(
    'brand',
    '1656356',
    'sacubitril 97 MG / valsartan 103 MG Oral Tablet [Entresto]',
    'prior-authorization',
    'step-therapy',
  ),
  drug('specialty', '310261', 'exemestane 25 MG Oral Tablet', 'prior-authorization', 'step-therapy'),
  drug(
    'specialty',
    '1999667',
    'bictegravir 50 MG / emtricitabine 200 MG / tenofovir alafenamide 25 MG Oral Tablet',
    'prior-authorization',
  ),
];
