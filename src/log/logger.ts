// The program's log: one JSON line each, to standard error, so that commands can print results to standard
// output. Must never carry a token, a secret, a query string or a member's data: requests are logged by path shape.
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export function createLogger(level: string): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: false }),
  );
}

/** For tests and for commands that speak for themselves. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}
