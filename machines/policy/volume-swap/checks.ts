import type { DiskSource } from '../../../src/ports/disk-source.ts';
import { placeOf } from '../../../src/ports/disk-source.ts';
import type { DiskView } from '../../../src/ports/domain.ts';
import { first, mib, unless } from '../check.ts';
import { roomFor } from '../one-host/image-target.ts';
import type { OneHostCheck, OneHostSubject } from '../one-host/checks.ts';
import { judgeOneHost, oneHostChecks } from '../one-host/checks.ts';
import { knowsTransientJobs, undefineObjection } from '../one-host/undefined-meanwhile.ts';
import type { CheckVerdict } from '../verdicts.ts';
import { namesOf } from '../verdicts.ts';
import type { SwapDiskFacts, SwapOrder, VolumeSwapContext } from './volume-swap.ts';

type Check = OneHostCheck<VolumeSwapContext>;
type Subject = OneHostSubject<VolumeSwapContext>;

/** Everything that is known of one disk of the order. */
interface Ordered {
  readonly order: SwapOrder;
  readonly place: string;
  readonly disk: DiskView;
  readonly known: SwapDiskFacts;
}

const activeStates: readonly string[] = ['running', 'blocked', 'paused'];
export const wasActive = ({ state }: { readonly state: string }): boolean =>
  activeStates.includes(state);

/** Formats that a guest's disk may have for QEMU to write it. */
const writtenFormats: readonly string[] = ['raw', 'qcow2', 'qed', 'vmdk', 'vdi', 'luks'];

/** What can be known before anything is touched. libvirt finds it out late, or not at all. */
export const volumeSwapChecks = {
  ...oneHostChecks,
  stateFit: ({ domain }) =>
    unless(
      wasActive(domain) || domain.state === 'shutoff',
      () =>
        `${domain.name} is ${domain.state}: a swap needs a guest that runs, is paused or is shut off`,
    ),
  disksNamed: ({ context }) => {
    const names = context.disks.map(({ targetDev }) => targetDev);
    if (names.length === 0) return 'no disk is named: say which is to be swapped, and to what';
    const places = context.disks.map(({ to }) => placeOf(to.source));
    return unless(
      new Set(names).size === names.length && new Set(places).size === places.length,
      () => 'a disk, or a destination, is named twice: every disk needs a volume of its own',
    );
  },
  disksKnown: ({ context, domain }) =>
    first(context.disks, ({ targetDev }) =>
      unless(
        domain.disks.some((disk) => disk.targetDev === targetDev),
        () =>
          `${domain.name} has no disk ${targetDev}, only ${domain.disks.map((disk) => disk.targetDev).join(', ') || 'none'}`,
      ),
    ),
  disksSwappable: (subject) => first(orderedOf(subject), diskObjection),
  configurationAgrees: (subject) =>
    first(orderedOf(subject), ({ known, order }) => {
      const top = known.chain?.layers[0]?.origin ?? null;
      if (!subject.domain.persistent || top === null) return null;
      const configured = known.configured === null ? null : placeOf(known.configured.source);
      return unless(
        configured === placeOf(top),
        () =>
          `the configuration of ${subject.domain.name} has ${configured ?? 'something else'} for ${order.targetDev}, and what runs has ${placeOf(top)}: make them agree first`,
      );
    }),
  noBlockJob: (subject) =>
    first(orderedOf(subject), ({ disk, known }) =>
      unless(
        disk.blockJob === null && known.chain?.mirror == null,
        () =>
          `disk ${disk.targetDev} has a block job that somebody else began (${disk.blockJob ?? 'copy'}): wait for its end, or let its owner end it`,
      ),
    ),
  noSnapshots: ({ domain }) =>
    unless(
      domain.snapshotCount === 0,
      () =>
        `${domain.name} has ${domain.snapshotCount} snapshots, whose files and metadata would stay with the old volume: delete them first`,
    ),
  noSavedMemory: ({ domain }) =>
    unless(
      !domain.managedSave,
      () =>
        `${domain.name} has a managed save image, which names its disks as they were: start it, or remove the image (virsh managedsave-remove)`,
    ),
  undefinable: ({ domain, facts }) =>
    wasActive(domain)
      ? undefineObjection(domain, facts.host, 'shut it down, and swap it shut off')
      : null,
  libvirtReaches: (subject) => first(orderedOf(subject), (each) => reachObjection(subject, each)),
  formatKnown: ({ context }) =>
    first(context.disks, ({ targetDev, to }) =>
      unless(
        writtenFormats.includes(to.format),
        () =>
          `${to.format === '' ? 'no format' : to.format} is no format for disk ${targetDev}: name one of ${writtenFormats.join(', ')}`,
      ),
    ),
  destinationThere: (subject) => first(orderedOf(subject), thereObjection),
  destinationFree: (subject) => first(orderedOf(subject), (each) => freeObjection(subject, each)),
  destinationFits: (subject) => first(orderedOf(subject), (each) => fitObjection(subject, each)),
  sizeFits: ({ context, domain }) =>
    first(context.disks, ({ resizeBytes, targetDev, to }) => {
      const disk = domain.disks.find((each) => each.targetDev === targetDev);
      if (resizeBytes !== null && to.source.kind === 'nbd')
        return `disk ${targetDev} cannot grow on an NBD export, for QEMU grows none: swap without another size`;
      return unless(
        resizeBytes === null || resizeBytes >= (disk?.capacityBytes ?? 0),
        () =>
          `disk ${targetDev} has ${disk?.capacityBytes ?? 0} bytes, and ${resizeBytes ?? 0} would cut it off: name a size that is no smaller`,
      );
    }),
  spaceEnough: (subject) => first(orderedOf(subject), spaceObjection),
  oldRemovable: (subject) =>
    first(orderedOf(subject), ({ known, order }) => {
      const kind = known.chain?.layers[0]?.origin?.kind;
      return unless(
        subject.context.oldVolume !== 'delete' || kind === 'file',
        () =>
          `the old volume of ${order.targetDev} is no file, so it is not for us to delete: swap without that, and delete it where it was made`,
      );
    }),
} satisfies Record<string, Check>;

export type VolumeSwapCheckName = keyof typeof volumeSwapChecks;

export const volumeSwapCheckNames = ['domainExists', ...namesOf(volumeSwapChecks)];

export function volumeSwapVerdicts(context: VolumeSwapContext): readonly CheckVerdict[] {
  return judgeOneHost(volumeSwapChecks, context);
}

/** Those that the domain has. */
function orderedOf({ context, domain, facts }: Subject): readonly Ordered[] {
  return context.disks.flatMap((order): Ordered[] => {
    const disk = domain.disks.find(({ targetDev }) => targetDev === order.targetDev);
    const known = facts.disks.find(({ targetDev }) => targetDev === order.targetDev);
    if (disk === undefined || known === undefined) return [];
    return [{ order, disk, known, place: placeOf(order.to.source) }];
  });
}

function diskObjection({ disk, known }: Ordered): string | null {
  const { capacityBytes, device, readOnly, shareable, targetDev, transient } = disk;
  if (device !== 'disk' || readOnly)
    return `the guest does not write to ${targetDev} (${device === 'disk' ? 'read-only' : device}): there is nothing to swap`;
  if (transient) return `disk ${targetDev} is transient, and libvirt copies no such disk`;
  if (shareable)
    return `disk ${targetDev} is shared with other guests, whose writes a copy would miss: detach it there first`;
  const top = known.chain?.layers[0];
  if (top === undefined || top.origin === null)
    return `disk ${targetDev} lies on something that is no file, block device, NBD export or RBD image, or is encrypted by QEMU, or a part of a volume`;
  if (capacityBytes === 0)
    return `the size of disk ${targetDev} is not known, for neither libvirt nor qemu-img tells it: see that the host reaches ${placeOf(top.origin)}`;
  return unless(
    top.format !== '' && top.format !== 'unknown',
    () =>
      `the format of disk ${targetDev} is not told, and is never guessed: name it in the definition`,
  );
}

/** virDomainBlockRebase takes a path, and nothing else. */
function reachObjection(
  { context, domain, facts }: Subject,
  { known, order, place }: Ordered,
): string | null {
  if (knowsTransientJobs(facts.host)) return null;
  const why = `libvirt of ${facts.host.hostname} copies the disks of a guest that runs to files and block devices only`;
  const { source } = order.to;
  if (wasActive(domain) && !hasPath(source))
    return `${why}, and ${place} is neither: shut ${domain.name} down, and swap it shut off`;
  const old = known.chain?.layers[0]?.origin ?? null;
  return unless(
    context.oldVolume !== 'confirm' || old === null || hasPath(old),
    () =>
      `${why}, and ${old === null ? '' : placeOf(old)} is neither, so there would be no way back: swap without keeping it (\`oldVolume: confirm\`)`,
  );
}

const hasPath = ({ kind }: DiskSource): boolean => kind === 'file' || kind === 'block';

function thereObjection({ known, order, place }: Ordered): string | null {
  const { destination } = known;
  if (!order.create)
    return unless(
      destination.info !== null || destination.unreadable !== null,
      () => `there is no ${place}: make it, or let it be made (\`create\`)`,
    );
  if (order.to.source.kind !== 'file')
    return `${place} is no file, and only files are made here: make it where it belongs`;
  if (destination.info !== null || destination.unreadable !== null)
    return `${place} stands already, and nothing is written over: leave \`create\` out to use it as it is, or name another`;
  return unless(
    destination.availableBytes !== null,
    () => `the host has no directory for ${place}: make it, or name another place`,
  );
}

function freeObjection({ domain }: Subject, { disk, known, order, place }: Ordered): string | null {
  const chain = known.chain?.layers ?? [];
  if (chain.some(({ origin }) => origin !== null && placeOf(origin) === place))
    return `${place} is part of ${disk.targetDev} already: name another volume`;
  const { unreadable, users } = known.destination;
  if (users.length > 0) {
    const who = users.map((uuid) => (uuid === domain.uuid ? domain.name : uuid)).join(', ');
    return `${place} is a disk of ${who} already: name a volume that nothing uses`;
  }
  const advice =
    order.to.source.kind === 'rbd'
      ? "see that the host's ceph.conf leads to the cluster and to a keyring of its user (admin, where none is named)"
      : 'see who has it open, name its format as it is, or name another';
  return unless(
    unreadable === null,
    () => `${place} cannot be used (${unreadable ?? ''}): ${advice}`,
  );
}

function fitObjection({ context }: Subject, { disk, known, order, place }: Ordered): string | null {
  const { info } = known.destination;
  if (info === null) return null;
  if (info.encrypted)
    return `${place} is encrypted, and its key is not known here: swap to a volume that is not`;
  if (info.format !== order.to.format)
    return `${place} is ${info.format}, and not ${order.to.format}: name its format as it is`;
  if (info.virtualSizeBytes < disk.capacityBytes)
    return `${place} has ${info.virtualSizeBytes} bytes, and disk ${disk.targetDev} ${disk.capacityBytes}: name one that is no smaller`;
  if (info.virtualSizeBytes > disk.capacityBytes && !mayBeCut(order))
    return `${place} has ${info.virtualSizeBytes} bytes, and disk ${disk.targetDev} ${disk.capacityBytes}, and QEMU copies only to as many: ${order.to.source.kind === 'file' ? 'name the size that the disk shall have there (`resizeBytes`)' : `make it ${disk.capacityBytes} bytes large, and let it grow afterwards`}`;
  const backing = known.chain?.layers[1]?.path ?? null;
  if (context.shallow)
    return unless(
      info.backingPath === backing,
      () =>
        `${place} lies on ${info.backingPath ?? 'nothing'}, and what is below ${disk.targetDev} is ${backing ?? 'nothing'}: with \`shallow\` both have to be the same`,
    );
  return unless(
    info.backingPath === null,
    () =>
      `${place} lies on ${info.backingPath ?? ''}, which the guest would read: name a volume without a backing file, or swap with \`shallow\``,
  );
}

/** A file may be cut to the size of the disk for the copy, where the disk gets another size in the end. */
const mayBeCut = ({ resizeBytes, to }: SwapOrder): boolean =>
  to.source.kind === 'file' && resizeBytes !== null;

/** A whole copy has every layer in it. */
function spaceObjection({ disk, known, order, place }: Ordered): string | null {
  const { availableBytes, info } = known.destination;
  if (availableBytes === null || order.to.source.kind !== 'file') return null;
  const wanted = roomFor(disk.capacityBytes) - (info?.allocationBytes ?? 0);
  return unless(
    availableBytes >= wanted,
    () =>
      `there are ${mib(availableBytes)} left for ${place}, and the copy of ${disk.targetDev} may need ${mib(wanted)}`,
  );
}
