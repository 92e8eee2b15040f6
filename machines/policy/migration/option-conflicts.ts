import type { LiveMigrationInput } from './request.ts';
import { wantsPostcopy } from './convergence.ts';

/** Options that do not go together, whatever the domain and the hosts. */
interface ConflictRule {
  readonly when: (input: LiveMigrationInput) => boolean;
  /** What is wrong, and what to do instead. Options have the names of the input, in backticks. */
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
      'post-copy fetches pages from the source, and a tunnel only goes forward: leave `postcopy` out, or use `tunnelled: false`',
  },
  {
    when: (input) => isTunnelled(input) && isParallel(input),
    message:
      'a tunnel is a single stream: leave `parallelConnections` out, or use `tunnelled: false`',
  },
  {
    when: (input) => isTunnelled(input) && copies(input),
    message:
      'a tunnel carries no disks: use shared storage, or `tunnelled: false` with `copyStorage`',
  },
  {
    when: (input) => isTunnelled(input) && input.options.tls && input.protocol === 'direct',
    message:
      "the source's QEMU sends to the relay of a tunnel without TLS, however the connections are made: leave `tls` out and give `relayUri: unix:///PATH` on the source's host, or use `protocol: direct, tunnelled: false` with `tls`",
  },
  {
    when: (input) => isTunnelled(input) && input.options.tls,
    message:
      'a tunnel is as safe as the connections that carry it: leave `tls` out and use qemu+tls:// or qemu+ssh:// URIs, or use `tunnelled: false`',
  },
  {
    when: (input) => isTunnelled(input) && input.options.migrationUri !== null,
    message:
      'a tunnel goes where the connection to the destination goes: leave `migrationUri` out, or use `tunnelled: false`',
  },
  {
    when: (input) => isTunnelled(input) && input.options.listenAddress !== null,
    message:
      'nothing listens for a tunnel on the destination: leave `listenAddress` out, or use `tunnelled: false`',
  },
  {
    when: ({ options, protocol }) =>
      options.relayUri !== null && !(options.tunnelled && protocol === 'direct'),
    message:
      'only a tunnel that this process carries has a relay: leave `relayUri` out, or use `protocol: direct, tunnelled: true`',
  },
  {
    when: ({ options, protocol }) =>
      options.tunnelled && protocol === 'direct' && options.relayUri === null,
    message:
      'a tunnel that this process carries needs an address at which the source reaches it: give `relayUri: tcp://ADDRESS:PORT or unix:///PATH`, or use `protocol: peer2peer, tunnelled: true`',
  },
];

/** qemuMigrationSrcBeginPhase for the flags; disks go over libvirt's volume streams, not its mirror. */
const ofOffline: readonly ConflictRule[] = [
  {
    when: (input) => input.offline && isTunnelled(input),
    message:
      'a domain that is shut off has no memory to tunnel: use `tunnelled: false` with `offline`',
  },
  {
    when: ({ offline, options }) => offline && options.persistence === 'transient',
    message:
      'of a domain that is shut off, the definition is all that moves: leave `persistence: transient` out, or do without `offline`',
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
      'a domain that is shut off has no memory to send: leave `postcopy`, `autoConverge`, `tls`, `parallelConnections`, `zerocopy`, `compression` and `bandwidthMibPerS` out with `offline`',
  },
  {
    when: ({ offline, options }) =>
      offline &&
      [options.migrationUri, options.listenAddress, options.disksUri, options.disksPort].some(
        (place) => place !== null,
      ),
    message:
      'an offline move has no stream of QEMU: leave `migrationUri`, `listenAddress`, `disksUri` and `disksPort` out with `offline`',
  },
  {
    when: ({ offline, convergence }) =>
      offline &&
      (convergence.downtime !== null ||
        convergence.budget !== null ||
        convergence.stallPasses !== null),
    message: 'a domain that is shut off writes nothing: leave `convergence` out with `offline`',
  },
];

/** migrate_caps_check of QEMU; zlib and zstd are methods of multifd alone. */
const ofStreams: readonly ConflictRule[] = [
  {
    when: (input) => input.options.zerocopy && !isParallel(input),
    message:
      'zero-copy is for parallel streams only: give `parallelConnections: 2 or more`, or leave `zerocopy` out',
  },
  {
    when: ({ options }) => options.zerocopy && options.tls,
    message:
      'zero-copy sends pages as they lie in memory, so they cannot be encrypted: leave `zerocopy` or `tls` out',
  },
  {
    when: ({ options }) => options.zerocopy && options.compression.length > 0,
    message:
      'zero-copy sends pages as they lie in memory, so they cannot be compressed: leave `zerocopy` or `compression` out',
  },
  {
    when: (input) => compresses('zlib', 'zstd')(input) && !isParallel(input),
    message:
      '`compression: zlib and zstd` work on parallel connections only: give `parallelConnections: 2 or more`',
  },
  {
    when: (input) => compresses('xbzrle', 'mt')(input) && isParallel(input),
    message:
      '`compression: xbzrle and mt` work on a single stream only: use zlib or zstd, or leave `parallelConnections` out',
  },
  {
    when: (input) => compresses('zlib')(input) && compresses('zstd')(input),
    message: 'parallel streams have one method of compression: give `compression: zlib or zstd`',
  },
  {
    when: (input) => compresses('xbzrle')(input) && compresses('mt')(input),
    message:
      'QEMU takes only one of xbzrle and mt: give `compression: xbzrle` (mt is gone since QEMU 9.1)',
  },
  {
    when: ({ options }) => new Set(options.compression).size < options.compression.length,
    message: 'a method of compression is named twice: name each once in `compression`',
  },
  {
    when: (input) => permits(input) && compresses('mt')(input),
    message:
      'the threads of `compression: mt` write pages as they come, which post-copy forbids: leave one of them out',
  },
  {
    when: (input) => permits(input) && isParallel(input),
    message:
      'QEMU refuses or breaks post-copy on parallel streams before version 10.1: leave `postcopy` or `parallelConnections` out',
  },
];

/** qemuMigrationDstPrepareDirect, qemuMigrationSrcPerformNative, qemuMigrationDstPrepareAny. */
const ofPlaces: readonly ConflictRule[] = [
  {
    when: ({ protocol, offline, options }) =>
      protocol === 'peer2peer' && !offline && options.destinationConnectUri === null,
    message:
      'the source daemon drives and has to reach the destination: give `destinationConnectUri`, as in `destinationConnectUri: qemu+tcp://HOST/system`, or use `protocol: direct`',
  },
  {
    when: ({ options }) => options.disksUri !== null && options.disksPort !== null,
    message: '`disksUri` names the port already: leave `disksPort` out',
  },
  {
    when: (input) =>
      !copies(input) && (input.options.disksUri !== null || input.options.disksPort !== null),
    message: '`disksUri` and `disksPort` are for copied disks: give `copyStorage: all or inc`',
  },
  {
    when: (input) =>
      hasScheme(input.options.migrationUri, 'unix') &&
      copies(input) &&
      input.options.disksUri === null,
    message:
      'memory goes over a socket file, so the disks need one too: give `disksUri: unix:///PATH`',
  },
  {
    when: ({ options }) =>
      hasScheme(options.migrationUri, 'unix') && options.tls && options.tlsDestination === null,
    message:
      'a socket file has no host name that a certificate could be held against: give `tlsDestination: NAME`',
  },
  {
    when: ({ options }) =>
      hasScheme(options.migrationUri, 'unix') && options.listenAddress !== null,
    message: '`migrationUri` names the socket file to listen on: leave `listenAddress` out',
  },
  {
    when: ({ options }) => hasScheme(options.migrationUri, 'rdma') && options.tls,
    message:
      'QEMU encrypts nothing over RDMA: leave `tls` out, or use `migrationUri: tcp://ADDRESS`',
  },
  {
    when: (input) => hasScheme(input.options.migrationUri, 'rdma') && isParallel(input),
    message:
      'RDMA is a single stream: leave `parallelConnections` out, or use `migrationUri: tcp://ADDRESS`',
  },
  {
    when: ({ options }) => options.tlsDestination !== null && !options.tls,
    message: '`tlsDestination` is the name in a certificate: give `tls` too',
  },
];

/** What would be left on a host in the end. */
const ofStorage: readonly ConflictRule[] = [
  {
    when: (input) => input.options.copyDisks.length > 0 && !copies(input),
    message: '`copyDisks` needs `copyStorage: all or inc`',
  },
  {
    when: (input) => input.options.sourceDisk === 'delete' && !copies(input),
    message:
      'no disk is copied, so the one on the source is the only one: give `copyStorage`, or leave `sourceDisk: delete` out',
  },
  {
    when: ({ options }) => options.sourceDisk === 'delete' && options.keepSource,
    message:
      'a definition that stays on the source needs its disks: leave `keepSource` or `sourceDisk: delete` out',
  },
];

/** How it is brought to its end; libvirt's own refusals are in qemuMigrationParamsFromFlags. */
const ofConvergence: readonly ConflictRule[] = [
  {
    when: ({ options }) =>
      !options.autoConverge &&
      (options.autoConvergeInitial !== null || options.autoConvergeIncrement !== null),
    message:
      '`autoConvergeInitial` and `autoConvergeIncrement` tune auto-converge: give `autoConverge` too',
  },
  {
    when: (input) => !permits(input) && wantsPostcopy(input.convergence),
    message:
      'post-copy can be started only where it was permitted from the beginning: give `postcopy`',
  },
  {
    when: (input) => !permits(input) && input.options.postcopyBandwidthMibPerS > 0,
    message: '`postcopyBandwidthMibPerS` is for post-copy: give `postcopy`',
  },
  {
    when: ({ convergence }) => convergence.onBudget !== 'none' && convergence.budget === null,
    message: 'what to do when the time is over needs a time: give `convergence.budget` with it',
  },
  {
    when: ({ convergence }) => convergence.onStall !== 'none' && convergence.stallPasses === null,
    message: 'what to do on a stall needs the passes that make one: give `convergence.stallPasses`',
  },
  {
    when: (input) => raises(input) && (input.convergence.downtime?.steps ?? 0) === 0,
    message:
      'raising the downtime on a stall goes up the steps of a ramp: give `convergence.downtime.steps`',
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
