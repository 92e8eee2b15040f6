import { snapshotDelete, snapshotDeleteInput } from '../../../machines/index.ts';
import type { SnapshotDeleteInput } from '../../../machines/index.ts';
import type { MergeLook } from '../../../machines/policy/snapshot-delete/looks.ts';
import type {
  SeenChain,
  SnapshotDeleteFacts,
} from '../../../machines/policy/snapshot-delete/snapshot-delete.ts';
import type { DomainView } from '../../ports/domain.ts';
import type { SnapshotView } from '../../ports/snapshots.ts';
import { alphabetOf } from '../paths/alphabet.ts';
import { claiming, disk, done, guest, host, hostView, releasing, rival } from './one-host.ts';
import { internal } from './snapshots.ts';

type What = SnapshotDeleteInput['what'];

const asked = (what: What) => snapshotDeleteInput({ domain: 'guest', host, what });
const byHand = {
  kind: 'snapshot',
  name: 'two',
  children: 'keep',
  metadataOnly: false,
  by: 'manual',
} as const;
const merge = { kind: 'merge', targetDev: 'vda', base: null, top: null, how: 'commit' } as const;

/** Two, so that one may be merged and the other not. */
const devices = ['vda', 'vdb'] as const;
type Device = (typeof devices)[number];
const file = (targetDev: string, name: string): string => `/images/${targetDev}.${name}`;
const layers = (targetDev: string, ...names: readonly string[]): SeenChain => ({
  targetDev,
  layers: names.map((name) => ({ path: file(targetDev, name), format: 'qcow2' })),
  job: null,
});
const snapshot = (name: string, parent: string | null): SnapshotView => ({
  ...internal,
  name,
  parent,
  current: false,
  state: 'diskSnapshot',
  memory: { kind: 'none' },
  disks: devices.map((targetDev) => ({
    targetDev,
    kind: 'external',
    overlayPath: file(targetDev, name),
    format: 'qcow2',
  })),
  frozenPaths: devices.map((targetDev) => ({
    targetDev,
    path: file(targetDev, parent ?? 'base'),
  })),
});
const one = { ...snapshot('one', null), children: ['two'] };
const two = { ...snapshot('two', 'one'), current: true };

const facts: SnapshotDeleteFacts = {
  atEpochMs: 1,
  host: hostView('hostA'),
  domain: guest,
  claims: [],
  snapshots: [one, two],
  chains: devices.map((device) => layers(device, 'two', 'one', 'base')),
  hasTools: true,
  standing: devices.map((device) => file(device, 'two')),
  overlays: [],
  users: [],
  used: [],
  left: [],
};
const found = (change: Partial<SnapshotDeleteFacts>) => ({ ...facts, ...change });
const guestIs = (change: Partial<DomainView>) => found({ domain: { ...guest, ...change } });

const seen = (change: Partial<MergeLook> = {}): MergeLook => ({
  atEpochMs: 5,
  guest: 'running',
  isDeleting: false,
  chains: facts.chains,
  snapshots: facts.snapshots,
  files: [],
  ...change,
});
/** How far the merge of each disk is, by its chain. */
type Stands = 'untouched' | 'working' | 'ready' | 'merged';
const chainOf = (targetDev: Device, stands: Stands): SeenChain => {
  if (stands === 'merged') return layers(targetDev, 'one', 'base');
  const chain = layers(targetDev, 'two', 'one', 'base');
  if (stands === 'untouched') return chain;
  const mirrorPath = file(targetDev, 'one');
  const job = { type: 'activeCommit', processedBytes: 1, mirrorPath } as const;
  return { ...chain, job: { ...job, ready: stands === 'ready' } };
};
const disksAre = (vda: Stands, vdb: Stands, change: Partial<MergeLook> = {}) =>
  seen({ chains: [chainOf('vda', vda), chainOf('vdb', vdb)], ...change });

const at = { atEpochMs: 9 };
const jobs = (type: 'ready' | 'completed' | 'failed' | 'canceled') =>
  devices.map(
    (targetDev) => ({ type: `blockJob.${type}`, targetDev, job: 'activeCommit', ...at }) as const,
  );

/** What the deletion of a snapshot, or a merge of layers, may meet. */
export const snapshotDeleteAlphabet = alphabetOf(snapshotDelete, {
  inputs: {
    byHand: asked(byHand),
    auto: asked({ ...byHand, by: 'auto' }),
    byLibvirt: asked({ ...byHand, by: 'libvirt' }),
    metadataOnly: asked({ ...byHand, metadataOnly: true }),
    childrenOnly: asked({ ...byHand, by: 'auto', name: 'one', children: 'only' }),
    unknown: asked({ ...byHand, name: 'none' }),
    merges: asked(merge),
    pulls: asked({ ...merge, how: 'pull' }),
    mergesUnknown: asked({ ...merge, targetDev: 'vdx' }),
    mergesIntoNothing: asked({ ...merge, base: '/none' }),
  },
  actors: {
    gatherFacts: {
      done: {
        runs: facts,
        isOff: guestIs({ state: 'shutoff' }),
        isUnkept: found({ snapshots: [] }),
        isOffWithoutTools: { ...guestIs({ state: 'shutoff' }), hasTools: false },
        isNowhere: found({ domain: null }),
        isClaimed: found({ claims: [rival] }),
        hasJob: guestIs({ job: { operation: 'save' } }),
        hasBlockJob: guestIs({ disks: [{ ...disk, blockJob: 'pull' }] }),
        isSaved: guestIs({ managedSave: true }),
        isTransientAndOff: guestIs({ state: 'shutoff', persistent: false }),
        isOld: found({ host: { ...facts.host, libvirtVersion: 8_010_000 } }),
        isUsed: found({ used: [file('vda', 'two')] }),
        isOffAndUsed: { ...guestIs({ state: 'shutoff' }), used: [file('vda', 'two')] },
        isLeft: found({ left: ['vda'] }),
        keepsMemory: found({
          snapshots: [one, { ...two, memory: { kind: 'external', path: '/images/memory' } }],
        }),
      },
    },
    claimDomain: claiming,
    releaseClaims: releasing,
    watchDomain: {
      sends: [
        ...jobs('ready'),
        ...jobs('completed'),
        ...jobs('failed'),
        ...jobs('canceled'),
        { type: 'domain.started', detail: 'booted', ...at },
        { type: 'domain.stopped', detail: 'shutdown', ...at },
        { type: 'connection.lost', ...at },
        { type: 'connection.regained', ...at },
      ],
    },
    beginMerge: done,
    mergeOffline: done,
    lookAtMerges: {
      done: {
        untouched: disksAre('untouched', 'untouched'),
        work: disksAre('working', 'working'),
        standStill: disksAre('working', 'working', { atEpochMs: 100_000 }),
        areReady: disksAre('ready', 'ready'),
        oneMerged: disksAre('merged', 'untouched'),
        oneMergedOneReady: disksAre('merged', 'ready'),
        oneMergedOneStandsStill: disksAre('merged', 'working', { atEpochMs: 100_000 }),
        oneMergedAndOff: disksAre('merged', 'untouched', { guest: 'off' }),
        areMerged: disksAre('merged', 'merged'),
        isGone: disksAre('merged', 'merged', { snapshots: [one] }),
        isAtIt: seen({ isDeleting: true }),
        isOff: seen({ guest: 'off' }),
        isUnseen: seen({ guest: 'unseen' }),
      },
    },
    pivotMerge: { done: { ended: { how: 'ended' }, noJob: { how: 'noJob' } } },
    switchOffline: { done: { ended: { how: 'ended' }, noJob: { how: 'noJob' } } },
    cancelMerges: done,
    deleteSnapshot: done,
    mendSnapshots: done,
    dropMetadata: done,
    removeUnused: {
      done: {
        gone: { removed: [file('vda', 'two')], left: [] },
        left: { removed: [], left: [{ path: file('vda', 'two'), why: 'used' }] },
      },
    },
  },
  events: [{ type: 'abort.requested' }],
  traits: ({ deletion, facts: before, gained, guest: is, plan, what }) => [
    `found ${before?.domain?.state} for ${what.kind}, ${is} now`,
    plan?.disks.map(({ state, tries }) => `${state} ${tries}`).join() ?? '',
    `deletion ${deletion} of ${plan?.files.length} files`,
    `gained ${gained?.bytes}`,
  ],
});
