import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AuthenticationError } from '../errors.ts';

/** What an auth file holds for a server; either may be missing. */
export interface AuthFileEntry {
  readonly username: string | null;
  readonly password: string | null;
}

export interface AuthFileSearch {
  /** `authfile` of the URI. */
  readonly authFile: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
}

type Sections = ReadonlyMap<string, ReadonlyMap<string, string>>;

const fileCharactersMax = 1_048_576;

/**
 * The files that may hold the credentials, best first. One that is named must be there; of the usual ones the first that
 * is there counts.
 *
 * @see https://libvirt.org/auth.html
 */
export function authFilePaths({ authFile, environment, homeDirectory }: AuthFileSearch): {
  readonly paths: readonly string[];
  readonly isNamed: boolean;
} {
  const named = authFile ?? environment['LIBVIRT_AUTH_FILE'];
  if (named) return { paths: [named], isNamed: true };
  const config = environment['XDG_CONFIG_HOME'] ?? join(homeDirectory, '.config');
  return {
    paths: [join(config, 'libvirt', 'auth.conf'), '/etc/libvirt/auth.conf'],
    isNamed: false,
  };
}

export function authFilePathsHere(authFile: string | null): ReturnType<typeof authFilePaths> {
  return authFilePaths({ authFile, environment: process.env, homeDirectory: homedir() });
}

/**
 * Looks a server up in libvirt's auth file; null where no file knows it.
 *
 * @throws AuthenticationError for a file that cannot be read or understood. Nothing of its content is in the message.
 */
export async function lookUpInAuthFile(
  { paths, isNamed }: ReturnType<typeof authFilePaths>,
  host: string,
): Promise<AuthFileEntry | null> {
  for (const path of paths) {
    const content = await readAuthFile(path, isNamed, host);
    if (content !== null) return findEntry(parseAuthFile(content), { host, path });
  }
  return null;
}

async function readAuthFile(path: string, isNamed: boolean, host: string): Promise<string | null> {
  try {
    const content = await readFile(path, 'utf8');
    if (content.length <= fileCharactersMax) return content;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isMissing = 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES');
    if (isMissing && !isNamed) return null;
    const reason = `the auth file ${path} cannot be read`;
    throw new AuthenticationError(reason, { host, username: null }, error);
  }
  throw new AuthenticationError(`the auth file ${path} is too long`, { host, username: null });
}

/** Sections in brackets, `key=value` lines in them, comments behind "#" or ";". What is none of these is skipped. */
export function parseAuthFile(content: string): Sections {
  const sections = new Map<string, Map<string, string>>();
  let current: Map<string, string> | null = null;
  for (const line of content.split(/\r?\n/)) {
    const [, section] = /^\s*\[([^\]]*)\]\s*$/.exec(line) ?? [];
    if (section !== undefined) {
      current = sections.get(section) ?? new Map();
      sections.set(section, current);
      continue;
    }
    const [, key, value] = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) current?.set(key, value);
  }
  return sections;
}

function findEntry(
  sections: Sections,
  { host, path }: { host: string; path: string },
): AuthFileEntry | null {
  const name = [`auth-libvirt-${host}`, 'auth-libvirt-default'].find((one) => sections.has(one));
  const server = name === undefined ? undefined : sections.get(name);
  if (server === undefined) return null;
  const credentials = sections.get(`credentials-${server.get('credentials') ?? ''}`);
  if (credentials === undefined) {
    const reason = `[${name}] of ${path} names no [credentials-...] section that is there`;
    throw new AuthenticationError(reason, { host, username: null });
  }
  return {
    // libvirt's own name for who logs in by SASL; "username" is for its other drivers, but often written.
    username: credentials.get('authname') ?? credentials.get('username') ?? null,
    password: credentials.get('password') ?? null,
  };
}
