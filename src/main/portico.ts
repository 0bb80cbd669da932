// The command line. Every command exits non-zero on failure and says in one line what was wrong.
import { Command } from 'commander';
import { ConfigError } from '../config/config.ts';
import { InputError } from '../ingest/input-files.ts';
import { ClientError } from '../oauth/client-registry.ts';
import { registerAppCommand } from './app-command.ts';
import { registerImportCommand } from './import-command.ts';
import { registerMigrateCommand } from './migrate-command.ts';
import { registerServeCommand } from './serve-command.ts';
import { registerValidateCommand } from './validate-command.ts';

const program = new Command('portico')
  .description('Portico: the Patient Access API of a health plan.')
  .version('0.1.0')
  .showHelpAfterError('(portico --help lists the commands)');
registerServeCommand(program);
registerImportCommand(program);
registerValidateCommand(program);
registerAppCommand(program);
registerMigrateCommand(program);

try {
  refuseUnknownCommand();
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`portico: ${explain(error)}\n`);
  process.exitCode = 1;
}

/** `serve` is what runs without a command, so commander would take an unknown one for an argument of it. */
function refuseUnknownCommand(): void {
  const asked = process.argv[2];
  const known = [...program.commands.map((command) => command.name()), 'help'];
  if (asked === undefined || asked.startsWith('-') || known.includes(asked)) return;
  program.error(`error: there is no command '${asked}'; there are ${known.join(', ')}`);
}

function explain(error: unknown): string {
  if (error instanceof ConfigError || error instanceof InputError || error instanceof ClientError)
    return error.message;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = error instanceof Error ? error.message : String(error);
  if (code === 'EADDRINUSE') return `the port is taken by another program; set PORT to a free one (${text})`;
  if (code === 'ECONNREFUSED') return 'the database of DATABASE_URL does not answer';
  if (code === 'ENOSPC' || /database or disk is full/.test(text)) {
    return 'the disk is full. What was reported as imported is safe; free some space and run the same command again';
  }
  return text;
}
