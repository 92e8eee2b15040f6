import { describe, expect, test } from 'vitest';

import { managedSave } from '../../machines/managed-save.machine.ts';
import type {
  ManagedSaveInput,
  SavedLook,
  SavingFacts,
  SavingLook,
  SavingOptions,
} from '../../machines/policy/managed-save.ts';
import { managedSaveInput } from '../../machines/policy/managed-save.ts';
import type { DomainView } from '../../src/ports/domain.ts';
import type { Failure } from '../../src/ports/failure.ts';
import { guestView, hostView } from './facts.ts';
import { Walk } from './walk.ts';

const host = 'simulated:///hostA';
const file = '/saved/guest.mem';
const claim = { run: 'run-1', engine: 'here:1', sinceEpochMs: 1 };
const shutOff: DomainView = { ...guestView, state: 'shutoff', reason: 'saved' };
const paused: DomainView = { ...guestView, state: 'paused', reason: 'apiError' };
const none: SavedLook = { kind: 'none' };
const half: SavedLook = { kind: 'broken', message: 'the image is incomplete' };
const guest = {
  domainUuid: guestView.uuid,
  domainName: guestView.name,
  disks: [{ targetDev: 'vda', path: '/images/guest.qcow2' }],
  noted: [{ targetDev: 'vda', path: '/images/guest.qcow2', changedAt: '10.1' }],
};
const whole: SavedLook = { kind: 'whole', guest };
const unknown: Failure = {
  code: 'connectionLost',
  message: 'the reply is lost',
  effect: 'unknown',
};

const facts: SavingFacts = {
  atEpochMs: 1,
  host: hostView('hostA'),
  domain: guestView,
  claims: [],
  saved: none,
  disks: [{ targetDev: 'vda', path: '/images/guest.qcow2', changedAt: '10.1' }],
  savedAt: null,
  unsaveable: [],
  freeBytes: null,
};

type Request = Partial<Omit<ManagedSaveInput, 'options'>> & {
  readonly options?: Partial<SavingOptions>;
};

const walk = (request: Request = {}) =>
  new Walk(managedSave, managedSaveInput({ domain: 'guest', host, action: 'save', ...request }));
const claimed = (request: Request = {}, found: Partial<SavingFacts> = {}) =>
  walk(request)
    .done('gather', { ...facts, ...found })
    .done('claim', { claim, others: [] });
const refusal = (request: Request, found: Partial<SavingFacts> = {}) =>
  walk(request)
    .done('gather', { ...facts, ...found })
    .output();
const seen = (domain: DomainView | null, saved: SavedLook): SavingLook => ({
  domain: { atEpochMs: 2, reachable: true, domain },
  saved,
});
const silent: SavingLook = {
  domain: { atEpochMs: 2, reachable: false, message: 'no answer' },
  saved: none,
};
const ended = (run: Walk) => run.done('release', { released: [host] }).output();

describe('a save', () => {
  test('is on record before it is made, and completed with its note', () => {
    const run = claimed();
    expect(run.isIn('working.saving')).toBe(true);
    expect(run.snapshot.context.artefacts).toContainEqual({
      kind: 'memory',
      host,
      path: guestView.uuid,
      status: 'expected',
    });
    run.see('domain.suspended', 'paused').see('domain.stopped', 'saved').done('save');
    expect(run.snapshot.hasTag('pointOfNoReturn')).toBe(true);
    run.done('note');
    expect(ended(run)).toEqual({
      outcome: 'completed',
      failure: null,
      action: 'save',
      guest: 'shutOff',
      noted: true,
      pausedAtEpochMs: 1,
      shutOffAtEpochMs: 2,
      runsAgainAtEpochMs: null,
      artefacts: [{ kind: 'memory', host, path: guestView.uuid, status: 'made' }],
    });
  });

  test('of a transient guest ends with a guest that only its file knows', () => {
    const domain = { ...guestView, persistent: false };
    const run = claimed({ action: 'saveTo', file }, { domain }).done('save').done('note');
    expect(ended(run)).toMatchObject({ outcome: 'completed', guest: 'gone' });
  });

  test('is called off by its job, and its own answer is waited for', () => {
    const run = claimed().send({ type: 'abort.requested' });
    expect(run.isIn('working.saving.aborting')).toBe(true);
    run.done('abort').elapse('askAgain');
    expect(run.isIn('working.saving.aborting')).toBe(true);
    run.fail('save', { code: 'operationAborted', message: 'canceled', effect: 'unknown' });
    run.done('look', seen(guestView, none));
    expect(ended(run)).toMatchObject({
      outcome: 'rolledBack',
      guest: 'running',
      failure: { code: 'abortRequested' },
      artefacts: [],
    });
  });

  test('that was faster than its abort is a save', () => {
    const run = claimed().send({ type: 'abort.requested' }).done('save').done('note');
    expect(ended(run)).toMatchObject({ outcome: 'completed', failure: null });
  });

  test('whose reply is lost is looked for, and its job is waited for', () => {
    const run = claimed().fail('save', unknown);
    run.done('look', seen({ ...paused, reason: 'save', job: { operation: 'save' } }, half));
    expect(run.isIn('working.following')).toBe(true);
    run.elapse('askAgain').done('look', seen(shutOff, whole));
    expect(run.isIn('working.noting')).toBe(true);
    run.done('note');
    expect(ended(run)).toMatchObject({ outcome: 'completed', failure: null });
  });

  test('that goes on without us is called off by its job, too', () => {
    const run = claimed().fail('save', unknown);
    const busy = seen({ ...paused, reason: 'save', job: { operation: 'save' } }, half);
    run.done('look', busy).send({ type: 'abort.requested' });
    run.done('abortFollowed').done('look', seen(guestView, none));
    expect(ended(run)).toMatchObject({ outcome: 'rolledBack', guest: 'running' });
  });

  test('that leaves the guest paused lets it run again', () => {
    const run = claimed().fail('save', unknown).done('look', seen(paused, none));
    expect(run.isIn('working.resuming')).toBe(true);
    run.done('resume').done('look', seen(guestView, none));
    expect(ended(run)).toMatchObject({ outcome: 'rolledBack', guest: 'running' });
  });

  test('calls an operator for a guest that cannot be let run again', () => {
    const run = claimed().fail('save', unknown);
    for (let attempt = 0; attempt < 3; attempt += 1)
      run.done('look', seen(paused, none)).fail('resume', unknown);
    run.done('look', seen(paused, none));
    expect(run.output()).toMatchObject({
      outcome: 'needsOperator',
      guest: 'paused',
      failure: { code: 'guestLeftPaused' },
      artefacts: [{ kind: 'claim', status: 'kept' }, { kind: 'memory' }],
    });
  });

  test('leaves a guest paused that was paused before, or that a person has paused', () => {
    const before = { ...guestView, state: 'paused', reason: 'user' } as const;
    const was = claimed({}, { domain: before }).fail('save', unknown);
    expect(was.done('look', seen(paused, none)).isIn('releasing')).toBe(true);
    const now = claimed().fail('save', unknown).done('look', seen(before, none));
    expect(now.isIn('releasing')).toBe(true);
  });

  test.each([
    ['half a memory', half],
    ['the memory of a guest that runs on', whole],
  ])('takes %s away again', (_, saved) => {
    const run = claimed().fail('save', unknown).done('look', seen(guestView, saved));
    expect(run.isIn('working.discarding')).toBe(true);
    run.fail('discard', unknown).elapse('askAgain').done('discard');
    run.done('look', seen(guestView, none));
    expect(ended(run)).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
  });

  test('tells of half a memory that cannot be taken away', () => {
    const run = claimed().fail('save', unknown).done('look', seen(guestView, half));
    run.fail('discard', unknown).elapse('peerWait').done('look', seen(guestView, half));
    expect(ended(run)).toMatchObject({
      outcome: 'rolledBack',
      artefacts: [{ kind: 'memory', status: 'left' }],
    });
  });

  test('lets the memory of another guest alone', () => {
    const other: SavedLook = { kind: 'whole', guest: { ...guest, domainUuid: 'another' } };
    const run = claimed({ action: 'saveTo', file }).fail('save', unknown);
    expect(run.done('look', seen(guestView, other)).isIn('releasing')).toBe(true);
  });

  test('says so when the guest ended by itself', () => {
    const run = claimed().fail('save', unknown);
    run.done('look', seen({ ...shutOff, reason: 'shutdown' }, none));
    expect(ended(run)).toMatchObject({
      outcome: 'rolledBack',
      guest: 'shutOff',
      failure: { code: 'guestEnded' },
    });
  });

  test('asks a silent host again, and calls an operator in the end', () => {
    const run = claimed().fail('save', unknown).done('look', silent).elapse('askAgain');
    expect(run.isIn('working.looking.asking')).toBe(true);
    run.done('look', silent).elapse('peerWait');
    expect(run.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'hostSilent', effect: 'unknown' },
    });
  });

  test('stays a save whose note cannot be written', () => {
    const run = claimed().done('save').fail('note', unknown).elapse('peerWait');
    expect(ended(run)).toMatchObject({ outcome: 'completed', noted: false });
  });

  test.each<[string, Request, Partial<SavingFacts>, string]>([
    ['a transient guest', {}, { domain: { ...guestView, persistent: false } }, 'isPersistent'],
    ['a guest that is off', {}, { domain: shutOff }, 'isInState'],
    ['a file that stands', { action: 'saveTo', file }, { saved: half }, 'placeIsFree'],
    ['a left-over image', {}, { saved: half }, 'placeIsFree'],
    ['too little space', { action: 'saveTo', file }, { freeBytes: 1 }, 'hasSpace'],
    ['a device of the host', {}, { unsaveable: ['GPU'] }, 'isSaveable'],
    ['a relative file', { action: 'saveTo', file: 'guest.mem' }, {}, 'fileNamed'],
    ['no file', { action: 'saveTo' }, {}, 'fileNamed'],
    ['a file for libvirt to name', { file }, {}, 'optionsFit'],
    ['a definition for libvirt to write', { options: { xml: '<domain/>' } }, {}, 'optionsFit'],
    ['new firmware settings', { options: { resetNvram: true } }, {}, 'optionsFit'],
  ])('refuses %s', (_, request, found, code) => {
    expect(refusal(request, found)).toMatchObject({ outcome: 'refused', failure: { code } });
  });

  test('refuses a disk with a block job', () => {
    const disks = guestView.disks.map((disk) => ({ ...disk, blockJob: 'copy' }));
    expect(refusal({}, { domain: { ...guestView, disks } })).toMatchObject({
      failure: { code: 'noBlockJob' },
    });
  });

  test('replaces a left-over image, and risks the space, with force', () => {
    expect(claimed({ force: true }, { saved: half }).isIn('working.saving')).toBe(true);
    const small = { freeBytes: 1 };
    const run = claimed({ action: 'saveTo', file, force: true }, small);
    expect(run.isIn('working.saving')).toBe(true);
  });
});

describe('a guest that goes on', () => {
  const off = { domain: shutOff, saved: whole };

  test('runs from its managed save image', () => {
    const run = claimed({ action: 'start' }, off).done('goOn');
    run.see('domain.started', 'restored').see('domain.resumed', 'fromSnapshot');
    run.done('look', seen({ ...guestView, reason: 'restored' }, none));
    expect(ended(run)).toMatchObject({
      outcome: 'completed',
      guest: 'running',
      runsAgainAtEpochMs: 2,
    });
  });

  test('goes on although the answer was lost', () => {
    const run = claimed({ action: 'start' }, off).fail('goOn', unknown);
    run.done('look', seen({ ...paused, job: { operation: 'restore' } }, whole));
    run.elapse('askAgain').done('look', seen(guestView, none));
    expect(ended(run)).toMatchObject({ outcome: 'completed', failure: null });
  });

  test('keeps its memory where it cannot go on', () => {
    const run = claimed({ action: 'start' }, off).fail('goOn', unknown);
    run.done('look', seen({ ...shutOff, reason: 'failed' }, whole));
    expect(ended(run)).toMatchObject({
      outcome: 'rolledBack',
      guest: 'shutOff',
      artefacts: [],
      failure: { code: 'connectionLost' },
    });
  });

  test('that nobody has defined is restored without a claim', () => {
    const run = walk({ action: 'restore', file }).done('gather', {
      ...facts,
      domain: null,
      saved: { ...whole, guest: { ...guest, domainName: 'guest' } },
    });
    expect(run.started()).not.toContain('claimDomain');
    run.done('goOn').done('look', seen({ ...guestView, persistent: false }, whole));
    expect(run.output()).toMatchObject({ outcome: 'completed', guest: 'running', artefacts: [] });
  });

  test.each<[string, Request, Partial<SavingFacts>, string]>([
    ['a guest that is up', { action: 'start' }, { saved: whole }, 'isInState'],
    ['half a memory', { action: 'start' }, { ...off, saved: half }, 'isWhole'],
    ['a file that is no memory', { action: 'restore', file }, { ...off, saved: half }, 'isWhole'],
    ['a file that is not there', { action: 'restore', file }, { domain: shutOff }, 'isThere'],
    [
      'a paused and a running start',
      { action: 'start', options: { resumeAs: 'running' } },
      off,
      'optionsFit',
    ],
    [
      'the memory of another guest',
      { action: 'restore', file, domain: 'other' },
      off,
      'isSameGuest',
    ],
    [
      'a disk that changed since',
      { action: 'start' },
      { ...off, disks: [{ targetDev: 'vda', path: '/images/guest.qcow2', changedAt: '11.2' }] },
      'disksFit',
    ],
    [
      'a disk that nobody noted and that is newer than the memory',
      { action: 'restore', file, domain: guestView.name },
      {
        domain: shutOff,
        saved: { kind: 'whole', guest: { ...guest, noted: null } },
        disks: [{ targetDev: 'vda', path: '/images/guest.qcow2', changedAt: '11.2' }],
        savedAt: '11.1',
      },
      'disksFit',
    ],
  ])('is refused for %s', (_, request, found, code) => {
    expect(refusal(request, found)).toMatchObject({ outcome: 'refused', failure: { code } });
  });

  test('boots past half a memory, or goes on with changed disks, only by force', () => {
    const options = { forceBoot: true };
    const booted = claimed({ action: 'start', options }, { ...off, saved: half });
    expect(booted.isIn('working.goingOn')).toBe(true);
    const disks = [{ targetDev: 'vda', path: '/images/guest.qcow2', changedAt: '11.2' }];
    const forced = claimed({ action: 'start', force: true }, { ...off, disks });
    expect(forced.isIn('working.goingOn')).toBe(true);
  });
});

describe('a managed save image that is thrown away', () => {
  test('is gone', () => {
    const run = claimed({ action: 'removeManagedSave' }, { domain: shutOff, saved: whole });
    expect(ended(run.done('remove'))).toMatchObject({ outcome: 'completed', guest: 'shutOff' });
  });

  test('is looked for when the answer is lost', () => {
    const found = { domain: shutOff, saved: whole };
    const gone = claimed({ action: 'removeManagedSave' }, found).fail('remove', unknown);
    expect(ended(gone.done('look', seen(shutOff, none)))).toMatchObject({ outcome: 'completed' });
    const there = claimed({ action: 'removeManagedSave' }, found).fail('remove', unknown);
    expect(ended(there.done('look', seen(shutOff, whole)))).toMatchObject({
      outcome: 'rolledBack',
    });
  });

  test('has to be there', () => {
    expect(refusal({ action: 'removeManagedSave' }, { domain: shutOff })).toMatchObject({
      outcome: 'refused',
      failure: { code: 'isThere' },
    });
  });
});
