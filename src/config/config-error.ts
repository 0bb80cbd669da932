// What every reader of the configuration throws.

/** A setting is missing or wrong; the message names it. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}
