import { describe, expect, test } from 'vitest';

import type { SavingFacts } from '../../machines/policy/managed-save/managed-save.ts';
import {
  claimed,
  ended,
  facts,
  file,
  guest,
  half,
  none,
  paused,
  refusal,
  seen,
  shutOff,
  unknown,
  walk,
  whole,
} from './managed-save.ts';
import type { Request } from './managed-save.ts';
import { guestView } from './facts.ts';

describe('a guest that goes on', () => {
  const off = { domain: shutOff, saved: whole };

  test('runs from its managed save image', () => {
    const run = claimed({ action: 'start' }, off).done('goOn');
    run.see('domain.started', 'restored').see('domain.resumed', 'fromSnapshot');
    run.done('look', seen({ ...guestView, reason: 'restored' }, none)).done('forget');
    expect(ended(run)).toMatchObject({
      outcome: 'completed',
      guest: 'running',
      runsAgainAtEpochMs: 2,
    });
  });

  test('is asked again to forget what was noted beside its memory, and goes on anyway', () => {
    const run = claimed({ action: 'start' }, off).done('goOn').done('look', seen(guestView, none));
    run.fail('forget', unknown).elapse('askAgain').fail('forget', unknown).elapse('peerWait');
    expect(ended(run)).toMatchObject({ outcome: 'completed', guest: 'running' });
  });

  test('goes on although the answer was lost', () => {
    const run = claimed({ action: 'start' }, off).fail('goOn', unknown);
    run.done('look', seen({ ...paused, job: { operation: 'restore' } }, whole));
    run.elapse('askAgain').done('look', seen(guestView, none)).done('forget');
    expect(ended(run)).toMatchObject({ outcome: 'completed', failure: null });
  });

  test('is waited for while a daemon ends the QEMU that one before it had begun', () => {
    const run = claimed({ action: 'start' }, off).fail('goOn', unknown);
    run.done('look', seen({ ...paused, reason: 'startingUp' }, whole));
    expect(run.isIn('working.following')).toBe(true);
  });

  test('keeps its memory where it cannot go on', () => {
    const run = claimed({ action: 'start' }, off).fail('goOn', unknown);
    const kept = seen({ ...shutOff, reason: 'failed' }, whole);
    run.done('look', kept).elapse('unheard').done('look', kept);
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
    run
      .done('goOn')
      .done('look', seen({ ...guestView, persistent: false }, whole))
      .done('forget');
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
    gone.done('look', seen(shutOff, none)).done('forget');
    expect(ended(gone)).toMatchObject({ outcome: 'completed' });
    const there = claimed({ action: 'removeManagedSave' }, found).fail('remove', unknown);
    there.done('look', seen(shutOff, whole)).elapse('unheard').done('look', seen(shutOff, whole));
    expect(ended(there)).toMatchObject({ outcome: 'rolledBack' });
  });

  test('has to be there', () => {
    expect(refusal({ action: 'removeManagedSave' }, { domain: shutOff })).toMatchObject({
      outcome: 'refused',
      failure: { code: 'isThere' },
    });
  });
});
