// One declared thing of a guide, and what became of it.
import type { Expectation } from '../src/fhir/definitions/guide-demands.ts';

export type Kind =
  | 'statement'
  | 'profile'
  | 'interaction'
  | 'operation'
  | 'parameter'
  | 'combination'
  | 'chain'
  | '_include'
  | '_revinclude'
  | '_has'
  | 'must support'
  | 'validity';

export type Outcome = 'passed' | 'failed' | 'no data' | 'not offered';

export interface Row {
  readonly guide: string;
  /** Resource type, or empty for the whole server. */
  readonly type: string;
  readonly kind: Kind;
  readonly name: string;
  readonly expectation: Expectation;
  readonly outcome: Outcome;
  /** Of a failure, or why it is not offered. */
  readonly detail: string;
}

/** What is asked of a row's check: undefined where there was nothing to ask with; else what was wrong, empty for nothing. */
export type Verdict = readonly string[] | undefined;

export function rowOf(named: Omit<Row, 'outcome' | 'detail'>, verdict: Verdict): Row {
  return {
    ...named,
    outcome: verdict === undefined ? 'no data' : verdict.length === 0 ? 'passed' : 'failed',
    detail: verdict?.slice(0, 3).join(' · ') ?? '',
  };
}
