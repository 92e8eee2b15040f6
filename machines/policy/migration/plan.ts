import type { DiskView, DomainView } from '../../../src/ports/domain.ts';
import type {
  MigrateCall,
  MigrationOptions,
  MigrationPurpose,
} from '../../../src/ports/migration.ts';

/**
 * The disks that this migration copies, by name. An empty `migrate_disks` would mean "all writable
 * ones" to libvirt, attached volumes included, so the list is always made here.
 */
export function disksToCopy(domain: DomainView, options: MigrationOptions): string[] {
  if (options.copyStorage === 'none') return [];
  if (options.copyDisks.length > 0) return [...options.copyDisks];
  return domain.disks.filter(isCopiedByDefault).map((disk) => disk.targetDev);
}

/** As libvirt chooses: writable, not shareable, with something in it (qemuMigrationAnyCopyDisk). */
function isCopiedByDefault(disk: DiskView): boolean {
  return !disk.readOnly && !disk.shareable && disk.source !== 'none' && disk.device === 'disk';
}

/** The disks whose data has to stand on the destination already. */
export function disksToStay(domain: DomainView, options: MigrationOptions): string[] {
  const copied = disksToCopy(domain, options);
  return domain.disks
    .filter(({ readOnly, source }) => !readOnly && (source === 'file' || source === 'block'))
    .flatMap(({ targetDev }) => (copied.includes(targetDev) ? [] : targetDev));
}

export function toMigrateCall(
  domain: DomainView,
  options: MigrationOptions,
  purpose: MigrationPurpose = 'move',
): MigrateCall {
  return {
    domainUuid: domain.uuid,
    purpose,
    options,
    persistent: domain.persistent,
    copyDisks: disksToCopy(domain, options),
  };
}

/** Must the domain be persistent on the destination in the end? */
export function wantsDestinationDefinition(domain: DomainView, options: MigrationOptions): boolean {
  return domain.persistent && options.persistence === 'asBefore';
}

/** Must the source's definition be gone in the end? */
export function wantsSourceUndefined(domain: DomainView, options: MigrationOptions): boolean {
  return domain.persistent && !options.keepSource;
}
