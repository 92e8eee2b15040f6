import { migrateFlags, type MigrateParams, type MigratePerform3Request } from 'node-libvirt';
import { withClaim } from './claims.ts';
import { FailureError } from '../../ports/failure.ts';
import type { MigrateCall, MigrationOptions } from '../../ports/migration.ts';

/** What goes over the wire beside the domain. */
export interface MigrationArguments {
  readonly flags: number;
  readonly params: MigrateParams;
}

/**
 * A migration's options in libvirt's own words, as virDomainMigrateToURI3 takes them. Base is
 * Nova's: LIVE, PEER2PEER, and as the domain was persistent, PERSIST_DEST and UNDEFINE_SOURCE.
 * ABORT_ON_ERROR is left out as virsh and Nova leave it out: a guest I/O error during the copy is no
 * reason to give the migration up. PAUSED is left out because libvirt adds it itself for a paused
 * domain.
 *
 * @throws FailureError `invalidArgument` when storage is to be copied without naming the disks.
 */
export function toMigrationArguments(call: MigrateCall): MigrationArguments {
  requireNamedDisks(call);
  const flags = toFlags(call) | migrateFlags.PEER2PEER;
  return {
    flags: undefinesSource(call) ? flags | migrateFlags.UNDEFINE_SOURCE : flags,
    params: toParams(call),
  };
}

/**
 * The one call of a peer-to-peer migration.
 *
 * @throws FailureError `invalidArgument` as {@link toMigrationArguments}, and without a way to the
 * destination's daemon.
 */
export function toPeer2peerRequest(call: MigrateCall): MigratePerform3Request {
  const { destinationConnectUri: destinationUri } = call.options;
  if (destinationUri === null) {
    throw invalidArgument('peer-to-peer needs the URI by which the source reaches the destination');
  }
  return { destinationUri, ...toMigrationArguments(call) };
}

/** The phases of a migration that the client drives, before the daemons have answered anything. */
export interface DrivenArguments extends MigrationArguments {
  /** What the Confirm phase takes: it alone ends the source's definition. */
  readonly confirmFlags: number;
}

/**
 * The same for a migration that the client drives: without PEER2PEER, and with CHANGE_PROTECTION, so
 * that the source's job lasts from Begin to Confirm.
 *
 * @throws FailureError `invalidArgument` as {@link toMigrationArguments}, and for a tunnel that
 * nobody carries.
 */
export function toDrivenArguments(call: MigrateCall): DrivenArguments {
  requireNamedDisks(call);
  if (call.options.tunnelled && call.options.relayUri === null) {
    throw invalidArgument('a tunnel that the client carries needs an address to listen on');
  }
  const flags = toFlags(call) | migrateFlags.CHANGE_PROTECTION;
  const confirmFlags = undefinesSource(call) ? flags | migrateFlags.UNDEFINE_SOURCE : flags;
  return { flags, confirmFlags, params: toParams(call) };
}

/** libvirt would read an empty list as "all writable disks", attached volumes included. */
function requireNamedDisks(call: MigrateCall): void {
  if (copiesStorage(call) && call.copyDisks.length === 0) {
    throw invalidArgument('a storage copy must name its disks');
  }
}

function invalidArgument(message: string): FailureError {
  return new FailureError({ code: 'invalidArgument', message, effect: 'none' });
}

function toFlags(call: MigrateCall): number {
  const { options, purpose } = call;
  // libvirt moves a shut-off domain's definition only where it is kept.
  if (purpose === 'moveOffline') return migrateFlags.OFFLINE | migrateFlags.PERSIST_DEST;
  const isResumed = purpose === 'resumePostcopy';
  const chosen: readonly (readonly [boolean, number])[] = [
    [persistsOnDestination(call), migrateFlags.PERSIST_DEST],
    [options.tunnelled, migrateFlags.TUNNELLED],
    [options.copyStorage === 'all', migrateFlags.NON_SHARED_DISK],
    [options.copyStorage === 'inc', migrateFlags.NON_SHARED_INC],
    [options.postcopy || isResumed, migrateFlags.POSTCOPY],
    [isResumed, migrateFlags.POSTCOPY_RESUME],
    [options.tls, migrateFlags.TLS],
    [options.parallelConnections > 1, migrateFlags.PARALLEL],
    [options.zerocopy, migrateFlags.ZEROCOPY],
    [options.compression.length > 0, migrateFlags.COMPRESSED],
    [options.autoConverge, migrateFlags.AUTO_CONVERGE],
    [options.unsafe, migrateFlags.UNSAFE],
  ];
  return chosen.reduce<number>(
    (flags, [isChosen, flag]) => (isChosen ? flags | flag : flags),
    migrateFlags.LIVE,
  );
}

function toParams(call: MigrateCall): MigrateParams {
  const { options } = call;
  const definition = toDefinitionParams(call);
  if (call.purpose === 'moveOffline') return definition;
  return {
    ...definition,
    ...toStreamParams(options),
    ...(copiesStorage(call) && {
      migrate_disks: call.copyDisks,
      ...given('disks_uri', options.disksUri),
      ...given('disks_port', options.disksPort),
    }),
    ...(options.autoConverge && {
      ...given('auto_converge.initial', options.autoConvergeInitial),
      ...given('auto_converge.increment', options.autoConvergeIncrement),
    }),
  };
}

function toDefinitionParams(call: MigrateCall): MigrateParams {
  const { claim, options } = call;
  const { destinationName } = options;
  const isClaimed = options.destinationXml !== null && claim !== undefined;
  const destinationXml = isClaimed
    ? withClaim(options.destinationXml, claim)
    : options.destinationXml;
  return {
    ...given('destination_name', destinationName),
    ...given('destination_xml', destinationXml),
    // Without it the destination would keep the source's paths in its definition (LP 1890501).
    ...(persistsOnDestination(call) && given('persistent_xml', destinationXml)),
  };
}

/** What concerns the memory's way to the destination. */
function toStreamParams(options: MigrationOptions): MigrateParams {
  const { bandwidthMibPerS, compression, parallelConnections, postcopyBandwidthMibPerS } = options;
  return {
    ...given('migrate_uri', options.migrationUri),
    ...given('listen_address', options.listenAddress),
    ...(options.tls && given('tls.destination', options.tlsDestination)),
    ...(bandwidthMibPerS > 0 && { bandwidth: bandwidthMibPerS }),
    ...(options.postcopy &&
      postcopyBandwidthMibPerS > 0 && { 'bandwidth.postcopy': postcopyBandwidthMibPerS }),
    ...(parallelConnections > 1 && { 'parallel.connections': parallelConnections }),
    ...(compression.length > 0 && { compression }),
  };
}

/** The parameter where there is a value for it. */
function given<K extends keyof MigrateParams>(
  key: K,
  value: MigrateParams[K] | null,
): MigrateParams {
  return value === null ? {} : { [key]: value };
}

function copiesStorage({ options, purpose }: MigrateCall): boolean {
  return options.copyStorage !== 'none' && purpose !== 'moveOffline';
}

function persistsOnDestination({ options, persistent, purpose }: MigrateCall): boolean {
  return purpose === 'moveOffline' || (persistent && options.persistence === 'asBefore');
}

/** The definition of a domain that was moved offline is ended by whoever has looked first. */
function undefinesSource({ options, persistent, purpose }: MigrateCall): boolean {
  return persistent && !options.keepSource && purpose !== 'moveOffline';
}

/** A guest that is paused when the migration begins arrives paused. */
export function withPaused(flags: number, { isPaused }: { readonly isPaused: boolean }): number {
  return isPaused ? flags | migrateFlags.PAUSED : flags;
}

/** What is for the source alone is kept from the destination, as libvirt's own client does. */
export function toDestinationFlags(flags: number, begun: { readonly isPaused: boolean }): number {
  return withPaused(flags, begun) & ~(migrateFlags.ABORT_ON_ERROR | migrateFlags.AUTO_CONVERGE);
}
