// One test of a SMART suite as one kind of app, and what became of it.
export type SmartOutcome = 'passed' | 'failed' | 'skipped';

export interface SmartRow {
  readonly suite: string;
  readonly group: string;
  /** The suite's own id of the test, where it has one. */
  readonly id: string;
  /** What it asserts, in our words. */
  readonly title: string;
  /** The app, person and way of asking that it was run with. */
  readonly as: string;
  readonly outcome: SmartOutcome;
  /** Of a failure, or why it could not be run. Carries no token and no address of this run. */
  readonly detail: string;
}

/** What was wrong, empty for nothing; undefined where an earlier failure left nothing to ask with. */
export type SmartVerdict = readonly string[] | undefined;
