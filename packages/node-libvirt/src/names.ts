/** libvirt's enumerations as names, each at the place of its number. What a newer libvirt adds comes out as `unknown`. */
type Names = readonly string[];

/** The name of a number; `unknown` for one that the table does not have. */
export function nameOf<const T extends Names>(names: T, number: number): T[number] | 'unknown' {
  return names[number] ?? 'unknown';
}

/** virDomainState. */
export const domainStates = [
  'nostate',
  'running',
  'blocked',
  'paused',
  'shutdown',
  'shutoff',
  'crashed',
  'pmsuspended',
] as const;
export type DomainState = (typeof domainStates)[number] | 'unknown';

/** virDomain*Reason, one table for each state. */
export const stateReasons = {
  nostate: ['unknown'],
  running: [
    'unknown',
    'booted',
    'migrated',
    'restored',
    'from-snapshot',
    'unpaused',
    'migration-canceled',
    'save-canceled',
    'wakeup',
    'crashed',
    'postcopy',
    'postcopy-failed',
  ],
  blocked: ['unknown'],
  paused: [
    'unknown',
    'user',
    'migration',
    'save',
    'dump',
    'ioerror',
    'watchdog',
    'from-snapshot',
    'shutting-down',
    'snapshot',
    'crashed',
    'starting-up',
    'postcopy',
    'postcopy-failed',
    'api-error',
  ],
  shutdown: ['unknown', 'user'],
  shutoff: [
    'unknown',
    'shutdown',
    'destroyed',
    'crashed',
    'migrated',
    'saved',
    'failed',
    'from-snapshot',
    'daemon',
  ],
  crashed: ['unknown', 'panicked'],
  pmsuspended: ['unknown'],
  unknown: [],
} as const satisfies Record<DomainState, Names>;
export type DomainStateReason = (typeof stateReasons)[DomainState][number] | 'unknown';

/** virDomainJobType. */
export const jobTypes = [
  'none',
  'bounded',
  'unbounded',
  'completed',
  'failed',
  'cancelled',
] as const;
export type JobType = (typeof jobTypes)[number] | 'unknown';

/** virDomainBlockJobType. */
export const blockJobTypes = [
  'unknown',
  'pull',
  'copy',
  'commit',
  'active-commit',
  'backup',
] as const;
export type BlockJobType = (typeof blockJobTypes)[number];

/** virConnectDomainEventBlockJobStatus. */
export const blockJobStatuses = ['completed', 'failed', 'canceled', 'ready'] as const;

/** virDomainControlState. */
export const controlStates = ['ok', 'job', 'occupied', 'error'] as const;

/** virDomainControlErrorReason. */
export const controlErrorReasons = ['none', 'unknown', 'monitor', 'internal'] as const;

/** virDomainDiskErrorCode. */
export const diskErrorCodes = ['none', 'unspecified', 'no-space'] as const;

/** virSecretUsageType. */
export const secretUsageTypes = ['none', 'volume', 'ceph', 'iscsi', 'tls', 'vtpm'] as const;
export type SecretUsageType = (typeof secretUsageTypes)[number];

/** virStoragePoolState. */
export const storagePoolStates = [
  'inactive',
  'building',
  'running',
  'degraded',
  'inaccessible',
] as const;

/** virStorageVolType. */
export const storageVolTypes = ['file', 'block', 'dir', 'network', 'netdir', 'ploop'] as const;

/** virDomainMetadataType. */
export const metadataTypes = ['description', 'title', 'element'] as const;
export type MetadataType = (typeof metadataTypes)[number];

/** virCPUCompareResult. */
export const cpuComparisons = ['incompatible', 'identical', 'superset'] as const;

/** virDomainEventIOErrorAction. */
export const ioErrorActions = ['none', 'pause', 'report'] as const;

/** virConnectDomainEventAgentLifecycleState. */
export const agentStates = ['unknown', 'connected', 'disconnected'] as const;

/** virConnectDomainEventAgentLifecycleReason. */
export const agentReasons = ['unknown', 'domain-started', 'channel'] as const;

/** virDomainEventType, each with its own details (virDomainEvent*DetailType). */
export const lifecycleDetails = {
  defined: ['added', 'updated', 'renamed', 'from-snapshot'],
  undefined: ['removed', 'renamed'],
  started: ['booted', 'migrated', 'restored', 'from-snapshot', 'wakeup'],
  suspended: [
    'paused',
    'migrated',
    'ioerror',
    'watchdog',
    'restored',
    'from-snapshot',
    'api-error',
    'postcopy',
    'postcopy-failed',
  ],
  resumed: ['unpaused', 'migrated', 'from-snapshot', 'postcopy', 'postcopy-failed'],
  stopped: [
    'shutdown',
    'destroyed',
    'crashed',
    'migrated',
    'saved',
    'failed',
    'from-snapshot',
    'recreated',
  ],
  shutdown: ['finished', 'guest', 'host'],
  pmsuspended: ['memory', 'disk'],
  crashed: ['panicked', 'crashloaded'],
  unknown: [],
} as const satisfies Record<string, Names>;
export const lifecycleEvents = [
  'defined',
  'undefined',
  'started',
  'suspended',
  'resumed',
  'stopped',
  'shutdown',
  'pmsuspended',
  'crashed',
] as const satisfies readonly (keyof typeof lifecycleDetails)[];
