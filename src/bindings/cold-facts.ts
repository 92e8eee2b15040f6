import type { LookOrder } from '../../machines/policy/cold-snapshot/orders.ts';
import type {
  ColdSnapshotFacts,
  ColdSnapshotInput,
} from '../../machines/policy/cold-snapshot/cold-snapshot.ts';
import type { DiskLook, GuestLook } from '../../machines/policy/cold-snapshot/steps.ts';
import { chosenDisks } from '../../machines/policy/live-snapshot/live-snapshot.ts';
import type { Tools } from '../engine/slots.ts';
import type { DiskChain } from '../ports/block-jobs.ts';
import type { DomainView } from '../ports/domain.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import { hasLeft, jobOn } from './image-chains.ts';
import { gatherTarget, inspectTops, measureImages } from './image-facts.ts';
import { gatherOneHost } from './one-host.ts';

/** Where a libvirtd puts managed save images unless its state directory is another one. */
const managedSaveDirectory = '/var/lib/libvirt/qemu/save';

const nothingThere = { availableBytes: null, standing: [], users: [], neighbours: [] };

/** Everything that the checks judge. Reads only. @throws FailureError where host or image tools do not answer */
export async function gatherColdSnapshot(
  hypervisors: Hypervisors,
  request: ColdSnapshotInput,
  tools: Tools,
): Promise<ColdSnapshotFacts> {
  const { signal } = tools;
  const facts = await gatherOneHost(hypervisors, request, tools);
  const { domain } = facts;
  const nothing = { devices: [], tops: [], imageBytes: [], formats: [] };
  if (domain === null)
    return { ...facts, ...nothing, memoryBytesAvailable: null, target: nothingThere };
  const host = await hypervisors.open(request.host, signal);
  const chosen = chosenDisks(request, domain);
  const [devices, formats, memoryBytesAvailable, target] = await Promise.all([
    host.findDevices(domain.uuid, signal),
    host.imageFormats(signal),
    host.availableBytes(managedSaveDirectory, signal),
    gatherTarget(host, domain, { ...request, chosen }, signal),
  ]);
  const disks = domain.disks.flatMap(({ format, path, targetDev }) =>
    chosen.includes(targetDev) && path !== null && format !== 'unknown'
      ? [{ targetDev, path, format }]
      : [],
  );
  const tops = await inspectTops(host, disks, signal);
  const imageBytes = formats.includes(request.format)
    ? await measureImages(host, disks, request.format, signal)
    : [];
  return {
    ...facts,
    devices,
    tops,
    imageBytes,
    memoryBytesAvailable,
    formats,
    target,
  };
}

/** What decides about the next step. Reads only. */
export async function inspectGuest(
  hypervisors: Hypervisors,
  { disks, domainUuid, host, pivotsAsked }: LookOrder,
  { clock, signal }: Tools,
): Promise<GuestLook> {
  const hypervisor = await hypervisors.open(host, signal);
  const domain = await hypervisor.findDomain(domainUuid, signal);
  const chains = disks.length === 0 ? [] : await hypervisor.findChains(domainUuid, signal);
  return {
    atEpochMs: clock.nowEpochMs(),
    domain,
    devices: await hypervisor.findDevices(domainUuid, signal),
    disks: await Promise.all(
      disks.map((targetDev) => {
        const isInDoubt = pivotsAsked.includes(targetDev);
        return lookAtDisk(hypervisor, { domain, chains, targetDev, isInDoubt }, signal);
      }),
    ),
  };
}

async function lookAtDisk(
  host: Hypervisor,
  found: {
    readonly domain: DomainView | null;
    readonly chains: readonly DiskChain[];
    readonly targetDev: string;
    /** A pivot was asked for. */
    readonly isInDoubt: boolean;
  },
  signal: AbortSignal,
): Promise<DiskLook> {
  const { chains, domain, isInDoubt, targetDev } = found;
  const nothing = { configuration: null, managedSave: null, live: null, job: null };
  const none = { targetDev, ...nothing, isStale: false };
  if (domain === null) return none;
  const { uuid } = domain;
  const configuration = await host.findDiskSource(uuid, 'configuration', targetDev, signal);
  if (domain.state === 'shutoff') {
    const managedSave = domain.managedSave
      ? await host.findDiskSource(uuid, 'managedSave', targetDev, signal)
      : null;
    return { ...none, configuration, managedSave };
  }
  const chain = chains.find((each) => each.targetDev === targetDev);
  const job = chain === undefined ? null : await jobOn(host, uuid, chain, signal);
  return {
    ...none,
    configuration,
    live: chain?.layers[0]?.path ?? null,
    job: job && { type: job.type, ready: job.ready },
    isStale: isInDoubt && job === null && (await hasLeft(host, uuid, chain?.layers ?? [], signal)),
  };
}
