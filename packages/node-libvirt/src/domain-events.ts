import type { Domain } from './domain.ts';
import type { Integer64 } from './integer64.ts';
import type {
  agentReasons,
  agentStates,
  blockJobStatuses,
  BlockJobType,
  ioErrorActions,
  lifecycleDetails,
} from './names.ts';
import type { SessionEnd } from './rpc/session-end.ts';
import type { TypedParams } from './typed-params.ts';

type LifecycleNames = {
  [E in keyof typeof lifecycleDetails]: {
    readonly event: E;
    readonly detail: (typeof lifecycleDetails)[E][number] | 'unknown';
  };
}[keyof typeof lifecycleDetails];

/** VIR_DOMAIN_EVENT_ID_LIFECYCLE. The numbers are libvirt's, for what a newer daemon knows and this table does not. */
export type LifecycleEvent = LifecycleNames & {
  readonly domain: Domain;
  readonly eventNumber: number;
  readonly detailNumber: number;
};

/** VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2. */
export interface BlockJob2Event {
  readonly domain: Domain;
  /** The disk's target device, such as `vda`. */
  readonly disk: string;
  readonly type: BlockJobType;
  readonly typeNumber: number;
  readonly status: (typeof blockJobStatuses)[number] | 'unknown';
  readonly statusNumber: number;
}

/** VIR_DOMAIN_EVENT_ID_JOB_COMPLETED: the statistics of a job that ended, by libvirt's keys. */
export interface JobCompletedEvent {
  readonly domain: Domain;
  readonly stats: TypedParams;
}

/** VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION: another pass over the dirty memory begins. */
export interface MigrationIterationEvent {
  readonly domain: Domain;
  readonly iteration: number;
}

/** VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE: the guest agent came or went. */
export interface AgentLifecycleEvent {
  readonly domain: Domain;
  readonly state: (typeof agentStates)[number];
  readonly stateNumber: number;
  readonly reason: (typeof agentReasons)[number];
  readonly reasonNumber: number;
}

/** VIR_DOMAIN_EVENT_ID_DEVICE_ADDED: libvirt plugged a device into the running guest. */
export interface DeviceAddedEvent {
  readonly domain: Domain;
  readonly deviceAlias: string;
}

/** VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED: the guest let go of a device. */
export interface DeviceRemovedEvent {
  readonly domain: Domain;
  readonly deviceAlias: string;
}

/** VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED: the guest refused to let go. */
export interface DeviceRemovalFailedEvent {
  readonly domain: Domain;
  readonly deviceAlias: string;
}

/** VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON. */
export interface IoErrorReasonEvent {
  readonly domain: Domain;
  readonly sourcePath: string;
  readonly deviceAlias: string;
  readonly action: (typeof ioErrorActions)[number] | 'unknown';
  readonly actionNumber: number;
  /** `enospc`, or empty where the daemon knows none. */
  readonly reason: string;
}

/** An event of QEMU's own monitor, handed through by libvirt. */
export interface QemuMonitorEvent {
  readonly domain: Domain;
  /** QEMU's name, such as `MIGRATION` or `STOP`. */
  readonly event: string;
  /** When QEMU sent it: seconds of the epoch on the daemon's clock, and microseconds. */
  readonly seconds: Integer64;
  readonly micros: number;
  /** QEMU's data, parsed; null when the event has none. */
  readonly details: unknown;
}

/** What each kind of subscription delivers. */
export interface DomainEvents {
  lifecycle: LifecycleEvent;
  blockJob2: BlockJob2Event;
  jobCompleted: JobCompletedEvent;
  migrationIteration: MigrationIterationEvent;
  agentLifecycle: AgentLifecycleEvent;
  deviceAdded: DeviceAddedEvent;
  deviceRemoved: DeviceRemovedEvent;
  deviceRemovalFailed: DeviceRemovalFailedEvent;
  ioErrorReason: IoErrorReasonEvent;
  qemuMonitorEvent: QemuMonitorEvent;
}
export type DomainEventKind = keyof DomainEvents;

/** Why a connection ended: by `close()`, or lost, with the reason. */
export type CloseReason = SessionEnd;

/** Events of a Connection, for eventemitter3. */
export type ConnectionEvents = {
  [K in DomainEventKind]: (event: DomainEvents[K]) => void;
} & {
  /** Exactly once; after it nothing more is emitted. */
  close: (reason: CloseReason) => void;
};
