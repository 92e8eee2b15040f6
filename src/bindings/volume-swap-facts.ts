import { dirname } from 'node:path/posix';
import type { FactsRequest } from '../../machines/policy/volume-swap/requests.ts';
import type {
  DestinationFacts,
  SwapDiskFacts,
  SwapOrder,
  VolumeSwapFacts,
} from '../../machines/policy/volume-swap/volume-swap.ts';
import type { Tools } from '../engine/slots.ts';
import type { DiskChain } from '../ports/block-jobs.ts';
import { placeOf, toolPlaceOf } from '../ports/disk-source.ts';
import type { DiskView } from '../ports/domain.ts';
import { FailureError } from '../ports/failure.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import { gatherOneHost } from './one-host.ts';

/** Everything that the checks judge. Reads only. @throws FailureError where host or image tools do not answer */
export async function gatherVolumeSwap(
  hypervisors: Hypervisors,
  request: FactsRequest,
  tools: Tools,
): Promise<VolumeSwapFacts> {
  const { signal } = tools;
  const host = await hypervisors.open(request.host, signal);
  const [facts, orders] = await Promise.all([
    gatherOneHost(hypervisors, request, tools),
    Promise.all(
      request.disks.map(async (order) => ({
        order,
        destination: await gatherDestination(host, order, signal),
      })),
    ),
  ]);
  const { domain } = facts;
  if (domain === null) return { ...facts, disks: [] };
  const [chains, images] = await Promise.all([
    host.findChains(domain.uuid, signal),
    Promise.all(
      orders.map(({ order: { targetDev } }) =>
        host.findDiskImage(domain.uuid, 'configuration', targetDev, signal),
      ),
    ),
  ]);
  const disks = orders.map(({ destination, order: { targetDev } }, index): SwapDiskFacts => {
    const chain = chains.find((each) => each.targetDev === targetDev) ?? null;
    return { targetDev, chain, configured: images[index] ?? null, destination };
  });
  const views = domain.disks.map(async (disk) =>
    orders.some(({ order }) => order.targetDev === disk.targetDev)
      ? withSize(host, disk, chains, signal)
      : disk,
  );
  return { ...facts, domain: { ...domain, disks: await Promise.all(views) }, disks };
}

/** libvirt does not look at what a guest that is off has on a network: qemu-img does. */
async function withSize(
  host: Hypervisor,
  disk: DiskView,
  chains: readonly DiskChain[],
  signal: AbortSignal,
): Promise<DiskView> {
  if (disk.capacityBytes > 0) return disk;
  const top = chains.find(({ targetDev }) => targetDev === disk.targetDev)?.layers[0];
  if (top?.origin == null) return disk;
  const { info } = await inspect(host, toolPlaceOf(top.origin), top.format, signal);
  return { ...disk, capacityBytes: info?.virtualSizeBytes ?? 0 };
}

async function gatherDestination(
  host: Hypervisor,
  { to }: SwapOrder,
  signal: AbortSignal,
): Promise<DestinationFacts> {
  const place = placeOf(to.source);
  const isFile = to.source.kind === 'file';
  const [look, users, availableBytes] = await Promise.all([
    inspect(host, toolPlaceOf(to.source), to.format, signal),
    host.findDiskUsers(place, signal),
    isFile ? host.availableBytes(dirname(place), signal) : null,
  ]);
  return { ...look, users, availableBytes };
}

/** What qemu-img cannot open is news, too; that nothing answers is none. */
async function inspect(
  host: Hypervisor,
  place: string,
  format: string,
  signal: AbortSignal,
): Promise<Pick<DestinationFacts, 'info' | 'unreadable'>> {
  try {
    const info = await host.inspectFreeImage({ path: place, format }, signal);
    return { info, unreadable: null };
  } catch (error) {
    if (!(error instanceof FailureError) || !isAboutImage(error)) throw error;
    const { code, message } = error.failure;
    if (code !== 'imageInUse') return { info: null, unreadable: message };
    const info = await host.inspectImage(place, format, signal);
    return { info, unreadable: 'somebody has it open to write to it' };
  }
}

const aboutImages: readonly string[] = [
  'imageInUse',
  'imageFailed',
  'unknownFormat',
  'noSuchImage',
];
const isAboutImage = ({ failure }: FailureError): boolean => aboutImages.includes(failure.code);
