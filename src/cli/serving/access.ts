import { readFileSync } from 'node:fs';

import type { Config } from '../../config/index.ts';
import { ConfigError, readSecret } from '../../config/index.ts';
import type { ServiceParts } from '../../service/index.ts';
import type { Surroundings } from '../display/presenters.ts';
import { UsageError } from '../options/usage-error.ts';

/** Who may do what. */
export type Access = Pick<ServiceParts, 'tls' | 'tokens'>;

/** @throws UsageError where more than this machine could reach it without TLS and tokens */
export async function readAccess(
  host: string,
  { path, serve: given }: Config,
  environment: Surroundings['environment'],
): Promise<Access> {
  const { isLoopback } = await import('../../service/index.ts');
  const missing = [
    ...(given.tls === undefined ? ['serve.tls'] : []),
    ...(given.tokens.length === 0 ? ['serve.tokens'] : []),
  ];
  if (!isLoopback(host) && missing.length > 0)
    throw new UsageError(
      `others than this machine reach ${host}: that takes ${missing.join(' and ')} in ${path ?? 'a configuration file'} (docs/service.md)`,
    );
  try {
    const tokens = given.tokens.map(({ name, role, secret }, at) => {
      const field = `${path}: serve.tokens.${at}.secret`;
      return { name, role, secret: readSecret(secret, field, environment) };
    });
    refuseWeak(tokens, path);
    const tls =
      given.tls === undefined
        ? null
        : { certificate: readPem(given.tls.certificate), key: readPem(given.tls.key) };
    return { tokens, tls };
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

const secretLengthMin = 16;

function refuseWeak(tokens: ServiceParts['tokens'], path: string | null): void {
  for (const [at, { secret }] of tokens.entries()) {
    const field = `${path}: serve.tokens.${at}.secret`;
    if (secret.length < secretLengthMin || !/^[\x21-\x7e]+$/.test(secret))
      throw new ConfigError(
        `${field} must be at least ${secretLengthMin} printable characters without a space`,
      );
    if (tokens.findIndex((other) => other.secret === secret) !== at)
      throw new ConfigError(`${field} is that of another token`);
  }
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`serve.tls: ${reason}`, { cause: error });
  }
}
