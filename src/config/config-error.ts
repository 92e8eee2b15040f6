/** Something is wrong with the configuration; the message names the file and the field. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
