import { migrateFlags, type MigrateParams } from 'node-libvirt';
import { FailureError } from '../../ports/failure.ts';
import type { MigrateCall, MigrationOptions } from '../../ports/migration.ts';

/** The second half of virDomainMigrateToURI3: what goes over the wire beside the domain. */
export interface MigrationArguments {
  readonly flags: number;
  readonly params: MigrateParams;
}

/**
 * A migration's options in libvirt's own words. Base is Nova's: LIVE, PEER2PEER, and as the domain
 * was persistent, PERSIST_DEST and UNDEFINE_SOURCE. ABORT_ON_ERROR is left out as virsh and Nova
 * leave it out: a guest I/O error during the copy is no reason to give the migration up. PAUSED is
 * left out because libvirt adds it itself for a paused domain.
 *
 * @throws FailureError when storage is to be copied without naming the disks.
 */
export function toMigrationArguments(call: MigrateCall): MigrationArguments {
  if (call.options.copyStorage !== 'none' && call.copyDisks.length === 0) {
    // libvirt would read an empty list as "all writable disks", attached volumes included.
    const message = 'a storage copy must name its disks';
    throw new FailureError({ code: 'invalidArgument', message, effect: 'none' });
  }
  return { flags: toFlags(call), params: toParams(call) };
}

function toFlags({ options, persistent }: MigrateCall): number {
  const chosen: readonly (readonly [boolean, number])[] = [
    [persistsOnDestination(options, persistent), migrateFlags.PERSIST_DEST],
    [persistent && !options.keepSource, migrateFlags.UNDEFINE_SOURCE],
    [options.copyStorage === 'all', migrateFlags.NON_SHARED_DISK],
    [options.copyStorage === 'inc', migrateFlags.NON_SHARED_INC],
    [options.parallelConnections > 1, migrateFlags.PARALLEL],
    [options.compression.length > 0, migrateFlags.COMPRESSED],
    [options.autoConverge, migrateFlags.AUTO_CONVERGE],
    [options.unsafe, migrateFlags.UNSAFE],
  ];
  return chosen.reduce(
    (flags, [isChosen, flag]) => (isChosen ? flags | flag : flags),
    migrateFlags.LIVE | migrateFlags.PEER2PEER,
  );
}

function toParams({ options, persistent, copyDisks }: MigrateCall): MigrateParams {
  const { destinationXml } = options;
  return {
    ...(options.migrationUri !== null && { migrate_uri: options.migrationUri }),
    ...(options.destinationName !== null && { destination_name: options.destinationName }),
    ...(destinationXml !== null && { destination_xml: destinationXml }),
    // Without it the destination would keep the source's paths in its definition (LP 1890501).
    ...(destinationXml !== null &&
      persistsOnDestination(options, persistent) && { persistent_xml: destinationXml }),
    ...(options.bandwidthMibPerS > 0 && { bandwidth: options.bandwidthMibPerS }),
    ...(options.copyStorage !== 'none' && { migrate_disks: copyDisks }),
    ...(options.parallelConnections > 1 && {
      'parallel.connections': options.parallelConnections,
    }),
    ...(options.compression.length > 0 && { compression: options.compression }),
  };
}

function persistsOnDestination(options: MigrationOptions, persistent: boolean): boolean {
  return persistent && options.persistence === 'asBefore';
}
