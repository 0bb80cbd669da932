// `portico validate`: checks files as an import would, with the profiles that their resources declare, and writes nothing.
import type { Command } from 'commander';
import { definitionsOf } from '../app/open-plan.ts';
import { databasePlace } from '../config/config.ts';
import { xmlReaderOnDemand } from '../fhir/format/xml-reader.ts';
import type { ResourceStore } from '../fhir/store/resource-store.ts';
import { structureCheck } from '../fhir/validate/check-structure.ts';
import { newestProfiles, type ProfileCoverage } from '../fhir/validate/must-support-coverage.ts';
import { type Validator, validatorOnDemand } from '../fhir/validate/validate-resource.ts';
import { importFiles } from '../ingest/import-files.ts';
import { type ImportReport, reportText } from '../ingest/import-report.ts';
import { findInputFiles } from '../ingest/input-files.ts';
import { collect } from './collect.ts';

interface ValidateFlags {
  readonly profile?: string[];
  readonly coverage?: boolean;
  readonly json?: boolean;
}

export function registerValidateCommand(program: Command): void {
  program
    .command('validate')
    .summary('check files as an import would')
    .description(
      'Checks FHIR R4 files, their structure, their Bundles and the profiles that their resources declare, as an import does, and writes nothing. Conditions that find a resource in the database are left to the import.',
    )
    .argument('<path...>', 'files and folders, or - for standard input')
    .option(
      '--profile <canonical>',
      'hold every resource of its type against this profile too (repeatable)',
      collect,
    )
    .option('--coverage', 'say which must-support elements of which profile no resource has')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', '\nExit status: 0 nothing is wrong, 2 something is, 1 the check failed.')
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

async function validate(paths: string[], flags: ValidateFlags): Promise<void> {
  const definitions = await definitionsOf(databasePlace(process.env));
  const openValidator = validatorOnDemand(definitions.profiles);
  const profiles = flags.profile ?? [];
  if (profiles.length > 0) requireKnown(profiles, await openValidator());
  const coverage = flags.coverage === true ? (await openValidator()).coverage() : undefined;
  const report = await importFiles(
    {
      db: undefined,
      store: nowhere,
      definitions,
      checkStructure: structureCheck(),
      openValidator,
      labelSensitive: (resource) => resource,
      ownBases: [],
      readXml: xmlReaderOnDemand(),
    },
    await findInputFiles(paths),
    {
      line: '',
      atomic: 'bundle',
      validation: { level: 'report', profiles, ...(coverage === undefined ? {} : { coverage }) },
    },
  );
  const covered = coverage?.report(newestProfiles((await openValidator()).library.profiles));
  const text =
    flags.json === true
      ? `${JSON.stringify({ ...report, ...(covered === undefined ? {} : { coverage: covered }) }, null, 2)}\n`
      : `${reportText(report)}${covered === undefined ? '' : coverageText(covered)}`;
  process.stdout.write(text);
  process.exitCode = isRight(report) ? 0 : 2;
}

function requireKnown(profiles: readonly string[], { library }: Validator): void {
  for (const canonical of profiles)
    if (library.find(canonical).length === 0) throw new Error(`--profile: ${canonical} is not known here`);
}

function isRight({ refused, filesFailed, profiles }: ImportReport): boolean {
  return refused === 0 && filesFailed === 0 && profiles.every(({ checked, right }) => checked === right);
}

function coverageText(coverage: readonly ProfileCoverage[]): string {
  const lines = ['', 'Must-support elements:'];
  for (const { profile, resources, mustSupport, missing } of coverage.filter((one) => one.resources > 0)) {
    lines.push(
      `  ${profile}: ${mustSupport - missing.length} of ${mustSupport} in ${resources} resource${resources === 1 ? '' : 's'}`,
    );
    for (const id of missing) lines.push(`    none has ${id}`);
  }
  const unseen = coverage.filter((one) => one.resources === 0);
  if (unseen.length > 0)
    lines.push('  No resource declares:', ...unseen.map(({ profile }) => `    ${profile}`));
  return `${lines.join('\n')}\n`;
}
