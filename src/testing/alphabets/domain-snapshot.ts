import { domainSnapshot, domainSnapshotInput } from '../../../machines/index.ts';
import type { DomainSnapshotInput } from '../../../machines/index.ts';
import type {
  DomainSnapshotFacts,
  TargetFact,
} from '../../../machines/policy/domain-snapshot/domain-snapshot.ts';
import type { SnapshotLook } from '../../../machines/policy/domain-snapshot/look.ts';
import type { DiskView, DomainStatus, DomainView } from '../../ports/domain.ts';
import { alphabetOf } from '../paths/alphabet.ts';
import { freezing } from './freezing.ts';
import {
  claiming,
  disk,
  done,
  filesRemoved,
  guest,
  host,
  hostView,
  releasing,
  rival,
} from './one-host.ts';
import { domain as status } from './peers.ts';
import { internal } from './snapshots.ts';

const asked = (request: Partial<DomainSnapshotInput> = {}) =>
  domainSnapshotInput({ domain: 'guest', host, name: 'before', ...request });

const memoryPath = '/images/memory';
const overlayPath = '/images/guest.before';
const target: TargetFact = {
  path: overlayPath,
  standing: null,
  image: null,
  availableBytes: 2 ** 34,
  users: [],
  neighbours: [],
};
const memory: TargetFact = { ...target, path: memoryPath };
const facts: DomainSnapshotFacts = {
  atEpochMs: 1,
  host: hostView('hostA'),
  domain: guest,
  claims: [],
  snapshots: [],
  chains: [],
  agent: 'connected',
  targets: [target, memory],
  filesVisible: true,
};
const found = (change: Partial<DomainSnapshotFacts>) => ({ ...facts, ...change });
const guestIs = (change: Partial<DomainView>) => found({ domain: { ...guest, ...change } });
const diskIs = (change: Partial<DiskView>) => guestIs({ disks: [{ ...disk, ...change }] });
const targetIs = (change: Partial<TargetFact>) =>
  found({ targets: [{ ...target, ...change }, memory] });
const off = { state: 'shutoff', reason: 'shutdown' } as const;

type Reached = Extract<SnapshotLook, { readonly reachable: true }>;
interface Seen extends Partial<Omit<Reached, 'domain'>> {
  readonly domain?: Partial<DomainStatus> | null;
  readonly top?: string;
  readonly configured?: string;
}
const seen = ({ configured, domain = {}, top = overlayPath, ...rest }: Seen): SnapshotLook => ({
  atEpochMs: 100,
  reachable: true,
  domain: domain === null ? null : { ...status, ...domain },
  recorded: true,
  disks: [{ targetDev: 'vda', topPath: top, configuredPath: configured ?? top }],
  hiddenPaths: [],
  openFiles: [],
  ...rest,
});
const base = disk.path ?? '';
const at = { atEpochMs: 3 };

/** What a snapshot of a domain may meet. */
export const domainSnapshotAlphabet = alphabetOf(domainSnapshot, {
  inputs: {
    ofDisks: asked(),
    frozen: asked({ quiesce: 'try' }),
    mustFreeze: asked({ quiesce: 'required' }),
    withMemory: asked({ memoryPath }),
    inside: asked({ kind: 'internal' }),
    halts: asked({ halt: true }),
    forgets: asked({ noMetadata: true }),
    redefines: asked({ redefine: { xml: '<x/>', current: false } }),
    badName: asked({ name: 'a/b' }),
    memoryFileInside: asked({ kind: 'internal', memoryPath }),
    liveWithoutMemory: asked({ live: true }),
    insideSomeDisks: asked({ kind: 'internal', disks: [{ targetDev: 'vda', overlayPath: null }] }),
    reusesInside: asked({ kind: 'internal', reuseExternal: true }),
    reuses: asked({ reuseExternal: true }),
    freezesWithMemory: asked({ quiesce: 'required', memoryPath }),
    redefinesAndHalts: asked({ redefine: { xml: '<x/>', current: false }, halt: true }),
    unknownDisk: asked({ disks: [{ targetDev: 'vdq', overlayPath: null }] }),
    relativeMemory: asked({ memoryPath: 'memory' }),
  },
  actors: {
    gatherFacts: {
      done: {
        runs: facts,
        isNowhere: found({ domain: null }),
        isClaimed: found({ claims: [rival] }),
        hasJob: guestIs({ job: { operation: 'save' } }),
        nameIsTaken: found({ snapshots: [{ ...internal, name: 'before' }] }),
        isPaused: guestIs({ state: 'paused', reason: 'user' }),
        sleeps: guestIs({ state: 'pmsuspended' }),
        isTransient: guestIs({ persistent: false }),
        isSaved: guestIs({ ...off, managedSave: true }),
        diskIsTransient: diskIs({ transient: true }),
        hasUefi: guestIs({ nvramPath: '/nvram/guest.fd' }),
        hasBlockJob: diskIs({ blockJob: 'copy' }),
        targetIsUsed: targetIs({ users: ['u-2'] }),
        isBlind: found({ filesVisible: false, targets: [] }),
        targetStands: targetIs({ standing: 'file' }),
        lacksDirectory: targetIs({ availableBytes: null }),
        lacksSpace: found({ targets: [target, { ...memory, availableBytes: 2 ** 29 }] }),
        hasNoAgent: found({ agent: 'none' }),
      },
    },
    claimDomain: claiming,
    releaseClaims: releasing,
    ...freezing,
    watchDomain: {
      sends: [
        { type: 'domain.suspended', detail: 'fromSnapshot', ...at },
        { type: 'domain.resumed', detail: 'fromSnapshot', ...at },
        { type: 'connection.lost', ...at },
        { type: 'agent.connected', ...at },
      ],
    },
    createSnapshot: done,
    abortSnapshot: done,
    lookAtSnapshot: {
      done: {
        whole: seen({}),
        nothing: seen({ top: base, recorded: false }),
        unrecorded: seen({ recorded: false }),
        behind: seen({ configured: base }),
        ahead: seen({ top: base, configured: overlayPath, recorded: false }),
        hidden: seen({ top: base, recorded: false, hiddenPaths: [overlayPath] }),
        recordedAlone: seen({ top: base }),
        busy: seen({ domain: { job: { operation: 'snapshot' } } }),
        gone: seen({ domain: null }),
        stands: seen({ domain: { state: 'paused', reason: 'snapshot' } }),
        halted: seen({ domain: off }),
        silent: { atEpochMs: 100, reachable: false, message: 'no route' },
      },
    },
    resumeAfterSnapshot: done,
    mergeOverlays: done,
    configureDisks: done,
    clearSnapshotClaims: done,
    redefineSnapshot: done,
    removeSnapshotFiles: filesRemoved,
  },
  events: [{ type: 'abort.requested' }],
});
