import { describe, expect, test } from 'vitest';

import {
  chainOf,
  diskOf,
  failed,
  given,
  goodFacts,
  infoOf,
  SnapshotWalk,
} from './live-snapshot.ts';

const uuid = goodFacts.domain?.uuid ?? '';
const delta = '/snapshots/.guest.qcow2.run-1.delta';
const staged = '/snapshots/.guest.qcow2.run-1.part';
const image = '/snapshots/guest.qcow2';

describe('a live snapshot', () => {
  test('copies, freezes, ends the copy, thaws, writes the image, and leaves nothing else', () => {
    const walk = new SnapshotWalk().tidying().cleaned();
    expect(walk.output()).toEqual({
      outcome: 'completed',
      failure: null,
      artefacts: [{ kind: 'image', host: given.host, path: image, status: 'made' }],
      images: [
        {
          targetDev: 'vda',
          path: image,
          format: 'qcow2',
          virtualSizeBytes: 2 ** 31,
          allocationBytes: 2 ** 30,
        },
      ],
      consistency: 'filesystem',
      frozenMs: 250,
      notes: [],
    });
    expect(walk.started()).toEqual([
      'gatherFacts',
      'claimDomain',
      'watchDomain',
      'makeDelta',
      'beginCopy',
      'lookAtCopies',
      'askAgent',
      'freezeGuest',
      'endCopies',
      'thawGuest',
      'flattenDelta',
      'inspectImage',
      'nameImage',
      'removeFiles',
      'releaseClaims',
    ]);
  });

  test("makes the delta over the source's own backing file, formats told", () => {
    expect(new SnapshotWalk().claimed().input('makeDelta')).toEqual({
      host: given.host,
      domainUuid: uuid,
      delta: { path: delta, format: 'qcow2' },
      backing: { path: '/images/vda-base.raw', format: 'raw' },
      virtualSizeBytes: 2 ** 31,
    });
  });

  test('of a disk without layers below is its delta, under another name', () => {
    const [top] = chainOf('vda').layers;
    const chains = [chainOf('vda', { layers: top === undefined ? [] : [top] })];
    const walk = new SnapshotWalk().copying({ chains }).ready();
    walk.done('askAgent', { agent: 'connected', atEpochMs: 1 }).done('freezeGuest', { frozen: 1 });
    walk.job('canceled').done('endCopies').done('thawGuest', { atEpochMs: 2 });
    walk.done('inspectImage', { info: infoOf(delta) });
    expect(walk.input('nameImage')).toMatchObject({ from: delta, to: image });
    walk.done('nameImage').cleaned();
    expect(walk.output()).toMatchObject({
      outcome: 'completed',
      artefacts: [{ kind: 'image', path: image, status: 'made' }],
    });
    expect(walk.started()).not.toContain('flattenDelta');
  });

  test('needs no backing file where the disk has none', () => {
    const [top] = chainOf('vda').layers;
    const chains = [chainOf('vda', { layers: top === undefined ? [] : [top] })];
    expect(new SnapshotWalk().claimed({ chains }).input('makeDelta')).toMatchObject({
      backing: null,
    });
  });

  test('has everything on record before it is made', () => {
    const walk = new SnapshotWalk().claimed();
    expect(walk.artefacts()).toContain(`delta ${delta} expected`);
    walk.done('makeDelta');
    expect(walk.artefacts()).toContain('blockJob vda expected');
    walk.done('beginCopy').ready().done('askAgent', { agent: 'connected', atEpochMs: 1_000 });
    expect(walk.artefacts()).toContain(`freeze ${uuid} expected`);
    expect(walk.snapshot.context.frozenSinceEpochMs).toBe(1_000);
    walk.done('freezeGuest', { frozen: 1 }).done('endCopies').job('canceled');
    walk.done('thawGuest', { atEpochMs: 1_001 });
    expect(walk.artefacts()).toContain(`image ${staged} expected`);
    walk.done('flattenDelta').done('inspectImage', { info: infoOf(staged) });
    expect(walk.artefacts()).toContain(`image ${image} expected`);
  });

  test('takes the root disk, which is the first that the guest writes to', () => {
    const cdrom = diskOf('sda', { device: 'cdrom', readOnly: true });
    const domain = goodFacts.domain && {
      ...goodFacts.domain,
      disks: [cdrom, diskOf('vda'), diskOf('vdb')],
    };
    const walk = new SnapshotWalk().claimed({ domain });
    expect(walk.snapshot.context.copies).toMatchObject([{ targetDev: 'vda' }]);
  });

  test('leaves out the disks that are not asked for, and names the image after the one', () => {
    const walk = new SnapshotWalk({ disks: ['vdb'] }).claimed();
    expect(walk.snapshot.context.copies).toMatchObject([
      { targetDev: 'vdb', image: { path: image } },
    ]);
  });

  test('goes on when the copy is told to be ready before its call is answered', () => {
    const walk = new SnapshotWalk()
      .claimed()
      .done('makeDelta')
      .job('ready')
      .done('beginCopy')
      .ready();
    expect(walk.isIn('working.quiescing.askingAgent')).toBe(true);
  });

  test('waits for no poll: the event of the ready copy is enough', () => {
    const walk = new SnapshotWalk().copying();
    expect(walk.isIn('working.copying.awaitingReady.waiting')).toBe(true);
    walk.ready();
    expect(walk.isIn('working.quiescing.askingAgent')).toBe(true);
  });

  test('is not concerned by jobs of other disks, nor by other kinds of jobs', () => {
    const walk = new SnapshotWalk().copying().job('ready', 'vdb').job('failed', 'vdb');
    walk.job('completed', 'vda', 'backup');
    expect(walk.isIn('working.copying.awaitingReady.waiting')).toBe(true);
  });
});

describe('a live snapshot of several disks', () => {
  const two = { disks: ['vda', 'vdb'] };
  const bothCopied = () =>
    new SnapshotWalk(two)
      .claimed()
      .done('makeDelta')
      .done('beginCopy')
      .done('makeDelta')
      .done('beginCopy');

  test('freezes once, when all copies are in step, and ends them at once', () => {
    const walk = bothCopied().job('ready', 'vda');
    expect(walk.isIn('working.copying.awaitingReady.waiting')).toBe(true);
    walk.ready('vda', 'vdb').done('askAgent', { agent: 'connected', atEpochMs: 1 });
    walk.done('freezeGuest', { frozen: 2 });
    expect(walk.input('endCopies')).toMatchObject({
      copies: [{ targetDev: 'vda' }, { targetDev: 'vdb' }],
    });
    expect(walk.started().filter((slot) => slot === 'freezeGuest')).toHaveLength(1);
  });

  const bothWhole = () => {
    const walk = bothCopied().ready('vda', 'vdb');
    walk.done('askAgent', { agent: 'connected', atEpochMs: 1 }).done('freezeGuest', { frozen: 2 });
    walk.job('canceled', 'vda').job('canceled', 'vdb').done('endCopies');
    walk.done('thawGuest', { atEpochMs: 2 });
    for (let disk = 0; disk < 2; disk += 1)
      walk.done('flattenDelta').done('inspectImage', { info: infoOf('/x') });
    return walk;
  };

  test('names no image before all are whole', () => {
    const walk = bothWhole();
    expect(walk.entered.filter((state) => state === 'naming.asking')).toHaveLength(1);
    expect(walk.entered.indexOf('naming.asking')).toBeGreaterThan(
      walk.entered.lastIndexOf('writing.inspecting'),
    );
    expect(walk.input('nameImage')).toMatchObject({ to: '/snapshots/guest-vda.qcow2' });
  });

  test('takes the first image away again when the second cannot have its name', () => {
    const walk = bothWhole().done('nameImage');
    walk.fail('nameImage', failed('none', 'imageExists'));
    expect(walk.input('removeImages')).toMatchObject({
      paths: ['/snapshots/.guest-vdb.qcow2.run-1.part', '/snapshots/guest-vda.qcow2'],
    });
    walk.cleaned();
    expect(walk.output()).toMatchObject({ outcome: 'rolledBack', images: [], artefacts: [] });
  });

  test('is undone whole when one copy fails', () => {
    const walk = bothCopied().job('ready', 'vda').job('failed', 'vdb').cleaned();
    expect(walk.output()).toMatchObject({ outcome: 'rolledBack', failure: { code: 'copyLost' } });
  });
});
