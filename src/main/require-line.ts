// A line of business named on the command line.
import { type Config, ConfigError, type Line } from '../config/config.ts';

/** @throws {ConfigError} that lists the lines there are */
export function requireLine(config: Config, id: string): Line {
  const line = config.lines.find((candidate) => candidate.id === id);
  if (line === undefined)
    throw new ConfigError(
      `--line: there is no line '${id}'; there are ${config.lines.map((known) => known.id).join(', ')}`,
    );
  return line;
}
