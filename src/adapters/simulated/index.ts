export type {
  CallFault,
  ClientIncident,
  Fault,
  HypervisorCall,
  LinkCall,
  PostcopyMoment,
  StatePlace,
} from './faults.ts';
export { placeOf } from './faults.ts';
export type { GuestFate } from './guest-fate.ts';
export type { Incident } from './incidents.ts';
export type { Cut } from './link.ts';
export type { DomainListing, FileListing, HostListing } from './listing.ts';
export { managedPath } from './saved-file.ts';
export type { MigrationPhase } from './migration-job.ts';
export { FaultError, faultableCalls } from './require-fault.ts';
export type { SimulatedWorld, SimulatedWorldOptions } from './simulated-world.ts';
export { createSimulatedWorld } from './simulated-world.ts';
export type { TickSpan } from './ticks.ts';
export type { Pace } from './virtual-clock.ts';
export { VirtualClock } from './virtual-clock.ts';
export type {
  AgentHang,
  AgentSpec,
  DirectorySpec,
  DiskSpec,
  DomainSpec,
  HostSpec,
  LinkSpec,
  PoolSpec,
  VolumeSpec,
} from './world-spec.ts';
