// What is known of a claim before it becomes an ExplanationOfBenefit.
import { type Coding, coding } from '../building.ts';
import type { Drug } from '../condition-table.ts';

export type ClaimKind = 'inpatient' | 'outpatient' | 'professional' | 'oral' | 'pharmacy';

export interface ClaimFacts {
  readonly kind: ClaimKind;
  readonly start: string;
  readonly end: string;
  readonly diagnosis: Coding;
  /** What was billed, in dollars. */
  readonly amount: number;
  readonly encounter?: string;
  /** References, where the visit says who saw the member and where. */
  readonly provider?: string;
  readonly practitioner?: string;
  readonly drug?: Drug;
  readonly fill?: number;
}

export const isInstitutional = ({ kind }: ClaimFacts): boolean =>
  kind === 'inpatient' || kind === 'outpatient';

/** A code of CARIN's own systems. */
export const c4bb = (system: string, code: string, display: string): Coding =>
  coding(`http://hl7.org/fhir/us/carin-bb/CodeSystem/${system}`, code, display);
