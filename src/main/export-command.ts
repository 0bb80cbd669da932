// `portico export`: a line's resources as NDJSON, the texts as they are stored. What it writes, `portico import` reads.
import { once } from 'node:events';
import type { Command } from 'commander';
import { openPlan, type Plan } from '../app/open-plan.ts';
import { ConfigError } from '../config/config.ts';
import { compileSearch, type PageEnd } from '../fhir/search/compile-search.ts';
import { parseSearch } from '../fhir/search/search-request.ts';
import { type Access, memberAccess } from '../smart/access.ts';
import { memberTypes } from '../smart/data-classes.ts';
import { classScopes, permissionsOf } from '../smart/scopes.ts';
import { sensitiveClasses } from '../smart/sensitive-classes.ts';
import { collect } from './collect.ts';
import { requireLine } from './require-line.ts';

interface ExportFlags {
  readonly line: string;
  readonly type?: string[];
  readonly patient?: string;
  readonly sensitive?: string[];
  readonly json?: boolean;
}

export function registerExportCommand(program: Command): void {
  program
    .command('export')
    .summary('write a line of business as NDJSON')
    .description(
      `Writes the current version of every resource of a line to standard output, one to a line, type after type.
Deleted resources and older versions are left out. It reads while the server serves.`,
    )
    .requiredOption('--line <line>', 'line of business, for example cco')
    .option('--type <type>', 'only this resource type; repeat for several', collect)
    .option(
      '--patient <id>',
      'only the record of this member, as an app that the member let see all of it would',
    )
    .option(
      '--sensitive <class>',
      'of that record also what is of this sensitive class; repeat for several',
      collect,
    )
    .option('--json', 'print how many of each type were written, as JSON on standard error')
    .addHelpText(
      'after',
      `
Example:
  $ npx portico export --line cco --type Coverage | gzip > coverage.ndjson.gz`,
    )
    .action(runExport);
}

async function runExport(flags: ExportFlags): Promise<void> {
  const plan = await openPlan();
  try {
    const line = requireLine(plan.config, flags.line).id;
    const served = plan.definitions.resourceTypes;
    for (const type of flags.type ?? [])
      if (!served.includes(type)) throw new ConfigError(`--type: '${type}' is no FHIR R4 resource type`);
    const access = accessOf(line, flags);
    const ofRecord = served.filter((type) => flags.patient === undefined || memberTypes.includes(type));
    const written: Record<string, number> = {};
    for (const type of (flags.type ?? ofRecord).filter((one) => ofRecord.includes(one))) {
      const count = await exportType(plan, access, type);
      if (count > 0) written[type] = count;
    }
    if (flags.json === true) process.stderr.write(`${JSON.stringify(written)}\n`);
  } finally {
    await plan.close();
  }
}

/** Of a line everything; of a member what their ticks would let out. */
function accessOf(line: string, { patient, sensitive = [] }: ExportFlags): Access {
  const known = sensitiveClasses.map(({ code }) => code);
  for (const one of sensitive)
    if (!known.includes(one)) throw new ConfigError(`--sensitive: '${one}' is none of ${known.join(', ')}`);
  if (patient === undefined) {
    if (sensitive.length > 0)
      throw new ConfigError('--sensitive: is for the record of one member, see --patient');
    return { kind: 'operator', line };
  }
  const scope = classScopes.join(' ');
  const grant = { line, clientId: 'export', grantId: 'export', patients: [patient], scope, sensitive };
  return memberAccess({ ...grant, fhirUser: undefined }, permissionsOf(scope));
}

async function exportType({ store, definitions }: Plan, access: Access, type: string): Promise<number> {
  const request = parseSearch(definitions, type, [['_count', '500']], false);
  let count = 0;
  let after: PageEnd | undefined;
  do {
    const { page } = await compileSearch(store.search, request, access, after);
    const rows = await store.page(page);
    const shown = rows.slice(0, request.count);
    const text = shown.map((row) => `${row.content}\n`).join('');
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
    count += shown.length;
    after = rows.length > request.count ? { key: shown.at(-1)!.key } : undefined;
  } while (after !== undefined);
  return count;
}
