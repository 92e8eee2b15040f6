import { DOMParser } from '@xmldom/xmldom';
import { join } from 'node:path';
import { readDaemonLog, readIfThere } from './daemon-log.ts';
import type { LogReader } from './daemon-log.ts';
import type { HostPaths } from './paths.ts';

/** The job that a daemon holds for a domain, as its own status file names it. */
export interface MigrationTruth {
  /** For example `migration out`, `migration in`. */
  readonly asyncJob: string;
  /**
   * For example `begin3`, `prepare`, `perform3`, `perform3_done`, `finish3`, `confirm3`; `none`
   * outside of migrations.
   */
  readonly phase: string;
  /** When the daemon began the job, by its clock. */
  readonly startedAtEpochMs: number | null;
}

/** A line of a daemon's debug log that tells how far a migration is. */
export type MigrationLogEntry =
  /** The daemon entered a phase of the migration protocol. */
  | {
      readonly kind: 'phase';
      readonly atEpochMs: number;
      readonly asyncJob: string;
      readonly phase: string;
    }
  /** QEMU reported a new migration status, for example `pre-switchover`. */
  | {
      readonly kind: 'status';
      readonly atEpochMs: number;
      readonly domain: string;
      readonly status: string;
    }
  /** QEMU stopped the guest's processors. */
  | { readonly kind: 'paused'; readonly atEpochMs: number; readonly domain: string }
  /** QEMU let them run. */
  | { readonly kind: 'resumed'; readonly atEpochMs: number; readonly domain: string }
  /**
   * The destination's daemon waits for the rest of the guest's memory: after `resumed` in
   * post-copy, when QEMU has answered that the guest runs. A stream broken before leaves Finish
   * hanging.
   */
  | { readonly kind: 'awaitingMemory'; readonly atEpochMs: number };

/** The modules of libvirtd whose debug messages {@link readMigrationLog} reads. */
export const migrationLogFilters =
  '1:qemu.qemu_migration 1:qemu.qemu_domainjob 1:qemu.qemu_process';

/**
 * The job that the host's daemon holds for the domain; null when none, or no such domain runs
 * there.
 */
export async function readMigrationTruth(
  host: HostPaths,
  domain: string,
): Promise<MigrationTruth | null> {
  const text = await readIfThere(join(host.runDir, 'qemu', `${domain}.xml`));
  if (text === null) return null;
  const document = new DOMParser().parseFromString(text, 'text/xml');
  const job = document.getElementsByTagName('job').item(0);
  const asyncJob = job?.getAttribute('async') ?? 'none';
  if (job === null || asyncJob === 'none') return null;
  const started = job.getAttribute('asyncStarted');
  return {
    asyncJob,
    phase: job.getAttribute('phase') ?? 'none',
    startedAtEpochMs: started === null ? null : Number(started),
  };
}

const readers: readonly LogReader<MigrationLogEntry>[] = [
  [
    /Setting '([^']+)' phase to '([^']+)'/,
    (atEpochMs, asyncJob, phase) => ({ kind: 'phase', atEpochMs, asyncJob, phase }),
  ],
  [
    /Migration of domain \S+ (\S+) changed state to (\S+)/,
    (atEpochMs, domain, status) => ({ kind: 'status', atEpochMs, domain, status }),
  ],
  [
    /Transitioned guest (\S+) to paused state/,
    (atEpochMs, domain) => ({ kind: 'paused', atEpochMs, domain }),
  ],
  [
    /Transitioned guest (\S+) (?:out of paused )?into running state/,
    (atEpochMs, domain) => ({ kind: 'resumed', atEpochMs, domain }),
  ],
  [
    /Waiting for incoming migration to complete/,
    (atEpochMs) => ({ kind: 'awaitingMemory', atEpochMs }),
  ],
];

/** What the host's daemon has logged about migrations since the last reset, oldest first. */
export function readMigrationLog(host: HostPaths): Promise<MigrationLogEntry[]> {
  return readDaemonLog(host, readers);
}
