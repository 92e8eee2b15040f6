import { dirname } from 'node:path/posix';

import type {
  DomainSnapshotFacts,
  TargetFact,
} from '../../machines/policy/domain-snapshot/domain-snapshot.ts';
import { planTargets } from '../../machines/policy/domain-snapshot/domain-snapshot.ts';
import type { SnapshotFactsRequest } from '../../machines/policy/domain-snapshot/requests.ts';
import type { Tools } from '../engine/slots.ts';
import type { DomainView } from '../ports/domain.ts';
import { FailureError, toFailure } from '../ports/failure.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import type { FormattedImage } from '../ports/images.ts';
import { gatherOneHost } from './one-host.ts';

/** Everything that the checks judge. Reads only. @throws FailureError hostUnreachable */
export async function gatherDomainSnapshot(
  hypervisors: Hypervisors,
  request: SnapshotFactsRequest,
  tools: Tools,
): Promise<DomainSnapshotFacts> {
  const { signal } = tools;
  const facts = await gatherOneHost(hypervisors, request, tools);
  const { domain } = facts;
  const nothing = { snapshots: [], chains: [], targets: [], agent: 'none' } as const;
  if (domain === null) return { ...facts, ...nothing, filesVisible: true };
  const host = await hypervisors.open(request.host, signal);
  const [snapshots, chains, agent, seen] = await Promise.all([
    host.listSnapshots(domain.uuid, signal),
    host.findChains(domain.uuid, signal),
    host.agentState(domain.uuid, signal),
    gatherTargets(host, domain, request, signal),
  ]);
  return { ...facts, snapshots, chains, agent, ...seen };
}

/** Without image tools only what lies in a pool is seen. */
async function gatherTargets(
  host: Hypervisor,
  domain: DomainView,
  request: SnapshotFactsRequest,
  signal: AbortSignal,
): Promise<Pick<DomainSnapshotFacts, 'filesVisible' | 'targets'>> {
  const planned = planTargets(request, domain).filter(({ path }) => path.startsWith('/'));
  const looks = await Promise.all(
    planned.map(async (target) => {
      const [users, neighbours, file] = await Promise.all([
        host.findDiskUsers(target.path, signal),
        findNeighbours(host, domain, target, signal),
        lookAtFile(host, target, request.reuseExternal, signal),
      ]);
      const others = users.filter((uuid) => uuid !== domain.uuid);
      const seen = file ?? (await lookAtVolume(host, target, signal));
      const { path } = target;
      return { isVisible: file !== null, target: { path, users: others, neighbours, ...seen } };
    }),
  );
  return {
    filesVisible: looks.every(({ isVisible }) => isVisible),
    targets: looks.map(({ target }) => target),
  };
}

/** In a directory with a disk of its own a domain may have more of its files, whoever else is there. */
async function findNeighbours(
  host: Hypervisor,
  { disks, uuid }: DomainView,
  { path }: FormattedImage,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const directory = dirname(path);
  if (disks.some((disk) => disk.path !== null && dirname(disk.path) === directory)) return [];
  const uuids = await host.findDirectoryUsers(directory, signal);
  return uuids.filter((other) => other !== uuid);
}

/** `null`: no image tools reach the host. */
async function lookAtFile(
  host: Hypervisor,
  { format, path }: FormattedImage,
  reused: boolean,
  signal: AbortSignal,
): Promise<Omit<TargetFact, 'neighbours' | 'path' | 'users'> | null> {
  const directory = dirname(path);
  try {
    const [availableBytes, files] = await Promise.all([
      host.availableBytes(directory, signal),
      host.listFiles(directory, signal),
    ]);
    const standing = files?.includes(path) === true ? 'file' : null;
    const image =
      reused && standing !== null && format !== 'raw'
        ? await inspectOrNull(host, { format, path }, signal)
        : null;
    return { standing, availableBytes, image };
  } catch (error) {
    if (toFailure(error).code === 'imageToolsUnreachable') return null;
    throw error;
  }
}

/** What is no image of that format is none to be used. */
async function inspectOrNull(
  host: Hypervisor,
  { format, path }: FormattedImage,
  signal: AbortSignal,
) {
  try {
    return await host.inspectImage(path, format, signal);
  } catch (error) {
    if (error instanceof FailureError && !signal.aborted) return null;
    throw error;
  }
}

async function lookAtVolume(host: Hypervisor, { path }: FormattedImage, signal: AbortSignal) {
  const volume = await host.findVolume(path, signal);
  const standing = volume === null ? null : ('file' as const);
  return { standing, availableBytes: null, image: null };
}
