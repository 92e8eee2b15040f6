import type { Failure } from '../../src/ports/failure.ts';
import type { LiveSnapshotContext } from './live-snapshot.ts';
import { snapshotFailure } from './live-snapshot.ts';
import { pathsOf } from './live-snapshot-images.ts';
import { foundDomain } from './one-host.ts';

const gib = 2 ** 30;

/** Until all copies are in step: even a small disk gets the time of 1 GiB. */
export function copyWaitMs({ copies, copyMsPerGib }: LiveSnapshotContext): number {
  const bytes = copies.reduce((sum, { virtualSizeBytes }) => sum + virtualSizeBytes, 0);
  return Math.round(copyMsPerGib * Math.max(1, bytes / gib));
}

export const silentFailure = (context: LiveSnapshotContext): Failure =>
  snapshotFailure(
    'hostUnreachable',
    `${context.host} did not say what became of the copies of ${foundDomain(context).name}'s disks, so they are given up`,
  );

/** It goes on writing to its delta, and no other copy can begin. */
export function jobLeftFailure(context: LiveSnapshotContext): Failure {
  const { name } = foundDomain(context);
  const { host } = context;
  const left = pathsOf(context, 'blockJob');
  const how = left.map((targetDev) => `virsh -c ${host} blockjob ${name} ${targetDev} --abort`);
  const deltas = context.copies
    .filter(({ targetDev }) => left.includes(targetDev))
    .map(({ delta }) => delta.path);
  const cause = context.failure === null ? '' : `. Before that: ${context.failure.message}`;
  return snapshotFailure(
    'copyLeft',
    `it is not known whether ${name}'s disks are still being copied, for ${host} does not answer; the guest runs with its own disks: see that the host answers, then ${how.join(' and ')}, and remove ${deltas.join(', ')}${cause}`,
    'unknown',
  );
}
