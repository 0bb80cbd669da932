// What an import did and what it found wrong, for a person and for a program. Counts everything, shows the first places
// of each kind, and never a value from a resource.
import type { WriteOutcome } from '../fhir/store/write-resources.ts';
import type { ProblemSeverity, ProfileProblem, ProfileRule } from '../fhir/validate/profile-problem.ts';

export interface Place {
  readonly file: string;
  /** From 1; 0 when the file as a whole is meant. */
  readonly line: number;
  /** Path into the resource; '' for the whole. */
  readonly path: string;
}

export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly rule: string;
  readonly text: string;
  readonly count: number;
  /** The first ones. */
  readonly places: readonly Place[];
}

/** What one profile, or base R4 beside it, found. */
export interface ProfileFindings {
  /** `url|version` */
  readonly profile: string;
  readonly checked: number;
  /** Without an error. */
  readonly right: number;
  readonly findings: readonly ProfileFinding[];
}

export interface ProfileFinding extends Omit<Finding, 'severity'> {
  readonly severity: ProblemSeverity;
}

export interface ImportReport {
  /** Undefined when files were only checked. */
  readonly line: string | undefined;
  readonly files: number;
  readonly filesFailed: number;
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly deleted: number;
  readonly refused: number;
  /** Done by an earlier run of the same import that was interrupted. */
  readonly resumed: number;
  readonly byType: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly findings: readonly Finding[];
  /** Of the profiles that resources were held against. */
  readonly profiles: readonly ProfileFindings[];
  /** Why the import ended before its last file. */
  readonly stopped?: string;
}

const placesShown = 5;
const kindsKept = 500;
const profilesKept = 200;
const kindsOfProfile = 100;

/** Counts of what one transaction wrote, which are true once it is committed. */
export class Tally {
  readonly outcomes: Record<WriteOutcome, number> = { created: 0, updated: 0, unchanged: 0, deleted: 0 };
  readonly byType = new Map<string, number>();

  count(type: string, outcome: WriteOutcome, times = 1): void {
    this.outcomes[outcome] += times;
    this.byType.set(type, (this.byType.get(type) ?? 0) + times);
  }

  add(other: Tally): void {
    for (const [type, times] of other.byType) this.byType.set(type, (this.byType.get(type) ?? 0) + times);
    for (const [outcome, times] of Object.entries(other.outcomes) as [WriteOutcome, number][])
      this.outcomes[outcome] += times;
  }

  get done(): number {
    const { created, updated, unchanged, deleted } = this.outcomes;
    return created + updated + unchanged + deleted;
  }
}

export class ReportBuilder {
  readonly #findings = new Map<
    string,
    { severity: 'error' | 'warning'; rule: string; text: string; count: number; places: Place[] }
  >();
  readonly #profiles = new Map<
    string,
    { checked: number; right: number; findings: Map<string, OpenFinding> }
  >();
  readonly written = new Tally();
  files = 0;
  filesFailed = 0;
  refused = 0;
  resumed = 0;

  /** @param times how many resources the finding is about */
  find(severity: 'error' | 'warning', rule: string, text: string, place: Place, times = 1): void {
    // Places inside arrays differ; the kind of finding does not.
    const kind = `${rule} ${place.path.replace(/\[\d+\]/g, '')} ${text}`;
    let finding = this.#findings.get(kind);
    if (finding === undefined) {
      if (this.#findings.size >= kindsKept && !this.#makeRoom(severity)) return;
      finding = { severity, rule, text, count: 0, places: [] };
      this.#findings.set(kind, finding);
    }
    finding.count += times;
    if (finding.places.length < placesShown) finding.places.push(place);
  }

  /** What a profile found of one resource. */
  judged(profile: string, problems: readonly ProfileProblem[], place: (path: string) => Place): void {
    let known = this.#profiles.get(profile);
    if (known === undefined) {
      if (this.#profiles.size >= profilesKept) return;
      known = { checked: 0, right: 0, findings: new Map() };
      this.#profiles.set(profile, known);
    }
    known.checked++;
    if (problems.every(({ severity }) => severity !== 'error')) known.right++;
    for (const { severity, rule, path, text } of problems) {
      const kind = `${rule} ${path.replace(/\[\d+\]/g, '')} ${text}`;
      let finding = known.findings.get(kind);
      if (finding === undefined) {
        if (known.findings.size >= kindsOfProfile) continue;
        finding = { severity, rule, text, count: 0, places: [] };
        known.findings.set(kind, finding);
      }
      finding.count++;
      if (finding.places.length < placesShown) finding.places.push(place(path));
    }
  }

  /** Warnings never hide an error. */
  #makeRoom(severity: 'error' | 'warning'): boolean {
    if (severity === 'warning') return false;
    for (const [kind, finding] of this.#findings)
      if (finding.severity === 'warning') return this.#findings.delete(kind);
    return false;
  }

  finish(line: string | undefined, seconds: number): ImportReport {
    return {
      line,
      files: this.files,
      filesFailed: this.filesFailed,
      ...this.written.outcomes,
      refused: this.refused,
      resumed: this.resumed,
      byType: Object.fromEntries([...this.written.byType].sort(([a], [b]) => (a < b ? -1 : 1))),
      seconds: Math.round(seconds * 100) / 100,
      findings: [...this.#findings.values()].sort(bySeverity),
      profiles: [...this.#profiles]
        .map(([profile, { checked, right, findings }]) => ({
          profile,
          checked,
          right,
          findings: [...findings.values()].sort(bySeverity),
        }))
        .sort((a, b) => (a.profile < b.profile ? -1 : 1)),
    };
  }
}

interface OpenFinding {
  readonly severity: ProblemSeverity;
  readonly rule: string;
  readonly text: string;
  count: number;
  readonly places: Place[];
}

const severities: readonly ProblemSeverity[] = ['error', 'warning', 'information'];

function bySeverity(
  a: { readonly severity: ProblemSeverity; readonly count: number },
  b: { readonly severity: ProblemSeverity; readonly count: number },
): number {
  return severities.indexOf(a.severity) - severities.indexOf(b.severity) || b.count - a.count;
}

/** The report as lines for a person. */
export function reportText(report: ImportReport): string {
  const done = report.created + report.updated + report.unchanged + report.deleted;
  const rate = report.seconds > 0 ? Math.round(done / report.seconds) : done;
  const failed = report.filesFailed === 0 ? '' : `, ${report.filesFailed} of them not wholly`;
  const did = report.line === undefined ? 'Checked' : `Imported into ${report.line}`;
  const lines = [
    `${did}: ${plural(report.files, 'file')}${failed}, ${plural(done, 'resource')} in ${report.seconds} s (${rate}/s).`,
    report.line === undefined
      ? `  right ${done}   refused ${report.refused}`
      : `  created ${report.created}   updated ${report.updated}   unchanged ${report.unchanged}   deleted ${report.deleted}   refused ${report.refused}`,
  ];
  if (report.stopped !== undefined)
    lines.push(
      '  The import STOPPED before its end. What is counted here is in the database; the same command goes on from there.',
    );
  if (report.resumed > 0)
    lines.push(
      `  ${plural(report.resumed, 'resource')} ${report.resumed === 1 ? 'was' : 'were'} already in the database from an interrupted run.`,
    );
  const types = Object.entries(report.byType).map(([type, count]) => `${type} ${count}`);
  if (types.length > 0) lines.push(`  ${types.join(', ')}`);
  if (report.findings.length > 0) lines.push('');
  for (const finding of report.findings.slice(0, 40)) {
    lines.push(
      `${finding.severity === 'error' ? 'REFUSED' : 'warning'} ${finding.count} × ${finding.text} [${finding.rule}]`,
    );
    const shown = finding.places.slice(0, finding.severity === 'error' ? placesShown : 2);
    for (const { file, line, path } of shown)
      lines.push(`    ${file}${line === 0 ? '' : `:${line}`}${path === '' ? '' : ` ${path}`}`);
    if (finding.count > shown.length) lines.push('    …');
  }
  if (report.findings.length > 40)
    lines.push(`… and ${report.findings.length - 40} more kinds; --json lists them all.`);
  lines.push(...profileLines(report.profiles));
  return `${lines.join('\n')}\n`;
}

const kindsShown = 8;

/** Each profile with what it found most often; the errors first. */
function profileLines(profiles: readonly ProfileFindings[]): string[] {
  if (profiles.length === 0) return [];
  const lines = ['', 'Profiles:'];
  const isUnknown = ({ findings }: ProfileFindings) =>
    findings.some(({ rule }) => rule === ('unknown-profile' satisfies ProfileRule));
  for (const { profile, checked, right, findings } of profiles.filter((one) => !isUnknown(one))) {
    lines.push(`  ${profile}: ${checked} checked, ${right} right`);
    for (const { severity, count, text, rule, places } of findings.slice(0, kindsShown)) {
      lines.push(`    ${severity} ${count} × ${text} [${rule}]`);
      const { file, line, path } = places[0]!;
      lines.push(`      ${file}${line === 0 ? '' : `:${line}`} ${path}`);
    }
    if (findings.length > kindsShown)
      lines.push(`    … and ${findings.length - kindsShown} more kinds; --json lists them.`);
  }
  const unknown = profiles.filter(isUnknown);
  if (unknown.length > 0)
    lines.push('  Not known here, so not checked:', ...unknown.map(({ profile }) => `    ${profile}`));
  return lines;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
