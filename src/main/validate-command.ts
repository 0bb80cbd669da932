// `portico validate`: checks files as an import would, and writes nothing.
import type { Command } from 'commander';
import { structureCheck } from '../fhir/validate/check-structure.ts';
import { importUnits } from '../ingest/import-items.ts';
import { ReportBuilder, reportText } from '../ingest/import-report.ts';
import { findInputFiles, readInput } from '../ingest/input-files.ts';
import { SplitError, splitJson } from '../ingest/split-json.ts';

export function registerValidateCommand(program: Command): void {
  program
    .command('validate')
    .summary('check files as an import would')
    .description('Checks FHIR R4 files, their structure and their Bundles, and writes nothing.')
    .argument('<path...>', 'files and folders, or - for standard input')
    .option('--json', 'print the report as JSON')
    .action(validate);
}

async function validate(paths: string[], flags: { json?: boolean }): Promise<void> {
  const report = new ReportBuilder();
  const checkStructure = structureCheck();
  const started = performance.now();
  for (const file of await findInputFiles(paths)) {
    report.files++;
    const context = {
      file: file.path,
      report,
      checkStructure,
      ownBases: [],
      findByIdentifier: async () => ({ problem: 'can only be resolved by an import' }),
    };
    try {
      for await (const unit of importUnits(
        context,
        splitJson(
          readInput(file, () => {}),
          256_000_000,
        ),
      )) {
        for await (const item of unit.items) {
          if (item.write === undefined) continue;
          report.written(
            'delete' in item.write ? item.write.delete.type : item.write.resource.resourceType,
            'unchanged',
          );
        }
      }
    } catch (error) {
      if (!(error instanceof SplitError)) throw error;
      report.filesFailed++;
      report.find('error', 'broken-file', error.message, { file: file.path, line: error.line, path: '' });
    }
  }
  const finished = report.finish('-', (performance.now() - started) / 1000);
  process.stdout.write(
    flags.json === true
      ? `${JSON.stringify(finished, null, 2)}\n`
      : reportText(finished).replace('Imported into -', 'Checked'),
  );
  process.exitCode = finished.refused > 0 || finished.filesFailed > 0 ? 2 : 0;
}
