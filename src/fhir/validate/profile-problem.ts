// What profile validation finds. Texts and paths name elements, codes of profiles and canonicals, never record content.

export type ProfileRule =
  | 'unknown-profile'
  | 'profile-of-other-type'
  | 'min'
  | 'max'
  | 'type'
  | 'fixed'
  | 'pattern'
  | 'slice-closed'
  | 'slice-order'
  | 'binding'
  | 'code-form'
  | 'invariant'
  | 'reference-target'
  | 'extension-context'
  | 'modifier-extension'
  | 'contained'
  | 'not-finished';

export type ProblemSeverity = 'error' | 'warning' | 'information';

export interface ProfileProblem {
  readonly severity: ProblemSeverity;
  readonly rule: ProfileRule;
  /** As JSON has it: `Observation.component[0].valueQuantity`. */
  readonly path: string;
  /** The same for each resource with the problem, so that a report can count them. */
  readonly text: string;
}

/** https://hl7.org/fhir/R4/valueset-issue-type.html */
export const issueCodes: Readonly<Record<ProfileRule, string>> = {
  'unknown-profile': 'not-found',
  'profile-of-other-type': 'invalid',
  min: 'required',
  max: 'structure',
  type: 'structure',
  fixed: 'value',
  pattern: 'value',
  'slice-closed': 'structure',
  'slice-order': 'structure',
  binding: 'code-invalid',
  'code-form': 'code-invalid',
  invariant: 'invariant',
  'reference-target': 'structure',
  'extension-context': 'extension',
  'modifier-extension': 'extension',
  contained: 'structure',
  'not-finished': 'incomplete',
};
