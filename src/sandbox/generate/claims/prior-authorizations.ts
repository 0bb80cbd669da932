// Prior authorizations of PDex, of a form that 2.0.0 and 2.1.0 both find right: approved, partly approved, pended, denied for a specific reason, cancelled
// (http://hl7.org/fhir/us/davinci-pdex/StructureDefinition-pdex-priorauthorization.html).
import { addDays, type Coding, coding, concept, type Resource, reference } from '../building.ts';
import { conditionTable } from '../condition-table.ts';
import type { MemberContext } from '../member-context.ts';

const pdex = 'http://hl7.org/fhir/us/davinci-pdex';
const pas = 'http://hl7.org/fhir/us/davinci-pas/StructureDefinition';
const cpt = (code: string, display: string) => coding('http://www.ama-assn.org/go/cpt', code, display);
/** Claim adjustment reason code. */
const adjustment = (code: string, display: string) =>
  coding('https://x12.org/codes/claim-adjustment-reason-codes', code, display);
const serviceType = (code: string, display: string) =>
  coding('https://x12.org/codes/service-type-codes', code, display);

interface Decision {
  readonly status: 'active' | 'cancelled';
  readonly outcome: 'complete' | 'partial' | 'queued';
  /** X12 306: certification action. */
  readonly action: readonly [code: string, display: string];
  readonly service: Coding;
  readonly serviceType: Coding;
  readonly requested: number;
  /** Units; absent while nothing is decided. */
  readonly allowed?: number;
  readonly consumed?: number;
  /** Dollars for one unit. */
  readonly price: number;
  readonly denial?: Coding;
  readonly reason?: string;
  readonly daysAgo: number;
  readonly urgent?: true;
}

const decisions: readonly Decision[] = [
  {
    status: 'active',
    outcome: 'complete',
    action: ['A1', 'Certified in total'],
    service: cpt('70553', 'MRI of the brain, without and with contrast'),
    serviceType: serviceType('62', 'MRI Scan'),
    requested: 1,
    allowed: 1,
    consumed: 1,
    price: 1450,
    daysAgo: 200,
  },
  {
    status: 'active',
    outcome: 'partial',
    action: ['A2', 'Certified - partial'],
    service: cpt('97110', 'Therapeutic exercises, 15 minutes'),
    serviceType: serviceType('PT', 'Physical Therapy'),
    requested: 12,
    allowed: 6,
    consumed: 2,
    price: 85,
    denial: adjustment(
      '151',
      'Payment adjusted because the payer deems the information submitted does not support this many/frequency of services.',
    ),
    reason:
      'Six of the twelve visits requested are approved; a progress note after the sixth supports asking for more.',
    daysAgo: 140,
  },
  {
    status: 'active',
    outcome: 'queued',
    action: ['A4', 'Pended'],
    service: cpt('95810', 'Sleep study with six or more parameters'),
    serviceType: serviceType('5', 'Diagnostic Lab'),
    requested: 1,
    price: 980,
    reason: 'The plan waits for the notes of the referring provider.',
    daysAgo: 5,
    urgent: true,
  },
  {
    status: 'active',
    outcome: 'complete',
    action: ['A3', 'Not Certified'],
    service: cpt('72148', 'MRI of the lower back, without contrast'),
    serviceType: serviceType('62', 'MRI Scan'),
    requested: 1,
    allowed: 0,
    price: 900,
    denial: adjustment(
      '50',
      "These are non-covered services because this is not deemed a 'medical necessity' by the payer.",
    ),
    reason:
      'Denied: six weeks of conservative treatment (physical therapy or medication) before imaging of the lower back are not documented.',
    daysAgo: 90,
  },
  {
    status: 'cancelled',
    outcome: 'complete',
    action: ['C', 'Cancelled'],
    service: cpt('29881', 'Knee arthroscopy with removal of meniscus'),
    serviceType: serviceType('2', 'Surgical'),
    requested: 1,
    price: 4200,
    reason: 'Withdrawn by the provider before a decision.',
    daysAgo: 60,
  },
];

export function* priorAuthorizations(context: MemberContext): Generator<Resource> {
  for (const [position, decision] of decisions.entries())
    yield priorAuthorization(context, decision, position + 1);
}

function priorAuthorization(context: MemberContext, decision: Decision, number: number): Resource {
  const { line, patient, persona } = context;
  const decided = addDays(persona.deceased ?? context.today, -decision.daysAgo);
  const asked = addDays(decided, -3);
  const validity = { start: decided, end: addDays(decided, 90) };
  const granted = (decision.allowed ?? 0) > 0;
  const condition = persona.conditions[0];
  const clinic = reference('Organization', `${line}-clinic-2`);
  const specialist = reference('Practitioner', `${line}-prac-5`);
  const role = reference('PractitionerRole', `${line}-role-5`);
  // 2.0.0 has no code for a reason at the header.
  const atHeader = decision.outcome === 'partial';
  const adjudicated = adjudication(`AUTH-${patient}-${number}`, decision, decided);
  const level: readonly [code: string, display: string] =
    decision.urgent === true ? ['U', 'Urgent'] : ['E', 'Elective'];
  return {
    resourceType: 'ExplanationOfBenefit',
    id: `${patient}-pa-${number}`,
    meta: {
      lastUpdated: `${decided}T08:00:00.000Z`,
      // 2.0.0 asks for itself with its version, 2.1.0 for itself without one.
      profile: [...(atHeader ? [] : ['|2.0.0']), '', '|2.1.0'].map(
        (version) => `${pdex}/StructureDefinition/pdex-priorauthorization${version}`,
      ),
    },
    extension: [
      {
        url: `${pdex}/StructureDefinition/extension-levelOfServiceCode`,
        valueCodeableConcept: concept(coding('https://codesystem.x12.org/005010/1338', ...level)),
      },
    ],
    identifier: [
      { system: `https://${line}.cascadeharbor.example/authorization`, value: `AUTH-${patient}-${number}` },
    ],
    status: decision.status,
    type: concept(coding('http://terminology.hl7.org/CodeSystem/claim-type', 'professional', 'Professional')),
    use: 'preauthorization',
    patient: reference('Patient', patient),
    billablePeriod: validity,
    created: `${asked}T10:00:00-08:00`,
    enterer: number % 2 === 0 ? specialist : role,
    insurer: reference('Organization', `${line}-payer`),
    provider: [clinic, specialist, role][number % 3]!,
    facility: reference('Location', `${line}-loc-3`),
    priority: concept(
      decision.urgent === true
        ? coding('http://terminology.hl7.org/CodeSystem/processpriority', 'stat', 'Immediate')
        : coding('http://terminology.hl7.org/CodeSystem/processpriority', 'normal', 'Normal'),
    ),
    preAuthRef: [`AUTH-${patient}-${number}`],
    ...(granted ? { preAuthRefPeriod: [validity] } : {}),
    outcome: decision.outcome,
    disposition: decision.reason ?? decision.action[1],
    careTeam: [
      {
        sequence: 1,
        provider: [specialist, role, clinic][number % 3]!,
        responsible: true,
        role: concept(
          coding(
            'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBClaimCareTeamRole',
            'rendering',
            'Rendering provider',
          ),
        ),
      },
    ],
    ...(condition === undefined
      ? {}
      : {
          diagnosis: [
            {
              sequence: 1,
              diagnosisCodeableConcept: concept(conditionTable[condition].icd),
              type: [
                concept(
                  coding(
                    'http://terminology.hl7.org/CodeSystem/ex-diagnosistype',
                    'principal',
                    'Principal Diagnosis',
                  ),
                ),
              ],
            },
          ],
        }),
    insurance: [{ focal: true, coverage: reference('Coverage', `${patient}-coverage`) }],
    item: [
      {
        extension: [
          {
            url: `${pas}/extension-itemTraceNumber`,
            valueIdentifier: { system: `https://${line}.cascadeharbor.example/trace`, value: `T-${number}` },
          },
          { url: `${pas}/extension-itemPreAuthIssueDate`, valueDate: decided },
          ...(granted
            ? [
                { url: `${pas}/extension-itemPreAuthPeriod`, valuePeriod: validity },
                {
                  url: `${pas}/extension-itemAuthorizedDetail`,
                  extension: [
                    { url: 'productOrServiceCode', valueCodeableConcept: concept(decision.service) },
                    { url: 'quantity', valueQuantity: { value: decision.allowed } },
                  ],
                },
                {
                  url: `${pas}/extension-itemAuthorizedProvider`,
                  extension: [{ url: 'provider', valueReference: clinic }],
                },
              ]
            : []),
          // What was asked for before, and what the plan calls the request.
          ...(number === 1
            ? [{ url: `${pas}/extension-authorizationNumber`, valueString: `AUTH-${patient}-0` }]
            : []),
          { url: `${pas}/extension-administrationReferenceNumber`, valueString: `REF-${patient}-${number}` },
        ],
        sequence: 1,
        category: concept(decision.serviceType),
        productOrService: concept(decision.service),
        servicedPeriod: validity,
        quantity: { value: decision.requested },
        adjudication: adjudicated.item,
      },
    ],
    adjudication: adjudicated.header,
    total: totals(decision),
  };
}

/** What the reviewer did and when, with the amount asked for; units allowed and used; why not, where something is refused. */
function adjudication(
  authorization: string,
  decision: Decision,
  decided: string,
): { readonly header: object[]; readonly item: object[] } {
  const discriminator = (code: string, display: string) =>
    concept(coding(`${pdex}/CodeSystem/PDexAdjudicationDiscriminator`, code, display));
  const review = {
    extension: [
      {
        url: `${pdex}/StructureDefinition/extension-reviewAction`,
        extension: [
          {
            url: `${pdex}/StructureDefinition/extension-reviewActionCode`,
            valueCodeableConcept: concept(
              coding('https://codesystem.x12.org/005010/306', ...decision.action),
            ),
          },
          { url: 'number', valueString: authorization },
        ],
      },
      {
        url: `${pdex}/StructureDefinition/base-ext-when-adjudicated`,
        valueDateTime: `${decided}T08:00:00-08:00`,
      },
    ],
    category: concept(
      coding('http://terminology.hl7.org/CodeSystem/adjudication', 'submitted', 'Submitted Amount'),
    ),
    amount: usd(decision.requested * decision.price),
  };
  const denial =
    decision.denial === undefined
      ? []
      : [
          {
            category: discriminator('denialreason', 'Denial Reason'),
            reason: { ...concept(decision.denial), text: decision.reason },
          },
        ];
  const units = (code: string, display: string, value: number | undefined) =>
    value === undefined ? [] : [{ category: discriminator(code, display), value }];
  return {
    header: [review, ...(decision.outcome === 'partial' ? denial : [])],
    item: [
      review,
      ...units('allowedunits', 'allowed units', decision.allowed),
      ...units('consumedunits', 'consumed units', decision.consumed),
      ...denial,
    ],
  };
}

function totals(decision: Decision): Record<string, unknown>[] {
  const total = (code: string, display: string, units: number) => ({
    category: concept(coding(`${pdex}/CodeSystem/PriorAuthorizationValueCodes`, code, display)),
    amount: usd(units * decision.price),
  });
  return [
    total('submitted', 'Submitted', decision.requested),
    ...(decision.allowed === undefined ? [] : [total('eligible', 'Eligible', decision.allowed)]),
    ...(decision.consumed === undefined
      ? []
      : [
          {
            extension: [
              {
                url: `${pdex}/StructureDefinition/PriorAuthorizationUtilization`,
                valueQuantity: { value: decision.consumed },
              },
            ],
            ...total('utilized', 'Utilized', decision.consumed),
          },
        ]),
  ];
}

const usd = (value: number) => ({ value, currency: 'USD' });
