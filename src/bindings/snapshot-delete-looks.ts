import type { MergeLook, SeenFile } from '../../machines/policy/snapshot-delete-looks.ts';
import type { DisksOnHost, LookRequest } from '../../machines/policy/snapshot-delete-requests.ts';
import type { Tools } from '../engine/slots.ts';
import { FailureError } from '../ports/failure.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import { isActive, readChains, unlessFailed } from './image-chains.ts';

/** What became of chains, jobs and snapshots. Reads only. @throws FailureError noDomain */
export async function lookAtMerges(
  hypervisors: Hypervisors,
  { disks, domainUuid, host, isInDoubt }: LookRequest,
  { clock, signal }: Tools,
): Promise<MergeLook> {
  const hypervisor = await hypervisors.open(host, signal);
  const status = await hypervisor.findStatus(domainUuid, signal);
  if (status === null) {
    const message = `${host} does not know the domain any more`;
    throw new FailureError({ code: 'noDomain', message, effect: 'none' });
  }
  const [chains, snapshots] = await Promise.all([
    readChains(hypervisor, status, signal),
    hypervisor.listSnapshots(domainUuid, signal),
  ]);
  const asksFiles = isInDoubt || !isActive(status);
  const files = asksFiles ? await lookAtFiles(hypervisor, { chains, disks }, signal) : [];
  // The reason of a daemon that has not seen its end, because it was started since.
  const isLost =
    status.reason === 'unknown' && files.some(({ is }) => is === 'used' || is === 'hidden');
  const whereOff = isLost ? 'unseen' : 'off';
  return {
    atEpochMs: clock.nowEpochMs(),
    guest: isActive(status) ? 'running' : whereOff,
    files,
    isDeleting: status.job?.operation === 'snapshotDelete',
    chains,
    snapshots: snapshots.map(({ name }) => ({ name })),
  };
}

async function lookAtFiles(
  host: Hypervisor,
  { chains, disks }: Pick<MergeLook, 'chains'> & Pick<DisksOnHost, 'disks'>,
  signal: AbortSignal,
): Promise<SeenFile[]> {
  const tops = chains.flatMap(({ layers }) => layers.slice(0, 1));
  const merged = disks.flatMap(({ base, top }) => [top, ...(base === null ? [] : [base])]);
  const images = new Map(
    [...tops, ...merged].flatMap(({ format, path }) => (path === null ? [] : [[path, format]])),
  );
  return Promise.all(
    [...images].map(async ([path, format]) => {
      const image = { path, format };
      const isUsed = await unlessFailed(host.isImageInUse(image, signal), signal);
      if (isUsed === null) return { path, is: 'hidden' };
      if (isUsed) return { path, is: 'used' };
      const info = await host.inspectImage(path, format, signal);
      return { path, is: info === null ? 'gone' : 'free' };
    }),
  );
}

/** Those of its files that somebody writes to. Reads only. */
export async function usedBy(
  host: Hypervisor,
  seen: Pick<MergeLook, 'chains'> & Pick<DisksOnHost, 'disks'>,
  signal: AbortSignal,
): Promise<string[]> {
  const files = await lookAtFiles(host, seen, signal);
  return files.flatMap(({ is, path }) => (is === 'used' ? [path] : []));
}
