import { volumeSwap, volumeSwapInput } from '../../../machines/index.ts';
import type { VolumeSwapInput } from '../../../machines/index.ts';
import type { RemovalRequest } from '../../../machines/policy/snapshot-delete/requests.ts';
import type { SeenDisk, SwapLook } from '../../../machines/policy/volume-swap/look.ts';
import type { FactsRequest, SwapsOnHost } from '../../../machines/policy/volume-swap/requests.ts';
import type {
  SwapDiskFacts,
  SwapOrder,
  VolumeSwapFacts,
} from '../../../machines/policy/volume-swap/volume-swap.ts';
import type { DiskImage } from '../../ports/disk-source.ts';
import { placeOf } from '../../ports/disk-source.ts';
import type { DiskView, DomainView, HostView } from '../../ports/domain.ts';
import type { ImageInfo } from '../../ports/images.ts';
import { alphabetOf, usualFailures } from '../paths/alphabet.ts';
import { claiming, disk, done, guest, host, hostView, releasing, rival } from './one-host.ts';

const gib = 2 ** 30;
/** Two, so that one may be on its new volume and the other not. */
const devices = ['vda', 'vdb'] as const;
const image = (targetDev: string, folder: string): DiskImage => ({
  source: { kind: 'file', path: `/${folder}/${targetDev}.raw` },
  format: 'raw',
});
const order = (targetDev: string, change: Partial<SwapOrder> = {}): SwapOrder => ({
  targetDev,
  to: image(targetDev, 'new'),
  create: false,
  resizeBytes: null,
  ...change,
});
const asked = (request: Partial<VolumeSwapInput> = {}) =>
  volumeSwapInput({
    domain: 'guest',
    host,
    disks: devices.map((targetDev) => order(targetDev)),
    ...request,
  });
const vdaIs = (change: Partial<SwapOrder>) => asked({ disks: [order('vda', change)] });

const diskOf = (targetDev: string): DiskView => ({
  ...disk,
  targetDev,
  path: `/old/${targetDev}.raw`,
  format: 'raw',
});
const running: DomainView = { ...guest, disks: devices.map(diskOf) };
const info: ImageInfo = {
  path: '/new/vda.raw',
  format: 'raw',
  virtualSizeBytes: 2 * gib,
  allocationBytes: 0,
  backingPath: null,
  backingFormat: null,
  encrypted: false,
};
const diskFacts = ({ create, targetDev }: SwapOrder): SwapDiskFacts => {
  const configured = image(targetDev, 'old');
  const path = placeOf(configured.source);
  return {
    targetDev,
    chain: {
      targetDev,
      layers: [{ path, origin: configured.source, source: 'file', format: 'raw' }],
      mirror: null,
    },
    configured,
    destination: {
      info: create ? null : info,
      unreadable: null,
      users: [],
      availableBytes: 20 * gib,
    },
  };
};

type Found = (request: Pick<FactsRequest, 'disks'>) => VolumeSwapFacts;
const found =
  (change: Partial<VolumeSwapFacts>): Found =>
  ({ disks }) => ({
    atEpochMs: 1,
    host: hostView('hostA'),
    domain: running,
    claims: [],
    disks: disks.map(diskFacts),
    ...change,
  });
const guestIs = (change: Partial<DomainView>) => found({ domain: { ...running, ...change } });
const isOn = (libvirtVersion: number): HostView => ({ ...hostView('hostA'), libvirtVersion });
const old = isOn(3_004_000);
const everyDisk =
  (change: (known: SwapDiskFacts) => Partial<SwapDiskFacts>): Found =>
  ({ disks }) =>
    found({
      disks: disks.map(diskFacts).map((known) => ({ ...known, ...change(known) })),
    })({ disks });
const destinationIs = (change: Partial<SwapDiskFacts['destination']>): Found =>
  everyDisk(({ destination }) => ({ destination: { ...destination, ...change } }));
const isOnBlockDevice = everyDisk(({ chain, targetDev }) => {
  const source = { kind: 'block', path: `/dev/${targetDev}` } as const;
  const layers = [{ path: source.path, origin: source, source: 'block', format: 'raw' }] as const;
  return {
    chain: chain === null ? null : { ...chain, layers },
    configured: { source, format: 'raw' },
  };
});

type Asked = SwapsOnHost['swaps'][number];
type Stands = Partial<SeenDisk>;
const job = { type: 'copy', processedBytes: 10, totalBytes: 100 } as const;
/** How a disk may stand, by the volumes that it was asked to go between. */
const ways = {
  old: () => ({}),
  copying: ({ to }: Asked): Stands => ({ mirror: placeOf(to.source), job }),
  outran: ({ to }: Asked): Stands => ({
    mirror: placeOf(to.source),
    job: { ...job, processedBytes: 60, totalBytes: 160 },
  }),
  ready: ({ to }: Asked): Stands => ({ mirror: placeOf(to.source), isReady: true, job }),
  nameless: ({ to }: Asked): Stands => ({ mirror: placeOf(to.source), isGone: true, job }),
  there: ({ to }: Asked): Stands => ({ top: placeOf(to.source) }),
  heldThere: (): Stands => ({ held: 'to' }),
  unknown: (): Stands => ({ held: 'unknown' }),
  elsewhere: (): Stands => ({ top: '/elsewhere' }),
  nowhere: (): Stands => ({ top: null }),
} satisfies Record<string, (swap: Asked) => Stands>;
type Way = keyof typeof ways;

/** The first disk, and the other one. */
const disksAre =
  (first: Way, other: Way, change: Partial<SwapLook> = {}) =>
  ({ swaps }: SwapsOnHost): SwapLook => ({
    atEpochMs: 5,
    guest: 'running',
    isEnding: false,
    disks: swaps.map((swap) => ({
      targetDev: swap.targetDev,
      top: placeOf(swap.from.source),
      mirror: null,
      isReady: false,
      isGone: false,
      held: null,
      job: null,
      ...ways[swap.targetDev === 'vda' ? first : other](swap),
    })),
    ...change,
  });
const later = { atEpochMs: 1_000_000 };

const at = { atEpochMs: 9 };
const jobs = (type: 'ready' | 'completed' | 'failed' | 'canceled') =>
  devices.map(
    (targetDev) => ({ type: `blockJob.${type}`, targetDev, job: 'copy', ...at }) as const,
  );

/** What a guest may meet that gets other volumes for its disks. */
export const volumeSwapAlphabet = alphabetOf(volumeSwap, {
  inputs: {
    swaps: asked(),
    makesAndGrows: asked({
      oldVolume: 'delete',
      disks: [order('vda', { create: true, resizeBytes: 4 * gib }), order('vdb')],
    }),
    waitsForWord: asked({ oldVolume: 'confirm' }),
    namesNone: asked({ disks: [] }),
    namesUnknown: asked({ disks: [order('vdz')] }),
    namesNoFormat: vdaIs({ to: { ...image('vda', 'new'), format: 'floppy' } }),
    cutsOff: vdaIs({ resizeBytes: 1 }),
    goesToNbd: vdaIs({
      to: {
        source: {
          kind: 'nbd',
          host: { transport: 'tcp', name: 'hostB', port: 10_809 },
          exportName: 'vda',
        },
        format: 'raw',
      },
    }),
  },
  actors: {
    gatherFacts: {
      done: {
        runs: found({}),
        isOff: guestIs({ state: 'shutoff' }),
        isTransient: guestIs({ persistent: false }),
        isOnOld: found({ host: old }),
        knowsNoSynchronousWrites: found({ host: isOn(7_000_000) }),
        isNowhere: found({ domain: null }),
        isClaimed: found({ claims: [rival] }),
        hasJob: guestIs({ job: { operation: 'save' } }),
        hasCrashed: guestIs({ state: 'crashed' }),
        isReadOnly: guestIs({ disks: running.disks.map((each) => ({ ...each, readOnly: true })) }),
        isConfiguredOtherwise: everyDisk(() => ({ configured: null })),
        hasBlockJob: guestIs({
          disks: running.disks.map((each) => ({ ...each, blockJob: 'commit' })),
        }),
        hasSnapshots: guestIs({ snapshotCount: 2 }),
        isSaved: guestIs({ managedSave: true }),
        wouldLoseTpm: found({ host: old, domain: { ...running, emulatedTpm: true } }),
        lacksDestination: destinationIs({ info: null }),
        destinationIsUsed: destinationIs({ users: ['another'] }),
        destinationIsEncrypted: destinationIs({ info: { ...info, encrypted: true } }),
        lacksSpace: destinationIs({ availableBytes: 1 }),
        isOnBlockDevice,
      },
    },
    claimDomain: claiming,
    releaseClaims: releasing,
    keepDefinition: { done: { kept: { text: 'token', autostart: false } } },
    undefineDomain: done,
    defineAgain: done,
    watchDomain: {
      sends: [
        ...jobs('ready'),
        ...jobs('completed'),
        ...jobs('failed'),
        ...jobs('canceled'),
        { type: 'domain.seen', state: 'running', detail: 'booted', ...at },
        { type: 'domain.started', detail: 'booted', ...at },
        { type: 'domain.suspended', detail: 'paused', ...at },
        { type: 'domain.resumed', detail: 'unpaused', ...at },
        { type: 'domain.stopped', detail: 'shutdown', ...at },
        { type: 'connection.lost', ...at },
        { type: 'connection.regained', ...at },
      ],
    },
    makeVolume: done,
    beginSwap: done,
    copyOffline: {
      done: { told: { sourceChangedAt: 'then' }, untold: { sourceChangedAt: null } },
      fails: usualFailures,
    },
    lookAtSwaps: {
      done: {
        untouched: disksAre('old', 'old'),
        copying: disksAre('copying', 'copying'),
        standStill: disksAre('copying', 'copying', later),
        areOutrun: disksAre('outran', 'outran', later),
        areReady: disksAre('ready', 'ready'),
        areThere: disksAre('there', 'there'),
        oneThereOneReady: disksAre('there', 'ready'),
        oneThereOneLost: disksAre('there', 'old'),
        oneNameless: disksAre('nameless', 'copying'),
        heldThere: disksAre('heldThere', 'heldThere'),
        unknown: disksAre('unknown', 'ready'),
        elsewhere: disksAre('elsewhere', 'old'),
        isEnding: disksAre('old', 'old', { isEnding: true }),
        isOff: disksAre('old', 'old', { guest: 'off' }),
        isGone: disksAre('nowhere', 'nowhere', { guest: 'off' }),
      },
    },
    pivotSwap: { done: { ended: { how: 'ended' }, noJob: { how: 'noJob' } } },
    dropSwaps: done,
    persistSwap: {
      done: { seen: { isUnseen: false }, unseen: { isUnseen: true } },
      fails: {
        ...usualFailures,
        started: { code: 'guestStarted', message: 'it was started', effect: 'none' },
        startedOnOld: { code: 'startedOnOld', message: 'it has its old volume', effect: 'none' },
      },
    },
    resizeDisk: done,
    removeVolumes: {
      done: {
        gone: ({ paths }: RemovalRequest) => ({ removed: paths, left: [] }),
        left: ({ paths }: RemovalRequest) => ({
          removed: [],
          left: paths.map((path) => ({ path, why: 'used' })),
        }),
      },
    },
  },
  events: [{ type: 'abort.requested' }, { type: 'confirm.requested' }, { type: 'undo.requested' }],
  traits: ({ direction, facts, failure, gained, guest: is, heard, mayBegin, swaps, writes }) => [
    `found ${facts?.domain?.state} ${facts?.domain?.persistent} on ${facts?.host.libvirtVersion}, ${is} now`,
    `${direction} ${swaps.map(({ persisted, state }) => `${state} ${persisted}`).join()}`,
    `gained ${gained?.remainingBytes} with ${writes}`,
    `heard ${heard} of ${mayBegin}, failed ${failure?.effect}`,
  ],
});
