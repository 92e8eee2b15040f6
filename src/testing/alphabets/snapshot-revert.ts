import { snapshotRevert, snapshotRevertInput } from '../../../machines/index.ts';
import type { SnapshotRevertInput } from '../../../machines/index.ts';
import type { RevertLook } from '../../../machines/policy/snapshot-revert/look.ts';
import type { SnapshotRevertFacts } from '../../../machines/policy/snapshot-revert/snapshot-revert.ts';
import type { DiskView, DomainStatus, DomainView } from '../../ports/domain.ts';
import type { SnapshotView } from '../../ports/snapshots.ts';
import { alphabetOf, usualFailures } from '../paths/alphabet.ts';
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
import { internal } from './snapshots.ts';
import { domain as status } from './peers.ts';

const asked = (request: Partial<SnapshotRevertInput> = {}) =>
  snapshotRevertInput({ domain: 'guest', host, name: 'then', ...request });

const external: SnapshotView = {
  ...internal,
  memory: { kind: 'external', path: '/images/then.memory' },
  disks: [
    { targetDev: 'vda', kind: 'external', overlayPath: '/images/guest.then', format: 'qcow2' },
  ],
  frozenPaths: [{ targetDev: 'vda', path: '/images/base.qcow2' }],
};
const facts: SnapshotRevertFacts = {
  atEpochMs: 1,
  host: hostView('hostA'),
  domain: guest,
  claims: [],
  snapshots: [internal],
  chains: [],
  agent: 'none',
  targets: [],
  filesVisible: true,
  missingPaths: [],
};
const newer = { ...hostView('hostA'), libvirtVersion: 11_003_000 };
const found = (change: Partial<SnapshotRevertFacts>) => ({ ...facts, ...change });
const guestIs = (change: Partial<DomainView>) => found({ domain: { ...guest, ...change } });
const diskIs = (change: Partial<DiskView>) => ({ ...guest, disks: [{ ...disk, ...change }] });
const thenIs = (change: Partial<SnapshotView>) =>
  found({ snapshots: [{ ...internal, ...change }] });

interface Seen {
  readonly domain?: Partial<DomainStatus> | null;
  readonly current?: string;
  readonly kept?: boolean;
  readonly top?: string;
}
const seen = ({ current = 'before-then', domain = {}, kept = true, top }: Seen): RevertLook => ({
  atEpochMs: 100,
  reachable: true,
  domain: domain === null ? null : { ...status, reason: 'unpaused', ...domain },
  current,
  kept,
  tops: [{ targetDev: 'vda', path: top ?? disk.path }],
  files: [],
});
const at = { atEpochMs: 3 };

/** What a revert may meet. */
export const snapshotRevertAlphabet = alphabetOf(snapshotRevert, {
  inputs: {
    keeps: asked(),
    keepsNothing: asked({ keepBefore: false }),
    namesAnother: asked({ name: 'other' }),
  },
  actors: {
    gatherFacts: {
      done: {
        isInternal: facts,
        isExternal: found({ host: newer, snapshots: [external] }),
        isNowhere: found({ domain: null }),
        isClaimed: found({ claims: [rival] }),
        hasJob: guestIs({ job: { operation: 'save' } }),
        sleeps: guestIs({ state: 'pmsuspended' }),
        isMixed: thenIs({ ...external, memory: { kind: 'internal' } }),
        isExternalOnOld: thenIs(external),
        hasNoDefinition: thenIs({ hasDefinition: false }),
        isSaved: guestIs({ managedSave: true }),
        hasBlockJob: found({ domain: diskIs({ blockJob: 'copy' }) }),
        isOnBlockDevice: found({
          host: newer,
          snapshots: [external],
          domain: diskIs({ source: 'block' }),
        }),
        restsElsewhere: thenIs({ frozenPaths: [{ targetDev: 'vda', path: '/images/base' }] }),
        lacksFile: found({
          host: newer,
          snapshots: [external],
          missingPaths: ['/images/then.memory'],
        }),
        isHalfDeleted: thenIs({ unfinishedDeletion: ['vda'] }),
        isTransient: found({
          domain: { ...guest, persistent: false },
          snapshots: [{ ...internal, state: 'shutoff', memory: { kind: 'none' } }],
        }),
        nameIsTaken: found({ snapshots: [internal, { ...internal, name: 'before-then' }] }),
      },
    },
    claimDomain: claiming,
    releaseClaims: releasing,
    watchDomain: {
      sends: [
        { type: 'domain.suspended', detail: 'fromSnapshot', ...at },
        { type: 'domain.stopped', detail: 'fromSnapshot', ...at },
        { type: 'domain.resumed', detail: 'fromSnapshot', ...at },
        { type: 'connection.lost', ...at },
      ],
    },
    keepState: done,
    lookAtRevert: {
      done: {
        kept: seen({}),
        unkept: seen({ kept: false, current: 'then' }),
        isAsThen: seen({ current: 'then', domain: { reason: 'fromSnapshot' } }),
        isDown: seen({ domain: { state: 'shutoff', reason: 'failed' } }),
        stands: seen({ domain: { state: 'paused', reason: 'snapshot' } }),
        isAtIt: seen({ domain: { job: { operation: 'snapshotRevert' } } }),
        isGone: seen({ domain: null }),
        isElsewhere: seen({ kept: false, top: '/images/other' }),
        silent: { atEpochMs: 100, reachable: false, message: 'no route' },
      },
    },
    resumeAfterKeeping: done,
    removeSnapshotFiles: filesRemoved,
    revertDomain: {
      ...done,
      fails: {
        ...usualFailures,
        risky: { ...usualFailures.refused, code: 'revertRisky', message: 'it is risky' },
      },
    },
    discardBefore: done,
  },
  events: [{ type: 'abort.requested' }],
  traits: ({ backConfirmed, backTries }) => [
    `${backTries} tries ${backConfirmed ? 'and confirmed' : ''}`,
  ],
});
