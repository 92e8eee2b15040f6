/** Where a daemon listens, and how to get there. */
export type Endpoint = UnixEndpoint | TcpEndpoint | TlsEndpoint | SshEndpoint;

export interface UnixEndpoint {
  readonly kind: 'unix';
  readonly path: string;
}

export interface TcpEndpoint {
  readonly kind: 'tcp';
  readonly host: string;
  readonly tcpPort: number;
}

export interface TlsEndpoint {
  readonly kind: 'tls';
  readonly host: string;
  readonly tcpPort: number;
  /** Directory with `cacert.pem`, `clientcert.pem` and `clientkey.pem`; null for libvirt's usual places. */
  readonly pkiDirectory: string | null;
  /** Whether the server's certificate and name are checked. */
  readonly verifiesServer: boolean;
}

/** `askConfig` leaves it to ssh's own configuration, where "ask" means no because nobody can be asked. */
export type HostKeyCheck = 'askConfig' | 'acceptNew' | 'off';

/**
 * What runs on the other side and talks to the daemon there: libvirt's own helper, netcat on the first of these sockets
 * that exists, or the helper where there is one and else netcat.
 */
export type SshProxy =
  | { readonly kind: 'native'; readonly driverUri: string }
  | { readonly kind: 'netcat'; readonly netcat: string; readonly sockets: readonly string[] }
  | {
      readonly kind: 'auto';
      readonly driverUri: string;
      readonly netcat: string;
      readonly sockets: readonly string[];
    };

export interface SshEndpoint {
  readonly kind: 'ssh';
  readonly host: string;
  /** Null leaves it to ssh's configuration, as with `user`. */
  readonly tcpPort: number | null;
  readonly user: string | null;
  /** The ssh program: a path, or a name that is looked up in PATH. */
  readonly program: string;
  readonly keyFile: string | null;
  readonly knownHostsFile: string | null;
  readonly hostKeyCheck: HostKeyCheck;
  readonly proxy: SshProxy;
}

/** For people. */
export function describeEndpoint(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case 'unix':
      return endpoint.path;
    case 'tcp':
    case 'tls':
      return `${endpoint.host}:${endpoint.tcpPort}`;
    case 'ssh': {
      const user = endpoint.user === null ? '' : `${endpoint.user}@`;
      const tcpPort = endpoint.tcpPort === null ? '' : `:${endpoint.tcpPort}`;
      return `ssh ${user}${endpoint.host}${tcpPort}`;
    }
  }
}
