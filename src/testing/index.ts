export type {
  AgentHang,
  AgentSpec,
  CallFault,
  ClientIncident,
  DirectorySpec,
  DiskSpec,
  DomainSpec,
  Fault,
  HostSpec,
  HypervisorCall,
  Incident,
  LinkCall,
  LinkSpec,
  MigrationPhase,
  PoolSpec,
  PostcopyMoment,
  StatePlace,
  VolumeSpec,
} from '../adapters/simulated/index.ts';
export { FaultError } from '../adapters/simulated/index.ts';
export { describeViolation } from './describe-violation.ts';
export type { EngineFeed } from './engine-feed.ts';
export type { Eyes } from './eyes.ts';
export type { Asked, AskedChange, End, Entry, RunEnd, Settlement, TickRun } from './history.ts';
export { readChange } from './asked-change.ts';
export type { Recording, Violation } from './jury.ts';
export { judgeRecording } from './jury.ts';
export type { InvariantMonitor, MonitorOptions, MonitorReport } from './monitor.ts';
export { monitorInvariants } from './monitor.ts';
export type {
  DefinitionPicture,
  DevicePicture,
  DomainDetails,
  DomainPicture,
  HostPicture,
  WorldPicture,
} from './picture.ts';
export type { PictureRequest, Places } from './port-eyes.ts';
export { portEyes, takePicture } from './port-eyes.ts';
export { pictureSimulated, simulatedEyes, simulatedTicks } from './simulated-eyes.ts';
export type { Step } from './step.ts';
export { describePaths } from './describe-paths.ts';
export type { DescribePathsOptions, PathWorld, StateOnPath } from './describe-paths.ts';
export { alphabetFor, alphabets } from './alphabets/all.ts';
export { compositions } from './alphabets/compositions.ts';
export * from './paths/index.ts';
export * from './simulation/index.ts';
