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
  /** What few claims are. */
  readonly trait?: 'ambulance' | 'compound' | 'out-of-network' | 'rejected';
}

/** A claim among the others of its member. */
export interface NumberedClaim extends ClaimFacts {
  /** From 1, over all kinds. */
  readonly number: number;
  /** From 0, in its kind, of a member whose record has nearly everything; undefined of others. */
  readonly rank: number | undefined;
}

export const isInstitutional = ({ kind }: Pick<ClaimFacts, 'kind'>): boolean =>
  kind === 'inpatient' || kind === 'outpatient';

/** A code of CARIN's own systems. */
export const c4bb = (system: string, code: string, display: string): Coding =>
  coding(`http://hl7.org/fhir/us/carin-bb/CodeSystem/${system}`, code, display);
