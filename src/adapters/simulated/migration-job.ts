import type { FaultScript } from './faults.ts';
import type { Qemu } from './qemu.ts';
import type { Definition, Domain, Host, World } from './world.ts';
import { CarrierDied, lifeOf } from './world.ts';

/** libvirt's phases of a peer-to-peer migration, in the order in which they are entered. */
export type MigrationPhase =
  'begin3' | 'prepare' | 'perform3' | 'perform3Done' | 'finish3' | 'confirm3' | 'confirm3Cancelled';

/** What a daemon keeps in its status file about a migration; it outlives the daemon. */
export interface MigrationJob {
  readonly direction: 'in' | 'out';
  /** `null`: the job has begun, no phase yet. */
  phase: MigrationPhase | null;
  /** The state to go back to. */
  readonly guestRan: boolean;
  abortRequested: boolean;
}

/** One migration, as both daemons' processes share it. */
export interface Migration {
  readonly world: World;
  readonly faults: FaultScript;
  readonly source: Host;
  readonly destination: Host;
  readonly outgoing: Domain;
  readonly outgoingQemu: Qemu;
  /** MiB/s; 0: only the link limits it. */
  readonly bandwidthMibPerS: number;
  readonly autoConverge: boolean;
  /** `null`: the stream goes to the destination's advertised name. */
  readonly migrationUri: string | null;
  /** What the destination will have. */
  readonly incoming: {
    readonly name: string;
    readonly definition: Definition;
    readonly persistent: boolean;
  };
  readonly copyStorage: 'none' | 'all' | 'inc';
  /** `<target dev>` of each disk to copy. */
  readonly copyDisks: readonly string[];
}

/** @throws FailureError where the fault script refuses the phase; CarrierDied where it kills the daemon */
export function enterPhase(migration: Migration, job: MigrationJob, phase: MigrationPhase): void {
  job.phase = phase;
  migration.world.changed();
  const isAlive = lifeOf(job.direction === 'in' ? migration.destination : migration.source);
  migration.faults.enterPhase(phase, migration);
  if (!isAlive()) throw new CarrierDied();
}

/**
 * Where the time goes, as measured between two libvirt 9.0 daemons that moved a 256 MiB guest
 * (gaps between what the daemons' status files and QEMU's events showed). Bytes add their own.
 */
export const gapsMs = {
  jobStarts: 4,
  connects: 2,
  begins: 13,
  destinationIsDefined: 9,
  destinationQemuListens: 314,
  performs: 1,
  mirrorIsCreated: 97,
  streamConnects: 4,
  streamIsSetUp: 1,
  firstPass: 2,
  vcpusStop: 1,
  preSwitchover: 1,
  deviceState: 1,
  deviceStateArrives: 27,
  performIsDone: 3,
  vcpusStart: 10,
  finishEnds: 22,
  confirms: 1,
  streamCancels: 80,
  qemuEnds: 1_208,
  /** keepalive 5 s x 5: a peer that is not heard for so long is lost. */
  peerIsLost: 30_000,
  /** How long another call waits for the job's end (QEMU_JOB_WAIT_TIME). */
  jobLock: 30_000,
  /** Data that nobody acknowledges (Linux: 15 retries). */
  tcpGivesUp: 924_600,
  /** A connection attempt into the void (Linux: 6 SYN retries). */
  connectGivesUp: 127_000,
} as const;
