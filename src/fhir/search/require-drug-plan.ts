// The plan's own rule for the formulary of version 1.1.0: a search by DrugTier or DrugName names the plan with DrugPlan.
// http://hl7.org/fhir/us/davinci-drug-formulary/STU1.1/
import { FhirError } from '../operation-outcome.ts';
import type { Ask } from './parse-ask.ts';

const needsPlan: readonly string[] = ['DrugTier', 'DrugName'];

/** For /metadata, where a `*` marks what differs from the guide. */
export function drugPlanNote(type: string, code: string): string | undefined {
  return type === 'MedicationKnowledge' && needsPlan.includes(code)
    ? '* Needs DrugPlan beside it.'
    : undefined;
}

/** @throws {FhirError} missing-parameter */
export function requireDrugPlan(type: string, asks: readonly Ask[]): void {
  if (type !== 'MedicationKnowledge') return;
  const codes = asks.flatMap(codesOf);
  const needing = codes.find((code) => needsPlan.includes(code));
  if (needing !== undefined && !codes.includes('DrugPlan')) {
    throw new FhirError(
      'missing-parameter',
      `DrugPlan: a search for FormularyDrug by ${needing} needs DrugPlan (or drugplan), the id of the plan, beside it.`,
    );
  }
}

function codesOf(ask: Ask): string[] {
  if (ask.kind === 'param') return [ask.param.code];
  if (ask.kind === 'all' || ask.kind === 'any') return ask.asks.flatMap(codesOf);
  return ask.kind === 'not' ? codesOf(ask.ask) : [];
}
