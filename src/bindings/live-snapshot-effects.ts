import type {
  CopiesOnHost,
  CopyRequest,
  DeltaRequest,
  FilesOnHost,
  FlattenRequest,
  NameRequest,
  OwnCopy,
} from '../../machines/policy/live-snapshot/requests.ts';
import type { CopiesLook, DroppedFrom } from '../../machines/policy/live-snapshot/copies.ts';
import type {
  AgentLook,
  FreezeLook,
  GuestAsk,
  Thawed,
} from '../../machines/policy/one-host/freezing.ts';
import type { FilesRemoved } from '../../machines/policy/live-snapshot/images.ts';
import type { DomainOnHost } from '../../machines/policy/domain-on-host.ts';
import type { Tools } from '../engine/slots.ts';
import type { DiskChain } from '../ports/block-jobs.ts';
import type { DomainStatus } from '../ports/domain.ts';
import { FailureError } from '../ports/failure.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';

/** The name is this run's alone, so that what stands there after a crash is a try of ours. */
export async function makeDelta(
  hypervisors: Hypervisors,
  { backing, delta, host, virtualSizeBytes }: DeltaRequest,
  { resumed, signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  if (resumed === true) await hypervisor.removeFile(delta.path, signal);
  await hypervisor.createImage({ ...delta, virtualSizeBytes, backing }, signal);
}

export async function beginCopy(
  hypervisors: Hypervisors,
  { bandwidthMibPerS, delta, domainUuid, host, targetDev, transientJob }: CopyRequest,
  { signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  await hypervisor.copyBlock(
    domainUuid,
    targetDev,
    { source: { kind: 'file', path: delta.path }, format: delta.format },
    {
      shallow: true,
      reuseExternal: true,
      transientJob,
      synchronousWrites: false,
      bandwidthMibPerS,
    },
    signal,
  );
}

/** How the copies stand, and the guest. Reads only. */
export async function lookAtCopies(
  hypervisors: Hypervisors,
  { copies, domainUuid, host }: CopiesOnHost,
  { clock, signal }: Tools,
): Promise<CopiesLook> {
  const hypervisor = await hypervisors.open(host, signal);
  const [status, chains] = await Promise.all([
    hypervisor.findStatus(domainUuid, signal),
    hypervisor.findChains(domainUuid, signal),
  ]);
  const disks = copies.map(async ({ deltaPath, layers, targetDev }) => {
    const ours = stateOf(chains, { deltaPath, targetDev });
    const job =
      ours === 'copying' ? await hypervisor.findBlockJob(domainUuid, targetDev, signal) : null;
    const isAsPlanned = liesOn(chains, { layers, targetDev });
    return { targetDev, ours, isAsPlanned, processedBytes: job?.processedBytes ?? 0 };
  });
  return {
    atEpochMs: clock.nowEpochMs(),
    ...seenOf(status),
    disks: await Promise.all(disks),
  };
}

/** From its top as far as the delta's own base. */
function liesOn(
  chains: readonly DiskChain[],
  { layers, targetDev }: Omit<OwnCopy, 'deltaPath'>,
): boolean {
  const found = chains.find((chain) => chain.targetDev === targetDev)?.layers ?? [];
  return [0, 1].every((depth) => (found[depth]?.path ?? null) === (layers[depth] ?? null));
}

/** A copy to any other file is somebody else's. */
function stateOf(
  chains: readonly DiskChain[],
  { deltaPath, targetDev }: Pick<OwnCopy, 'deltaPath' | 'targetDev'>,
): 'copying' | 'ready' | 'none' {
  const mirror = chains.find((chain) => chain.targetDev === targetDev)?.mirror ?? null;
  if (mirror?.job !== 'copy' || mirror.path !== deltaPath) return 'none';
  return mirror.ready ? 'ready' : 'copying';
}

const seenOf = (status: DomainStatus | null): Pick<CopiesLook, 'guest' | 'stopDetail'> => ({
  guest: guestIn(status),
  stopDetail: status === null || isActive(status) ? null : stopOf(status),
});

function guestIn(status: DomainStatus | null): CopiesLook['guest'] {
  if (status === null || !isActive(status)) return 'gone';
  return status.state === 'paused' ? 'paused' : 'running';
}

/** In `shutdown` its QEMU stands for a second or two yet, and its copies may have ended already. */
const isActive = ({ state }: DomainStatus): boolean =>
  !['shutdown', 'shutoff', 'crashed', 'nostate'].includes(state);

/** While it shuts down libvirt tells no reason yet. */
const stopOf = ({ reason, state }: DomainStatus): string => (state === 'shutdown' ? state : reason);

/** All copies of ours at once, and no other job. What came of them their events tell. */
export async function endCopies(
  hypervisors: Hypervisors,
  { copies, domainUuid, host }: CopiesOnHost,
  { signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  const chains = await hypervisor.findChains(domainUuid, signal);
  const ours = copies.filter((copy) => stateOf(chains, copy) !== 'none');
  await Promise.all(
    ours.map(({ targetDev }) => hypervisor.endBlockJob(domainUuid, targetDev, 'cancel', signal)),
  );
}

/** The same for copies that are given up, also for those that libvirt has forgotten. */
export async function dropCopies(
  hypervisors: Hypervisors,
  request: CopiesOnHost,
  tools: Tools,
): Promise<DroppedFrom> {
  const { copies, domainUuid, host } = request;
  const { signal } = tools;
  const hypervisor = await hypervisors.open(host, signal);
  const chains = await hypervisor.findChains(domainUuid, signal);
  await endCopies(hypervisors, request, tools);
  const stuck = await findStuck(hypervisor, request, signal);
  for (const copy of copies) {
    const { deltaPath: path, targetDev } = copy;
    if (stateOf(chains, copy) === 'none' || stuck.includes(targetDev))
      await hypervisor.dropForgottenCopy(domainUuid, { targetDev, path }, signal);
  }
  return { ...seenOf(await hypervisor.findStatus(domainUuid, signal)), stuck };
}

/** Jobs first: libvirt takes a copy out of the definition before it forgets the job. */
async function findStuck(
  hypervisor: Hypervisor,
  { copies, domainUuid }: CopiesOnHost,
  signal: AbortSignal,
): Promise<string[]> {
  const jobs = await Promise.all(
    copies.map(({ targetDev }) => hypervisor.findBlockJob(domainUuid, targetDev, signal)),
  );
  const chains = await hypervisor.findChains(domainUuid, signal);
  return copies
    .filter((copy, index) => jobs[index] === null && stateOf(chains, copy) !== 'none')
    .map(({ targetDev }) => targetDev);
}

export async function askAgent(
  hypervisors: Hypervisors,
  { domainUuid, host }: DomainOnHost,
  { clock, signal }: Tools,
): Promise<AgentLook> {
  const hypervisor = await hypervisors.open(host, signal);
  const agent = await hypervisor.agentState(domainUuid, signal);
  return { agent, atEpochMs: clock.nowEpochMs() };
}

export async function freezeGuest(
  hypervisors: Hypervisors,
  { domainUuid, host, timeoutMs }: GuestAsk,
  { signal }: Tools,
): Promise<{ frozen: number }> {
  const hypervisor = await hypervisors.open(host, signal);
  return hypervisor.freeze(domainUuid, timeoutMs, signal);
}

/** What the agent says by now; it answers in the order in which it was asked. */
export async function askFreeze(
  hypervisors: Hypervisors,
  { domainUuid, host, timeoutMs }: GuestAsk,
  { clock, signal }: Tools,
): Promise<FreezeLook> {
  const hypervisor = await hypervisors.open(host, signal);
  const status = await hypervisor.freezeStatus(domainUuid, timeoutMs, signal);
  return { status, atEpochMs: clock.nowEpochMs() };
}

/** A guest that has ended has nothing frozen any more. */
export async function thawGuest(
  hypervisors: Hypervisors,
  { domainUuid, host, timeoutMs }: GuestAsk,
  { clock, signal }: Tools,
): Promise<Thawed> {
  const hypervisor = await hypervisors.open(host, signal);
  try {
    await hypervisor.thaw(domainUuid, timeoutMs, signal);
  } catch (error) {
    const status = await hypervisor.findStatus(domainUuid, signal);
    if (guestIn(status) !== 'gone') throw error;
  }
  return { atEpochMs: clock.nowEpochMs() };
}

/** How often a conversion is told about at most. */
const reportMs = 250;

/** The delta and all below it, into one file. Nobody writes to any of them now. */
export async function flattenDelta(
  hypervisors: Hypervisors,
  { compress, from, host, targetDev, to, virtualSizeBytes }: FlattenRequest,
  { clock, report, signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  const sinceEpochMs = clock.nowEpochMs();
  let toldAtEpochMs = 0;
  await hypervisor.convertImage(
    { from, to, compress, shared: false },
    (fraction) => {
      const nowEpochMs = clock.nowEpochMs();
      if (fraction < 1 && nowEpochMs - toldAtEpochMs < reportMs) return;
      toldAtEpochMs = nowEpochMs;
      const processedBytes = Math.round(fraction * virtualSizeBytes);
      const elapsedMs = nowEpochMs - sinceEpochMs;
      report([
        {
          stream: `${targetDev} image`,
          processedBytes,
          totalBytes: virtualSizeBytes,
          remainingBytes: virtualSizeBytes - processedBytes,
          bytesPerS: elapsedMs > 0 ? Math.round((processedBytes * 1_000) / elapsedMs) : null,
        },
      ]);
    },
    signal,
  );
}

/** Its draft has a name that is this run's alone: when that is gone, it has its name already. */
export async function nameImage(
  hypervisors: Hypervisors,
  { from, host, to }: NameRequest,
  { resumed, signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  if (resumed === true && (await hypervisor.inspectImage(from, null, signal)) === null) return;
  await hypervisor.renameFile(from, to, signal);
}

/** One that does not go does not keep the others. */
export async function removeFiles(
  hypervisors: Hypervisors,
  { domainUuid, host, paths }: FilesOnHost,
  { signal }: Tools,
): Promise<FilesRemoved> {
  const hypervisor = await hypervisors.open(host, signal);
  const chains = await hypervisor.findChains(domainUuid, signal);
  const used = chains.flatMap(({ layers }) => layers.map(({ path }) => path));
  const inUse = paths.filter((path) => used.includes(path));
  const free = paths.filter((path) => !used.includes(path));
  const gone = await Promise.all(free.map((path) => isRemoved(hypervisor, path, signal)));
  return { removed: free.filter((_, index) => gone[index]), inUse };
}

async function isRemoved(host: Hypervisor, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    await host.removeFile(path, signal);
    return true;
  } catch (error) {
    if (error instanceof FailureError && !signal.aborted) return false;
    throw error;
  }
}
