// The command line. Every command exits non-zero on failure and says in one line what was wrong.
import { Command } from 'commander';
import { registerAppCommand } from './app-command.ts';
import { explainError } from './explain-error.ts';
import { registerExportCommand } from './export-command.ts';
import { registerIgCommand } from './ig-command.ts';
import { registerImportCommand } from './import-command.ts';
import { registerKeysCommand } from './keys-command.ts';
import { registerMemberCommand } from './member-command.ts';
import { registerMigrateCommand } from './migrate-command.ts';
import { registerRegistrationTokenCommand } from './registration-token-command.ts';
import { registerServeCommand } from './serve-command.ts';
import { registerValidateCommand } from './validate-command.ts';

const program = new Command('portico')
  .description('Portico: the Patient Access API of a health plan.')
  .version('0.1.0')
  .showHelpAfterError('(portico --help lists the commands)');
registerServeCommand(program);
registerImportCommand(program);
registerValidateCommand(program);
registerExportCommand(program);
registerAppCommand(program);
registerMemberCommand(program);
registerRegistrationTokenCommand(program);
registerKeysCommand(program);
registerMigrateCommand(program);
registerIgCommand(program);

// A reader that has seen enough, `| head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? process.exitCode : 1);
});

try {
  refuseUnknownCommand();
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`portico: ${explainError(error)}\n`);
  process.exitCode = 1;
}

/** `serve` is what runs without a command, so commander would take an unknown one for an argument of it. */
function refuseUnknownCommand(): void {
  const asked = process.argv[2];
  const known = [...program.commands.map((command) => command.name()), 'help'];
  if (asked === undefined || asked.startsWith('-') || known.includes(asked)) return;
  program.error(`error: there is no command '${asked}'; there are ${known.join(', ')}`);
}
