import type { Failure } from '../../../src/ports/failure.ts';
import type { LiveSnapshotContext } from './live-snapshot.ts';
import { snapshotFailure } from './live-snapshot.ts';
import { pathsOf } from './images.ts';
import { foundDomain } from '../one-host/one-host.ts';

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

/** No other copy can begin. */
export function jobLeftFailure(context: LiveSnapshotContext): Failure {
  const isStuck = context.artefacts.some(
    ({ kind, status }) => kind === 'blockJob' && status === 'kept',
  );
  return isStuck ? stuckFailure(context) : unansweredFailure(context);
}

/** Seen on 9.0, killed when QEMU had forgotten the job already: no call and no restart of it helps. */
function stuckFailure(context: LiveSnapshotContext): Failure {
  const { name } = foundDomain(context);
  const { host } = context;
  const disks = pathsOf(context, 'blockJob').join(', ');
  return snapshotFailure(
    'copyStuck',
    `${host} calls ${name}'s ${disks} still being copied, though the copy has ended (libvirt does not notice where its daemon is killed in that moment), and will refuse every snapshot, copy, save and migration of it; there is no image, the guest runs on with its own disks: shut it down when it suits (a reboot from inside is not enough), start it with virsh -c ${host} start ${name}, and take the snapshot again`,
    'done',
  );
}

/** It may go on writing to its delta. */
function unansweredFailure(context: LiveSnapshotContext): Failure {
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
