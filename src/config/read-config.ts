import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { z } from 'zod';

import { ConfigError } from './config-error.ts';
import type { ConfigFile, HostConfig, SecretReference } from './config-file.ts';
import { configFile, configJsonSchema } from './config-file.ts';
import { namesAt } from './names-at.ts';
import { didYouMean } from '../requests/nearest.ts';

const fileName = 'virtstate.config.json';
const sizeBytesMax = 2 ** 20;

export interface ConfigPlace {
  /** `--config`. */
  readonly named: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
  readonly workingDirectory: string;
}

/** What stands in the file, with paths from the root; without a file, what holds then. */
export interface Config extends ConfigFile {
  /** `null`: there is none. */
  readonly path: string | null;
}

/** What holds without a file. */
export const noConfig: Config = { ...configFile.parse({}), path: null };

/**
 * The configuration: `--config`, else VIRTSTATE_CONFIG, else `virtstate.config.json` in the working
 * directory, in the user's configuration directory, in `/etc/virtstate`.
 *
 * @throws ConfigError
 */
export function readConfig(place: ConfigPlace): Config {
  const path = placeOf(place);
  if (path === null) return noConfig;
  const given = parseJson(path, readText(path));
  const parsed = configFile.safeParse(given);
  if (!parsed.success) throw new ConfigError(describe(path, parsed.error));
  const { data } = parsed;
  const from = (relative: string): string => resolve(dirname(path), relative);
  return {
    ...data,
    path,
    ...(data.store === undefined ? {} : { store: from(data.store) }),
    hosts: Object.fromEntries(
      Object.entries(data.hosts).map(([name, host]) => [name, withPaths(host, from)]),
    ),
    serve: {
      ...data.serve,
      ...(data.serve.tls === undefined
        ? {}
        : {
            tls: { certificate: from(data.serve.tls.certificate), key: from(data.serve.tls.key) },
          }),
      tokens: data.serve.tokens.map((one) => ({ ...one, secret: located(one.secret, from) })),
    },
  };
}

function placeOf({ named, environment, homeDirectory, workingDirectory }: ConfigPlace) {
  const given = named ?? (environment['VIRTSTATE_CONFIG'] || undefined);
  if (given !== undefined) return resolve(workingDirectory, given);
  const configHome = environment['XDG_CONFIG_HOME'];
  const ofUser = configHome?.startsWith('/') === true ? configHome : join(homeDirectory, '.config');
  const usual = [
    join(workingDirectory, fileName),
    join(ofUser, 'virtstate', fileName),
    join('/etc/virtstate', fileName),
  ];
  return usual.find((path) => existsSync(path)) ?? null;
}

function readText(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length > sizeBytesMax) throw new Error('it is larger than 1 MiB');
    return text;
  } catch (error) {
    throw new ConfigError(`${path} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${path} is no JSON: ${reasonOf(error)}`, { cause: error });
  }
}

function withPaths(host: HostConfig, from: (path: string) => string): HostConfig {
  const { credentials } = host;
  if (credentials === undefined) return host;
  return {
    ...host,
    credentials: { ...credentials, password: located(credentials.password, from) },
  };
}

function located(reference: SecretReference, from: (path: string) => string): SecretReference {
  return 'file' in reference ? { file: from(reference.file) } : reference;
}

/** In one line, for the first thing that is wrong. */
function describe(path: string, { issues: [issue] }: z.ZodError): string {
  if (issue === undefined) return `${path} is wrong`;
  const field = issue.path.map(String).join('.');
  const at = field === '' ? path : `${path}: ${field}`;
  switch (issue.code) {
    case 'unrecognized_keys': {
      const [key = ''] = issue.keys;
      const known = namesAt(configJsonSchema(), issue.path.map(String));
      const name = field === '' ? key : `${field}.${key}`;
      return `${path}: ${name} is not known${didYouMean(key, known)} There is ${known.join(', ')}`.replace(
        'known There',
        'known. There',
      );
    }
    case 'invalid_union':
      return `${at}: must be {"file": PATH} or {"env": NAME}`;
    default:
      return `${at}: ${issue.message.replace(/^Invalid input: /, '')}`;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
