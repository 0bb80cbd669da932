// `portico serve`: the program itself. Without a configuration file it is the sandbox plan.
import type { Command } from 'commander';
import { loadConfig } from '../config/config.ts';
import { createLogger } from '../log/logger.ts';

export function registerServeCommand(program: Command): void {
  program
    .command('serve', { isDefault: true })
    .summary('run the server')
    .description(
      'Runs the FHIR API, the authorization server, the developer portal and the pages. Without PORTICO_CONFIG it is a sandbox plan with synthetic members, whose passwords it prints.',
    )
    .addHelpText(
      'after',
      `
Environment:
  PORT, HOST      where to listen (3000, every address)
  DATA_DIR        folder of SQLite and of the installation's secret (./data)
  DATABASE_URL    postgres://… instead of SQLite
  PORTICO_CONFIG  configuration file of a plan; without it the sandbox runs
  PORTICO_SECRET  at least 32 characters, instead of the secret in DATA_DIR
  PUBLIC_URL      address of the sandbox (http://localhost:PORT)
  LOG_LEVEL       silent, fatal, error, warn, info, debug or trace (info)`,
    )
    .action(serve);
}

async function serve(): Promise<void> {
  const config = loadConfig(process.env);
  // Loaded here: no other command needs the server, nor its third of their memory.
  const { createPortico } = await import('../app/create-portico.ts');
  const logger = createLogger(config.logLevel);
  const portico = await createPortico(config, logger);
  await portico.listen();
  process.stdout.write(portico.greeting());
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    // Requests under way are finished; what does not finish in ten seconds is cut.
    setTimeout(() => process.exit(1), 10_000).unref();
    void portico.close().then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}
