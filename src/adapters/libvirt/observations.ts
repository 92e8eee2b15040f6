import type {
  AgentLifecycleEvent,
  BlockJob2Event,
  JobCompletedEvent,
  LifecycleEvent,
  QemuMonitorEvent,
} from 'node-libvirt';
import type { DomainObservation, QemuMigrationStatus } from '../../ports/observation.ts';
import { blockJobTypeName, camelCase, jobOperationName } from './domain-names.ts';

type WithoutTime<T> = T extends unknown ? Omit<T, 'atEpochMs'> : never;

/** An observation before it is told, and so dated. */
export type Seen = WithoutTime<DomainObservation>;

/** The QEMU events that say what no libvirt event does. */
export const qemuEvents = ['MIGRATION', 'JOB_STATUS_CHANGE'] as const;

export function seenInLifecycle({
  detail,
  event,
}: Pick<LifecycleEvent, 'detail' | 'event'>): Seen | null {
  switch (event) {
    case 'started':
    case 'resumed':
    case 'suspended':
    case 'stopped':
      return { kind: event, detail: camelCase(detail) };
    case 'defined':
    case 'undefined':
    case 'shutdown':
    case 'pmsuspended':
    case 'crashed':
    case 'unknown':
      return null;
  }
}

export function seenInBlockJob({
  disk,
  status,
  type,
}: Pick<BlockJob2Event, 'disk' | 'status' | 'type'>): Seen | null {
  return type === 'copy' && status === 'ready' ? { kind: 'mirrorReady', targetDev: disk } : null;
}

/** As a watch tells it that minds more than a migration's mirrors. */
export function seenInAnyBlockJob({
  disk,
  status,
  type,
}: Pick<BlockJob2Event, 'disk' | 'status' | 'type'>): Seen | null {
  if (status === 'unknown') return null;
  return { kind: 'blockJob', targetDev: disk, job: blockJobTypeName(type), status };
}

export function seenInAgentLifecycle({ state }: Pick<AgentLifecycleEvent, 'state'>): Seen | null {
  return state === 'unknown' ? null : { kind: 'agent', state };
}

export function seenInJobCompleted({ stats }: Pick<JobCompletedEvent, 'stats'>): Seen | null {
  return jobOperationName(stats['operation']) === 'migrationOut' ? { kind: 'jobCompleted' } : null;
}

const migrationStatuses: ReadonlySet<string> = new Set<QemuMigrationStatus>([
  'setup',
  'active',
  'pre-switchover',
  'device',
  'postcopy-active',
  'postcopy-paused',
  'postcopy-recover',
  'postcopy-recover-setup',
  'completed',
  'failed',
  'cancelling',
  'cancelled',
]);

function isMigrationStatus(status: unknown): status is QemuMigrationStatus {
  return typeof status === 'string' && migrationStatuses.has(status);
}

/**
 * QMP `MIGRATION {status}` and `JOB_STATUS_CHANGE {id, status}`. libvirt names the mirror of a
 * migration after the disk's drive; `copy-...` would be somebody's block copy.
 */
export function seenInQemuEvent({
  details,
  event,
}: Pick<QemuMonitorEvent, 'details' | 'event'>): Seen | null {
  if (typeof details !== 'object' || details === null || !('status' in details)) return null;
  const { status } = details;
  if (event === 'MIGRATION') {
    return isMigrationStatus(status) ? { kind: 'migrationStatus', status } : null;
  }
  const isMirror = 'id' in details && String(details.id).startsWith('drive-');
  return isMirror && status === 'created' ? { kind: 'mirrorCreated' } : null;
}
