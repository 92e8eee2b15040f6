import type { MigrateCall } from '../../ports/migration.ts';
import type { FaultScript } from './fault-script.ts';
import { libvirtError } from './libvirt-error.ts';
import type { Qemu } from './qemu.ts';
import type { Definition, Domain, Host, World } from './world.ts';
import { CarrierDied, lifeOf } from './world.ts';

/** libvirt's phases, each daemon's in the order in which it enters them. */
export const migrationPhases = [
  'begin3',
  'perform3',
  'perform3Done',
  'confirm3Cancelled',
  'confirm3',
  'prepare',
  'finish3',
  'postcopyFailed',
  'beginResume',
  'performResume',
  'confirmResume',
  'prepareResume',
  'finishResume',
] as const;

export type MigrationPhase = (typeof migrationPhases)[number];

/** What a daemon keeps in its status file about a migration; it outlives the daemon. */
export interface MigrationJob {
  readonly direction: 'in' | 'out';
  /** `null`: the job has begun, no phase yet. */
  phase: MigrationPhase | null;
  /** The state to go back to. */
  readonly guestRan: boolean;
  /** Flag POSTCOPY: this migration may become post-copy. */
  readonly postcopy: boolean;
  abortRequested: boolean;
  /** Some call of the daemon looks after it now. */
  attended: boolean;
}

export function newJob(
  direction: MigrationJob['direction'],
  { guestRan, postcopy }: Pick<MigrationJob, 'guestRan' | 'postcopy'>,
): MigrationJob {
  const state = { phase: null, abortRequested: false, attended: true };
  return { direction, guestRan, postcopy, ...state };
}

/** One migration, as both daemons' processes share it. */
export interface Migration {
  readonly world: World;
  readonly faults: FaultScript;
  readonly source: Host;
  readonly destination: Host;
  readonly outgoing: Domain;
  readonly call: MigrateCall;
  /** What the destination will have. */
  readonly incoming: {
    readonly name: string;
    readonly definition: Definition;
    readonly persistent: boolean;
  };
}

/** One that moves a guest, and not only its definition. */
export interface LiveMigration extends Migration {
  readonly outgoingQemu: Qemu;
}

/**
 * @throws FailureError where the fault script refuses the phase or it would go backwards;
 * CarrierDied where the script kills the daemon
 */
export function enterPhase(migration: Migration, job: MigrationJob, phase: MigrationPhase): void {
  const order = (each: MigrationPhase): number => migrationPhases.indexOf(each);
  const isRecovery = order(phase) > order('postcopyFailed');
  if (job.phase !== null && !isRecovery && order(phase) < order(job.phase))
    throw libvirtError(
      'internalError',
      `internal error: migration protocol going backwards ${job.phase} => ${phase}`,
    );
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
  /** From `postcopy-active` here to `postcopy-active` there: the device state goes ahead. */
  postcopyBegins: 62,
  streamRecovers: 5,
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
