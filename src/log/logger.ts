// The program's log: one JSON line each, to standard error, so that commands can print results to standard
// output. Must never carry a token, a secret, a query string or a member's data: requests are logged by path shape.
import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';

export type { Logger } from 'pino';

/** `to`: standard error unless said. */
export function createLogger(
  level: string,
  to: DestinationStream = pino.destination({ dest: 2, sync: false }),
): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err } }, to);
}

/** Node's parser hangs a broken request on its error, tokens and all; PostgreSQL puts values into `detail` and `where`. */
function err(error: Error): Record<string, unknown> {
  const { rawPacket: _packet, detail: _detail, where: _where, ...kept } = stdSerializers.err(error);
  return kept;
}

/** For tests and for commands that speak for themselves. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}
