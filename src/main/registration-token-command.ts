// `portico registration-token`: lets apps register themselves (RFC 7591) where the plan's configuration asks for a token.
import { type Command, InvalidArgumentError } from 'commander';
import { openDatabaseOf } from '../app/open-plan.ts';
import { schemaChanges } from '../app/schema-changes.ts';
import { loadConfig } from '../config/config.ts';
import { migrate } from '../db/migrate.ts';
import { makeInitialToken } from '../oauth/registration/registration-tokens.ts';
import type { OAuthTables } from '../oauth/schema.ts';

interface Flags {
  readonly note: string;
  readonly uses: number;
  readonly days: number;
  readonly json?: boolean;
}

export function registerRegistrationTokenCommand(program: Command): void {
  program
    .command('registration-token')
    .summary('let an app register itself')
    .description(
      `Prints a token with which an app registers itself at {portal_url}/connect/register. It is printed this once. Needed where the
configuration has "client_registration": "token".`,
    )
    .requiredOption('--note <text>', 'whom it is for, for your own records')
    .option('--uses <number>', 'how many apps may register with it', wholeNumber(1000), 1)
    .option('--days <number>', 'how long it is good', wholeNumber(365), 30)
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      `
Example:
  $ npx portico registration-token --note "Example Health App, contract 17"`,
    )
    .action(async ({ note, uses, days, json }: Flags) => {
      const config = loadConfig(process.env);
      const db = await openDatabaseOf(config);
      try {
        await migrate(db, schemaChanges);
        const now = Date.now();
        const expiresAt = now + days * 86_400_000;
        const token = await makeInitialToken(db.as<OAuthTables>(), { note, uses, expiresAt }, now);
        process.stdout.write(
          json === true
            ? `${JSON.stringify({ token, uses, expires_at: new Date(expiresAt).toISOString() })}\n`
            : `${token}\n`,
        );
      } finally {
        await db.close();
      }
    });
}

function wholeNumber(most: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < 1 || number > most)
      throw new InvalidArgumentError(`It is not a number from 1 to ${most}.`);
    return number;
  };
}
