import { managedSave, managedSaveInput } from '../../../machines/index.ts';
import type {
  SavedLook,
  SavingFacts,
  SavingLook,
} from '../../../machines/policy/managed-save/managed-save.ts';
import type { DomainView } from '../../ports/domain.ts';
import { alphabetOf } from '../paths/alphabet.ts';
import { claiming, disk, done, guest, host, hostView, releasing, rival } from './one-host.ts';

type Request = Parameters<typeof managedSaveInput>[0];

const file = '/saved/guest.mem';
const asked = (request: Pick<Request, 'action'> & Partial<Request>) =>
  managedSaveInput({ domain: 'guest', host, ...request });

const off: DomainView = { ...guest, state: 'shutoff', reason: 'saved' };
const none: SavedLook = { kind: 'none' };
const broken: SavedLook = { kind: 'broken', message: 'the image is incomplete' };
const noted = [{ targetDev: 'vda', path: '/images/guest.qcow2', changedAt: '10.1' }];
const whole: SavedLook = {
  kind: 'whole',
  guest: { domainUuid: guest.uuid, domainName: guest.name, disks: noted, noted },
};
const foreign: SavedLook = {
  kind: 'whole',
  guest: { ...whole.guest, domainUuid: 'another', domainName: 'another' },
};

const facts: SavingFacts = {
  atEpochMs: 1,
  host: hostView('hostA'),
  domain: guest,
  claims: [],
  saved: none,
  disks: noted,
  savedAt: null,
  unsaveable: [],
  freeBytes: null,
};
const found = (change: Partial<SavingFacts>): SavingFacts => ({ ...facts, ...change });
const guestIs = (change: Partial<DomainView>): SavingFacts =>
  found({ domain: { ...guest, ...change } });
const seen = (domain: DomainView | null, saved: SavedLook): SavingLook => ({
  domain: { atEpochMs: 2, reachable: true, domain },
  saved,
});

/** What a managed save may meet: every check that may refuse it, and every way in which guest and memory may stand. */
export const managedSaveAlphabet = alphabetOf(managedSave, {
  inputs: {
    save: asked({ action: 'save' }),
    saveTo: asked({ action: 'saveTo', file }),
    start: asked({ action: 'start' }),
    restore: asked({ action: 'restore', file }),
    removeManagedSave: asked({ action: 'removeManagedSave' }),
    saveIntoFile: asked({ action: 'save', file }),
    saveToNoFile: asked({ action: 'saveTo' }),
  },
  actors: {
    gatherFacts: {
      done: {
        runs: facts,
        isOff: found({ domain: off, saved: whole }),
        isNowhere: found({ domain: null, saved: whole }),
        isNowhereAtAll: found({ domain: null }),
        isClaimed: found({ claims: [rival] }),
        hasJob: guestIs({ job: { operation: 'migrationOut' } }),
        isOffUnsaved: found({ domain: off }),
        isTransient: guestIs({ persistent: false }),
        hasBlockJob: guestIs({ disks: [{ ...disk, blockJob: 'copy' }] }),
        hasHostDevice: found({ unsaveable: ['hostdev0'] }),
        hasLeftover: found({ saved: whole }),
        hasNoDirectory: found({ freeBytes: 'noDirectory' }),
        memoryIsHalf: found({ domain: off, saved: broken }),
        memoryIsForeign: found({ domain: off, saved: foreign }),
        disksChanged: found({
          domain: off,
          saved: whole,
          disks: [{ targetDev: 'vda', path: '/images/guest.qcow2', changedAt: '11.1' }],
        }),
      },
    },
    claimDomain: claiming,
    releaseClaims: releasing,
    watchDomain: {
      sends: [
        { type: 'domain.suspended', detail: 'paused', atEpochMs: 1 },
        { type: 'domain.stopped', detail: 'saved', atEpochMs: 2 },
        { type: 'domain.started', detail: 'restored', atEpochMs: 3 },
        { type: 'domain.resumed', detail: 'unpaused', atEpochMs: 4 },
      ],
    },
    saveGuest: done,
    abortSave: done,
    lookAtSaved: {
      done: {
        saved: seen(off, whole),
        runsOn: seen(guest, none),
        runsBesideHalf: seen(guest, broken),
        stands: seen({ ...guest, state: 'paused', reason: 'apiError' }, none),
        isAtIt: seen({ ...guest, job: { operation: 'save' } }, none),
        ended: seen({ ...off, reason: 'shutdown' }, none),
        silent: {
          domain: { atEpochMs: 2, reachable: false, message: 'no answer' },
          saved: none,
        },
      },
    },
    resumeGuest: done,
    noteSaved: done,
    discardSaved: done,
    goOnGuest: done,
    forgetNotes: done,
    removeImage: done,
  },
  events: [{ type: 'abort.requested' }],
  traits: ({ resumes }) => [`resumes ${resumes}`],
});
