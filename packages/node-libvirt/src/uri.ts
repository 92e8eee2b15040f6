import { homedir } from 'node:os';
import { join } from 'node:path';
import { InvalidUriError } from './errors.ts';
import type { Endpoint } from './rpc/message-socket.ts';

/** Where to connect and what to ask for there. */
export interface ConnectTarget {
  /** Tried in order: the modular daemon's socket before the monolithic one's. */
  readonly endpoints: readonly Endpoint[];
  /** The hypervisor's name as the daemon knows it: `qemu:///system`, `test:///default`. */
  readonly driverUri: string;
}

/** What of the surroundings decides where a session daemon listens. */
export interface UriEnvironment {
  /** `XDG_RUNTIME_DIR`. */
  readonly runtimeDirectory: string | undefined;
  /** `XDG_CACHE_HOME`; libvirt falls back to it when there is no runtime directory. */
  readonly cacheDirectory: string | undefined;
  readonly homeDirectory: string;
}

const tcpPortDefault = 16_509;
const systemDirectory = '/run/libvirt';
const monolithicSocket = 'libvirt-sock';
/** Drivers, the paths each knows, and the socket of the modular daemon that serves it alone. */
const drivers: Readonly<
  Record<string, { paths: readonly string[]; modularSocket: string | null }>
> = {
  qemu: { paths: ['/system', '/session'], modularSocket: 'virtqemud-sock' },
  test: { paths: ['/default'], modularSocket: null },
};
const laterTransports = new Set(['tls', 'ssh', 'libssh', 'libssh2', 'ext']);

/**
 * Reads a libvirt connection URI without touching the world.
 *
 * @throws InvalidUriError for what is malformed, unknown, or not supported yet; it says which and what would do.
 * @see https://libvirt.org/uri.html
 */
export function parseUri(
  uri: string,
  environment: UriEnvironment = currentEnvironment(),
): ConnectTarget {
  const url = readUrl(uri);
  const [driverName, transport] = splitOnce(url.protocol.slice(0, -1), '+');
  const driver = Object.hasOwn(drivers, driverName) ? drivers[driverName] : undefined;
  if (driver === undefined)
    throw new InvalidUriError(uri, `driver "${driverName}" is not qemu or test`);
  if (transport !== null && laterTransports.has(transport)) {
    throw new InvalidUriError(
      uri,
      `transport "${transport}" is not supported yet; use unix or tcp`,
    );
  }
  if (transport !== null && transport !== 'unix' && transport !== 'tcp') {
    throw new InvalidUriError(uri, `transport "${transport}" is unknown; use unix or tcp`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new InvalidUriError(
      uri,
      'a user name has no use without authentication, which is not supported',
    );
  }
  if (!driver.paths.includes(url.pathname)) {
    throw new InvalidUriError(uri, `path "${url.pathname}" is not ${driver.paths.join(' or ')}`);
  }
  const socketPath = readSocketPath(uri, url.search);
  const driverUri = `${driverName}://${url.pathname}`;
  if (transport === 'tcp') return { endpoints: [tcpEndpoint(uri, url, socketPath)], driverUri };
  if (url.host !== '') {
    throw new InvalidUriError(uri, 'a host name needs a transport such as qemu+tcp://');
  }
  if (socketPath !== null) return { endpoints: [{ kind: 'unix', path: socketPath }], driverUri };
  if (driverName === 'test' && transport === null) {
    throw new InvalidUriError(
      uri,
      'the test driver is reached through a daemon: test+unix:///default',
    );
  }
  const directory = url.pathname === '/session' ? sessionDirectory(environment) : systemDirectory;
  const sockets = [driver.modularSocket, monolithicSocket].filter((socket) => socket !== null);
  return {
    endpoints: sockets.map((socket) => ({ kind: 'unix', path: join(directory, socket) })),
    driverUri,
  };
}

function readUrl(uri: string): URL {
  const url = URL.parse(uri);
  if (url === null || !/^[a-z0-9+.-]+:\/\//i.test(uri)) {
    throw new InvalidUriError(uri, 'is not of the form driver[+transport]://[host][:port]/path');
  }
  if (url.hash !== '')
    throw new InvalidUriError(uri, 'has a fragment (#), which means nothing here');
  return url;
}

function splitOnce(text: string, separator: string): [string, string | null] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

/** libvirt decodes only %XX: a "+" in a path is a plus, so URLSearchParams will not do. */
function readSocketPath(uri: string, search: string): string | null {
  let socketPath: string | null = null;
  for (const parameter of search.slice(1).split('&')) {
    if (parameter === '') continue;
    const [key, value] = splitOnce(parameter, '=');
    if (key !== 'socket')
      throw new InvalidUriError(uri, `parameter "${key}" is not supported; socket is`);
    socketPath = decode(uri, value ?? '');
    if (!socketPath.startsWith('/') || socketPath.includes('\0')) {
      throw new InvalidUriError(uri, 'socket must be an absolute path');
    }
  }
  return socketPath;
}

function decode(uri: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) throw new InvalidUriError(uri, 'has a broken % escape');
    throw error;
  }
}

function tcpEndpoint(uri: string, url: URL, socketPath: string | null): Endpoint {
  if (url.hostname === '') throw new InvalidUriError(uri, 'transport tcp needs a host');
  if (socketPath !== null)
    throw new InvalidUriError(uri, 'socket belongs to transport unix, not tcp');
  const host = decode(uri, url.hostname).replace(/^\[(.*)\]$/, '$1');
  const tcpPort = url.port === '' ? tcpPortDefault : Number(url.port);
  if (tcpPort === 0) throw new InvalidUriError(uri, 'port 0 is no port');
  return { kind: 'tcp', host, tcpPort };
}

function sessionDirectory(environment: UriEnvironment): string {
  if (environment.runtimeDirectory) return join(environment.runtimeDirectory, 'libvirt');
  return join(environment.cacheDirectory ?? join(environment.homeDirectory, '.cache'), 'libvirt');
}

function currentEnvironment(): UriEnvironment {
  return {
    runtimeDirectory: process.env['XDG_RUNTIME_DIR'],
    cacheDirectory: process.env['XDG_CACHE_HOME'],
    homeDirectory: homedir(),
  };
}
