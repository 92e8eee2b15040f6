import { readDaemonLog } from './daemon-log.ts';
import type { LogReader } from './daemon-log.ts';
import { migrationLogFilters } from './migration-truth.ts';
import type { HostPaths } from './paths.ts';

/** A line of a daemon's debug log that tells what it does to a guest that stays on its host. */
export type JobLogEntry =
  /** It began a long job, or ended it: `save`, `snapshot`, `start`, `migration out`, ... */
  | {
      readonly kind: 'begins' | 'ends';
      readonly atEpochMs: number;
      readonly job: string;
      readonly domain: string;
    }
  /** It asked the guest's agent for something, for example `guest-fsfreeze-freeze`. */
  | { readonly kind: 'agent'; readonly atEpochMs: number; readonly command: string };

/**
 * The setting `log_filters` of a libvirtd that tells of its jobs, too. A lab's own does not: it would
 * write three lines for every call.
 */
export const jobLogFilters = `${migrationLogFilters} 1:conf.virdomainjob 1:qemu.qemu_agent`;

const readers: readonly LogReader<JobLogEntry>[] = [
  [
    /Started async job: (.+) \(vm=\S+ name=(\S+)\)/,
    (atEpochMs, job, domain) => ({ kind: 'begins', atEpochMs, job, domain }),
  ],
  [
    /Stopping async job: (.+) \(vm=\S+ name=(\S+)\)/,
    (atEpochMs, job, domain) => ({ kind: 'ends', atEpochMs, job, domain }),
  ],
  [
    /Send command '\{"execute":"([^"]+)"/,
    (atEpochMs, command) => ({ kind: 'agent', atEpochMs, command }),
  ],
];

/** What the host's daemon has logged of its jobs since the last reset, oldest first. */
export function readJobLog(host: HostPaths): Promise<JobLogEntry[]> {
  return readDaemonLog(host, readers);
}
