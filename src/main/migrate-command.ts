// `portico migrate`: brings the database's schema and its index up to date and says what it did. `serve` and `import` do the
// same; `serve` indexes anew while it already answers.
import { type Command, Option } from 'commander';
import { openPlan } from '../app/open-plan.ts';
import { indexAnew } from './index-anew.ts';

interface MigrateFlags {
  readonly json?: boolean;
  readonly reindex?: boolean;
}

export function registerMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .summary('bring the database up to date')
    .description(
      `Applies the schema changes that the database lacks, and indexes anew the resources that were indexed by other rules
than those of this version: what is stored is not changed, and reads go on meanwhile. Safe to run at any time, also twice
at once; killed, it goes on where it was when it is run again.`,
    )
    .addOption(new Option('--reindex', 'index every resource anew'))
    .option('--json', 'print the changes and the numbers of resources indexed anew as JSON')
    .action(runMigrate);
}

async function runMigrate(flags: MigrateFlags): Promise<void> {
  const plan = await openPlan();
  try {
    const { applied } = plan;
    const reindexed = await indexAnew(plan.store, {
      all: flags.reindex === true,
      quiet: flags.json === true,
    });
    const indexed = Object.entries(reindexed).map(([type, count]) => `${type} ${count}`);
    const said = [
      ...(applied.length === 0 ? [] : [`Applied: ${applied.join(', ')}`]),
      ...(indexed.length === 0 ? [] : [`Indexed anew: ${indexed.join(', ')}`]),
    ];
    process.stdout.write(
      flags.json === true
        ? `${JSON.stringify({ applied, reindexed })}\n`
        : `${said.length === 0 ? 'The database is up to date.' : said.join('\n')}\n`,
    );
  } finally {
    await plan.close();
  }
}
