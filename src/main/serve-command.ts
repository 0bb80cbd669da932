// `portico serve`: the program itself. Without a configuration file it is the sandbox plan.
import type { Command } from 'commander';
import { createPortico } from '../app/create-portico.ts';
import { loadConfig } from '../config/config.ts';
import { createLogger } from '../log/logger.ts';

export function registerServeCommand(program: Command): void {
  program
    .command('serve', { isDefault: true })
    .summary('run the server')
    .description(
      `Runs the FHIR API, the authorization server, the developer portal and the pages.
Without PORTICO_CONFIG it is a sandbox plan with synthetic members.

Environment: PORT (3000), DATA_DIR (./data), DATABASE_URL (PostgreSQL instead of SQLite),
PORTICO_CONFIG (configuration file), PUBLIC_URL (address of the sandbox), LOG_LEVEL (info).`,
    )
    .action(serve);
}

async function serve(): Promise<void> {
  const config = loadConfig(process.env);
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
