export { bindDirectMigration, directMigrationSlots } from './bindings/direct-migration.ts';
export { bindLiveMigration, liveMigrationSlots } from './bindings/live-migration.ts';
export { bindMigrations } from './bindings/migrations.ts';
export { bindOfflineMigration, offlineMigrationSlots } from './bindings/offline-migration.ts';
export { bindPeer2peerMigration, peer2peerMigrationSlots } from './bindings/peer2peer-migration.ts';
export { gatherFacts } from './bindings/gather-facts.ts';
export { bindSnapshots } from './bindings/snapshots.ts';
export { bindVolumeSwap, volumeSwapSlots } from './bindings/volume-swap.ts';
export type {
  CreateEngineOptions,
  WorkflowInput,
  WorkflowName,
  WorkflowOutput,
  Workflows,
} from './create-engine.ts';
export { createEngine, WorkflowEngine } from './create-engine.ts';
export type { Limits, StartOptions } from './engine/admission.ts';
export type { EngineErrorCode } from './engine/engine-error.ts';
export { BusyError, EngineError } from './engine/engine-error.ts';
export type { EngineOptions, Recovered } from './engine/engine.ts';
export { Engine } from './engine/engine.ts';
export type { EffectStarted, EngineEvents, RunEvent, StateEntered } from './engine/events.ts';
export type { ParkedRun } from './engine/recovery.ts';
export type { Inspect } from './engine/inspection/inspection.ts';
export type { InspectionMessage } from './engine/inspection/message.ts';
export type { RunEnding } from './engine/run-ending.ts';
export type { RunHandle } from './engine/run-handle.ts';
export { Run } from './engine/run.ts';
export type {
  About,
  BindOptions,
  BoundMachine,
  EffectSlot,
  RecoveryClass,
  SlotsOf,
  SnapshotUpgrade,
  Tools,
  WatchSlot,
} from './engine/slots.ts';
export { bind } from './engine/slots.ts';
export { systemClock } from './engine/system-clock.ts';
export { toActors } from './engine/to-actors.ts';
export type { InspectionSocket } from './inspection/inspection-socket.ts';
export { connectInspector } from './inspection/inspection-socket.ts';
export type { Clock } from './ports/clock.ts';
export type { DomainStatus, DomainView, HostView } from './ports/domain.ts';
export type { Failure, FailureEffect } from './ports/failure.ts';
export { FailureError } from './ports/failure.ts';
export type { Hypervisor, Hypervisors } from './ports/hypervisor.ts';
export type { Log } from './ports/log.ts';
export { noLog } from './ports/log.ts';
export type { MigrationFacts, MigrationOptions } from './ports/migration.ts';
export type { InboxAnswer, RunRecord, RunStore, RunSummary } from './ports/run-store.ts';
export { StoreError } from './ports/run-store.ts';
