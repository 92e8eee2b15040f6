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

/** virDomainSaveRestoreFlags. RUNNING and PAUSED exclude each other; RESET_NVRAM is for restoring only. */
export const saveRestoreFlags = { BYPASS_CACHE: 1, RUNNING: 2, PAUSED: 4, RESET_NVRAM: 8 } as const;

/** virDomainSaveImageXMLFlags. SECURE shows secrets. */
export const saveImageXmlFlags = { SECURE: 1 } as const;

/** virDomainSnapshotCreateFlags. CURRENT goes with REDEFINE, QUIESCE with DISK_ONLY. */
export const snapshotCreateFlags = {
  REDEFINE: 1,
  CURRENT: 2,
  NO_METADATA: 4,
  HALT: 8,
  DISK_ONLY: 16,
  REUSE_EXT: 32,
  QUIESCE: 64,
  ATOMIC: 128,
  LIVE: 256,
  VALIDATE: 512,
} as const;

/** virDomainSnapshotListFlags: ROOTS is of a domain's snapshots, DESCENDANTS, the same number, of a snapshot's children. */
export const snapshotListFlags = {
  ROOTS: 1,
  DESCENDANTS: 1,
  METADATA: 2,
  LEAVES: 4,
  NO_LEAVES: 8,
  NO_METADATA: 16,
  INACTIVE: 32,
  ACTIVE: 64,
  DISK_ONLY: 128,
  INTERNAL: 256,
  EXTERNAL: 512,
  TOPOLOGICAL: 1_024,
} as const;

/** virDomainSnapshotXMLFlags. SECURE shows secrets. */
export const snapshotXmlFlags = { SECURE: 1 } as const;

/** virDomainSnapshotRevertFlags. RUNNING and PAUSED exclude each other. */
export const snapshotRevertFlags = { RUNNING: 1, PAUSED: 2, FORCE: 4, RESET_NVRAM: 8 } as const;

/** virDomainSnapshotDeleteFlags. CHILDREN and CHILDREN_ONLY exclude each other. */
export const snapshotDeleteFlags = { CHILDREN: 1, METADATA_ONLY: 2, CHILDREN_ONLY: 4 } as const;

/** virDomainBlockCopyFlags. */
export const blockCopyFlags = {
  SHALLOW: 1,
  REUSE_EXT: 2,
  TRANSIENT_JOB: 4,
  SYNCHRONOUS_WRITES: 8,
} as const;

/** virDomainBlockRebaseFlags. */
export const blockRebaseFlags = {
  SHALLOW: 1,
  REUSE_EXT: 2,
  COPY_RAW: 4,
  COPY: 8,
  RELATIVE: 16,
  COPY_DEV: 32,
  BANDWIDTH_BYTES: 64,
} as const;

/** virDomainBlockCommitFlags. */
export const blockCommitFlags = {
  SHALLOW: 1,
  DELETE: 2,
  ACTIVE: 4,
  RELATIVE: 8,
  BANDWIDTH_BYTES: 16,
} as const;

/** virDomainBlockPullFlags. */
export const blockPullFlags = { BANDWIDTH_BYTES: 64 } as const;

/** virDomainBlockJobAbortFlags. PIVOT switches the guest to the copy; ASYNC does not wait for the end. */
export const blockJobAbortFlags = { ASYNC: 1, PIVOT: 2 } as const;

/** virDomainBlockJobInfoFlags and virDomainBlockJobSetSpeedFlags: bytes/s instead of MiB/s. */
export const blockJobBandwidthFlags = { BANDWIDTH_BYTES: 1 } as const;

/** virDomainBlockResizeFlags: KiB without BYTES. CAPACITY: to the size that the storage has (10.0.0). */
export const blockResizeFlags = { BYTES: 1, CAPACITY: 2 } as const;

/** virDomainDeviceModifyFlags. FORCE is for updates only. */
export const deviceModifyFlags = { CURRENT: 0, LIVE: 1, CONFIG: 2, FORCE: 4 } as const;

/** virDomainSetTimeFlags. SYNC: from the guest's RTC, whatever time is given. */
export const setTimeFlags = { SYNC: 1 } as const;

/** virDomainAgentResponseTimeoutValues, instead of a number of seconds. BLOCK waits for ever. */
export const agentTimeouts = { BLOCK: -2, DEFAULT: -1, NOWAIT: 0 } as const;

/** virSecretDefineFlags. */
export const secretDefineFlags = { VALIDATE: 1 } as const;

/** virConnectListAllSecretsFlags. */
export const listSecretsFlags = {
  EPHEMERAL: 1,
  NO_EPHEMERAL: 2,
  PRIVATE: 4,
  NO_PRIVATE: 8,
} as const;

/** virStorageVolCreateFlags. */
export const storageVolCreateFlags = { PREALLOC_METADATA: 1, REFLINK: 2, VALIDATE: 4 } as const;

/** virStorageVolResizeFlags. SHRINK loses data. */
export const storageVolResizeFlags = { ALLOCATE: 1, DELTA: 2, SHRINK: 4 } as const;

/** virStorageVolInfoFlags. GET_PHYSICAL: the file's size where the allocation would stand. */
export const storageVolInfoFlags = { USE_ALLOCATION: 0, GET_PHYSICAL: 1 } as const;

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
