import { Login, type CredentialsSource } from './auth/credentials.ts';
import type { CallOptions } from './call-options.ts';
import { Connection } from './connection.ts';
import { ConnectionGroup } from './rpc/connection-group.ts';
import type { KeepAliveOptions } from './rpc/keep-alive.ts';
import { parseUri } from './uri.ts';

export interface OpenOptions extends CallOptions {
  /** For connecting, authentication and the daemon's own open together; 10 s when left out. */
  readonly openTimeoutMs?: number | undefined;
  /**
   * Signs of life asked of a silent daemon: by default every 5 s, given up after 5 without an answer. Not asked where
   * silence would prove nothing, see the README. The daemon's own questions are always answered.
   */
  readonly keepAlive?: KeepAliveOptions | 'off' | undefined;
  /**
   * Who logs in where the daemon asks for SASL: fixed, or asked for then, at most once. Left out, libvirt's auth file is
   * read. Kept in memory as long as the connection, and in nothing that is printed.
   */
  readonly credentials?: CredentialsSource | undefined;
  /** Blocking calls in progress at most; 8 when left out, of the 20 workers libvirtd has for all its clients. */
  readonly blockingCallsMax?: number | undefined;
  /**
   * The name to give to the daemon instead of the one in the URI. A daemon that is given a URI with a server in it, such
   * as `qemu+tcp://other/system`, connects there itself and hands the calls on: so one learns what it can reach.
   */
  readonly daemonUri?: string | undefined;
  /**
   * `group` when left out: slow calls go through sockets of their own. `one`: all calls share the control socket, four
   * slow ones at most at a time. The daemon ties the phases of a migration that the client drives to the socket they came
   * on: such a migration belongs on a connection of this kind.
   */
  readonly sockets?: 'group' | 'one' | undefined;
}

/**
 * Opens a connection to a libvirt daemon (virConnectOpen).
 *
 * @throws InvalidUriError, ConnectError (TlsError, SshError), UnsupportedAuthError, AuthenticationError, LibvirtError, the
 * signal's reason, or a RangeError for an option that makes no sense.
 */
export async function open(uri: string, options: OpenOptions = {}): Promise<Connection> {
  const { openTimeoutMs = 10_000, blockingCallsMax = 8, sockets = 'group', signal } = options;
  const keepAlive = options.keepAlive ?? { intervalMs: 5_000, count: 5 };
  requireAtLeastOne({ openTimeoutMs, blockingCallsMax });
  if (keepAlive !== 'off') requireAtLeastOne({ ...keepAlive });
  const parsed = parseUri(uri);
  const group = await ConnectionGroup.open(
    {
      endpoints: parsed.endpoints,
      driverUri: options.daemonUri ?? parsed.driverUri,
      login: new Login(parsed.login, options.credentials),
      openTimeoutMs,
      keepAlive,
      blockingCallsMax,
      sockets,
    },
    signal,
  );
  return new Connection(uri, group);
}

function requireAtLeastOne(options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!(value >= 1)) throw new RangeError(`${name} must be at least 1, not ${value}`);
  }
}
