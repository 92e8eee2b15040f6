import { describe, expect, test } from 'vitest';

import type { SavingFacts, SavedLook } from '../../machines/policy/managed-save/managed-save.ts';
import {
  claimed,
  ended,
  file,
  guest,
  half,
  host,
  none,
  paused,
  refusal,
  seen,
  shutOff,
  silent,
  unknown,
  whole,
} from './managed-save.ts';
import type { Request } from './managed-save.ts';
import { guestView } from './facts.ts';

const failed = { ...unknown, code: 'libvirtError', libvirt: { code: 9, domain: 10 } };

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

  test('of which nothing is seen is looked for twice, since its daemon may read the call late', () => {
    const late = claimed().fail('save', unknown).done('look', seen(guestView, none));
    expect(late.isIn('working.hearing')).toBe(true);
    late.elapse('unheard').done('look', seen(shutOff, whole));
    expect(late.isIn('working.noting')).toBe(true);
    const never = claimed().fail('save', unknown).done('look', seen(guestView, none));
    never.elapse('unheard').done('look', seen(guestView, none));
    expect(ended(never)).toMatchObject({ outcome: 'rolledBack', guest: 'running' });
  });

  test('that the daemon itself refused is looked for once', () => {
    const run = claimed().fail('save', failed).done('look', seen(guestView, none));
    expect(run.isIn('releasing')).toBe(true);
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
    was.done('look', seen(paused, none)).elapse('unheard').done('look', seen(paused, none));
    expect(was.isIn('releasing')).toBe(true);
    const now = claimed().fail('save', failed).done('look', seen(before, none));
    expect(now.isIn('releasing')).toBe(true);
  });

  test('lets a guest run again of which a daemon that was killed holds that a person paused it', () => {
    const byUser = { ...guestView, state: 'paused', reason: 'user' } as const;
    const run = claimed().fail('save', unknown).done('look', seen(byUser, none));
    expect(run.isIn('working.resuming')).toBe(true);
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
    run.done('look', seen(guestView, other)).elapse('unheard');
    expect(run.done('look', seen(guestView, other)).isIn('releasing')).toBe(true);
  });

  test('says so when the guest ended by itself', () => {
    const run = claimed().fail('save', unknown);
    const off = seen({ ...shutOff, reason: 'shutdown' }, none);
    run.done('look', off).elapse('unheard').done('look', off);
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
      failure: {
        code: 'hostSilent',
        effect: 'unknown',
        message: expect.stringContaining('(no answer)'),
      },
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
    [
      'a directory that is missing',
      { action: 'saveTo', file },
      { freeBytes: 'noDirectory' },
      'hasSpace',
    ],
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
