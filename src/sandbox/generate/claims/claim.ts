// One ExplanationOfBenefit of CARIN BB, of each of its five kinds, that 2.0.0 and 2.1.0 both find right where they can
// (http://hl7.org/fhir/us/carin-bb/).
import { addDays, type Coding, coding, concept, type Resource, reference } from '../building.ts';
import type { MemberContext } from '../member-context.ts';
import { type ClaimKind, c4bb, isInstitutional, type NumberedClaim } from './claim-facts.ts';
import { hospitalStayOf } from './hospital-stays.ts';
import { items } from './item.ts';
import { billedBy, careTeam, isPaidToMember, partiesOf, payee } from './parties.ts';
import {
  amounts,
  headerAdjudication,
  isSettledAtHeader,
  itemAdjudication,
  settle,
  usd,
} from './settlement.ts';
import { supportingInfo } from './supporting-info.ts';

const carin = 'http://hl7.org/fhir/us/carin-bb';
const claimType = (code: string, display: string) =>
  coding('http://terminology.hl7.org/CodeSystem/claim-type', code, display);
const diagnosisType = (code: string, display: string) =>
  concept(coding('http://terminology.hl7.org/CodeSystem/ex-diagnosistype', code, display));

const kinds: Readonly<Record<ClaimKind, { profile: string; type: Coding }>> = {
  inpatient: { profile: 'Inpatient-Institutional', type: claimType('institutional', 'Institutional') },
  outpatient: { profile: 'Outpatient-Institutional', type: claimType('institutional', 'Institutional') },
  professional: { profile: 'Professional-NonClinician', type: claimType('professional', 'Professional') },
  oral: { profile: 'Oral', type: claimType('oral', 'Oral') },
  pharmacy: { profile: 'Pharmacy', type: claimType('pharmacy', 'Pharmacy') },
};

/** The ambulance and a dental group that bills are of 2.1.0 only. Each claim is one of the Basis profile too. */
function profilesOf({ kind, trait, rank }: NumberedClaim): string[] {
  const url = `${carin}/StructureDefinition/C4BB-ExplanationOfBenefit-${kinds[kind].profile}`;
  const newer = trait === 'ambulance' || (kind === 'oral' && rank === 1);
  return [...(newer ? [] : [`${url}|2.0.0`]), `${url}|2.1.0`, `${url}-Basis|2.1.0`];
}

export function claimOf(context: MemberContext, facts: NumberedClaim): Resource {
  const { line, patient } = context;
  const settled = settle(facts);
  const parties = partiesOf(context, facts);
  const paid = amounts(settled, isPaidToMember(context, facts));
  const info = supportingInfo(context, facts, parties.where);
  const identifier = (value: string) => ({
    type: concept(c4bb('C4BBIdentifierType', 'uc', 'Unique Claim ID')),
    system: `https://${line}.cascadeharbor.example/claim`,
    value,
  });
  const own = `${patient}-c${String(facts.number).padStart(5, '0')}`;
  return {
    resourceType: 'ExplanationOfBenefit',
    id: `${patient}-eob-${facts.number}`,
    meta: { lastUpdated: `${addDays(facts.end, 10)}T08:00:00.000Z`, profile: profilesOf(facts) },
    identifier: [identifier(own)],
    status: 'active',
    type: concept(kinds[facts.kind].type),
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
    provider: billedBy(context, facts, parties),
    // The first of each kind was sent again, corrected.
    ...(facts.rank === 0
      ? {
          related: [
            {
              relationship: concept(
                coding(
                  'http://terminology.hl7.org/CodeSystem/ex-relatedclaimrelationship',
                  'prior',
                  'Prior Claim',
                ),
              ),
              reference: identifier(`${own}-0`),
            },
          ],
        }
      : {}),
    payee: payee(context, facts, parties),
    outcome: 'complete',
    disposition: facts.trait === 'rejected' ? 'Rejected' : 'Processed as primary',
    careTeam: careTeam(context, facts, parties),
    supportingInfo: info.map(({ kind: _, ...fields }) => fields),
    ...diagnoses(facts),
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
    item: items(context, facts, settled, info, isSettledAtHeader(facts) ? [] : itemAdjudication(facts, paid)),
    adjudication: headerAdjudication(facts, paid),
    total: paid,
    payment: {
      type: concept(
        facts.trait === 'rejected'
          ? c4bb('C4BBPayerAdjudicationStatus', 'denied', 'Denied')
          : c4bb('C4BBPayerAdjudicationStatus', 'paid', 'Paid'),
      ),
      date: addDays(facts.end, 12),
      amount: usd(settled.benefit),
    },
    ...(facts.rank === 0
      ? { processNote: [{ number: 1, type: 'display', text: 'Replaces the claim that was sent before.' }] }
      : {}),
  };
}

function diagnoses({ kind, rank, diagnosis }: NumberedClaim): object {
  if (kind === 'pharmacy' || (kind === 'oral' && rank === undefined)) return {};
  const code = kind === 'oral' ? caries : diagnosis;
  // 2.0.0 asks for the code of NUBC, 2.1.0 for that of CMS.
  const present = concept(
    coding(
      'https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/HospitalAcqCond/Coding',
      'Y',
      'Diagnosis was present at time of inpatient admission',
    ),
    coding('https://www.nubc.org/CodeSystem/PresentOnAdmissionIndicator', 'Y', 'Present on admission'),
  );
  const first = {
    sequence: 1,
    diagnosisCodeableConcept: concept(code),
    type: [diagnosisType('principal', 'Principal Diagnosis')],
  };
  if (kind !== 'inpatient') return { diagnosis: [first] };
  return {
    diagnosis: [
      { ...first, onAdmission: present },
      {
        sequence: 2,
        diagnosisCodeableConcept: concept(code),
        type: [diagnosisType('admitting', 'Admitting Diagnosis')],
      },
    ],
  };
}

const caries = coding('http://hl7.org/fhir/sid/icd-10-cm', 'K02.9', 'Dental caries, unspecified');
