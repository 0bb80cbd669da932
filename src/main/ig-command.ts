// `portico ig`: implementation guides beside those that Portico comes with. A guide's profiles judge resources, its search
// parameters are indexed and searched, and /metadata names it.
import type { Command } from 'commander';
import { openPlan } from '../app/open-plan.ts';
import { addedGuides, dropGuide, keepGuide } from '../fhir/definitions/added-guides.ts';
import type { Json } from '../fhir/definitions/guide-demands.ts';
import { loadGuides } from '../fhir/definitions/guides.ts';
import { type ReadGuide, readGuide } from '../fhir/definitions/read-guide.ts';
import {
  findPackage,
  PackageError,
  type PackageName,
  parsePackageName,
  publicRegistry,
} from './find-package.ts';
import { indexAnew } from './index-anew.ts';

interface AddFlags {
  readonly file?: string;
  readonly registry: string;
  readonly cache?: string;
  readonly json?: boolean;
}

interface JsonFlag {
  readonly json?: boolean;
}

export function registerIgCommand(program: Command): void {
  const ig = program
    .command('ig')
    .summary('add and list implementation guides')
    .description(
      'Implementation guides beside those that Portico comes with: their profiles judge resources, their search parameters are indexed, /metadata names them. A server that runs takes them up at its next start.',
    );
  ig.command('add')
    .summary('load a guide')
    .description(
      'Loads a guide for FHIR R4: from --file, else from the FHIR package cache (~/.fhir/packages), else from a FHIR package registry. Then the resources that its search parameters are about are indexed anew. A guide that is there is replaced.',
    )
    .argument('<name@version>', 'for example hl7.fhir.us.mcode@3.0.0', parsePackageName)
    .option('--file <file>', 'a package that was downloaded before (.tgz)')
    .option('--cache <folder>', 'the FHIR package cache')
    .option('--registry <url>', 'the FHIR package registry', publicRegistry)
    .option('--json', 'print what was added as JSON')
    .action(add);
  ig.command('list')
    .summary('list the guides')
    .description('Lists the guides that are known: those that Portico comes with, and those that were added.')
    .option('--json', 'print as JSON')
    .action(listGuides);
  ig.command('remove')
    .summary('forget a guide that was added')
    .description('Forgets a guide that was added. Resources stay as they are.')
    .argument('<name@version>', 'as it was added', parsePackageName)
    .option('--json', 'print as JSON')
    .action(remove);
}

async function add(asked: PackageName, flags: AddFlags): Promise<void> {
  const resources = await findPackage(asked, flags);
  const plan = await openPlan();
  let guide: ReadGuide;
  try {
    if (loadGuides().some((known) => isNamed(known, asked)))
      throw new PackageError(`${asked.name} ${asked.version} comes with Portico`);
    guide = readAsked(asked, resources, () => readGuide(resources, plan.definitions));
    await keepGuide(plan.db, { demands: guide.demands, facts: guide.facts });
  } finally {
    await plan.close();
  }
  // Opened anew, so that its search parameters count.
  const reindexed = await indexAnewNow(flags);
  const { demands, facts, missing, unsearchable } = guide;
  const said = {
    ...asked,
    profiles: facts.profiles.length,
    searchParameters: Object.keys(demands.searchParams).length - unsearchable.length,
    unsearchable,
    missing,
    reindexed,
  };
  if (flags.json === true) process.stdout.write(`${JSON.stringify(said)}\n`);
  else {
    process.stdout.write(
      `Added ${asked.name} ${asked.version}: ${said.profiles} profiles and extensions, ${said.searchParameters} search parameters.\n`,
    );
    for (const one of missing)
      process.stdout.write(
        `It builds on ${one}, which is not known here: what refers to that is not checked.\n`,
      );
    if (unsearchable.length > 0)
      process.stdout.write(`Not searched by, because it cannot be read here: ${unsearchable.join(', ')}.\n`);
    process.stdout.write('A server that runs takes it up at its next start.\n');
  }
}

/** @throws {PackageError} with what is wrong with the package */
function readAsked(asked: PackageName, resources: readonly Json[], read: () => ReadGuide): ReadGuide {
  if (resources.length === 0) throw new PackageError('the package has no definitions');
  let guide: ReadGuide;
  try {
    guide = read();
  } catch (error) {
    throw new PackageError(`${asked.name} ${asked.version}: ${(error as Error).message}`);
  }
  const { name, version } = guide.facts;
  if (name !== asked.name || version !== asked.version)
    throw new PackageError(`the package is ${name} ${version}, not ${asked.name} ${asked.version}`);
  return guide;
}

async function listGuides(flags: JsonFlag): Promise<void> {
  const plan = await openPlan();
  try {
    const added = await addedGuides(plan.db);
    const rows = [
      ...loadGuides().map((guide) => ({ name: guide.package, version: guide.version, added: false })),
      ...added.map(({ facts }) => ({ name: facts.name, version: facts.version, added: true })),
    ];
    process.stdout.write(
      flags.json === true
        ? `${JSON.stringify(rows)}\n`
        : `${rows.map(({ name, version, added }) => `${name} ${version}${added ? '  added' : ''}`).join('\n')}\n`,
    );
  } finally {
    await plan.close();
  }
}

async function remove({ name, version }: PackageName, flags: JsonFlag): Promise<void> {
  const plan = await openPlan();
  try {
    if (!(await dropGuide(plan.db, name, version)))
      throw new PackageError(`${name} ${version} was not added; portico ig list shows what is there`);
  } finally {
    await plan.close();
  }
  await indexAnewNow(flags);
  process.stdout.write(
    flags.json === true ? `${JSON.stringify({ name, version })}\n` : `Removed ${name} ${version}.\n`,
  );
}

async function indexAnewNow(flags: JsonFlag) {
  const plan = await openPlan();
  try {
    return await indexAnew(plan.store, { all: false, quiet: flags.json === true });
  } finally {
    await plan.close();
  }
}

function isNamed(guide: { readonly package: string; readonly version: string }, asked: PackageName): boolean {
  return guide.package === asked.name && guide.version === asked.version;
}
