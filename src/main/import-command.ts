// `portico import`: loads files into one line of business.
import { type Command, Option } from 'commander';
import { endOfMembersLeft } from '../app/end-of-members-left.ts';
import { openPlan } from '../app/open-plan.ts';
import { type ImportValidation, importValidations } from '../config/config.ts';
import { type Atomicity, ImportStopped, importFiles } from '../ingest/import-files.ts';
import { type ImportReport, reportText } from '../ingest/import-report.ts';
import { findInputFiles } from '../ingest/input-files.ts';
import { untilFree } from '../ingest/until-free.ts';
import { explainError } from './explain-error.ts';
import { progressWriter } from './import-progress.ts';
import { indexAnew } from './index-anew.ts';
import { requireLine } from './require-line.ts';

interface ImportFlags {
  readonly line: string;
  readonly atomic: Atomicity;
  readonly validation?: ImportValidation;
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
        'what is written whole or not at all: each transaction Bundle, each file, or nothing but each resource',
      )
        .choices(['bundle', 'file', 'none'])
        .default('bundle'),
    )
    .addOption(
      new Option(
        '--validation <level>',
        'what becomes of resources that break a profile that they declare: not looked at, reported (unless the configuration says otherwise), or refused',
      ).choices(importValidations),
    )
    .option('--json', 'print the report as JSON')
    .option('--quiet', 'show no progress')
    .addHelpText(
      'after',
      `
Exit status: 0 all was loaded, 2 something was refused (the report says what and where), 1 the import stopped (run it
again when the cause is mended). The entries of a large Bundle wait in a temporary file; TMPDIR names its folder.

Examples:
  $ npx portico import --line cco ./nightly/
  $ zcat claims.ndjson.gz | npx portico import --line advantage - --json`,
    )
    .action(runImport);
}

/** Resources after which it is worth to gather the database's statistics at once. */
const muchWritten = 1000;

async function runImport(paths: string[], flags: ImportFlags): Promise<void> {
  process.on('uncaughtException', endSoon);
  const files = await findInputFiles(paths);
  // To open it takes the lock that a long Bundle of another import may hold.
  const plan = await untilFree(() => openPlan());
  const progress = flags.quiet === true ? undefined : progressWriter(process.stderr, () => performance.now());
  const print = (report: ImportReport) => {
    progress?.end();
    process.stdout.write(flags.json === true ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
  };
  try {
    const line = requireLine(plan.config, flags.line);
    await indexAnew(plan.store, { all: false, quiet: flags.quiet === true });
    const onMemberLeft = endOfMembersLeft(plan.db);
    const report = await importFiles({ ...plan, ownBases: [line.fhirUrl], onMemberLeft }, files, {
      line: line.id,
      atomic: flags.atomic,
      validation: { level: flags.validation ?? plan.config.importValidation },
      ...(progress === undefined ? {} : { onProgress: progress.show }),
    });
    if (report.created + report.updated > muchWritten) await plan.store.writtenMuch();
    print(report);
    process.exitCode = report.refused > 0 || report.filesFailed > 0 ? 2 : 0;
  } catch (error) {
    if (!(error instanceof ImportStopped)) throw error;
    print({ ...error.report, stopped: explainError(error.cause) });
    throw error.cause;
  } finally {
    await plan.close();
  }
}

/**
 * A connection that breaks fails outside of any call, and then what waits for it: that prints what the import did. This
 * is for when nothing waits.
 */
function endSoon(error: Error): void {
  process.exitCode = 1;
  setTimeout(() => {
    process.stderr.write(`portico: ${explainError(error)}\n`);
    process.exit(1);
  }, 5000).unref();
}
