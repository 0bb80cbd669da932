// One ExplanationOfBenefit of CARIN BB 2.0.0, of each of its five kinds
// (http://hl7.org/fhir/us/carin-bb/STU2/artifacts.html).
import {
  addDays,
  type Coding,
  coding,
  concept,
  type Resource,
  reference,
  yearsBetween,
} from '../building.ts';
import type { MemberContext } from '../member-context.ts';
import { type ClaimFacts, type ClaimKind, c4bb, isInstitutional } from './claim-facts.ts';
import { hospitalStayOf } from './hospital-stays.ts';
import { supportingInfo } from './supporting-info.ts';

const carin = 'http://hl7.org/fhir/us/carin-bb';
const claimType = (code: string, display: string) =>
  coding('http://terminology.hl7.org/CodeSystem/claim-type', code, display);
const diagnosisType = (code: string, display: string) =>
  concept(coding('http://terminology.hl7.org/CodeSystem/ex-diagnosistype', code, display));

const kinds: Readonly<
  Record<ClaimKind, { profile: string; type: Coding; provider: string; practitioner: number }>
> = {
  inpatient: {
    profile: 'Inpatient-Institutional',
    type: claimType('institutional', 'Institutional'),
    provider: 'hospital-1',
    practitioner: 4,
  },
  outpatient: {
    profile: 'Outpatient-Institutional',
    type: claimType('institutional', 'Institutional'),
    provider: 'hospital-1',
    practitioner: 3,
  },
  professional: {
    profile: 'Professional-NonClinician',
    type: claimType('professional', 'Professional'),
    provider: 'clinic-1',
    practitioner: 1,
  },
  oral: { profile: 'Oral', type: claimType('oral', 'Oral'), provider: 'dental-1', practitioner: 6 },
  pharmacy: {
    profile: 'Pharmacy',
    type: claimType('pharmacy', 'Pharmacy'),
    provider: 'pharmacy-1',
    practitioner: 1,
  },
};

export function claimOf(context: MemberContext, facts: ClaimFacts, number: number): Resource {
  const { line, patient } = context;
  const { profile, type, provider, practitioner } = kinds[facts.kind];
  const settled = money(facts.amount);
  const where = { reference: facts.provider ?? `Organization/${line}-${provider}` };
  const seenBy = { reference: facts.practitioner ?? `Practitioner/${line}-prac-${practitioner}` };
  // The Oral profile wants the dentist, the others the organization.
  const who = facts.kind === 'oral' ? seenBy : where;
  return {
    resourceType: 'ExplanationOfBenefit',
    id: `${patient}-eob-${number}`,
    meta: {
      lastUpdated: `${addDays(facts.end, 10)}T08:00:00.000Z`,
      profile: [`${carin}/StructureDefinition/C4BB-ExplanationOfBenefit-${profile}|2.0.0`],
    },
    identifier: [
      {
        type: concept(c4bb('C4BBIdentifierType', 'uc', 'Unique Claim ID')),
        system: `https://${line}.cascadeharbor.example/claim`,
        value: `${patient}-c${String(number).padStart(5, '0')}`,
      },
    ],
    status: 'active',
    type: concept(type),
    ...(isInstitutional(facts)
      ? {
          subType: concept(
            c4bb(
              'C4BBInstitutionalClaimSubType',
              facts.kind,
              facts.kind === 'inpatient' ? 'Inpatient' : 'Outpatient',
            ),
          ),
        }
      : {}),
    use: 'claim',
    patient: reference('Patient', patient),
    billablePeriod: { start: facts.start, end: facts.end },
    created: `${addDays(facts.end, 4)}T10:00:00-08:00`,
    insurer: reference('Organization', `${line}-payer`),
    provider: who,
    payee: {
      type: concept(coding('http://terminology.hl7.org/CodeSystem/payeetype', 'provider', 'Provider')),
      party: where,
    },
    outcome: 'complete',
    disposition: 'Processed as primary',
    careTeam: [
      {
        sequence: 1,
        provider: seenBy,
        responsible: true,
        role: concept(careTeamRole(facts.kind)),
      },
    ],
    ...supportingInfo(context, facts),
    ...(facts.kind === 'pharmacy' || facts.kind === 'oral'
      ? {}
      : {
          diagnosis: [
            {
              sequence: 1,
              diagnosisCodeableConcept: concept(facts.diagnosis),
              type: [diagnosisType('principal', 'Principal Diagnosis')],
            },
            ...(facts.kind === 'inpatient'
              ? [
                  {
                    sequence: 2,
                    diagnosisCodeableConcept: concept(facts.diagnosis),
                    type: [diagnosisType('admitting', 'Admitting Diagnosis')],
                  },
                ]
              : []),
          ],
        }),
    ...(facts.kind === 'inpatient'
      ? {
          procedure: [
            {
              sequence: 1,
              type: [concept(c4bb('C4BBClaimProcedureType', 'principal', 'Principal'))],
              date: `${facts.start}T12:00:00-08:00`,
              procedureCodeableConcept: concept(hospitalStayOf(facts.diagnosis).procedure),
            },
          ],
        }
      : {}),
    insurance: [{ focal: true, coverage: reference('Coverage', `${patient}-coverage`) }],
    item: [item(context, facts, settled)],
    adjudication: headerAdjudication(facts, settled),
    total: amounts(settled),
    payment: {
      type: concept(c4bb('C4BBPayerAdjudicationStatus', 'paid', 'Paid')),
      date: addDays(facts.end, 12),
      amount: usd(settled.benefit),
    },
  };
}

function careTeamRole(kind: ClaimKind): Coding {
  if (kind === 'inpatient' || kind === 'outpatient')
    return c4bb('C4BBClaimCareTeamRole', 'attending', 'Attending');
  if (kind === 'pharmacy') return c4bb('C4BBClaimCareTeamRole', 'prescribing', 'Prescribing provider');
  return c4bb('C4BBClaimCareTeamRole', 'rendering', 'Rendering provider');
}

interface Settled {
  readonly submitted: number;
  readonly eligible: number;
  readonly deductible: number;
  readonly copay: number;
  readonly benefit: number;
}

function money(amount: number): Settled {
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
const usd = (value: number) => ({ value: cents(value), currency: 'USD' });

function amounts(settled: Settled): Record<string, unknown>[] {
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
      category: concept(c4bb('C4BBAdjudication', 'paidtoprovider', 'Paid to provider')),
      amount: usd(settled.benefit),
    },
  ];
}

const discriminator = (code: string, display: string) =>
  concept(c4bb('C4BBAdjudicationDiscriminator', code, display));
const paymentStatus = {
  category: discriminator('benefitpaymentstatus', 'Benefit Payment Status'),
  reason: concept(c4bb('C4BBPayerAdjudicationStatus', 'innetwork', 'In Network')),
};

/** Institutional claims are settled at the header, the others at the item. */
function headerAdjudication(facts: ClaimFacts, settled: Settled): Record<string, unknown>[] {
  const inNetwork = concept(c4bb('C4BBPayerAdjudicationStatus', 'innetwork', 'In Network'));
  const found: Record<string, unknown>[] = [
    { category: discriminator('billingnetworkstatus', 'Billing Network Status'), reason: inNetwork },
    paymentStatus,
  ];
  if (facts.kind === 'professional' || facts.kind === 'oral') {
    found.push({
      category: discriminator('renderingnetworkstatus', 'Rendering Network Status'),
      reason: inNetwork,
    });
  }
  return isInstitutional(facts) ? [...found, ...amounts(settled)] : found;
}

function item(
  { line, persona }: MemberContext,
  facts: ClaimFacts,
  settled: Settled,
): Record<string, unknown> {
  const place = (code: string, display: string) => ({
    locationCodeableConcept: concept(
      coding(
        'https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set',
        code,
        display,
      ),
    ),
  });
  const cpt = (code: string, display: string) =>
    concept(coding('http://www.ama-assn.org/go/cpt', code, display));
  const settledHere = [paymentStatus, ...amounts(settled)];
  switch (facts.kind) {
    case 'inpatient':
      return {
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
        ...(facts.encounter === undefined ? {} : { encounter: [reference('Encounter', facts.encounter)] }),
      };
    case 'outpatient':
      return {
        sequence: 1,
        diagnosisSequence: [1],
        revenue: concept(coding('https://www.nubc.org/CodeSystem/RevenueCodes', '0450', 'Emergency room')),
        productOrService: cpt('99284', 'Emergency department visit'),
        servicedDate: facts.start,
        ...(facts.encounter === undefined ? {} : { encounter: [reference('Encounter', facts.encounter)] }),
      };
    case 'professional':
      return {
        sequence: 1,
        diagnosisSequence: [1],
        productOrService: cpt('99213', 'Office visit, established patient'),
        servicedDate: facts.start,
        ...place('11', 'Office'),
        quantity: { value: 1 },
        net: usd(settled.submitted),
        ...(facts.encounter === undefined ? {} : { encounter: [reference('Encounter', facts.encounter)] }),
        adjudication: settledHere,
      };
    case 'oral':
      return {
        sequence: 1,
        productOrService: concept(
          yearsBetween(persona.birthDate, facts.start) < 14
            ? coding('http://www.ada.org/cdt', 'D1120', 'Child cleaning')
            : coding('http://www.ada.org/cdt', 'D1110', 'Adult cleaning'),
        ),
        servicedDate: facts.start,
        ...place('11', 'Office'),
        bodySite: concept(
          coding('http://terminology.hl7.org/CodeSystem/ADAUniversalToothDesignationSystem', '8', 'Tooth 8'),
        ),
        quantity: { value: 1 },
        net: usd(settled.submitted),
        adjudication: settledHere,
      };
    case 'pharmacy':
      return {
        sequence: 1,
        productOrService: concept(
          coding('http://hl7.org/fhir/sid/ndc', facts.drug!.ndc, facts.drug!.rxnorm.display),
        ),
        servicedDate: facts.start,
        quantity: { value: 30, unit: 'Each', system: 'http://unitsofmeasure.org', code: '{Each}' },
        net: usd(settled.submitted),
        locationReference: reference('Location', `${line}-loc-4`),
        adjudication: [paymentStatus, ...amounts(settled)],
      };
  }
}
