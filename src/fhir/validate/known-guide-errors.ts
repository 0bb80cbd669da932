// Invariants of the guides that say something else than their guide means and find right resources wrong. They are known by
// key and expression together, because keys are used again with other meanings.

interface WrongInvariant {
  readonly key: string;
  /** A part of the expression that only the wrong form has. */
  readonly having: string;
  /** The only type that it is right for; of none where absent. */
  readonly rightFor?: string;
  readonly why: string;
}

export const wrongInvariants: readonly WrongInvariant[] = [
  {
    key: 'EOB-pharm-careTeam-practitioner',
    having: 'provider.all(resolve() is Organization)',
    why: 'CARIN BB 2.1.0 demands an Organization as the prescriber; 2.2.0 mends it to Practitioner',
  },
  {
    key: 'us-core-1',
    having: "coding.where(system='http://hl7.org/fhir/sid/ndc').empty()",
    why: 'US Core 3.1.1 asks for an NDC code beside CVX and warns when there is one',
  },
  {
    key: 'us-core-5',
    having: "vaccineCode.coding.where(system='http://hl7.org/fhir/sid/ndc').empty()",
    why: 'US Core 6.1.0 asks for an NDC code beside CVX and warns when there is one',
  },
  {
    key: 'practitioner-or-organization-or-healthcareservice-or-location',
    having: 'healthcareservice.exists()',
    why: 'Plan-Net 1.1.0 misspells healthcareService: a role with nothing else fails',
  },
  {
    key: 'vs-1',
    having: '($this as dateTime)',
    rightFor: 'dateTime',
    why: 'the vital signs of R4 let a Period stand there, and the rule finds every Period wrong',
  },
  {
    key: 'us-core-1',
    having: '($this as dateTime)',
    rightFor: 'dateTime',
    why: 'US Core 3.1.1 lets a Period stand there, and the rule finds every Period wrong; 6.1.0 mends it',
  },
];

/** @param type of the value where it is a choice. Undefined for an invariant that means what it says. */
export function whyWrong(key: string, expression: string, type: string | undefined): string | undefined {
  return wrongInvariants.find(
    (one) =>
      one.key === key &&
      expression.includes(one.having) &&
      (one.rightFor === undefined || one.rightFor !== type),
  )?.why;
}
