// Where a payer's Patient Access API differs from what a guide's CapabilityStatement names, with the reason. Whatever is not
// here has to work as the guide says.

const readOnly = 'An app reads; records come from the plan (`portico import`).';

const interactions: Readonly<Record<string, string>> = {
  create: readOnly,
  update: readOnly,
  patch: readOnly,
  delete: readOnly,
  transaction: readOnly,
  'search-system': 'No guide requires it; a batch of searches does the same.',
  'history-system': 'No guide requires it; each type has a history.',
};

const types: Readonly<Record<string, string>> = {
  Group: 'Attribution lists of the exchange between payers and with providers, not of a member’s app.',
  ValueSet: 'A terminology service’s.',
};

const operations: Readonly<Record<string, string>> = {
  'member-match': 'Of the exchange between payers; here the token names the member.',
};

export function reasonNotOffered(asked: {
  readonly type?: string;
  readonly interaction?: string;
  readonly operation?: string;
}): string | undefined {
  return (
    types[asked.type ?? ''] ?? interactions[asked.interaction ?? ''] ?? operations[asked.operation ?? '']
  );
}

export const undefinedParameter = 'The guide names a parameter that neither it nor R4 defines.';

/** A plan's rule for the formulary: a search by these names the plan as well. */
const beside: Readonly<Record<string, readonly string[]>> = {
  'MedicationKnowledge.DrugName': ['DrugPlan'],
  'MedicationKnowledge.DrugTier': ['DrugPlan'],
};

export function neededBeside(type: string, code: string): readonly string[] {
  return beside[`${type}.${code}`] ?? [];
}
