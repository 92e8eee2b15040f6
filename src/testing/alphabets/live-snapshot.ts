import { liveSnapshot, liveSnapshotInput } from '../../../machines/index.ts';
import type { LiveSnapshotInput } from '../../../machines/index.ts';
import type { CopiesLook, DroppedFrom } from '../../../machines/policy/live-snapshot/copies.ts';
import type { LiveSnapshotFacts } from '../../../machines/policy/live-snapshot/live-snapshot.ts';
import type { FilesOnHost } from '../../../machines/policy/live-snapshot/requests.ts';
import type { DiskChain } from '../../ports/block-jobs.ts';
import type { DiskView, DomainView } from '../../ports/domain.ts';
import type { ImageInfo } from '../../ports/images.ts';
import { alphabetOf, usualFailures } from '../paths/alphabet.ts';
import { freezing } from './freezing.ts';
import { claiming, disk, done, guest, host, hostView, releasing, rival } from './one-host.ts';

const gib = 2 ** 30;
const asked = (request: Partial<LiveSnapshotInput> = {}) =>
  liveSnapshotInput({
    domain: 'guest',
    host,
    directory: '/snapshots',
    fileName: 'guest.qcow2',
    ...request,
  });

const path = disk.path ?? '';
const layered: DiskChain = {
  targetDev: 'vda',
  layers: [
    { path, origin: { kind: 'file', path }, source: 'file', format: 'qcow2' },
    {
      path: '/images/base.raw',
      origin: { kind: 'file', path: '/images/base.raw' },
      source: 'file',
      format: 'raw',
    },
  ],
  mirror: null,
};
const info: ImageInfo = {
  path,
  format: 'qcow2',
  virtualSizeBytes: 2 * gib,
  allocationBytes: gib,
  backingPath: null,
  backingFormat: null,
  encrypted: false,
};
const facts: LiveSnapshotFacts = {
  atEpochMs: 1,
  host: hostView('hostA'),
  domain: guest,
  claims: [],
  chains: [layered],
  tops: [info],
  imageBytes: [{ targetDev: 'vda', bytes: gib }],
  agent: 'connected',
  formats: ['raw', 'qcow2'],
  target: { availableBytes: 20 * gib, standing: [], users: [], neighbours: [] },
};
const found = (change: Partial<LiveSnapshotFacts>) => ({ ...facts, ...change });
const guestIs = (change: Partial<DomainView>) => found({ domain: { ...guest, ...change } });
const diskIs = (change: Partial<DiskView>) => guestIs({ disks: [{ ...disk, ...change }] });
const targetIs = (change: Partial<LiveSnapshotFacts['target']>) =>
  found({ target: { ...facts.target, ...change } });
const old = { ...facts.host, libvirtVersion: 3_004_000 };

type Seen = CopiesLook['disks'][number];
const seen = (change: Partial<CopiesLook>, copy: Partial<Seen> = {}): CopiesLook => ({
  atEpochMs: 5,
  guest: 'running',
  stopDetail: null,
  disks: [{ targetDev: 'vda', ours: 'copying', isAsPlanned: true, processedBytes: 0, ...copy }],
  ...change,
});
const dropped = (change: Partial<DroppedFrom> = {}): DroppedFrom => ({
  guest: 'running',
  stopDetail: null,
  stuck: [],
  ...change,
});
const at = { atEpochMs: 9 };
const job = { targetDev: 'vda', job: 'copy', ...at } as const;

/** What images of a guest that runs on may meet. */
export const liveSnapshotAlphabet = alphabetOf(liveSnapshot, {
  inputs: {
    tries: asked(),
    mustFreeze: asked({ quiesce: 'required' }),
    neverFreezes: asked({ quiesce: 'never' }),
    unknownDisk: asked({ disks: ['vdz'] }),
    badName: asked({ fileName: '../guest.qcow2' }),
    badFormat: asked({ format: 'floppy' }),
  },
  actors: {
    gatherFacts: {
      done: {
        isLayered: facts,
        isFlat: found({ chains: [{ ...layered, layers: layered.layers.slice(0, 1) }] }),
        isOnOld: found({ host: old }),
        isPaused: guestIs({ state: 'paused', reason: 'user' }),
        isNowhere: found({ domain: null }),
        isClaimed: found({ claims: [rival] }),
        hasJob: guestIs({ job: { operation: 'save' } }),
        isOff: guestIs({ state: 'shutoff' }),
        wouldLoseSnapshots: found({ host: old, domain: { ...guest, snapshotCount: 1 } }),
        diskIsTransient: diskIs({ transient: true }),
        isEncrypted: found({ tops: [{ ...info, encrypted: true }] }),
        hasBlockJob: diskIs({ blockJob: 'commit' }),
        targetStands: targetIs({ standing: ['/snapshots/guest.qcow2'] }),
        lacksSpace: targetIs({ availableBytes: 1 }),
        hasNoAgent: found({ agent: 'none' }),
      },
    },
    claimDomain: claiming,
    releaseClaims: releasing,
    ...freezing,
    watchDomain: {
      sends: [
        { type: 'blockJob.ready', ...job },
        { type: 'blockJob.completed', ...job },
        { type: 'blockJob.failed', ...job },
        { type: 'blockJob.canceled', ...job },
        { type: 'domain.seen', state: 'running', detail: 'booted', ...at },
        { type: 'domain.suspended', detail: 'paused', ...at },
        { type: 'domain.resumed', detail: 'unpaused', ...at },
        { type: 'domain.stopped', detail: 'shutdown', ...at },
        { type: 'connection.lost', ...at },
        { type: 'connection.regained', ...at },
        { type: 'agent.connected', ...at },
      ],
    },
    keepDefinition: { done: { kept: { text: 'token', autostart: false } } },
    undefineDomain: done,
    defineAgain: done,
    makeDelta: done,
    beginCopy: {
      ...done,
      fails: {
        ...usualFailures,
        interrupted: { code: 'interrupted', message: 'the process died', effect: 'unknown' },
      },
    },
    lookAtCopies: {
      done: {
        copies: seen({}),
        isReady: seen({}, { ours: 'ready' }),
        isReadyAndPaused: seen({ guest: 'paused' }, { ours: 'ready' }),
        standsStill: seen({ atEpochMs: 1_000_000 }),
        isNone: seen({}, { ours: 'none' }),
        isOnOthers: seen({}, { isAsPlanned: false }),
        isGone: seen({ guest: 'gone', stopDetail: 'shutdown', disks: [] }),
        isUnseen: seen({ guest: 'gone', stopDetail: 'unknown', disks: [] }),
      },
    },
    endCopies: done,
    flattenDelta: done,
    inspectImage: {
      done: {
        whole: { info },
        small: { info: { ...info, virtualSizeBytes: 1 } },
        none: { info: null },
      },
    },
    nameImage: done,
    dropCopies: {
      done: { ended: dropped(), stuck: dropped({ stuck: ['vda'] }) },
    },
    removeFiles: {
      done: {
        gone: ({ paths }: FilesOnHost) => ({ removed: paths, inUse: [] }),
        stay: { removed: [], inUse: [] },
      },
    },
  },
  events: [{ type: 'abort.requested' }],
  traits: ({ copies, definition, facts: before, failure, gained, guest: is, stopDetail }) => [
    copies.map(({ copy, written }) => `${copy} ${written}`).join(),
    `${is} ${stopDetail} ${before?.domain?.state}`,
    `undefined ${definition !== null} on ${before?.host.libvirtVersion}`,
    `of ${before?.chains[0]?.layers.length} layers, gained ${gained?.bytes}`,
    `failed ${failure?.effect}`,
  ],
});
