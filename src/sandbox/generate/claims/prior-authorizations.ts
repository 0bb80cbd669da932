// Prior authorizations as PDex 2.0.0 shows them: approved, partly approved, pended, denied for a specific reason, cancelled
// (http://hl7.org/fhir/us/davinci-pdex/STU2/StructureDefinition-pdex-priorauthorization.html).
import { addDays, coding, concept, type Resource, reference } from '../building.ts';
import { conditionTable } from '../condition-table.ts';
import type { MemberContext } from '../member-context.ts';

const pdex = 'http://hl7.org/fhir/us/davinci-pdex';
const x12 = 'https://codesystem.x12.org/005010/306';

interface Decision {
  readonly name: string;
  readonly status: 'active' | 'cancelled';
  readonly outcome: 'complete' | 'partial' | 'queued';
  readonly action: readonly [code: string, display: string];
  readonly reason?: string;
  readonly daysAgo: number;
}

const decisions: readonly Decision[] = [
  {
    name: 'approved',
    status: 'active',
    outcome: 'complete',
    action: ['A1', 'Certified in total'],
    daysAgo: 200,
  },
  {
    name: 'partial',
    status: 'active',
    outcome: 'partial',
    action: ['A2', 'Certified - partial'],
    daysAgo: 140,
    reason: 'Six of twelve visits requested are approved',
  },
  { name: 'pended', status: 'active', outcome: 'queued', action: ['A4', 'Pended'], daysAgo: 5 },
  {
    name: 'denied',
    status: 'active',
    outcome: 'complete',
    action: ['A3', 'Not Certified'],
    daysAgo: 90,
    reason: 'Conservative treatment of six weeks is not documented',
  },
  {
    name: 'cancelled',
    status: 'cancelled',
    outcome: 'complete',
    action: ['C', 'Cancelled'],
    daysAgo: 60,
    reason: 'Withdrawn by the provider',
  },
];

export function* priorAuthorizations(context: MemberContext): Generator<Resource> {
  for (const [position, decision] of decisions.entries())
    yield priorAuthorization(context, decision, position + 1);
}

function priorAuthorization(context: MemberContext, decision: Decision, number: number): Resource {
  const { line, patient, today, persona } = context;
  const decided = addDays(today, -decision.daysAgo);
  const review = [
    {
      url: 'http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-reviewAction',
      extension: [
        { url: 'number', valueString: `AUTH-${patient}-${number}` },
        {
          url: 'http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-reviewActionCode',
          valueCodeableConcept: concept(coding(x12, decision.action[0], decision.action[1])),
        },
        ...(decision.reason === undefined
          ? []
          : [{ url: 'reasonCode', valueCodeableConcept: { text: decision.reason } }]),
      ],
    },
  ];
  const condition = persona.conditions[0];
  return {
    resourceType: 'ExplanationOfBenefit',
    id: `${patient}-pa-${number}`,
    meta: {
      lastUpdated: `${decided}T08:00:00.000Z`,
      profile: [`${pdex}/StructureDefinition/pdex-priorauthorization|2.0.0`],
    },
    extension: [
      {
        url: `${pdex}/StructureDefinition/levelOfServiceCode`,
        valueCodeableConcept: concept(coding('https://codesystem.x12.org/005010/1338', 'U', 'Urgent')),
      },
    ],
    identifier: [
      { system: `https://${line}.cascadeharbor.example/authorization`, value: `AUTH-${patient}-${number}` },
    ],
    status: decision.status,
    type: concept(coding('http://terminology.hl7.org/CodeSystem/claim-type', 'professional', 'Professional')),
    use: 'preauthorization',
    patient: reference('Patient', patient),
    billablePeriod: { start: decided, end: addDays(decided, 90) },
    created: `${addDays(decided, -3)}T10:00:00-08:00`,
    insurer: reference('Organization', `${line}-payer`),
    provider: reference('Organization', `${line}-clinic-2`),
    priority: concept(coding('http://terminology.hl7.org/CodeSystem/processpriority', 'normal', 'Normal')),
    preAuthRef: [`AUTH-${patient}-${number}`],
    preAuthRefPeriod: [{ start: decided, end: addDays(decided, 90) }],
    outcome: decision.outcome,
    disposition: decision.reason ?? decision.action[1],
    careTeam: [
      {
        sequence: 1,
        provider: reference('Practitioner', `${line}-prac-8`),
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
            url: `${pdex}/StructureDefinition/extension-itemTraceNumber`,
            valueIdentifier: { system: `https://${line}.cascadeharbor.example/trace`, value: `T-${number}` },
          },
        ],
        sequence: 1,
        category: concept(coding('https://codesystem.x12.org/005010/1365', '4', 'Diagnostic X-Ray')),
        productOrService: concept(coding('http://www.ama-assn.org/go/cpt', '72148', 'MRI of the lower back')),
        servicedDate: addDays(decided, 14),
        quantity: { value: decision.name === 'partial' ? 12 : 1 },
        adjudication: [
          {
            extension: review,
            category: concept(
              coding('http://terminology.hl7.org/CodeSystem/adjudication', 'submitted', 'Submitted Amount'),
            ),
            amount: { value: 900, currency: 'USD' },
          },
        ],
      },
    ],
    total: [
      {
        category: concept(
          coding('http://terminology.hl7.org/CodeSystem/adjudication', 'submitted', 'Submitted Amount'),
        ),
        amount: { value: 900, currency: 'USD' },
      },
    ],
  };
}
