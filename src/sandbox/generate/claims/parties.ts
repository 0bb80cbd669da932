// Who has to do with a claim: who billed it, who treated, who was paid (CARIN BB).
import { personas } from '../../personas.ts';
import { coding, concept, reference } from '../building.ts';
import { taxonomy } from '../directory/plan-net.ts';
import { specialtyOf } from '../directory/practitioners.ts';
import type { MemberContext } from '../member-context.ts';
import { spouseOf } from '../related-people.ts';
import { type ClaimKind, c4bb, isInstitutional, type NumberedClaim } from './claim-facts.ts';

type Reference = ReturnType<typeof reference>;

export interface Parties {
  /** Organization where it was. */
  readonly where: Reference;
  /** Practitioner who treated or prescribed. */
  readonly seenBy: Reference;
}

const usual: Readonly<Record<ClaimKind, { organization: string; practitioner: number }>> = {
  inpatient: { organization: 'hospital-1', practitioner: 4 },
  outpatient: { organization: 'hospital-1', practitioner: 3 },
  professional: { organization: 'clinic-1', practitioner: 1 },
  oral: { organization: 'dental-1', practitioner: 6 },
  pharmacy: { organization: 'pharmacy-1', practitioner: 1 },
};

export function partiesOf({ line }: MemberContext, facts: NumberedClaim): Parties {
  const { organization, practitioner } = usual[facts.kind];
  return {
    where: { reference: facts.provider ?? `Organization/${line}-${organization}` },
    seenBy: { reference: facts.practitioner ?? `Practitioner/${line}-prac-${practitioner}` },
  };
}

/** Dentists bill by themselves, others by their organization; a complete record has each both ways. */
export function billedBy(
  { line }: MemberContext,
  { kind, rank }: NumberedClaim,
  parties: Parties,
): Reference {
  if (kind === 'oral') return rank === 1 ? parties.where : parties.seenBy;
  if (rank === 2 && kind === 'professional') return parties.seenBy;
  if (rank === 2 && kind === 'pharmacy') return reference('Practitioner', `${line}-prac-9`);
  return parties.where;
}

export function careTeam(
  { line }: MemberContext,
  facts: NumberedClaim,
  { where, seenBy }: Parties,
): object[] {
  const person = {
    sequence: 1,
    provider: seenBy,
    responsible: true,
    role: concept(roleOfPerson(facts.kind)),
    ...(facts.kind === 'professional' || facts.kind === 'oral'
      ? { qualification: concept(specialtyOf(seenBy.reference)) }
      : {}),
  };
  if (facts.rank === undefined) return [person];
  if (isInstitutional(facts))
    return [
      person,
      {
        sequence: 2,
        provider: where,
        role: concept(c4bb('C4BBClaimCareTeamRole', 'rendering', 'Rendering provider')),
        qualification: concept(taxonomy('282N00000X', 'General Acute Care Hospital')),
      },
    ];
  return [
    person,
    facts.kind === 'pharmacy'
      ? {
          sequence: 2,
          provider: reference('Organization', `${line}-clinic-1`),
          role: concept(
            coding('http://terminology.hl7.org/CodeSystem/claimcareteamrole', 'primary', 'Primary provider'),
          ),
        }
      : {
          sequence: 2,
          provider: where,
          role: concept(c4bb('C4BBClaimCareTeamRole', 'purchasedservice', 'Purchased Service')),
        },
  ];
}

function roleOfPerson(kind: ClaimKind) {
  if (kind === 'inpatient' || kind === 'outpatient')
    return c4bb('C4BBClaimCareTeamRole', 'attending', 'Attending');
  if (kind === 'pharmacy') return c4bb('C4BBClaimCareTeamRole', 'prescribing', 'Prescribing provider');
  return c4bb('C4BBClaimCareTeamRole', 'rendering', 'Rendering provider');
}

type Payee = 'family' | 'organization' | 'member' | 'practitioner';
const everyPayee: readonly Payee[] = ['family', 'organization', 'member', 'practitioner'];

/** Nearly always the organization. Of a complete record each once; hospitals are paid in each way by one member or another. */
function payeeOf({ line, persona }: MemberContext, { kind, rank }: NumberedClaim): Payee {
  if (rank !== undefined) return everyPayee[rank] ?? 'organization';
  if (kind !== 'inpatient' && kind !== 'outpatient') return 'organization';
  const inHospital = personas.filter(
    ({ patient, features }) =>
      patient[line] !== undefined && features.includes('hospital-stay') && !features.includes('complete'),
  );
  return everyPayee[(inHospital.indexOf(persona) % 3) + 1] ?? 'organization';
}

export const isPaidToMember = (context: MemberContext, facts: NumberedClaim): boolean =>
  ['family', 'member'].includes(payeeOf(context, facts));

export function payee(context: MemberContext, facts: NumberedClaim, { where, seenBy }: Parties): object {
  const type = (code: string, display: string) =>
    concept(coding('http://terminology.hl7.org/CodeSystem/payeetype', code, display));
  switch (payeeOf(context, facts)) {
    case 'family':
      return { type: type('other', 'Other'), party: spouseOf(context) };
    case 'member':
      return {
        type: concept(c4bb('C4BBPayeeType', 'beneficiary', 'Beneficiary')),
        party: reference('Patient', context.patient),
      };
    case 'practitioner':
      return { type: type('provider', 'Provider'), party: seenBy };
    case 'organization':
      return { type: type('provider', 'Provider'), party: where };
  }
}
