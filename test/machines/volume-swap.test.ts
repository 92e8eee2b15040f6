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

const host = 'simulated:///hostA';
const uuid = goodFacts.domain?.uuid ?? '';
const two = { disks: [orderOf('vda'), orderOf('vdb')] };
const volume = (path: string, status: string) => ({ kind: 'volume', host, path, status });

describe('a swap', () => {
  test('makes, copies, verifies, pivots, persists, and leaves nothing else', () => {
    const walk = new SwapWalk().waitingForWord().cleaned();
    expect(walk.output()).toEqual({
      outcome: 'completed',
      failure: null,
      artefacts: [volume(newOf('vda'), 'made'), volume(oldOf('vda'), 'kept')],
      swapped: [
        {
          targetDev: 'vda',
          volume: newOf('vda'),
          format: 'qcow2',
          oldVolume: oldOf('vda'),
          resizedToBytes: null,
        },
      ],
      notes: [],
    });
    expect(walk.started()).toEqual([
      'gatherFacts',
      'claimDomain',
      'watchDomain',
      'lookAtSwaps',
      'makeVolume',
      'beginSwap',
      'lookAtSwaps',
      'pivotSwap',
      'persistSwap',
      'releaseClaims',
    ]);
  });

  test('has everything on record before it is asked for', () => {
    const walk = new SwapWalk().claimed().looks([seen()]);
    expect(walk.artefacts()).toContain(`volume ${newOf('vda')} expected`);
    walk.done('makeVolume');
    expect(walk.artefacts()).toContain(`volume ${newOf('vda')} made`);
    expect(walk.artefacts()).toContain('blockJob vda expected');
    walk.done('beginSwap').job('ready').looks([seenReady()]);
    expect(walk.snapshot.context.swaps).toMatchObject([{ state: 'pivotAsked' }]);
    walk.done('pivotSwap', { how: 'ended' });
    expect(walk.artefacts()).not.toContain('blockJob vda expected');
  });

  test('of the top layer alone makes a volume over the same base', () => {
    const walk = new SwapWalk({ shallow: true }).claimed().looks([seen()]);
    expect(walk.input('makeVolume')).toMatchObject({
      backing: { path: '/images/vda-base.raw', format: 'raw' },
    });
  });

  test('copies at the rate that is asked for, and holds no writer at first', () => {
    const walk = new SwapWalk({ bandwidthMibPerS: 7 }).claimed().looks([seen()]).done('makeVolume');
    expect(walk.input('beginSwap')).toMatchObject({
      domainUuid: uuid,
      targetDev: 'vda',
      bandwidthMibPerS: 7,
      synchronousWrites: false,
    });
  });

  test('waits for no poll: the event of the ready copy is enough', () => {
    const walk = new SwapWalk().copying();
    expect(walk.isIn('working.copying.awaitingReady.waiting')).toBe(true);
    walk.job('ready').looks([seenReady()]);
    expect(walk.isIn('working.pivoting.asking')).toBe(true);
  });

  test('believes the event of a ready copy only where the definition says the same', () => {
    const walk = new SwapWalk().copying().job('ready').looks([seenCopying()]);
    expect(walk.isIn('working.copying.awaitingReady.asking.looking')).toBe(true);
    walk.looks([seenReady()]).looks([seenReady()]);
    expect(walk.isIn('working.pivoting.asking')).toBe(true);
  });

  test('looks once more where an event overtook its look', () => {
    const walk = new SwapWalk().copying().elapse('lookWait').job('ready').looks([seenCopying()]);
    expect(walk.isIn('working.copying.awaitingReady.asking.looking')).toBe(true);
    expect(walk.looks([seenReady()]).isIn('working.copying.awaitingReady.confirming')).toBe(true);
  });

  test('is not concerned by jobs of other disks, nor by other kinds of jobs', () => {
    const walk = new SwapWalk().copying().job('ready', 'vdb').job('failed', 'vdb');
    walk.job('completed', 'vda', 'backup');
    expect(walk.isIn('working.copying.awaitingReady.waiting')).toBe(true);
  });

  test('of a guest that is off is copied by qemu-img, and is its definition', () => {
    const walk = new SwapWalk().claimed().looks([seen()], 'off').done('makeVolume');
    expect(walk.input('copyOffline')).toMatchObject({ targetDev: 'vda' });
    walk.done('copyOffline');
    expect(walk.input('persistFirst')).toMatchObject({ isOffline: true });
    walk.done('persistFirst').cleaned();
    expect(walk.output()).toMatchObject({ outcome: 'completed', swapped: [{ targetDev: 'vda' }] });
    expect(walk.started()).not.toContain('beginSwap');
  });

  test.each(['ready', 'failed', 'canceled'] as const)(
    'of a guest that is off heeds no job that is told %s: none is of the run',
    (status) => {
      const walk = new SwapWalk({ disks: [orderOf(), orderOf('vdb')] })
        .claimed()
        .looks([seen(), seen('vdb')], 'off')
        .done('makeVolume')
        .done('makeVolume')
        .job(status, 'vda');
      expect(walk.done('copyOffline').input('copyOffline')).toMatchObject({ targetDev: 'vdb' });
      expect(walk.job(status, 'vdb').done('copyOffline').input('persistFirst')).toMatchObject({
        targetDev: 'vda',
      });
    },
  );

  test('of a transient domain has no definition to change', () => {
    const domain = goodFacts.domain && { ...goodFacts.domain, persistent: false };
    const walk = new SwapWalk().claimed({ domain }).looks([seen()]).done('makeVolume');
    walk.done('beginSwap').job('ready').looks([seenReady()]).done('pivotSwap', { how: 'ended' });
    expect(walk.cleaned().output()).toMatchObject({ outcome: 'completed' });
    expect(walk.started()).not.toContain('persistSwap');
  });

  test('deletes the old volume only when both definitions name the new one', () => {
    const walk = new SwapWalk({ oldVolume: 'delete' }).persisting();
    expect(walk.artefacts()).not.toContain(`volume ${oldOf('vda')} unwanted`);
    walk.done('persistSwap');
    expect(walk.input('removeVolumes')).toMatchObject({ paths: [oldOf('vda')] });
    expect(walk.cleaned().output()).toMatchObject({
      artefacts: [volume(newOf('vda'), 'made'), volume(oldOf('vda'), 'removed')],
    });
  });

  test('leaves an old volume that something uses, and says why', () => {
    const walk = new SwapWalk({ oldVolume: 'delete' }).waitingForWord();
    walk.done('removeVolumes', {
      removed: [],
      left: [{ path: oldOf('vda'), why: 'it is a base' }],
    });
    expect(walk.cleaned().output()).toMatchObject({
      outcome: 'completed',
      artefacts: [volume(newOf('vda'), 'made'), volume(oldOf('vda'), 'left')],
      notes: [`${oldOf('vda')} was not removed: it is a base`],
    });
  });
});

describe('a swap of several disks', () => {
  test('asks for no pivot before all are in step', () => {
    const walk = new SwapWalk(two).copying('vda', 'vdb').job('ready', 'vda');
    expect(walk.isIn('working.copying.awaitingReady.waiting')).toBe(true);
    walk.job('ready', 'vdb').looks([seenReady('vda'), seenReady('vdb')]);
    expect(walk.input('pivotSwap')).toMatchObject({ targetDev: 'vda' });
    walk.done('pivotSwap', { how: 'ended' });
    expect(walk.input('pivotSwap')).toMatchObject({ targetDev: 'vdb' });
  });

  test('is called off whole when one copy fails', () => {
    const walk = new SwapWalk(two).copying('vda', 'vdb').job('ready', 'vda').job('failed', 'vdb');
    expect(walk.input('dropSwaps')).toMatchObject({ swaps: [{ targetDev: 'vda' }] });
    expect(walk.cleaned().output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'copyLost' },
      artefacts: [],
    });
  });

  test('that comes no further than half is told of, and its definition is right', () => {
    const walk = new SwapWalk(two).pivoting('vda', 'vdb').done('pivotSwap', { how: 'ended' });
    walk.fail('pivotSwap', failed('unknown')).looks([seenPivoted('vda'), seen('vdb')]);
    walk.done('persistSwap');
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'swappedPartly', effect: 'done' },
      swapped: [{ targetDev: 'vda' }],
    });
  });
});

describe('a disk that shall grow', () => {
  const input = { disks: [orderOf('vda', { resizeBytes: 2 ** 33 })] };

  test('does so on its new volume, and not before', () => {
    const walk = new SwapWalk(input).persisting();
    expect(walk.started()).not.toContain('resizeDisk');
    walk.done('persistSwap');
    expect(walk.input('resizeDisk')).toMatchObject({ targetDev: 'vda', sizeBytes: 2 ** 33 });
    expect(walk.done('resizeDisk').cleaned().output()).toMatchObject({
      outcome: 'completed',
      swapped: [{ resizedToBytes: 2 ** 33 }],
    });
  });

  test('is tried again, and left to a person in the end', () => {
    const walk = new SwapWalk(input).waitingForWord().fail('resizeDisk', failed());
    expect(walk.isIn('resizing.waiting')).toBe(true);
    walk.elapse('askAgain').fail('resizeDisk', failed());
    expect(walk.elapse('peerWait').cleaned().output()).toMatchObject({
      outcome: 'completed',
      swapped: [{ resizedToBytes: null }],
      notes: [expect.stringContaining('it is broken')],
    });
  });
});

describe('a swap that waits for its word', () => {
  const confirmed = { oldVolume: 'confirm' } as const;
  const waiting = () => new SwapWalk(confirmed).waitingForWord();

  test('keeps the claim, both volumes, and asks for nothing', () => {
    const walk = waiting();
    expect(walk.isIn('awaitingConfirmation')).toBe(true);
    expect([...walk.inFlight.keys()]).toEqual([]);
    expect(walk.artefacts()).toContain(`volume ${oldOf('vda')} kept`);
  });

  test('is kept when it is confirmed', () => {
    const walk = waiting().send({ type: 'confirm.requested' }).cleaned();
    expect(walk.output()).toMatchObject({ outcome: 'completed', swapped: [{ targetDev: 'vda' }] });
  });

  const wayBack = () => waiting().send({ type: 'undo.requested' });
  const isOnNew = seen('vda', { top: newOf('vda') });
  const backCopied = { ...isOnNew, mirror: oldOf('vda'), isReady: true };

  test('goes back by a copy of its own, and what was made goes', () => {
    const walk = wayBack().looks([isOnNew]);
    expect(walk.input('beginSwap')).toMatchObject({
      from: { source: { path: newOf('vda') } },
      to: { source: { path: oldOf('vda') } },
    });
    walk.done('beginSwap').job('ready').looks([backCopied]).done('pivotSwap', { how: 'ended' });
    walk.done('persistSwap');
    expect(walk.input('removeVolumes')).toMatchObject({ paths: [newOf('vda')] });
    expect(walk.cleaned().output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'undone', effect: 'done' },
      artefacts: [],
      swapped: [],
    });
  });

  test('waits again when the way back is called off before its pivot', () => {
    const walk = wayBack().looks([isOnNew]).done('beginSwap').job('failed');
    walk.looks([isOnNew]);
    expect(walk.isIn('awaitingConfirmation')).toBe(true);
    expect(walk.snapshot.context).toMatchObject({ direction: 'there', failure: null });
    walk.send({ type: 'confirm.requested' }).cleaned();
    expect(walk.output()).toMatchObject({
      outcome: 'completed',
      swapped: [{ volume: newOf('vda') }],
      notes: [expect.stringContaining('not undone')],
    });
  });
});
