import { homedir } from 'node:os';
import { join } from 'node:path';
import { InvalidUriError } from './errors.ts';
import type { Endpoint } from './transport/endpoint.ts';
import { readSshEndpoint, sshParameters } from './transport/ssh-endpoint.ts';
import { decodeUriPart, UriParameters } from './transport/uri-parameters.ts';

/** Where to connect and what to ask for there. */
export interface ConnectTarget {
  /** Tried in order: the modular daemon's socket before the monolithic one's. */
  readonly endpoints: readonly Endpoint[];
  /** The hypervisor's name as the daemon knows it: `qemu:///system`, `test:///default`. */
  readonly driverUri: string;
  readonly login: LoginHints;
}

/** What the URI says about who is to log in, where the daemon wants to know. */
export interface LoginHints {
  /** The server by the name that libvirt's auth file knows it by. */
  readonly host: string;
  readonly username: string | null;
  /** `authfile`. */
  readonly authFile: string | null;
}

/** What of the surroundings decides where a session daemon listens. */
export interface UriEnvironment {
  /** `XDG_RUNTIME_DIR`. */
  readonly runtimeDirectory: string | undefined;
  /** `XDG_CACHE_HOME`; libvirt falls back to it when there is no runtime directory. */
  readonly cacheDirectory: string | undefined;
  readonly homeDirectory: string;
}

interface Driver {
  readonly name: string;
  readonly paths: readonly string[];
  /** What the daemons that serve it listen on, the modular one before the monolithic one. */
  readonly sockets: readonly string[];
}

const drivers: readonly Driver[] = [
  { name: 'qemu', paths: ['/system', '/session'], sockets: ['virtqemud-sock', 'libvirt-sock'] },
  { name: 'test', paths: ['/default'], sockets: ['libvirt-sock'] },
];

const transports = {
  unix: { parameters: ['socket', 'authfile'], tcpPort: null },
  tcp: { parameters: [], tcpPort: 16_509 },
  tls: { parameters: ['pkipath', 'no_verify', 'tls_priority', 'authfile'], tcpPort: 16_514 },
  ssh: { parameters: sshParameters, tcpPort: null },
} as const;
type Transport = keyof typeof transports;

const systemDirectory = '/run/libvirt';
/** `/var/run` leads to `/run` wherever there is one, and is all that older systems have. */
const remoteSystemDirectory = '/var/run/libvirt';
/** A name or an address; nothing that a program could take for an option, or a shell for more than a word. */
const plainHost = /^\w[\w.-]*$/;

/** The parts of a URI whose form has been checked. */
interface Parts {
  readonly uri: string;
  readonly url: URL;
  readonly driver: Driver;
  readonly driverUri: string;
  readonly parameters: UriParameters;
}

/**
 * Reads a libvirt connection URI without touching the world.
 *
 * @throws InvalidUriError for what is malformed, unknown, or not supported; it says which and what would do.
 * @see https://libvirt.org/uri.html
 */
export function parseUri(
  uri: string,
  environment: UriEnvironment = currentEnvironment(),
): ConnectTarget {
  const url = readUrl(uri);
  const [driverName, scheme] = splitOnce(url.protocol.slice(0, -1), '+');
  const driver = drivers.find(({ name }) => name === driverName);
  if (driver === undefined)
    throw new InvalidUriError(uri, `driver "${driverName}" is not qemu or test`);
  const transport = readTransport(uri, url, scheme);
  if (!driver.paths.includes(url.pathname)) {
    throw new InvalidUriError(uri, `path "${url.pathname}" is not ${driver.paths.join(' or ')}`);
  }
  if (driver.name === 'test' && scheme === null && transport === 'unix') {
    throw new InvalidUriError(
      uri,
      'the test driver is reached through a daemon: test+unix:///default',
    );
  }
  const parts: Parts = {
    uri,
    url,
    driver,
    driverUri: `${driverName}://${url.pathname}`,
    parameters: new UriParameters(uri, url.search, transports[transport].parameters),
  };
  return {
    endpoints: readEndpoints(transport, parts, environment),
    driverUri: parts.driverUri,
    login: readLogin(transport, parts),
  };
}

function readUrl(uri: string): URL {
  const url = URL.parse(uri);
  if (url === null || !/^[a-z0-9+.-]+:\/\//i.test(uri)) {
    throw new InvalidUriError(uri, 'is not of the form driver[+transport]://[host][:port]/path');
  }
  if (url.hash !== '')
    throw new InvalidUriError(uri, 'has a fragment (#), which means nothing here');
  if (url.password !== '') {
    throw new InvalidUriError(
      uri,
      'a password has no place in a URI; give it as credentials or in the auth file',
    );
  }
  return url;
}

function splitOnce(text: string, separator: string): [string, string | null] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

/** A host without a transport means TLS, as everywhere in libvirt. */
function readTransport(uri: string, url: URL, scheme: string | null): Transport {
  if (scheme === null) return url.host === '' ? 'unix' : 'tls';
  if (isTransport(scheme)) return scheme;
  const known = Object.keys(transports).join(', ');
  throw new InvalidUriError(uri, `transport "${scheme}" is not one of ${known}`);
}

function isTransport(scheme: string): scheme is Transport {
  return Object.hasOwn(transports, scheme);
}

function readEndpoints(
  transport: Transport,
  parts: Parts,
  environment: UriEnvironment,
): readonly Endpoint[] {
  switch (transport) {
    case 'unix':
      return unixEndpoints(parts, environment);
    case 'tcp':
      return [{ kind: 'tcp', ...readAddress(parts, transports.tcp.tcpPort) }];
    case 'tls':
      return [tlsEndpoint(parts)];
    case 'ssh':
      return [sshEndpoint(parts)];
  }
}

function unixEndpoints(
  { uri, url, driver, parameters }: Parts,
  environment: UriEnvironment,
): readonly Endpoint[] {
  if (url.host !== '')
    throw new InvalidUriError(uri, 'a host has no use with transport unix; use tls or ssh');
  const socket = parameters.path('socket');
  if (socket !== null) return [{ kind: 'unix', path: socket }];
  const directory = url.pathname === '/session' ? sessionDirectory(environment) : systemDirectory;
  return driver.sockets.map((name) => ({ kind: 'unix', path: join(directory, name) }));
}

function tlsEndpoint(parts: Parts): Endpoint {
  const { uri, parameters } = parts;
  if (parameters.has('tls_priority')) {
    throw new InvalidUriError(
      uri,
      "tls_priority is in GnuTLS's language and this client uses OpenSSL; choose versions and ciphers by NODE_OPTIONS, such as --tls-min-v1.3",
    );
  }
  return {
    kind: 'tls',
    ...readAddress(parts, transports.tls.tcpPort),
    pkiDirectory: parameters.path('pkipath'),
    verifiesServer: !parameters.flag('no_verify'),
  };
}

function sshEndpoint(parts: Parts): Endpoint {
  const { uri, url, driver, driverUri, parameters } = parts;
  const isSession = url.pathname === '/session';
  return readSshEndpoint(
    {
      uri,
      driverUri,
      ...readAddress(parts, null),
      user: decodeUriPart(uri, url.username),
      sockets: isSession ? [] : driver.sockets.map((name) => `${remoteSystemDirectory}/${name}`),
    },
    parameters,
  );
}

function readAddress<T extends number | null>(
  { uri, url }: Parts,
  tcpPortDefault: T,
): { host: string; tcpPort: number | T } {
  if (url.hostname === '') throw new InvalidUriError(uri, 'this transport needs a host');
  const address = /^\[(.*)\]$/.exec(url.hostname)?.[1];
  const host = address ?? decodeUriPart(uri, url.hostname);
  if (address === undefined && !plainHost.test(host)) {
    throw new InvalidUriError(
      uri,
      'the host may hold letters, digits and . - _, and not begin with a sign',
    );
  }
  if (url.port === '') return { host, tcpPort: tcpPortDefault };
  const tcpPort = Number(url.port);
  if (tcpPort === 0) throw new InvalidUriError(uri, 'port 0 is no port');
  return { host, tcpPort };
}

function readLogin(transport: Transport, { uri, url, parameters }: Parts): LoginHints {
  const username = decodeUriPart(uri, url.username);
  if (transport === 'tcp' && username !== '') {
    throw new InvalidUriError(
      uri,
      'a user name has no use over plain TCP, where nobody can log in safely; use tls or ssh',
    );
  }
  return {
    host: url.hostname === '' ? 'localhost' : url.hostname.replace(/^\[(.*)\]$/, '$1'),
    // With ssh it is the one that ssh logs in with.
    username: username === '' || transport === 'ssh' ? null : username,
    authFile: parameters.path('authfile'),
  };
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
