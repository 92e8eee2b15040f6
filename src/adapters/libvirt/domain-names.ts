import type { BlockJobType as WireBlockJobType, DomainStateInfo } from 'node-libvirt';
import type { BlockJobType } from '../../ports/block-jobs.ts';
import type { DomainJob, DomainState } from '../../ports/domain.ts';

/** virDomainJobOperation in libvirt's order. */
const jobOperations: readonly DomainJob['operation'][] = [
  'unknown',
  'start',
  'save',
  'restore',
  'migrationIn',
  'migrationOut',
  'snapshot',
  'snapshotRevert',
  'dump',
  'backup',
  'snapshotDelete',
];

export function jobOperationName(operation: unknown): DomainJob['operation'] {
  return (typeof operation === 'number' ? jobOperations[operation] : undefined) ?? 'unknown';
}

/** `migration-canceled` as the port writes it: `migrationCanceled`. */
export function camelCase(dashed: string): string {
  return dashed.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

export function blockJobTypeName(type: WireBlockJobType): BlockJobType {
  return type === 'active-commit' ? 'activeCommit' : type;
}

/** A state that this libvirt names and we do not yet is `nostate`. */
export function domainStateName(state: DomainStateInfo['state']): DomainState {
  return state === 'unknown' ? 'nostate' : state;
}

/** A domain in these states has a QEMU process. */
export function isActiveState(state: DomainState): boolean {
  return state !== 'shutoff' && state !== 'crashed' && state !== 'nostate';
}
