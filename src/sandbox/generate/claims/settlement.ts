// What a claim comes to: the amounts, and the adjudication at its header and its items (CARIN BB).
import { coding, concept } from '../building.ts';
import { type ClaimFacts, c4bb, isInstitutional, type NumberedClaim } from './claim-facts.ts';

export interface Settled {
  readonly submitted: number;
  readonly eligible: number;
  readonly deductible: number;
  readonly copay: number;
  readonly benefit: number;
}

export function settle({ amount, trait }: ClaimFacts): Settled {
  if (trait === 'rejected')
    return { submitted: cents(amount), eligible: 0, deductible: 0, copay: 0, benefit: 0 };
  const eligible = cents(amount * 0.72);
  const copay = amount > 50 ? 5 : 0;
  const deductible = cents(amount > 500 ? 40 : 0);
  return {
    submitted: cents(amount),
    eligible,
    deductible,
    copay,
    benefit: cents(eligible - copay - deductible),
  };
}

const cents = (amount: number): number => Math.round(amount * 100) / 100;
export const usd = (value: number) => ({ value: cents(value), currency: 'USD' });

export function amounts(settled: Settled, paidToMember: boolean): Record<string, unknown>[] {
  const standard = (code: string, display: string) =>
    concept(coding('http://terminology.hl7.org/CodeSystem/adjudication', code, display));
  return [
    { category: standard('submitted', 'Submitted Amount'), amount: usd(settled.submitted) },
    { category: standard('eligible', 'Eligible Amount'), amount: usd(settled.eligible) },
    { category: standard('deductible', 'Deductible'), amount: usd(settled.deductible) },
    { category: standard('copay', 'CoPay'), amount: usd(settled.copay) },
    { category: standard('benefit', 'Benefit Amount'), amount: usd(settled.benefit) },
    {
      category: concept(c4bb('C4BBAdjudication', 'memberliability', 'Member liability')),
      amount: usd(settled.copay + settled.deductible),
    },
    {
      category: concept(
        paidToMember
          ? c4bb('C4BBAdjudication', 'paidtopatient', 'Paid to patient')
          : c4bb('C4BBAdjudication', 'paidtoprovider', 'Paid to provider'),
      ),
      amount: usd(settled.benefit),
    },
  ];
}

const discriminator = (code: string, display: string) =>
  concept(c4bb('C4BBAdjudicationDiscriminator', code, display));
const network = ({ trait }: ClaimFacts) =>
  concept(
    trait === 'out-of-network'
      ? c4bb('C4BBPayerAdjudicationStatus', 'outofnetwork', 'Out Of Network')
      : c4bb('C4BBPayerAdjudicationStatus', 'innetwork', 'In Network'),
  );
const paymentStatus = (facts: ClaimFacts) => ({
  category: discriminator('benefitpaymentstatus', 'Benefit Payment Status'),
  reason: network(facts),
});
/** Why less is allowed than was billed. */
const adjustment = {
  category: discriminator('adjustmentreason', 'Adjustment Reason'),
  reason: concept(
    coding(
      'https://x12.org/codes/claim-adjustment-reason-codes',
      '45',
      'Charge exceeds fee schedule/maximum allowable or contracted/legislated fee arrangement.',
    ),
  ),
};

/** Institutional claims are settled at the header, but for some of a complete record; the others at the item. */
export const isSettledAtHeader = (facts: NumberedClaim): boolean =>
  isInstitutional(facts) && (facts.rank === undefined || (facts.kind === 'outpatient' && facts.rank > 0));

export function headerAdjudication(facts: NumberedClaim, all: readonly object[]): object[] {
  const found: object[] = [
    { category: discriminator('billingnetworkstatus', 'Billing Network Status'), reason: network(facts) },
    paymentStatus(facts),
  ];
  if (facts.kind === 'professional' || facts.kind === 'oral')
    found.push({
      category: discriminator('renderingnetworkstatus', 'Rendering Network Status'),
      reason: network(facts),
    });
  if (isInstitutional(facts)) found.push(adjustment);
  return isSettledAtHeader(facts) ? [...found, ...all] : found;
}

export function itemAdjudication(facts: NumberedClaim, all: readonly object[]): object[] {
  if (facts.trait === 'rejected')
    return [
      paymentStatus(facts),
      {
        category: discriminator('rejectreason', 'Reject Reason'),
        reason: concept(
          coding('http://terminology.hl7.org/CodeSystem/NCPDPRejectCode', '79', 'Refill Too Soon'),
        ),
      },
      ...all,
    ];
  if (facts.kind === 'pharmacy') return [paymentStatus(facts), ...all];
  const units = { category: discriminator('allowedunits', 'allowed units'), value: 1 };
  return [...(isInstitutional(facts) ? [] : [paymentStatus(facts)]), adjustment, units, ...all];
}
