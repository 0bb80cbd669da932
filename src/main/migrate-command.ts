// `portico migrate`: brings the database's schema up to date and says what it did. `serve` and `import` do the same.
import type { Command } from 'commander';
import { openDatabaseOf } from '../app/open-plan.ts';
import { schemaChanges } from '../app/schema-changes.ts';
import { loadConfig } from '../config/config.ts';
import { migrate } from '../db/migrate.ts';

export function registerMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .summary('bring the database up to date')
    .description(
      'Applies the schema changes that the database lacks. Safe to run at any time, also twice at once.',
    )
    .option('--json', 'print the names of the changes as JSON')
    .action(async (flags: { json?: boolean }) => {
      const db = await openDatabaseOf(loadConfig(process.env));
      try {
        const applied = await migrate(db, schemaChanges);
        if (flags.json === true) process.stdout.write(`${JSON.stringify({ applied })}\n`);
        else
          process.stdout.write(
            applied.length === 0 ? 'The database is up to date.\n' : `Applied: ${applied.join(', ')}\n`,
          );
      } finally {
        await db.close();
      }
    });
}
