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

/** Profiles, of any version, that no resource is of. */
const profiles: Readonly<Record<string, string>> = {
  'C4BB-ExplanationOfBenefit': 'Abstract: the five kinds of claim are made from it.',
};

const unknownTermTypes =
  'Told from other slices by the term types of RxNorm, a list that is not shipped; the sandbox has both.';

/** Must-support elements that no resource can have, or that nothing tells, by profile and version; with what is within them. */
const elements: Readonly<Record<string, string>> = {
  'plannet-Network|1.1.0 telecom': 'The profile forbids it: 0..0.',
  'plannet-Network|1.2.0 telecom': 'The profile forbids it: 0..0.',
  'us-core-blood-pressure|6.1.0 value[x]': 'A panel has no value of its own, its components have.',
  'usdf-FormularyDrug|2.0.1 code.coding:semantic-drug': unknownTermTypes,
  'usdf-FormularyDrug|2.0.1 code.coding:semantic-drug-form-group': unknownTermTypes,
  'pdex-priorauthorization|2.0.0 adjudication:denialreason':
    'The profile binds the category to a value set without the code of the slice; 2.1.0 mends it.',
};

/** @param profile `canonical|version` */
export function reasonNotHeld(profile: string, element?: string): string | undefined {
  const [name, version] = profile.slice(profile.lastIndexOf('/') + 1).split('|') as [string, string];
  if (profiles[name] !== undefined || element === undefined) return profiles[name];
  for (const [known, reason] of Object.entries(elements)) {
    const full = `${name}|${version} ${element}`;
    if (full === known || full.startsWith(`${known}.`)) return reason;
  }
  return undefined;
}
