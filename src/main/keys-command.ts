// `portico keys`: the keys that sign ID Tokens. A running server picks up a change within a minute.
import type { Command } from 'commander';
import { openDatabaseOf } from '../app/open-plan.ts';
import { schemaChanges } from '../app/schema-changes.ts';
import { type Config, ConfigError, loadConfig } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';
import {
  listSigningKeys,
  rotateSigningKey,
  type SigningKey,
  shortestNoticeMs,
  withdrawSigningKeys,
} from '../oauth/signing-keys.ts';
import { requireLine } from './require-line.ts';

interface ListFlags {
  readonly line?: string;
  readonly json?: boolean;
}

interface RotateFlags extends ListFlags {
  readonly after: string;
  readonly compromised?: boolean;
}

export function registerKeysCommand(program: Command): void {
  const keys = program
    .command('keys')
    .summary('list and replace the keys that sign ID Tokens')
    .description(
      'The keys of each line that sign ID Tokens. A running server picks up a change within a minute.',
    );

  keys
    .command('list')
    .summary('list the keys')
    .description('Lists the keys of each line, the newest first: next, signing, retired or withdrawn.')
    .option('--line <line>', 'of this line of business only')
    .option('--json', 'print as JSON')
    .action((flags: ListFlags) => withPlan((db, config) => show(db, config, flags)));

  keys
    .command('rotate')
    .summary('replace the signing key')
    .description(
      `Makes a key for each line, which is published at once and signs after a while, when every app has seen it. The old
one stays published until its last ID Token has ended, so no app notices. One rotation at a time.`,
    )
    .option('--line <line>', 'of this line of business only')
    .option('--after <seconds>', 'when the new key begins to sign, from now; at least 600', '86400')
    .option(
      '--compromised',
      'somebody else may have the old keys: the new one signs at once, and what the old ones signed is not believed any more',
    )
    .option('--json', 'print as JSON')
    .action((flags: RotateFlags) =>
      withPlan(async (db, config) => {
        const now = Date.now();
        for (const line of linesOf(config, flags)) {
          if (flags.compromised === true) {
            await withdrawSigningKeys(db, config, line, now);
            continue;
          }
          const signsFrom = now + notice(flags.after);
          const made = await rotateSigningKey(db, config, line, { now, signsFrom });
          if (made === undefined)
            throw new ConfigError(
              `${line}: a key is waiting to sign already; \`portico keys list\` says from when`,
            );
        }
        await show(db, config, flags);
      }),
    );
}

async function show(db: Database, config: Config, flags: ListFlags): Promise<void> {
  const rows: { line: string; key: SigningKey }[] = [];
  for (const line of linesOf(config, flags))
    for (const key of await listSigningKeys(db, line, Date.now())) rows.push({ line, key });
  if (flags.json === true) {
    const listed = rows.map(({ line, key }) => ({
      line,
      kid: key.kid,
      state: key.state,
      created_at: new Date(key.createdAt).toISOString(),
      signs_from: new Date(key.signsFrom).toISOString(),
      published_until: key.publishedUntil === undefined ? null : new Date(key.publishedUntil).toISOString(),
    }));
    process.stdout.write(`${JSON.stringify(listed, null, 2)}\n`);
    return;
  }
  if (rows.length === 0) process.stdout.write('There is no key yet: `portico serve` makes the first one.\n');
  for (const { line, key } of rows)
    process.stdout.write(`${line.padEnd(12)} ${key.state.padEnd(9)} ${key.kid}  ${words(key)}\n`);
}

function words(key: SigningKey): string {
  if (key.publishedUntil !== undefined)
    return `published until ${new Date(key.publishedUntil).toISOString()}`;
  return `${key.state === 'next' ? 'signs from' : 'signs since'} ${new Date(key.signsFrom).toISOString()}`;
}

/** @throws {ConfigError} */
function linesOf(config: Config, { line }: ListFlags): string[] {
  return line === undefined ? config.lines.map(({ id }) => id) : [requireLine(config, line).id];
}

/** @throws {ConfigError} */
function notice(seconds: string): number {
  const ms = /^\d{1,8}$/.test(seconds) ? Number(seconds) * 1000 : Number.NaN;
  if (!(ms >= shortestNoticeMs))
    throw new ConfigError(
      `--after: ${JSON.stringify(seconds)} is not a number of seconds of at least ${shortestNoticeMs / 1000}: apps keep the published keys for some minutes`,
    );
  return ms;
}

async function withPlan(work: (db: Database, config: Config) => Promise<void>): Promise<void> {
  const config = loadConfig(process.env);
  const db = await openDatabaseOf(config);
  try {
    await migrate(db, schemaChanges);
    await work(db, config);
  } finally {
    await db.close();
  }
}
