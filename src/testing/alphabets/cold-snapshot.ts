import { coldSnapshot, coldSnapshotInput } from '../../../machines/index.ts';
import type { ColdSnapshotInput } from '../../../machines/index.ts';
import type { ColdSnapshotFacts } from '../../../machines/policy/cold-snapshot/cold-snapshot.ts';
import type { DiskLook, GuestLook } from '../../../machines/policy/cold-snapshot/steps.ts';
import type { DeviceView } from '../../ports/devices.ts';
import type { DiskView, DomainView } from '../../ports/domain.ts';
import { alphabetOf, usualFailures } from '../paths/alphabet.ts';
import { claiming, disk, done, guest, host, hostView, releasing, rival } from './one-host.ts';

const mib = 2 ** 20;
/** So small that nothing of it is waited for long. */
const small: DomainView = {
  ...guest,
  memoryBytes: mib,
  disks: [{ ...disk, capacityBytes: mib, allocationBytes: mib }],
};
const asked = (request: Partial<ColdSnapshotInput> = {}) =>
  coldSnapshotInput({
    domain: 'guest',
    host,
    directory: '/backup',
    fileName: 'image.qcow2',
    peerWaitMs: 1_000,
    ...request,
  });

const gpu: DeviceView = {
  alias: 'hostdev0',
  place: 'hostdev pci hostdev0',
  element: 'hostdev',
  passthrough: 'pci',
  needsGuest: true,
  description: 'hostdev0 (hostdev)',
  xml: "<hostdev alias='hostdev0'/>",
};
const facts: ColdSnapshotFacts = {
  atEpochMs: 1,
  host: hostView('hostA'),
  domain: small,
  claims: [],
  devices: [gpu],
  tops: [],
  imageBytes: [{ targetDev: 'vda', bytes: mib }],
  memoryBytesAvailable: 8 * mib,
  formats: ['qcow2', 'raw'],
  target: { availableBytes: 8 * mib, standing: [], users: [], neighbours: [] },
};
const found = (change: Partial<ColdSnapshotFacts>) => ({ ...facts, ...change });
const guestIs = (change: Partial<DomainView>) => found({ domain: { ...small, ...change } });
const diskIs = (change: Partial<DiskView>) => guestIs({ disks: [{ ...disk, ...change }] });

const base = '/images/guest.qcow2';
const overlay = '/images/.guest.qcow2.run-1.overlay';
interface Seen {
  readonly domain?: Partial<DomainView> | null;
  readonly devices?: readonly DeviceView[];
  readonly disk?: Partial<DiskLook>;
}
const seen = ({ devices = [gpu], disk: change = {}, domain = {} }: Seen): GuestLook => {
  const nowhere = { managedSave: null, live: null, job: null, isStale: false };
  return {
    atEpochMs: 2,
    domain: domain === null ? null : { ...small, ...domain },
    devices,
    disks: [{ targetDev: 'vda', configuration: base, ...nowhere, ...change }],
  };
};
const off = { state: 'shutoff', reason: 'shutdown' } as const;
const saved = { state: 'shutoff', reason: 'saved', managedSave: true } as const;
const onOverlay = { configuration: overlay, live: overlay };
const commit = (ready: boolean) =>
  ({ ...onOverlay, job: { type: 'activeCommit', ready } }) as const;
const at = { atEpochMs: 3 };

/** What images of a guest at rest may meet. */
export const coldSnapshotAlphabet = alphabetOf(coldSnapshot, {
  inputs: {
    longOutage: asked(),
    shortOutage: asked({ shortOutage: true }),
    mustBeOff: asked({ mustBeOff: true }),
    unknownDisk: asked({ disks: ['vdz'] }),
    unknownDevice: asked({ detach: ['net9'] }),
    badName: asked({ fileName: '../image.qcow2' }),
    badFormat: asked({ format: 'floppy' }),
  },
  actors: {
    gatherFacts: {
      done: {
        hasDevice: facts,
        isPlain: found({ devices: [] }),
        isOff: found({ devices: [], domain: { ...small, ...off } }),
        isNowhere: found({ domain: null }),
        isClaimed: found({ claims: [rival] }),
        hasJob: guestIs({ job: { operation: 'save' } }),
        isTransient: guestIs({ persistent: false }),
        isSaved: guestIs({ managedSave: true }),
        isOnNetwork: diskIs({ source: 'network', path: null }),
        hasBlockJob: diskIs({ blockJob: 'copy' }),
        isPaused: guestIs({ state: 'paused', reason: 'user' }),
        targetStands: found({ target: { ...facts.target, standing: ['/backup/image.qcow2'] } }),
        lacksSpace: found({ target: { ...facts.target, availableBytes: 1 } }),
        lacksSpaceForMemory: found({ memoryBytesAvailable: 1 }),
      },
    },
    claimDomain: claiming,
    releaseClaims: releasing,
    watchDomain: {
      sends: [
        { type: 'device.removed', alias: gpu.alias, ...at },
        { type: 'device.removalFailed', alias: gpu.alias, ...at },
        { type: 'domain.suspended', detail: 'paused', ...at },
        { type: 'domain.resumed', detail: 'fromSnapshot', ...at },
        { type: 'domain.stopped', detail: 'shutdown', ...at },
        { type: 'domain.started', detail: 'booted', ...at },
        { type: 'blockJob.ready', targetDev: 'vda', job: 'activeCommit', ...at },
        { type: 'blockJob.completed', targetDev: 'vda', job: 'activeCommit', ...at },
        { type: 'blockJob.failed', targetDev: 'vda', job: 'activeCommit', ...at },
        { type: 'blockJob.canceled', targetDev: 'vda', job: 'activeCommit', ...at },
        { type: 'job.completed', ...at },
        { type: 'connection.regained', ...at },
      ],
    },
    inspectGuest: {
      done: {
        asBefore: seen({}),
        withoutDevice: seen({ devices: [] }),
        isSaved: seen({ domain: saved }),
        isSavedOnOverlay: seen({
          domain: saved,
          disk: { configuration: overlay, managedSave: overlay },
        }),
        isSavedBeforeOverlay: seen({
          domain: saved,
          disk: { configuration: overlay, managedSave: base },
        }),
        stands: seen({ domain: { state: 'paused', reason: 'apiError' } }),
        runsBesideSave: seen({ domain: { managedSave: true } }),
        isAtIt: seen({ domain: { job: { operation: 'save' } } }),
        isGone: seen({ domain: null }),
        isOff: seen({ domain: off }),
        isOffOnOverlay: seen({ domain: off, disk: { configuration: overlay } }),
        runsOnOverlay: seen({ disk: onOverlay }),
        commits: seen({ disk: commit(false) }),
        isReady: seen({ disk: commit(true) }),
        isStale: seen({ disk: { live: overlay, isStale: true } }),
        wouldBootOverlay: seen({ disk: { configuration: overlay, live: base } }),
      },
      fails: { ...usualFailures, slow: { ...usualFailures.refused, code: 'timedOut' } },
    },
    detachDevice: done,
    attachDevice: done,
    saveMemory: done,
    abortSave: done,
    makeOverlay: done,
    putOverlay: done,
    takeOverlay: done,
    startSaved: done,
    resumeGuest: done,
    dropSave: done,
    commitOverlay: done,
    pivotOverlay: done,
    mergeOverlay: done,
    copyDisk: { done: { copied: { virtualSizeBytes: mib, allocationBytes: mib } } },
    nameImage: done,
    removeFile: done,
  },
  events: [{ type: 'abort.requested' }],
  traits: ({ facts: before, failedSteps, goal, pivotsAsked, shortOutage, taken, waitedS }) => [
    `${before?.domain?.state} ${shortOutage ? 'short' : 'long'} ${before?.devices.length}`,
    `${Math.max(0, ...Object.values(failedSteps))} tries, ${goal}, ${taken.map(({ status }) => status).join()} taken`,
    `waited ${Math.min(waitedS, 3)} s, pivots ${pivotsAsked.length}`,
  ],
});
