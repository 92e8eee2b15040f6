import { readFileSync } from 'node:fs';

import { ConfigError } from './config-error.ts';
import type { Config } from './read-config.ts';
import type { SecretReference } from './config-file.ts';

const lengthMax = 4_096;

/**
 * What a reference names, without the line break that editors leave. Read whenever it is needed, so
 * that it may be changed meanwhile.
 *
 * @param field where the reference stands, for the message
 * @throws ConfigError; its message never holds the secret
 */
export function readSecret(
  reference: SecretReference,
  field: string,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const secret = 'file' in reference ? fromFile(reference.file, field) : environment[reference.env];
  const from = 'file' in reference ? reference.file : `the environment variable ${reference.env}`;
  if (secret === undefined || secret === '')
    throw new ConfigError(`${field}: there is nothing in ${from}`);
  if (secret.length > lengthMax) throw new ConfigError(`${field}: ${from} holds too much`);
  return secret;
}

function fromFile(path: string, field: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${field}: ${reason}`, { cause: error });
  }
}

/** Who logs in at the daemon of a connection URI; `null`: the configuration does not say. */
export function credentialsOf(
  { hosts }: Pick<Config, 'hosts'>,
  environment: Readonly<Record<string, string | undefined>>,
  uri: string,
): (() => Promise<{ readonly username: string; readonly password: string }>) | null {
  const [name, host] = Object.entries(hosts).find(([, one]) => one.uri === uri) ?? [];
  const credentials = host?.credentials;
  if (credentials === undefined) return null;
  const { password, username } = credentials;
  return async () => ({
    username,
    password: readSecret(password, `hosts.${name}.credentials.password`, environment),
  });
}
