import type { LiveMigrationInput } from './request.ts';
import { wantsPostcopy } from './convergence.ts';

/** Options that do not go together, whatever the domain and the hosts. */
interface ConflictRule {
  readonly when: (input: LiveMigrationInput) => boolean;
  /** What is wrong, and what to do instead. Options are named as they are typed. */
  readonly message: string;
}

const isTunnelled = ({ options }: LiveMigrationInput): boolean => options.tunnelled;
const isParallel = ({ options }: LiveMigrationInput): boolean => options.parallelConnections > 1;
const copies = ({ options }: LiveMigrationInput): boolean => options.copyStorage !== 'none';
const compresses =
  (...methods: readonly string[]) =>
  ({ options }: LiveMigrationInput): boolean =>
    options.compression.some((method) => methods.includes(method));
const hasScheme = (uri: string | null, scheme: string): boolean =>
  uri?.startsWith(`${scheme}:`) ?? false;
const permits = ({ options }: LiveMigrationInput): boolean => options.postcopy;
const raises = ({ convergence }: LiveMigrationInput): boolean =>
  convergence.onStall === 'raiseDowntime';

/**
 * A tunnel is one pipe from QEMU to QEMU that only goes forward (qemuMigrationSrcPerformTunnel,
 * qemuMigrationSrcBeginPhase, qemuMigrationSrcPerformPeer2Peer, virDomainMigrateUnmanagedParams).
 */
const ofTunnels: readonly ConflictRule[] = [
  {
    when: (input) => isTunnelled(input) && permits(input),
    message:
      'post-copy fetches pages from the source, and a tunnel only goes forward: leave --postcopy out, or use --protocol peer2peer or direct',
  },
  {
    when: (input) => isTunnelled(input) && isParallel(input),
    message:
      'a tunnel is a single stream: leave --parallel out, or use --protocol peer2peer or direct',
  },
  {
    when: (input) => isTunnelled(input) && copies(input),
    message:
      'a tunnel carries no disks: use shared storage, or --protocol peer2peer or direct with --copy-storage',
  },
  {
    when: (input) => isTunnelled(input) && input.options.tls && input.protocol === 'direct',
    message:
      "the source's QEMU sends to the relay of a tunnel without TLS, however the connections are made: leave --tls out and give --relay-uri unix:///PATH on the source's host, or use --protocol direct with --tls",
  },
  {
    when: (input) => isTunnelled(input) && input.options.tls,
    message:
      'a tunnel is as safe as the connections that carry it: leave --tls out and use qemu+tls:// or qemu+ssh:// URIs, or use --protocol peer2peer or direct',
  },
  {
    when: (input) => isTunnelled(input) && input.options.migrationUri !== null,
    message:
      'a tunnel goes where the connection to the destination goes: leave --migrate-uri out, or use --protocol peer2peer or direct',
  },
  {
    when: (input) => isTunnelled(input) && input.options.listenAddress !== null,
    message:
      'nothing listens for a tunnel on the destination: leave --listen-address out, or use --protocol peer2peer or direct',
  },
  {
    when: ({ options, protocol }) =>
      options.relayUri !== null && !(options.tunnelled && protocol === 'direct'),
    message:
      'only a tunnel that this process carries has a relay: leave --relay-uri out, or use --protocol direct-tunnelled',
  },
  {
    when: ({ options, protocol }) =>
      options.tunnelled && protocol === 'direct' && options.relayUri === null,
    message:
      'a tunnel that this process carries needs an address at which the source reaches it: give --relay-uri tcp://ADDRESS:PORT or unix:///PATH, or use --protocol tunnelled',
  },
];

/** qemuMigrationSrcBeginPhase for the flags; disks go over libvirt's volume streams, not its mirror. */
const ofOffline: readonly ConflictRule[] = [
  {
    when: (input) => input.offline && isTunnelled(input),
    message:
      'a domain that is shut off has no memory to tunnel: use --protocol peer2peer or direct with --offline',
  },
  {
    when: ({ offline, options }) => offline && options.persistence === 'transient',
    message:
      'of a domain that is shut off, the definition is all that moves: leave --transient out, or do without --offline',
  },
  {
    when: (input) =>
      input.offline &&
      (permits(input) ||
        input.options.autoConverge ||
        input.options.tls ||
        input.options.zerocopy ||
        isParallel(input) ||
        input.options.compression.length > 0 ||
        input.options.bandwidthMibPerS > 0),
    message:
      'a domain that is shut off has no memory to send: leave --postcopy, --auto-converge, --tls, --parallel, --zerocopy, --compression and --bandwidth out with --offline',
  },
  {
    when: ({ offline, options }) =>
      offline &&
      [options.migrationUri, options.listenAddress, options.disksUri, options.disksPort].some(
        (place) => place !== null,
      ),
    message:
      'an offline move has no stream of QEMU: leave --migrate-uri, --listen-address, --disks-uri and --disks-port out with --offline',
  },
  {
    when: ({ offline, convergence }) =>
      offline &&
      (convergence.downtime !== null ||
        convergence.budget !== null ||
        convergence.stallPasses !== null),
    message:
      'a domain that is shut off writes nothing: leave --policy, --timeout, the downtime and the stall options out with --offline',
  },
];

/** migrate_caps_check of QEMU; zlib and zstd are methods of multifd alone. */
const ofStreams: readonly ConflictRule[] = [
  {
    when: (input) => input.options.zerocopy && !isParallel(input),
    message:
      'zero-copy is for parallel streams only: give --parallel 2 or more, or leave --zerocopy out',
  },
  {
    when: ({ options }) => options.zerocopy && options.tls,
    message:
      'zero-copy sends pages as they lie in memory, so they cannot be encrypted: leave --zerocopy or --tls out',
  },
  {
    when: ({ options }) => options.zerocopy && options.compression.length > 0,
    message:
      'zero-copy sends pages as they lie in memory, so they cannot be compressed: leave --zerocopy or --compression out',
  },
  {
    when: (input) => compresses('zlib', 'zstd')(input) && !isParallel(input),
    message:
      '--compression zlib and zstd work on parallel connections only: give --parallel 2 or more',
  },
  {
    when: (input) => compresses('xbzrle', 'mt')(input) && isParallel(input),
    message:
      '--compression xbzrle and mt work on a single stream only: use zlib or zstd, or leave --parallel out',
  },
  {
    when: (input) => compresses('zlib')(input) && compresses('zstd')(input),
    message: 'parallel streams have one method of compression: give --compression zlib or zstd',
  },
  {
    when: (input) => compresses('xbzrle')(input) && compresses('mt')(input),
    message:
      'QEMU takes only one of xbzrle and mt: give --compression xbzrle (mt is gone since QEMU 9.1)',
  },
  {
    when: ({ options }) => new Set(options.compression).size < options.compression.length,
    message: 'a method of compression is named twice: name each once in --compression',
  },
  {
    when: (input) => permits(input) && compresses('mt')(input),
    message:
      'the threads of --compression mt write pages as they come, which post-copy forbids: leave one of them out',
  },
  {
    when: (input) => permits(input) && isParallel(input),
    message:
      'QEMU refuses or breaks post-copy on parallel streams before version 10.1: leave --postcopy or --parallel out',
  },
];

/** qemuMigrationDstPrepareDirect, qemuMigrationSrcPerformNative, qemuMigrationDstPrepareAny. */
const ofPlaces: readonly ConflictRule[] = [
  {
    when: ({ protocol, offline, options }) =>
      protocol === 'peer2peer' && !offline && options.destinationConnectUri === null,
    message:
      'the source daemon drives and has to reach the destination: give --dconnuri, as in --dconnuri qemu+tcp://HOST/system, or use --protocol direct',
  },
  {
    when: ({ options }) => options.disksUri !== null && options.disksPort !== null,
    message: '--disks-uri names the port already: leave --disks-port out',
  },
  {
    when: (input) =>
      !copies(input) && (input.options.disksUri !== null || input.options.disksPort !== null),
    message: '--disks-uri and --disks-port are for copied disks: give --copy-storage all or inc',
  },
  {
    when: (input) =>
      hasScheme(input.options.migrationUri, 'unix') &&
      copies(input) &&
      input.options.disksUri === null,
    message:
      'memory goes over a socket file, so the disks need one too: give --disks-uri unix:///PATH',
  },
  {
    when: ({ options }) =>
      hasScheme(options.migrationUri, 'unix') && options.tls && options.tlsDestination === null,
    message:
      'a socket file has no host name that a certificate could be held against: give --tls-destination NAME',
  },
  {
    when: ({ options }) =>
      hasScheme(options.migrationUri, 'unix') && options.listenAddress !== null,
    message: '--migrate-uri names the socket file to listen on: leave --listen-address out',
  },
  {
    when: ({ options }) => hasScheme(options.migrationUri, 'rdma') && options.tls,
    message: 'QEMU encrypts nothing over RDMA: leave --tls out, or use --migrate-uri tcp://ADDRESS',
  },
  {
    when: (input) => hasScheme(input.options.migrationUri, 'rdma') && isParallel(input),
    message: 'RDMA is a single stream: leave --parallel out, or use --migrate-uri tcp://ADDRESS',
  },
  {
    when: ({ options }) => options.tlsDestination !== null && !options.tls,
    message: '--tls-destination is the name in a certificate: give --tls too',
  },
];

/** What would be left on a host in the end. */
const ofStorage: readonly ConflictRule[] = [
  {
    when: (input) => input.options.copyDisks.length > 0 && !copies(input),
    message: '--copy-disks needs --copy-storage all or inc',
  },
  {
    when: (input) => input.options.sourceDisk === 'delete' && !copies(input),
    message:
      'no disk is copied, so the one on the source is the only one: give --copy-storage, or leave --source-disk delete out',
  },
  {
    when: ({ options }) => options.sourceDisk === 'delete' && options.keepSource,
    message:
      'a definition that stays on the source needs its disks: leave --keep-source or --source-disk delete out',
  },
];

/** How it is brought to its end; libvirt's own refusals are in qemuMigrationParamsFromFlags. */
const ofConvergence: readonly ConflictRule[] = [
  {
    when: ({ options }) =>
      !options.autoConverge &&
      (options.autoConvergeInitial !== null || options.autoConvergeIncrement !== null),
    message:
      '--auto-converge-initial and --auto-converge-increment tune auto-converge: give --auto-converge too',
  },
  {
    when: (input) => !permits(input) && wantsPostcopy(input.convergence),
    message:
      'post-copy can be started only where it was permitted from the beginning: give --postcopy',
  },
  {
    when: (input) => !permits(input) && input.options.postcopyBandwidthMibPerS > 0,
    message: '--postcopy-bandwidth is for post-copy: give --postcopy',
  },
  {
    when: ({ convergence }) => convergence.onBudget !== 'none' && convergence.budget === null,
    message:
      'what to do when the time is over needs a time: give --timeout or --timeout-per-gib with it',
  },
  {
    when: ({ convergence }) => convergence.onStall !== 'none' && convergence.stallPasses === null,
    message: 'what to do on a stall needs the passes that make one: give --stall-passes',
  },
  {
    when: (input) => raises(input) && (input.convergence.downtime?.steps ?? 0) === 0,
    message:
      'raising the downtime on a stall goes up the steps of a ramp: give --downtime-ramp START:LIMIT:STEPS:S_PER_GIB',
  },
];

/** All rules, in the order in which they are judged. */
export const optionConflicts: readonly ConflictRule[] = [
  ...ofTunnels,
  ...ofOffline,
  ...ofStreams,
  ...ofPlaces,
  ...ofStorage,
  ...ofConvergence,
];

/**
 * The first reason why these options do not go together: libvirt or QEMU would refuse them late, do
 * something else than they say, or ignore one of them. `null`: they do.
 */
export function conflictOf(input: LiveMigrationInput): string | null {
  return optionConflicts.find(({ when }) => when(input))?.message ?? null;
}
