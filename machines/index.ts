export { coldSnapshot } from './cold-snapshot.machine.ts';
export type { ColdSnapshotOutput } from './cold-snapshot.setup.ts';
export type { ColdSnapshotInput } from './policy/cold-snapshot/cold-snapshot.ts';
export { coldSnapshotInput } from './policy/cold-snapshot/cold-snapshot.ts';
export { managedSave } from './managed-save.machine.ts';
export type { ManagedSaveOutput } from './managed-save.setup.ts';
export type { ManagedSaveInput, ManagedSaveResult } from './policy/managed-save/managed-save.ts';
export { managedSaveInput } from './policy/managed-save/managed-save.ts';
export { liveMigration } from './live-migration.machine.ts';
export type { LiveMigrationOutput } from './live-migration.setup.ts';
export { directMigration } from './direct-migration.machine.ts';
export { offlineMigration } from './offline-migration.machine.ts';
export { peer2peerMigration } from './peer2peer-migration.machine.ts';
export type { ProtocolOutput } from './protocol-setup.ts';
export type { MigrationCommand, MigrationEvent } from './migration-events.ts';
export type { Outcome, StateMeta, StateTag } from './state-meta.ts';
export type { Artefact } from './policy/artefact.ts';
export type { LiveMigrationInput } from './policy/migration/request.ts';
export type { ProtocolInput } from './policy/migration/protocol-context.ts';
export type { CheckVerdict, MigrationCheckName } from './policy/migration/checks.ts';
export type { PhaseRecord } from './policy/migration/phases.ts';
export { liveMigrationInput, migrationOptions } from './policy/migration/request.ts';
export type { ConvergencePolicy } from './policy/migration/convergence.ts';
export { convergencePresets } from './policy/migration/convergence-presets.ts';
export type { OfflineInput } from './policy/migration/offline-context.ts';
export { instanceSnapshot } from './instance-snapshot.machine.ts';
export type { InstanceSnapshotOutput } from './instance-snapshot.setup.ts';
export { instanceSnapshotInput } from './policy/instance-snapshot/instance-snapshot.ts';
export type { InstanceSnapshotInput } from './policy/instance-snapshot/instance-snapshot.ts';
export { liveSnapshot } from './live-snapshot.machine.ts';
export type { LiveSnapshotOutput } from './live-snapshot.setup.ts';
export type {
  LiveSnapshotInput,
  LiveSnapshotResult,
} from './policy/live-snapshot/live-snapshot.ts';
export { liveSnapshotInput } from './policy/live-snapshot/live-snapshot.ts';
export { domainSnapshot } from './domain-snapshot.machine.ts';
export type { DomainSnapshotOutput } from './domain-snapshot.setup.ts';
export type {
  DomainSnapshotInput,
  DomainSnapshotResult,
} from './policy/domain-snapshot/domain-snapshot.ts';
export { domainSnapshotInput } from './policy/domain-snapshot/domain-snapshot.ts';
export { snapshotDelete } from './snapshot-delete.machine.ts';
export type { SnapshotDeleteOutput } from './snapshot-delete.setup.ts';
export { snapshotDeleteInput } from './policy/snapshot-delete/snapshot-delete.ts';
export type {
  SnapshotDeleteInput,
  SnapshotDeleteResult,
} from './policy/snapshot-delete/snapshot-delete.ts';
export { snapshotRevert } from './snapshot-revert.machine.ts';
export type { SnapshotRevertOutput } from './snapshot-revert.setup.ts';
export { snapshotRevertInput } from './policy/snapshot-revert/snapshot-revert.ts';
export type {
  SnapshotRevertInput,
  SnapshotRevertResult,
} from './policy/snapshot-revert/snapshot-revert.ts';
export { volumeSwap } from './volume-swap.machine.ts';
export type { SwapCommand, VolumeSwapOutput } from './volume-swap.setup.ts';
export { volumeSwapInput } from './policy/volume-swap/volume-swap.ts';
export type {
  SwapOrder,
  VolumeSwapInput,
  VolumeSwapResult,
} from './policy/volume-swap/volume-swap.ts';
export { effectSlot, watchSlot } from './slots.ts';
