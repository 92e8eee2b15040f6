export type { CredentialsRequest, CredentialsSource } from './auth/credentials.ts';
export type { Credentials } from './auth/scram.ts';
export type { CallOptions, FlagOptions, MetadataOptions } from './call-options.ts';
export type { Connection } from './connection.ts';
export type {
  AgentLifecycleEvent,
  BlockJob2Event,
  CloseReason,
  ConnectionEvents,
  DeviceAddedEvent,
  DeviceRemovalFailedEvent,
  DeviceRemovedEvent,
  DomainEventKind,
  DomainEvents,
  IoErrorReasonEvent,
  JobCompletedEvent,
  LifecycleEvent,
  MigrationIterationEvent,
  QemuMonitorEvent,
} from './domain-events.ts';
export type { BlockInfo, BlockJobInfo, DiskError } from './disk-info.ts';
export type {
  AgentCommandOptions,
  FilesystemInfo,
  GuestTime,
  MountpointOptions,
} from './domain-agent.ts';
export type {
  BlockBandwidthOptions,
  BlockCommitOptions,
  BlockCopyParams,
  BlockRebaseOptions,
} from './domain-disks.ts';
export type {
  DomainControlInfo,
  DomainInfo,
  DomainJobInfo,
  DomainJobStats,
  DomainStateInfo,
} from './domain-info.ts';
export type { DomainSnapshot } from './domain-snapshot.ts';
export type { Domain } from './domain.ts';
export {
  errorCodes,
  errorDomains,
  isAgentUnavailable,
  isLibvirtError,
  isMigrateFinishOk,
  isNoDomain,
  isNoDomainMetadata,
  isNoDomainSnapshot,
  isNoNetwork,
  isNoSecret,
  isNoStoragePool,
  isNoStorageVol,
  isOperationAborted,
  isOperationInvalid,
  isUnsupported,
  type ErrorCode,
} from './error-codes.ts';
export {
  AuthenticationError,
  ConnectError,
  ConnectionLostError,
  EncodeError,
  InvalidUriError,
  LibvirtError,
  NodeLibvirtError,
  ProtocolError,
  QemuMonitorError,
  SshError,
  TlsError,
  UnsupportedAuthError,
  type LibvirtErrorFields,
  type TlsProblem,
} from './errors.ts';
export {
  abortJobFlags,
  agentTimeouts,
  blockCommitFlags,
  blockCopyFlags,
  blockJobAbortFlags,
  blockJobBandwidthFlags,
  blockPullFlags,
  blockRebaseFlags,
  blockResizeFlags,
  compareCpuFlags,
  createFlags,
  defineFlags,
  destroyFlags,
  deviceModifyFlags,
  driverFeatures,
  jobStatsFlags,
  listDomainsFlags,
  listSecretsFlags,
  migrateFlags,
  modificationImpact,
  saveImageXmlFlags,
  saveRestoreFlags,
  secretDefineFlags,
  setTimeFlags,
  snapshotCreateFlags,
  snapshotDeleteFlags,
  snapshotListFlags,
  snapshotRevertFlags,
  snapshotXmlFlags,
  storageVolCreateFlags,
  storageVolInfoFlags,
  storageVolResizeFlags,
  undefineFlags,
  xmlFlags,
} from './flags.ts';
export type { CpuComparison, DomainCapabilitiesOptions, NodeInfo, Version } from './host-info.ts';
export type { Integer64 } from './integer64.ts';
export type {
  BlockJobType,
  DomainState,
  DomainStateReason,
  JobType,
  MetadataType,
  SecretUsageType,
} from './names.ts';
export type { Network } from './network.ts';
export { open, type OpenOptions } from './open.ts';
export type { KeepAliveOptions } from './rpc/keep-alive.ts';
export type { SaveOptions, SaveParams } from './save-params.ts';
export type { Secret } from './secret.ts';
export type { StoragePool, StoragePoolInfo } from './storage-pool.ts';
export type { StorageVol, StorageVolInfo } from './storage-vol.ts';
export type { UploadStream, VolumeRange } from './stream.ts';
export type { QemuSubscribeOptions, SubscribeOptions, Subscription } from './subscriptions.ts';
export type {
  MigrateBegin3Reply,
  MigrateBegin3Request,
  MigrateParams,
  MigratePerform3Request,
} from './migrate-params.ts';
export type {
  MigrateEndRequest,
  MigratePhaseRequest,
  MigratePrepare3Reply,
  MigratePrepareTunnel3Reply,
} from './migration-phases.ts';
export type {
  Endpoint,
  HostKeyCheck,
  SshEndpoint,
  SshProxy,
  TcpEndpoint,
  TlsEndpoint,
  UnixEndpoint,
} from './transport/endpoint.ts';
export type { TypedParams, TypedParamValue } from './typed-params.ts';
export { parseUri, type ConnectTarget, type LoginHints, type UriEnvironment } from './uri.ts';
