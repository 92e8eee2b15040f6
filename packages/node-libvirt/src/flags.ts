/** virDomainMigrateFlags. */
export const migrateFlags = {
  LIVE: 1,
  PEER2PEER: 2,
  TUNNELLED: 4,
  PERSIST_DEST: 8,
  UNDEFINE_SOURCE: 16,
  PAUSED: 32,
  NON_SHARED_DISK: 64,
  NON_SHARED_INC: 128,
  CHANGE_PROTECTION: 256,
  UNSAFE: 512,
  OFFLINE: 1_024,
  COMPRESSED: 2_048,
  ABORT_ON_ERROR: 4_096,
  AUTO_CONVERGE: 8_192,
  RDMA_PIN_ALL: 16_384,
  POSTCOPY: 32_768,
  TLS: 65_536,
  PARALLEL: 131_072,
  NON_SHARED_SYNCHRONOUS_WRITES: 262_144,
  POSTCOPY_RESUME: 524_288,
  ZEROCOPY: 1_048_576,
} as const;

/** virDomainXMLFlags. SECURE shows secrets: keep what it returns out of logs. */
export const xmlFlags = { SECURE: 1, INACTIVE: 2, UPDATE_CPU: 4, MIGRATABLE: 8 } as const;

/** virDomainCreateFlags. AUTODESTROY: the domain ends with the Connection that started it. */
export const createFlags = {
  PAUSED: 1,
  AUTODESTROY: 2,
  BYPASS_CACHE: 4,
  FORCE_BOOT: 8,
  VALIDATE: 16,
  RESET_NVRAM: 32,
} as const;

/** virDomainDefineFlags. */
export const defineFlags = { VALIDATE: 1 } as const;

/** virDomainUndefineFlagsValues. */
export const undefineFlags = {
  MANAGED_SAVE: 1,
  SNAPSHOTS_METADATA: 2,
  NVRAM: 4,
  KEEP_NVRAM: 8,
  CHECKPOINTS_METADATA: 16,
  TPM: 32,
  KEEP_TPM: 64,
} as const;

/** virDomainDestroyFlagsValues. */
export const destroyFlags = { GRACEFUL: 1, REMOVE_LOGS: 2 } as const;

/** virDomainGetJobStatsFlags. */
export const jobStatsFlags = { COMPLETED: 1, KEEP_COMPLETED: 2 } as const;

/** virDomainAbortJobFlagsValues. POSTCOPY pauses a post-copy migration, it does not cancel it. */
export const abortJobFlags = { POSTCOPY: 1 } as const;

/** virDomainModificationImpact. */
export const modificationImpact = { CURRENT: 0, LIVE: 1, CONFIG: 2 } as const;

/** virConnectListAllDomainsFlags. */
export const listDomainsFlags = {
  ACTIVE: 1,
  INACTIVE: 2,
  PERSISTENT: 4,
  TRANSIENT: 8,
  RUNNING: 16,
  PAUSED: 32,
  SHUTOFF: 64,
  OTHER: 128,
  MANAGEDSAVE: 256,
  NO_MANAGEDSAVE: 512,
  AUTOSTART: 1_024,
  NO_AUTOSTART: 2_048,
  HAS_SNAPSHOT: 4_096,
  NO_SNAPSHOT: 8_192,
  HAS_CHECKPOINT: 16_384,
  NO_CHECKPOINT: 32_768,
} as const;

/** virConnectCompareCPUFlags. */
export const compareCpuFlags = { FAIL_INCOMPATIBLE: 1, VALIDATE_XML: 2 } as const;

/** virDrvFeature: what a daemon and its driver can do. */
export const driverFeatures = {
  MIGRATION_V1: 1,
  REMOTE: 2,
  MIGRATION_V2: 3,
  MIGRATION_P2P: 4,
  MIGRATION_DIRECT: 5,
  MIGRATION_V3: 6,
  MIGRATE_CHANGE_PROTECTION: 7,
  FD_PASSING: 8,
  TYPED_PARAM_STRING: 9,
  PROGRAM_KEEPALIVE: 10,
  XML_MIGRATABLE: 11,
  MIGRATION_OFFLINE: 12,
  MIGRATION_PARAMS: 13,
  REMOTE_EVENT_CALLBACK: 14,
  REMOTE_CLOSE_CALLBACK: 15,
  NETWORK_UPDATE_HAS_CORRECT_ORDER: 16,
} as const;
