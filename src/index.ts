export { bindDirectMigration, directMigrationSlots } from './bindings/direct-migration.ts';
export { bindLiveMigration, liveMigrationSlots } from './bindings/live-migration.ts';
export { bindMigrations } from './bindings/migrations.ts';
export { bindOfflineMigration, offlineMigrationSlots } from './bindings/offline-migration.ts';
export { bindPeer2peerMigration, peer2peerMigrationSlots } from './bindings/peer2peer-migration.ts';
export { gatherFacts } from './bindings/gather-facts.ts';
export type { EngineOptions } from './engine/engine.ts';
export { Engine } from './engine/engine.ts';
export type { EffectStarted, EngineEvents, StateEntered } from './engine/events.ts';
export type { RunEnding } from './engine/run-ending.ts';
export { Run } from './engine/run.ts';
export type {
  BoundMachine,
  EffectSlot,
  RecoveryClass,
  SlotsOf,
  Tools,
  WatchSlot,
} from './engine/slots.ts';
export { bind } from './engine/slots.ts';
export { systemClock } from './engine/system-clock.ts';
export { toActors } from './engine/to-actors.ts';
export type { Clock } from './ports/clock.ts';
export type { DomainStatus, DomainView, HostView } from './ports/domain.ts';
export type { Failure, FailureEffect } from './ports/failure.ts';
export { FailureError } from './ports/failure.ts';
export type { Hypervisor, Hypervisors } from './ports/hypervisor.ts';
export type { Log } from './ports/log.ts';
export { noLog } from './ports/log.ts';
export type { MigrationFacts, MigrationOptions } from './ports/migration.ts';
export type { RunRecord, RunStore } from './ports/run-store.ts';
