// `portico import`: loads files into one line of business.
import { type Command, Option } from 'commander';
import { openPlan } from '../app/open-plan.ts';
import { type Atomicity, type ImportProgress, importFiles } from '../ingest/import-files.ts';
import { reportText } from '../ingest/import-report.ts';
import { findInputFiles } from '../ingest/input-files.ts';
import { requireLine } from './require-line.ts';

interface ImportFlags {
  readonly line: string;
  readonly atomic: Atomicity;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function registerImportCommand(program: Command): void {
  program
    .command('import')
    .summary('load FHIR data into a line of business')
    .description(
      'Loads FHIR R4 data: NDJSON, Bundles (transaction, batch, collection) and single resources, plain or gzip. Folders are read whole, "-" is standard input. Resources are known by type and id: a second run of the same data writes nothing, and a run that was killed goes on where it was.',
    )
    .argument('<path...>', 'files and folders, or - for standard input')
    .requiredOption('--line <line>', 'line of business, for example cco')
    .addOption(
      new Option(
        '--atomic <what>',
        'write whole or not at all: each transaction Bundle, each file, or each resource',
      )
        .choices(['bundle', 'file', 'none'])
        .default('bundle'),
    )
    .option('--json', 'print the report as JSON')
    .option('--quiet', 'show no progress')
    .addHelpText(
      'after',
      `
Exit status: 0 all was loaded, 2 something was refused (the report says what and where), 1 the import failed.

Examples:
  $ npx portico import --line cco ./nightly/
  $ zcat claims.ndjson.gz | npx portico import --line advantage - --json`,
    )
    .action(runImport);
}

async function runImport(paths: string[], flags: ImportFlags): Promise<void> {
  const files = await findInputFiles(paths);
  const plan = await openPlan();
  try {
    const line = requireLine(plan.config, flags.line);
    const progress = flags.quiet === true ? undefined : progressWriter(process.stderr);
    const report = await importFiles({ ...plan, ownBases: [line.fhirUrl] }, files, {
      line: line.id,
      atomic: flags.atomic,
      ...(progress === undefined ? {} : { onProgress: progress.show }),
    });
    progress?.end();
    process.stdout.write(flags.json === true ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
    process.exitCode = report.refused > 0 || report.filesFailed > 0 ? 2 : 0;
  } finally {
    await plan.close();
  }
}

/** One line that is rewritten on a terminal; a plain line every ten seconds elsewhere. */
function progressWriter(out: NodeJS.WriteStream) {
  const started = performance.now();
  const pause = out.isTTY ? 100 : 10_000;
  let shown = started;
  let drawn = false;
  return {
    show(progress: ImportProgress): void {
      const now = performance.now();
      if (now - shown < pause) return;
      shown = now;
      const text = progressText(progress, (now - started) / 1000);
      out.write(out.isTTY ? `\r\x1b[2K${text.slice(0, (out.columns ?? 80) - 1)}` : `${text}\n`);
      drawn = true;
    },
    end(): void {
      if (drawn && out.isTTY) out.write('\r\x1b[2K');
    },
  };
}

function progressText(progress: ImportProgress, seconds: number): string {
  const rate = Math.round(progress.resources / seconds);
  const parts = [`${progress.resources} resources`, `${rate}/s`];
  if (progress.bytesTotal !== undefined && progress.bytesTotal > 0) {
    const share = Math.min(1, progress.bytesRead / progress.bytesTotal);
    parts.push(`${Math.floor(share * 100)} %`);
    if (share > 0.01) parts.push(`${duration((seconds / share) * (1 - share))} left`);
  }
  return `${parts.join('  ')}  ${progress.file}`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
