import { describe, expect, test } from 'vitest';

import {
  failed,
  goodFacts,
  newOf,
  oldOf,
  orderOf,
  seen,
  seenCopying,
  seenPivoted,
  seenReady,
  SwapWalk,
} from './volume-swap.ts';

const undone = (code: string) => ({
  outcome: 'rolledBack',
  failure: { code },
  artefacts: [],
  swapped: [],
});
const lostCopy = () =>
  new SwapWalk()
    .claimed()
    .looks([seen()])
    .done('makeVolume')
    .fail('beginSwap', failed('unknown', 'connectionLost'));
const lostPivot = () => new SwapWalk().pivoting().fail('pivotSwap', failed('unknown'));
const without = () => new SwapWalk().pivoting().done('pivotSwap', { how: 'noJob' });
const later = (walk: SwapWalk, atEpochMs: number, done: number, total: number) =>
  walk.elapse('lookWait').looks([seenCopying('vda', done, total)], 'running', atEpochMs);
const abort = { type: 'abort.requested' };

describe('a swap that is called off', () => {
  test('before it looked, touches nothing', () => {
    const walk = new SwapWalk().claimed().send(abort).looks([seen()]).cleaned();
    expect(walk.output()).toMatchObject(undone('abortRequested'));
  });

  test('while it copies, drops its own copy alone, and sees that it is gone', () => {
    const walk = new SwapWalk().copying().send(abort);
    expect(walk.input('dropSwaps')).toMatchObject({ swaps: [{ targetDev: 'vda' }] });
    walk.done('dropSwaps').looks([seenCopying()]);
    expect(walk.isIn('working.cancelling.waiting')).toBe(true);
    expect(walk.elapse('askAgain').cleaned().output()).toMatchObject(undone('abortRequested'));
  });

  test('is not heard behind the first pivot', () => {
    const walk = new SwapWalk().pivoting().send(abort).done('pivotSwap', { how: 'ended' });
    walk.send(abort).done('persistSwap').cleaned();
    expect(walk.output()).toMatchObject({ outcome: 'completed', failure: null });
  });

  test('while qemu-img copies, ends it at once', () => {
    const walk = new SwapWalk().claimed().looks([seen()], 'off').done('makeVolume').send(abort);
    expect(walk.inFlight.has('copyOffline')).toBe(false);
    expect(walk.cleaned().output()).toMatchObject(undone('abortRequested'));
  });

  test('leaves a job that nobody can end to a person', () => {
    const walk = new SwapWalk().copying().send(abort).fail('dropSwaps', failed('unknown'));
    expect(walk.elapse('peerWait').output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'copyLeft' },
    });
  });
});

describe('a copy that is not there', () => {
  test('because it was refused, is nothing to drop', () => {
    const walk = new SwapWalk().claimed().looks([seen()]).done('makeVolume');
    walk.fail('beginSwap', failed('none', 'blockJobActive'));
    expect(walk.inFlight.has('dropSwaps')).toBe(false);
    expect(walk.cleaned().output()).toMatchObject(undone('blockJobActive'));
  });

  test('or is, is told by a look where its answer was lost', () => {
    const there = lostCopy().looks([seenReady()]).looks([seenReady()]);
    expect(there.isIn('working.pivoting.asking')).toBe(true);
    const never = lostCopy().looks([seen()]).elapse('unheard').looks([seen()]);
    expect(never.inFlight.has('dropSwaps')).toBe(true);
    expect(never.cleaned().output()).toMatchObject(undone('copyLost'));
  });

  test('yet, because its daemon reads the call late, is looked for again', () => {
    const late = lostCopy().looks([seen()]).elapse('unheard').looks([seenReady()]);
    expect(late.looks([seenReady()]).isIn('working.pivoting.asking')).toBe(true);
  });

  test('yet, when the swap is called off, is looked for again and dropped', () => {
    const walk = lostCopy().looks([seen()]).send({ type: 'abort.requested' }).done('dropSwaps');
    walk.looks([seen()]).elapse('unheard').done('dropSwaps').looks([seenCopying()]);
    expect(walk.elapse('askAgain').cleaned().output()).toMatchObject(undone('abortRequested'));
    expect(walk.started().filter((id) => id === 'dropSwaps')).toHaveLength(3);
  });

  test('because its guest ended', () => {
    const walk = new SwapWalk().copying().see('domain.stopped', 'shutdown').looks([seen()], 'off');
    expect(walk.cleaned().output()).toMatchObject(undone('guestStopped'));
  });

  test('because its file has lost its name', () => {
    const gone = { ...seenReady(), isGone: true };
    const walk = new SwapWalk().copying().job('ready').looks([gone]).cleaned();
    expect(walk.output()).toMatchObject(undone('copyLost'));
  });

  test('in time', () => {
    const walk = new SwapWalk().copying().elapse('copyWait').cleaned();
    expect(walk.output()).toMatchObject(undone('timedOut'));
  });

  test('of a host that says nothing', () => {
    const walk = new SwapWalk().copying().elapse('lookWait').fail('lookAtSwaps', failed('unknown'));
    expect(walk.elapse('peerWait').cleaned().output()).toMatchObject(undone('hostUnreachable'));
  });
});

describe('a copy that comes no nearer', () => {
  test('while bytes flow, begins anew with writes to both', () => {
    const walk = later(later(new SwapWalk().copying(), 10, 5, 15), 70_010, 50, 60);
    expect(walk.isIn('working.copying.beginningAgain.ending')).toBe(true);
    walk.done('endOutrun').looks([seen()]);
    expect(walk.input('beginSwap')).toMatchObject({ synchronousWrites: true });
    later(later(walk.done('beginSwap'), 80_000, 1, 10), 150_000, 2, 11);
    expect(walk.cleaned().output()).toMatchObject(undone('stalled'));
  });

  test('while bytes flow, is given up where no writer can be held', () => {
    const host = { ...goodFacts.host, libvirtVersion: 7_000_000 };
    const walk = new SwapWalk().claimed({ host }).looks([seen()]).done('makeVolume');
    later(later(walk.done('beginSwap'), 10, 5, 15), 70_010, 50, 60);
    expect(walk.cleaned().output()).toMatchObject(undone('stalled'));
  });

  test('because nothing flows, is given up', () => {
    const walk = later(later(new SwapWalk().copying(), 10, 5, 15), 70_010, 5, 15);
    expect(walk.cleaned().output()).toMatchObject(undone('stalled'));
  });

  test('for a while only, is waited for', () => {
    const walk = later(
      later(later(new SwapWalk().copying(), 10, 5, 15), 50_000, 6, 15),
      90_000,
      6,
      15,
    );
    expect(walk.isIn('working.copying.awaitingReady.waiting')).toBe(true);
  });
});

describe('a pivot', () => {
  test('that is refused is asked for again while the copy is in step', () => {
    const walk = new SwapWalk().pivoting().fail('pivotSwap', failed('none', 'notReady'));
    walk.elapse('askAgain').looks([seenReady()]);
    expect(walk.isIn('working.pivoting.asking')).toBe(true);
  });

  test('that is refused to the end leaves the old volume', () => {
    const walk = new SwapWalk().pivoting().fail('pivotSwap', failed('none')).elapse('peerWait');
    expect(walk.cleaned().output()).toMatchObject(undone('pivotRefused'));
  });

  test('whose answer is lost is told by a look', () => {
    const there = lostPivot().looks([seenPivoted()]).done('persistSwap').cleaned();
    expect(there.output()).toMatchObject({ outcome: 'completed' });
    const again = lostPivot().looks([seenReady()]);
    expect(again.isIn('working.pivoting.asking')).toBe(true);
    expect(lostPivot().looks([seen()]).cleaned().output()).toMatchObject(undone('copyLost'));
  });

  test('whose answer is lost with its guest is for a person to judge', () => {
    const walk = new SwapWalk().pivoting().fail('pivotSwap', failed('unknown'));
    walk.looks([seen()], 'off');
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'volumeUnknown', effect: 'unknown' },
    });
    expect(walk.started()).not.toContain('removeVolumes');
  });

  test('that finds no job has not been made, where none was asked for before', () => {
    expect(without().looks([seen()], 'off').cleaned().output()).toMatchObject(
      undone('guestStopped'),
    );
    expect(without().looks([seenPivoted()]).isIn('working.persisting.asking')).toBe(true);
  });

  test('by somebody else is where the guest is, and there is only forward', () => {
    const walk = new SwapWalk().copying().job('completed').looks([seenPivoted()]);
    expect(walk.isIn('working.persisting.asking')).toBe(true);
    const late = new SwapWalk().copying().send(abort).done('dropSwaps').looks([seenPivoted()]);
    expect(late.done('persistSwap').cleaned().output()).toMatchObject({
      outcome: 'completed',
      failure: null,
    });
  });
});

describe('a definition', () => {
  test('that cannot be changed for now is changed later', () => {
    const walk = new SwapWalk().persisting().fail('persistSwap', failed('unknown'));
    walk.elapse('askAgain').done('persistSwap').cleaned();
    expect(walk.output()).toMatchObject({ outcome: 'completed' });
  });

  test('that cannot be changed at all is told of, with what it has to say', () => {
    const walk = new SwapWalk().persisting().fail('persistSwap', failed()).elapse('peerWait');
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'notPersisted', message: expect.stringContaining(`vda ${newOf('vda')}`) },
    });
  });

  test('that a start was quicker than names both volumes to a person', () => {
    const walk = new SwapWalk().persisting().fail('persistSwap', failed('none', 'startedOnOld'));
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'startedOnOld', message: expect.stringContaining(oldOf('vda')) },
    });
  });

  test('of a guest that was off and was started stays as it was', () => {
    const walk = new SwapWalk().claimed().looks([seen()], 'off').done('makeVolume');
    walk.done('copyOffline').fail('persistFirst', failed('none', 'guestStarted')).cleaned();
    expect(walk.output()).toMatchObject(undone('guestStarted'));
  });
});

/** The first of two disks has been copied. */
const converting = (): SwapWalk =>
  new SwapWalk({ disks: [orderOf(), orderOf('vdb')] })
    .claimed()
    .looks([seen(), seen('vdb')], 'off')
    .done('makeVolume')
    .done('makeVolume')
    .done('copyOffline', { sourceChangedAt: 'then' });

describe('a guest that is off', () => {
  test('and runs for a while between two copies keeps its old volumes', () => {
    const walk = converting().see('domain.started', 'booted').see('domain.stopped', 'shutdown');
    walk.done('copyOffline').cleaned();
    expect(walk.output()).toMatchObject(undone('guestStarted'));
  });

  test('is asked whether anybody wrote to its old volume, before the new one is its disk', () => {
    const walk = converting().done('copyOffline');
    expect(walk.input('persistFirst')).toMatchObject({ sourceChangedAt: 'then' });
  });
});

describe('a volume', () => {
  test('that was not made for certain is nobody of ours to remove', () => {
    const walk = new SwapWalk().claimed().looks([seen()]);
    walk.fail('makeVolume', failed('none', 'imageExists')).cleaned();
    expect(walk.output()).toMatchObject(undone('imageExists'));
    expect(walk.started()).not.toContain('removeVolumes');
  });

  test('that may be half made goes', () => {
    const walk = new SwapWalk().claimed().looks([seen()]).fail('makeVolume', failed('unknown'));
    expect(walk.input('removeVolumes')).toMatchObject({ paths: [newOf('vda')] });
  });

  test('that the disk is not on any more ends the swap before it begins', () => {
    const walk = new SwapWalk()
      .claimed()
      .looks([seen('vda', { top: '/other' })])
      .cleaned();
    expect(walk.output()).toMatchObject(undone('disksChanged'));
    expect(walk.started()).not.toContain('makeVolume');
  });
});
