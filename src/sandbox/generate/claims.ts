// Coverage and ExplanationOfBenefit of a member: CARIN BB for claims, PDex for prior authorizations.
import { addDays, type Coding, coding, concept, type Resource, reference } from './building.ts';
import { claimOf } from './claims/claim.ts';
import type { ClaimFacts, ClaimKind } from './claims/claim-facts.ts';
import { priorAuthorizations } from './claims/prior-authorizations.ts';
import { conditionTable } from './condition-table.ts';
import type { MemberContext } from './member-context.ts';

export function* generateClaims(context: MemberContext, visits: readonly Resource[]): Generator<Resource> {
  yield coverage(context);
  const facts = [...claimsOf(context, visits)].sort((a, b) => (a.start < b.start ? -1 : 1));
  const complete = context.persona.features.includes('complete');
  const ranks = new Map<ClaimKind, number>();
  for (const [position, claim] of facts.entries()) {
    const rank = ranks.get(claim.kind) ?? 0;
    ranks.set(claim.kind, rank + 1);
    yield claimOf(context, { ...claim, number: position + 1, rank: complete ? rank : undefined });
  }
  if (context.persona.features.includes('prior-authorizations')) yield* priorAuthorizations(context);
}

function coverage({ line, patient, persona, today }: MemberContext): Resource {
  const group = line === 'cco' ? 'OHP-2026' : 'ADV-HMO-2026';
  const plan = line === 'cco' ? 'Cascade Harbor CCO' : 'Cascade Harbor Advantage HMO';
  const classOf = (code: string, display: string, value: string, name: string) => ({
    type: concept(coding('http://terminology.hl7.org/CodeSystem/coverage-class', code, display)),
    value,
    name,
  });
  return {
    resourceType: 'Coverage',
    id: `${patient}-coverage`,
    meta: {
      lastUpdated: `${today}T08:00:00.000Z`,
      profile: [
        'http://hl7.org/fhir/us/core/StructureDefinition/us-core-coverage|6.1.0',
        ...['2.0.0', '2.1.0'].map(
          (version) => `http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-Coverage|${version}`,
        ),
      ],
    },
    identifier: [
      {
        type: concept(coding('http://terminology.hl7.org/CodeSystem/v2-0203', 'MB', 'Member Number')),
        system: `https://${line}.cascadeharbor.example/member-number`,
        value: patient,
      },
    ],
    status: persona.deceased === undefined ? 'active' : 'cancelled',
    type: concept(
      line === 'cco'
        ? coding('https://nahdo.org/sopt', '2', 'MEDICAID')
        : coding('https://nahdo.org/sopt', '111', 'Medicare HMO'),
    ),
    policyHolder: reference('Patient', patient),
    subscriber: reference('Patient', patient),
    subscriberId: patient,
    beneficiary: reference('Patient', patient),
    dependent: '0',
    relationship: concept(
      coding('http://terminology.hl7.org/CodeSystem/subscriber-relationship', 'self', 'Self'),
    ),
    period: {
      start: persona.birthDate > '2022-01-01' ? persona.birthDate : '2022-01-01',
      ...(persona.deceased === undefined ? {} : { end: persona.deceased }),
    },
    payor: [reference('Organization', `${line}-payer`, plan)],
    class: [classOf('group', 'Group', group, `${plan} group`), classOf('plan', 'Plan', `${group}-A`, plan)],
    network: 'Cascade Harbor Network',
  };
}

/** By class of the Encounter: what is billed, in dollars. */
const billing: Readonly<Record<string, { kind: ClaimKind; low: number; high: number }>> = {
  IMP: { kind: 'inpatient', low: 9000, high: 42_000 },
  EMER: { kind: 'outpatient', low: 700, high: 3200 },
  AMB: { kind: 'professional', low: 110, high: 340 },
};

/** One claim for each visit, a fill a month of each drug, and what the persona's features promise. */
function* claimsOf(context: MemberContext, visits: readonly Resource[]): Generator<ClaimFacts> {
  const { persona, today, random } = context;
  const last = persona.deceased ?? today;
  const complete = persona.features.includes('complete');
  const first = persona.conditions[0];
  const diagnosis =
    first === undefined
      ? coding(
          'http://hl7.org/fhir/sid/icd-10-cm',
          'Z00.00',
          'Encounter for general adult medical examination without abnormal findings',
        )
      : conditionTable[first].icd;
  for (const visit of visits) {
    const start = String((visit['period'] as { start: string }).start).slice(0, 10);
    const kind = String((visit['class'] as { code: string }).code);
    const reason = (
      visit['reasonCode'] as { coding: { system: string; code: string; display: string }[] }[] | undefined
    )?.[0]?.coding[0];
    const icd =
      Object.values(conditionTable).find((facts) => facts.snomed.code === reason?.code)?.icd ?? diagnosis;
    const end = String((visit['period'] as { end?: string }).end ?? start).slice(0, 10);
    const billed = billing[kind] ?? billing['AMB']!;
    const participant = visit['participant'] as { individual?: { reference: string } }[] | undefined;
    const practitioner = participant?.[0]?.individual?.reference;
    const provider = (visit['serviceProvider'] as { reference: string } | undefined)?.reference;
    yield {
      kind: billed.kind,
      start,
      end,
      diagnosis: icd,
      amount: random.between(billed.low, billed.high),
      encounter: visit.id,
      ...(provider === undefined ? {} : { provider }),
      ...(practitioner === undefined ? {} : { practitioner }),
    };
  }
  const fills = persona.features.includes('many-claims') ? 120 : 36;
  for (const condition of persona.conditions) {
    const { drug, icd } = conditionTable[condition];
    if (drug === undefined) continue;
    const refills = condition === 'otitis' ? 2 : fills;
    for (let fill = 0; fill < refills; fill++) {
      const start = addDays(last, -(fill * (fills > 100 ? 10 : 30)) - random.between(0, 6));
      if (start < persona.birthDate || start < '2022-01-01') break;
      yield {
        kind: 'pharmacy',
        start,
        end: start,
        diagnosis: icd,
        amount: drug.price,
        drug,
        fill: refills - fill,
      };
    }
  }
  if (persona.features.includes('dental')) {
    for (const daysAgo of complete ? [40, 220, 410, 600] : [40, 220, 410])
      yield {
        kind: 'oral',
        start: addDays(last, -daysAgo),
        end: addDays(last, -daysAgo),
        diagnosis,
        amount: random.between(90, 260),
      };
  }
  if (complete) yield* rarities(context, last, diagnosis);
}

/** What few members have. */
function* rarities({ line, persona }: MemberContext, last: string, diagnosis: Coding): Generator<ClaimFacts> {
  const on = (daysAgo: number) => ({
    start: addDays(last, -daysAgo),
    end: addDays(last, -daysAgo),
    diagnosis,
  });
  const { drug } = conditionTable[persona.conditions[0]!];
  yield {
    ...on(75),
    kind: 'outpatient',
    amount: 1240,
    trait: 'out-of-network',
    provider: `Organization/${line}-hospital-2`,
  };
  // To the emergency department the day before the hospital stay.
  yield { ...on(131), kind: 'professional', amount: 860, trait: 'ambulance' };
  yield { ...on(100), kind: 'pharmacy', amount: 64, trait: 'compound', fill: 1 };
  if (drug !== undefined)
    yield { ...on(20), kind: 'pharmacy', amount: drug.price, drug, trait: 'rejected', fill: 2 };
}
