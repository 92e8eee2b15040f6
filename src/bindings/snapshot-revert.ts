import { dirname } from 'node:path/posix';

import type {
  SnapshotRevertFacts,
  SnapshotRevertInput,
} from '../../machines/policy/snapshot-revert/snapshot-revert.ts';
import { keptAs, targetIn } from '../../machines/policy/snapshot-revert/snapshot-revert.ts';
import { domainSnapshotInput } from '../../machines/policy/domain-snapshot/domain-snapshot.ts';
import type { RevertLook, RevertLookRequest } from '../../machines/policy/snapshot-revert/look.ts';
import type { KeepRequest, RevertRequest } from '../../machines/policy/snapshot-revert/requests.ts';
import { snapshotRevert } from '../../machines/snapshot-revert.machine.ts';
import type { BoundMachine, SlotsOf, Tools } from '../engine/slots.ts';
import { bind } from '../engine/slots.ts';
import { toFailure } from '../ports/failure.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import type { SnapshotView } from '../ports/snapshots.ts';
import { removeSnapshotFiles } from './domain-snapshot-effects.ts';
import { gatherDomainSnapshot } from './domain-snapshot-facts.ts';
import { doneAgain } from './done-again.ts';
import { doneOnce } from './done-once.ts';
import { effectOnlyWhile } from './effect-on-domain.ts';
import { aboutOneHost, frameSlots, gatherOneHost, watchesDomain } from './one-host.ts';

/** The chart `snapshot-revert` over the snapshots of a host. */
export function snapshotRevertSlots(hypervisors: Hypervisors): SlotsOf<typeof snapshotRevert> {
  return {
    ...frameSlots(hypervisors),
    gatherFacts: doneAgain(hypervisors, gatherSnapshotRevert),
    watchDomain: watchesDomain(hypervisors),
    keepState: doneOnce(hypervisors, keepState),
    lookAtRevert: doneAgain(hypervisors, lookAtRevert),
    // Whoever pauses the guest meanwhile wants it paused.
    resumeAfterKeeping: effectOnlyWhile(
      ({ reason, state }, { cutOff }) => state === 'paused' && (reason !== 'user' || cutOff),
      hypervisors,
      (host, uuid, signal) => host.resume(uuid, signal),
    ),
    removeSnapshotFiles: doneAgain(hypervisors, removeSnapshotFiles),
    revertDomain: doneOnce(hypervisors, revertDomain),
    discardBefore: doneAgain(hypervisors, async (_, { domainUuid, host, name }, { signal }) => {
      const hypervisor = await hypervisors.open(host, signal);
      const options = { children: 'keep', metadataOnly: false } as const;
      await hypervisor.deleteSnapshot(domainUuid, name, options, signal);
    }),
  };
}

export function bindSnapshotRevert(hypervisors: Hypervisors): BoundMachine {
  return bind(snapshotRevert, snapshotRevertSlots(hypervisors), { about: aboutOneHost });
}

/** What the checks judge: also whatever would speak against a snapshot of the present state. */
export async function gatherSnapshotRevert(
  hypervisors: Hypervisors,
  input: SnapshotRevertInput,
  tools: Tools,
): Promise<SnapshotRevertFacts> {
  const { signal } = tools;
  const facts = await gatherOneHost(hypervisors, input, tools);
  const host = await hypervisors.open(input.host, signal);
  const { domain } = facts;
  const snapshots = domain === null ? [] : await host.listSnapshots(domain.uuid, signal);
  const kept =
    domain === null
      ? { domain: input.domain, host: input.host, name: input.name }
      : keptAs(input, snapshots, domain);
  const seen = await gatherDomainSnapshot(hypervisors, domainSnapshotInput(kept), tools);
  const target = targetIn(snapshots, input.name);
  return { ...seen, missingPaths: await findMissing(host, target, signal) };
}

async function findMissing(
  host: Hypervisor,
  target: SnapshotView | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (target === undefined) return [];
  const { disks, frozenPaths, memory } = target;
  const outside = new Set(
    disks.filter(({ kind }) => kind === 'external').map(({ targetDev }) => targetDev),
  );
  const frozen = frozenPaths.filter(({ targetDev }) => outside.has(targetDev));
  const paths = [
    ...frozen.map(({ path }) => path),
    ...(memory.kind === 'external' ? [memory.path] : []),
  ];
  const missing: string[] = [];
  for (const path of paths) if (await isMissing(host, path, signal)) missing.push(path);
  return missing;
}

async function isMissing(host: Hypervisor, path: string, signal: AbortSignal): Promise<boolean> {
  const files = await listOrNull(host, dirname(path), signal);
  return files !== null && !files.includes(path);
}

async function filesIn(
  host: Hypervisor,
  directory: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  return (await listOrNull(host, directory, signal)) ?? [];
}

/** `null`: nobody can say; a directory that is not there has no files. */
async function listOrNull(
  host: Hypervisor,
  directory: string,
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  try {
    return (await host.listFiles(directory, signal)) ?? [];
  } catch (error) {
    if (toFailure(error).code === 'imageToolsUnreachable') return null;
    throw error;
  }
}

async function keepState(
  hypervisors: Hypervisors,
  { domainUuid, host, request }: KeepRequest,
  { signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  await hypervisor.createSnapshot(domainUuid, request, signal);
}

async function revertDomain(
  hypervisors: Hypervisors,
  { clearClaims, domainUuid, host, name, options }: RevertRequest,
  { signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  if (clearClaims) await hypervisor.clearSnapshotClaims(domainUuid, name, signal);
  await hypervisor.revertToSnapshot(domainUuid, name, options, signal);
}

/** How the domain stands. That its host does not answer is an answer, too. */
async function lookAtRevert(
  hypervisors: Hypervisors,
  request: RevertLookRequest,
  { clock, signal }: Tools,
): Promise<RevertLook> {
  try {
    const hypervisor = await hypervisors.open(request.host, signal);
    const look = await readState(hypervisor, request, signal);
    return { atEpochMs: clock.nowEpochMs(), reachable: true, ...look };
  } catch (error) {
    signal.throwIfAborted();
    return { atEpochMs: clock.nowEpochMs(), reachable: false, message: toFailure(error).message };
  }
}

async function readState(
  host: Hypervisor,
  { beforeName, directories, domainUuid, targetDevs }: RevertLookRequest,
  signal: AbortSignal,
) {
  // A job that is over by now has left what the reads behind it see.
  const domain = await host.findStatus(domainUuid, signal);
  if (domain === null || domain.job !== null)
    return { domain, current: null, kept: false, tops: [], files: [] };
  const [snapshots, chains, files] = await Promise.all([
    host.listSnapshots(domainUuid, signal),
    host.findChains(domainUuid, signal),
    Promise.all(directories.map((directory) => filesIn(host, directory, signal))),
  ]);
  return {
    domain,
    files: files.flat(),
    current: snapshots.find(({ current }) => current)?.name ?? null,
    kept: snapshots.some(({ name }) => name === beforeName),
    tops: targetDevs.map((targetDev) => ({
      targetDev,
      path: chains.find((chain) => chain.targetDev === targetDev)?.layers[0]?.path ?? null,
    })),
  };
}
