// `portico validate`: checks files as an import would, and writes nothing.
import type { Command } from 'commander';
import { loadDefinitions } from '../fhir/definitions/definitions.ts';
import { xmlReaderOnDemand } from '../fhir/format/xml-reader.ts';
import type { ResourceStore } from '../fhir/store/resource-store.ts';
import { structureCheck } from '../fhir/validate/check-structure.ts';
import { importFiles } from '../ingest/import-files.ts';
import { reportText } from '../ingest/import-report.ts';
import { findInputFiles } from '../ingest/input-files.ts';

export function registerValidateCommand(program: Command): void {
  program
    .command('validate')
    .summary('check files as an import would')
    .description(
      'Checks FHIR R4 files, their structure and their Bundles, as an import does, and writes nothing. Conditions that find a resource in the database are left to the import.',
    )
    .argument('<path...>', 'files and folders, or - for standard input')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', '\nExit status: 0 nothing would be refused, 2 something would, 1 the check failed.')
    .action(validate);
}

/** Takes everything and keeps nothing. */
const nowhere: Pick<ResourceStore, 'writing'> = {
  writing: (_line, work) =>
    work({
      get trx(): never {
        throw new Error('there is no transaction where nothing is written');
      },
      write: async (writes) => writes.map(() => 'unchanged' as const),
      findByIdentifier: async () => [],
    }),
};

async function validate(paths: string[], flags: { json?: boolean }): Promise<void> {
  const report = await importFiles(
    {
      db: undefined,
      store: nowhere,
      definitions: loadDefinitions(),
      checkStructure: structureCheck(),
      ownBases: [],
      readXml: xmlReaderOnDemand(),
    },
    await findInputFiles(paths),
    { line: '', atomic: 'bundle' },
  );
  process.stdout.write(flags.json === true ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
  process.exitCode = report.refused > 0 || report.filesFailed > 0 ? 2 : 0;
}
