// Bindings to value sets (https://hl7.org/fhir/R4/terminologies.html#strength): a required one must hold, an extensible one
// should. Where the list of codes is not at hand, their form is what is checked.
import type { BindingFacts } from '../definitions/guide-facts.ts';
import { isDataAbsent, isObject, type Occurrence } from './occurrences.ts';
import type { ProblemSeverity, ProfileRule } from './profile-problem.ts';
import type { Code, Membership, ValueSetCheck } from './value-sets.ts';

type ValueSets = (canonical: string) => ValueSetCheck;
type Report = (severity: ProblemSeverity, rule: ProfileRule, text: string) => void;

interface Bound {
  readonly label: string;
  readonly binding: BindingFacts | undefined;
  readonly outermost: string | undefined;
}

/** The codes of a code, Coding, CodeableConcept or Quantity; none where there is only text. */
export function codesOf(value: unknown): readonly Code[] {
  if (typeof value === 'string') return [{ system: undefined, code: value }];
  if (!isObject(value)) return [];
  const { coding } = value;
  if (Array.isArray(coding)) return coding.filter(isObject).flatMap(codeOf);
  return 'code' in value ? codeOf(value) : [];
}

function codeOf({ system, code }: Record<string, unknown>): readonly Code[] {
  if (typeof code !== 'string') return [];
  return [{ system: typeof system === 'string' ? system : '', code }];
}

/** Of the types of a choice a binding is about these (https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.binding). */
const bindable: ReadonlySet<string> = new Set([
  ...['code', 'Coding', 'CodeableConcept', 'Quantity'],
  ...['string', 'uri', 'Age', 'Count', 'Distance', 'Duration', 'Money'],
]);

/** Undefined where the facts do not tell. */
export function isInValueSet(
  valueSets: ValueSets,
  canonical: string,
  codes: readonly Code[],
): boolean | undefined {
  const check = valueSets(canonical);
  const answers = codes.map(check);
  return answers.includes('in') ? true : answers.includes('unknown') ? undefined : false;
}

export function judgeBinding(
  valueSets: ValueSets,
  { label, binding, outermost }: Bound,
  found: Occurrence,
  report: Report,
): void {
  if (isDataAbsent(found) || (found.type !== undefined && !bindable.has(found.type))) return;
  const codes = codesOf(found.value);
  if (codes.length === 0) {
    // A quantity or a Coding without a code says nothing of a code; a concept that is bound must.
    if (binding?.strength === 'required' && isConcept(found.value))
      report('error', 'binding', `${label} has no code, and must have one of ${binding.valueSet}`);
    return;
  }
  if (outermost !== undefined) judge(valueSets(outermost), codes, outermost, 'error', label, report);
  if (binding === undefined) return;
  const severity = binding.strength === 'required' ? 'error' : 'warning';
  judge(valueSets(binding.valueSet), codes, binding.valueSet, severity, label, report);
}

function judge(
  check: ValueSetCheck,
  codes: readonly Code[],
  valueSet: string,
  severity: ProblemSeverity,
  label: string,
  report: Report,
): void {
  const answers: Membership[] = codes.map(check);
  if (answers.includes('in') || answers.includes('unknown')) return;
  const modal = severity === 'error' ? 'must' : 'should';
  if (answers.includes('malformed'))
    report(
      severity,
      'code-form',
      `${label} has a code without the form of its code system, and ${modal} have one of ${valueSet}`,
    );
  else report(severity, 'binding', `${label} ${modal} have a code of ${valueSet}`);
}

function isConcept(value: unknown): boolean {
  return isObject(value) && !('value' in value) && !('system' in value) && !('unit' in value);
}
