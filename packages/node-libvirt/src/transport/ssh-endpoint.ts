import { InvalidUriError } from '../errors.ts';
import type { HostKeyCheck, SshEndpoint, SshProxy } from './endpoint.ts';
import type { UriParameters } from './uri-parameters.ts';

/** The parameters of `qemu+ssh://`, by libvirt's names. @see https://libvirt.org/uri.html#ssh-transport */
export const sshParameters = [
  'socket',
  'command',
  'netcat',
  'keyfile',
  'no_verify',
  'no_tty',
  'proxy',
  'known_hosts',
  'known_hosts_verify',
  'authfile',
] as const;

/** ssh hands the name to the commands of its configuration, which a shell runs. */
const plainUser = /^\w[\w.@+-]*$/;

/** What of the URI decides about ssh beside its parameters. */
export interface SshUri {
  readonly uri: string;
  readonly host: string;
  readonly tcpPort: number | null;
  /** Empty for none. */
  readonly user: string;
  readonly driverUri: string;
  /** Where the daemons listen that serve this driver, best first; none where only the other side can know. */
  readonly sockets: readonly string[];
}

/** @throws InvalidUriError for anything that ssh or the remote shell could take for more than it is. */
export function readSshEndpoint(url: SshUri, parameters: UriParameters): SshEndpoint {
  if (url.user !== '' && !plainUser.test(url.user)) {
    throw new InvalidUriError(
      url.uri,
      'the user name may hold letters, digits and _ . @ + -, and not begin with a sign',
    );
  }
  // Nobody can be asked for a password anyhow.
  parameters.flag('no_tty');
  return {
    kind: 'ssh',
    host: url.host,
    tcpPort: url.tcpPort,
    user: url.user === '' ? null : url.user,
    program: parameters.path('command') ?? 'ssh',
    keyFile: parameters.plainPath('keyfile'),
    knownHostsFile: parameters.plainPath('known_hosts'),
    hostKeyCheck: readHostKeyCheck(url.uri, parameters),
    proxy: readProxy(url, parameters),
  };
}

const hostKeyChecks: Readonly<Record<'normal' | 'auto' | 'ignore', HostKeyCheck>> = {
  normal: 'askConfig',
  auto: 'acceptNew',
  ignore: 'off',
};

function readHostKeyCheck(uri: string, parameters: UriParameters): HostKeyCheck {
  const verify = parameters.oneOf('known_hosts_verify', ['normal', 'auto', 'ignore']);
  if (!parameters.flag('no_verify')) return hostKeyChecks[verify ?? 'normal'];
  if (verify !== null && verify !== 'ignore') {
    throw new InvalidUriError(uri, `no_verify=1 contradicts known_hosts_verify=${verify}`);
  }
  return 'off';
}

function readProxy(url: SshUri, parameters: UriParameters): SshProxy {
  const asked = parameters.oneOf('proxy', ['auto', 'native', 'netcat']) ?? 'auto';
  const socket = parameters.plainPath('socket');
  const netcat = parameters.plainProgram('netcat') ?? 'nc';
  const { driverUri } = url;
  if (asked === 'native') {
    // virt-ssh-helper of libvirt 9.0 knows no socket, and would take the usual one in silence.
    const useless = ['socket', 'netcat'].find((name) => parameters.has(name));
    if (useless === undefined) return { kind: 'native', driverUri };
    throw new InvalidUriError(url.uri, `${useless} has no use with proxy=native`);
  }
  const sockets = socket === null ? url.sockets : [socket];
  if (asked === 'netcat' || socket !== null) {
    if (sockets.length > 0) return { kind: 'netcat', netcat, sockets };
    throw new InvalidUriError(url.uri, 'netcat needs socket: where, only the other side knows');
  }
  if (sockets.length === 0) return { kind: 'native', driverUri };
  return { kind: 'auto', driverUri, netcat, sockets };
}
