// What an import did and what it found wrong, for a person and for a program. Counts everything, shows the first places
// of each kind, and never a value from a resource.

export interface Place {
  readonly file: string;
  readonly line: number;
  /** Path into the resource; '' for the whole. */
  readonly path: string;
}

export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly rule: string;
  readonly text: string;
  readonly count: number;
  readonly places: readonly Place[];
}

export interface ImportReport {
  readonly line: string;
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
}

const placesShown = 5;
const kindsKept = 500;

export class ReportBuilder {
  readonly #findings = new Map<
    string,
    { severity: 'error' | 'warning'; rule: string; text: string; count: number; places: Place[] }
  >();
  readonly #byType = new Map<string, number>();
  files = 0;
  filesFailed = 0;
  refused = 0;
  resumed = 0;
  readonly outcomes = { created: 0, updated: 0, unchanged: 0, deleted: 0 };

  find(severity: 'error' | 'warning', rule: string, text: string, place: Place): void {
    // Places inside arrays differ; the kind of finding does not.
    const kind = `${rule} ${place.path.replace(/\[\d+\]/g, '')} ${text}`;
    let finding = this.#findings.get(kind);
    if (finding === undefined) {
      if (this.#findings.size >= kindsKept) return;
      finding = { severity, rule, text, count: 0, places: [] };
      this.#findings.set(kind, finding);
    }
    finding.count++;
    if (finding.places.length < placesShown) finding.places.push(place);
  }

  written(type: string, outcome: keyof ReportBuilder['outcomes']): void {
    this.outcomes[outcome]++;
    this.#byType.set(type, (this.#byType.get(type) ?? 0) + 1);
  }

  get done(): number {
    return this.outcomes.created + this.outcomes.updated + this.outcomes.unchanged + this.outcomes.deleted;
  }

  finish(line: string, seconds: number): ImportReport {
    return {
      line,
      files: this.files,
      filesFailed: this.filesFailed,
      ...this.outcomes,
      refused: this.refused,
      resumed: this.resumed,
      byType: Object.fromEntries([...this.#byType].sort(([a], [b]) => (a < b ? -1 : 1))),
      seconds: Math.round(seconds * 100) / 100,
      findings: [...this.#findings.values()].sort((a, b) =>
        a.severity === b.severity ? b.count - a.count : a.severity === 'error' ? -1 : 1,
      ),
    };
  }
}

/** The report as lines for a person. */
export function reportText(report: ImportReport): string {
  const done = report.created + report.updated + report.unchanged + report.deleted;
  const rate = report.seconds > 0 ? Math.round(done / report.seconds) : done;
  const failed = report.filesFailed === 0 ? '' : `, ${report.filesFailed} of them not wholly`;
  const lines = [
    `Imported into ${report.line}: ${plural(report.files, 'file')}${failed}, ${plural(done, 'resource')} in ${report.seconds} s (${rate}/s).`,
    `  created ${report.created}   updated ${report.updated}   unchanged ${report.unchanged}   deleted ${report.deleted}   refused ${report.refused}`,
  ];
  if (report.resumed > 0)
    lines.push(
      `  ${plural(report.resumed, 'resource')} were already in the database from an interrupted run.`,
    );
  const types = Object.entries(report.byType).map(([type, count]) => `${type} ${count}`);
  if (types.length > 0) lines.push(`  ${types.join(', ')}`);
  if (report.findings.length > 0) lines.push('');
  for (const finding of report.findings.slice(0, 40)) {
    lines.push(
      `${finding.severity === 'error' ? 'REFUSED' : 'warning'} ${finding.count} × ${finding.text} [${finding.rule}]`,
    );
    for (const place of finding.places.slice(0, finding.severity === 'error' ? placesShown : 2)) {
      lines.push(`    ${place.file}:${place.line}${place.path === '' ? '' : ` ${place.path}`}`);
    }
  }
  if (report.findings.length > 40)
    lines.push(`… and ${report.findings.length - 40} more kinds; --json lists them all.`);
  return `${lines.join('\n')}\n`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
