import type { Failure, FailureError } from '../../ports/failure.ts';
import { toFailure } from '../../ports/failure.ts';
import type { MigrateCall } from '../../ports/migration.ts';
import { libvirtError } from './libvirt-error.ts';
import { requirePausedStream, requireResumable } from './postcopy.ts';
import type { Domain, Host } from './world.ts';

/**
 * What the Begin phase says (qemuMigrationSrcBegin), in its order.
 *
 * @throws FailureError where it may not migrate
 */
export function requireAllowed(source: Host, call: MigrateCall): Domain {
  const domain = source.domains.get(call.domainUuid);
  if (domain === undefined) throw noDomain(call.domainUuid);
  if (call.purpose === 'resumePostcopy') {
    requireResumable(domain, 'out', 'postcopyFailed');
    requirePausedStream(domain.qemu?.stream?.status);
    return domain;
  }
  const problem =
    call.purpose === 'moveOffline'
      ? notAllowed(domain)
      : (notActive(domain) ??
        notAllowed(domain) ??
        notSafe(domain, call) ??
        notMeant(domain, call));
  if (problem !== null) throw problem;
  return domain;
}

/** The same as a verdict; `null`: it may. */
export function verdictOf(source: Host, call: MigrateCall): Failure | null {
  try {
    requireAllowed(source, call);
    return null;
  } catch (error) {
    return toFailure(error);
  }
}

export function noDomain(uuid: string): FailureError {
  return libvirtError('noDomain', `Domain not found: no domain with matching uuid '${uuid}'`);
}

function notActive({ qemu }: Domain): FailureError | null {
  return qemu === null ? libvirtError('operationInvalid', 'domain is not running') : null;
}

/** qemuMigrationSrcIsAllowed; what it asks of devices it asks of a running domain only. */
function notAllowed({ definition, qemu }: Domain): FailureError | null {
  const { snapshotCount, hostDevices } = definition;
  const why = [
    snapshotCount > 0 && `domain has ${snapshotCount} snapshots`,
    qemu !== null && hostDevices.length > 0 && 'domain has assigned host devices',
  ].find((each) => each !== false);
  if (why === undefined) return null;
  return libvirtError(
    'operationInvalid',
    `Requested operation is not valid: cannot migrate: ${why}`,
  );
}

/** qemuMigrationSrcIsSafe */
function notSafe({ definition }: Domain, { copyDisks, options }: MigrateCall): FailureError | null {
  const isUnsafe = definition.disks.some(
    ({ targetDev, readOnly }) => !readOnly && !copyDisks.includes(targetDev),
  );
  if (!isUnsafe || options.unsafe) return null;
  return libvirtError(
    'migrateUnsafe',
    'Unsafe migration: Migration without shared storage is unsafe',
  );
}

/** Flags that do not go together (qemuMigrationSrcBeginPhase). */
function notMeant({ definition }: Domain, call: MigrateCall): FailureError | null {
  const { options, copyDisks } = call;
  const { tunnelled, postcopy, zerocopy, parallelConnections, copyStorage } = options;
  if (postcopy && tunnelled)
    return libvirtError(
      'argumentUnsupported',
      'post-copy is not supported with tunnelled migration',
    );
  if (zerocopy && parallelConnections < 2)
    return libvirtError('operationInvalid', 'zero-copy is only available for parallel migration');
  if (copyStorage !== 'none' && tunnelled)
    return libvirtError(
      'operationUnsupported',
      'migration of non-shared storage is not supported with tunnelled migration and this QEMU',
    );
  const unknown = copyDisks.find((copied) =>
    definition.disks.every(({ targetDev }) => targetDev !== copied),
  );
  return unknown === undefined
    ? null
    : libvirtError('invalidArg', `disk target ${unknown} not found`);
}
