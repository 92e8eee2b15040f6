import { describe, expect, test } from 'vitest';

import {
  chainsOf,
  claim,
  DeletionWalk,
  failed,
  file,
  goodFacts,
  lookWith,
} from './snapshot-deletion.ts';

const byLibvirt = {
  kind: 'snapshot',
  name: 'two',
  children: 'keep',
  metadataOnly: false,
  by: 'auto',
} as const;
const without = (name: string) => goodFacts.snapshots.filter((each) => each.name !== name);

describe('a deletion by hand', () => {
  test('prepares every disk before the first is finalised', () => {
    const run = new DeletionWalk().merging().job('ready', 'vdb');
    expect(run.isIn('working.preparing.awaiting')).toBe(true);
    expect(run.started()).not.toContain('pivotMerge');
    run.job('ready', 'vda');
    expect(run.isIn('working.turning.pivoting')).toBe(true);
    expect(run.snapshot.hasTag('abortable')).toBe(false);
    expect(run.snapshot.hasTag('pointOfNoReturn')).toBe(false);
  });

  test('has each job on record before it is begun', () => {
    const run = new DeletionWalk().claimed();
    expect(run.artefacts()).toContain('blockJob vda expected');
    expect(run.inFlight.get('beginMergePrepared')?.input).toMatchObject({
      disk: {
        targetDev: 'vda',
        top: { path: file('vda', 'two') },
        base: { path: file('vda', 'one') },
      },
    });
  });

  test('there is no way back from the first pivot on', () => {
    const run = new DeletionWalk().finalising();
    expect(run.snapshot.hasTag('pointOfNoReturn')).toBe(true);
    run.send({ type: 'abort.requested' });
    expect(run.isIn('working.finalising.pivoting')).toBe(true);
    run.done('pivotFinalised', { how: 'ended' });
    expect(run.isIn('working.mending')).toBe(true);
  });

  test('an event that comes before the answer of its pivot is not taken for the next disk', () => {
    const run = new DeletionWalk().turning().job('completed', 'vda');
    run.done('pivotTurned', { how: 'ended' });
    expect(run.disks()).toEqual(['vda merged', 'vdb ready']);
  });

  test('mends, forgets and removes, in this order; then its claim goes', () => {
    const run = new DeletionWalk().finalising().done('pivotFinalised', { how: 'ended' });
    run.done('mendSnapshots').done('dropMetadata');
    const paths = ['vda', 'vdb'].map((disk) => file(disk, 'two'));
    expect(run.artefacts()).toContain(`overlay ${paths[0]} unwanted`);
    run.done('removeUnused', { removed: paths, left: [] }).released();
    expect(run.output()).toMatchObject({
      outcome: 'completed',
      failure: null,
      artefacts: [],
      removed: paths,
      merged: [{ targetDev: 'vda' }, { targetDev: 'vdb' }],
    });
  });

  test('tells of a file that something needs', () => {
    const run = new DeletionWalk().finalising().done('pivotFinalised', { how: 'ended' });
    run.done('mendSnapshots').done('dropMetadata');
    const left = [{ path: file('vda', 'two'), why: 'image x lies over it' }];
    run.done('removeUnused', { removed: [file('vdb', 'two')], left }).released();
    expect(run.output()).toMatchObject({
      outcome: 'completed',
      left,
      artefacts: [{ status: 'left' }],
    });
  });

  test('asks again about its files where the host does not answer', () => {
    const run = new DeletionWalk().finalising().done('pivotFinalised', { how: 'ended' });
    run.done('mendSnapshots').done('dropMetadata').fail('removeUnused', failed('none'));
    expect(run.isIn('working.removing.waiting')).toBe(true);
    const removed = ['vda', 'vdb'].map((disk) => file(disk, 'two'));
    run.elapse('askAgain').done('removeUnused', { removed, left: [] }).released();
    expect(run.output()).toMatchObject({ outcome: 'completed', removed, left: [], artefacts: [] });
  });

  test.each([
    ['refused', 'it is broken'],
    ['silent', 'did not answer in time'],
  ])('tells of all files of a host that stays %s', (how, why) => {
    const run = new DeletionWalk().finalising().done('pivotFinalised', { how: 'ended' });
    run.done('mendSnapshots').done('dropMetadata');
    if (how === 'refused') run.fail('removeUnused', failed('none'));
    run.elapse('peerWait').released();
    const left = ['vda', 'vdb'].map((disk) => ({
      path: file(disk, 'two'),
      why: expect.stringContaining(why) as unknown,
    }));
    const artefacts = [{ status: 'left' }, { status: 'left' }];
    expect(run.output()).toMatchObject({ outcome: 'completed', removed: [], left, artefacts });
  });

  test('gives up a merge that stands still although the guest writes to one that is in step', () => {
    const [one, other] = chainsOf('two', 'one', 'base');
    if (one === undefined || other === undefined) throw new Error('two disks');
    const job = { type: 'activeCommit', mirrorPath: null, processedBytes: 7 } as const;
    const lookAt = (atEpochMs: number) => {
      const inStep = { ...job, ready: true, processedBytes: atEpochMs };
      const chains = [
        { ...one, job: inStep },
        { ...other, job: { ...job, ready: false } },
      ];
      return lookWith({ atEpochMs, chains });
    };
    const run = new DeletionWalk().merging().elapse('lookWait').done('lookPrepared', lookAt(1_000));
    run.elapse('lookWait').done('lookPrepared', lookAt(61_000));
    expect(run.isIn('working.cancelling')).toBe(true);
    expect(run.snapshot.context.failure).toMatchObject({ code: 'stalled' });
  });

  test('waits for the answer of a begin that is called off, and ends only its own jobs', () => {
    const run = new DeletionWalk().claimed().send({ type: 'abort.requested' });
    expect(run.isIn('working.preparing.beginning')).toBe(true);
    run.done('beginMergePrepared');
    expect(run.inFlight.get('cancelMerges')?.input).toMatchObject({
      disks: [{ targetDev: 'vda' }],
    });
    run.done('cancelMerges').done('lookCancelled', lookWith()).released();
    expect(run.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
      artefacts: [],
    });
  });

  test("takes a job for somebody else's when its own begin did nothing", () => {
    const run = new DeletionWalk().claimed();
    run.fail('beginMergePrepared', failed('none', 'blockJobActive'));
    expect(run.inFlight.get('cancelMerges')?.input).toMatchObject({ disks: [] });
  });

  test('looks after a begin whose answer is lost', () => {
    const run = new DeletionWalk().claimed().fail('beginMergePrepared', failed('unknown'));
    expect(run.isIn('working.preparing.asking')).toBe(true);
    run.done('lookPrepared', lookWith());
    run.done('cancelMerges').done('lookCancelled', lookWith()).released();
    expect(run.output()).toMatchObject({ outcome: 'rolledBack', failure: { code: 'broken' } });
  });

  test('verifies a job that vanished by the chain', () => {
    const run = new DeletionWalk().turning().done('pivotTurned', { how: 'noJob' });
    expect(run.isIn('working.turning.asking')).toBe(true);
    const [one] = chainsOf('one', 'base');
    const [, other] = goodFacts.chains;
    if (one === undefined || other === undefined) throw new Error('two disks');
    const job = { type: 'activeCommit', processedBytes: 1, mirrorPath: null, ready: true } as const;
    run.done('lookTurned', lookWith({ chains: [one, { ...other, job }] }));
    expect(run.isIn('working.finalising.pivoting')).toBe(true);
  });

  test('rolls back when a job fails before anything is merged', () => {
    const run = new DeletionWalk().merging().job('failed', 'vdb');
    run.done('cancelMerges').done('lookCancelled', lookWith()).released();
    expect(run.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'blockJobFailed' },
    });
  });

  test('begins a merge again that fails behind the first pivot, and then calls for help', () => {
    const run = new DeletionWalk().finalising();
    const halfMerged = lookWith({
      chains: [...chainsOf('one', 'base').slice(0, 1), ...goodFacts.chains.slice(1)],
    });
    run.fail('pivotFinalised', failed('unknown')).done('lookFinalised', halfMerged);
    expect(run.isIn('working.finalising.pausing')).toBe(true);
    for (const _ of [2, 3]) {
      run.elapse('askAgain').fail('beginMergeFinalised', failed('none'));
    }
    run.done('cancelMerges').done('lookCancelled', halfMerged);
    expect(run.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'halfMerged', effect: 'done' },
      merged: [{ targetDev: 'vda' }],
    });
  });

  test('goes forward when an abort came after the last moment', () => {
    const run = new DeletionWalk().merging().send({ type: 'abort.requested' });
    run.done('cancelMerges').done('lookCancelled', lookWith({ chains: chainsOf('one', 'base') }));
    expect(run.isIn('working.mending')).toBe(true);
  });

  test('calls for help when the host does not tell what became of a pivot', () => {
    const run = new DeletionWalk().turning().fail('pivotTurned', failed('unknown'));
    run.fail('lookTurned', failed('none', 'hostUnreachable')).elapse('peerWait');
    expect(run.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'peerUnreachable' },
    });
  });

  test('merges what is shut off by qemu-img, and changes the definition last', () => {
    const domain = { ...goodFacts.domain, state: 'shutoff' } as typeof goodFacts.domain;
    const run = new DeletionWalk().claimed({ domain });
    run.done('mergeOfflinePrepared').done('mergeOfflinePrepared');
    expect(run.isIn('working.turning.switching')).toBe(true);
    expect(run.artefacts()).toEqual(['claim ' + String(domain?.uuid) + ' made']);
  });

  test('merges again what a guest was started over meanwhile', () => {
    const domain = { ...goodFacts.domain, state: 'shutoff' } as typeof goodFacts.domain;
    const run = new DeletionWalk().claimed({ domain }).done('mergeOfflinePrepared');
    run.see('domain.started', 'booted').done('mergeOfflinePrepared');
    expect(run.isIn('working.preparing.asking')).toBe(true);
    run.done('lookPrepared', lookWith({ guest: 'off' }));
    expect(run.isIn('working.preparing.mergingOffline')).toBe(true);
  });
});

describe('a deletion by libvirt', () => {
  test('ends by what is there, whatever was answered', () => {
    const run = new DeletionWalk(byLibvirt).claimed().fail('deleteSnapshot', failed('unknown'));
    run.done(
      'lookAfterDeletion',
      lookWith({ chains: chainsOf('one', 'base'), snapshots: without('two') }),
    );
    expect(run.isIn('working.removing')).toBe(true);
    run.done('removeUnused', { removed: [], left: [] }).released();
    expect(run.output()).toMatchObject({ outcome: 'completed', failure: null, way: 'libvirt' });
  });

  test('waits while libvirt is at it', () => {
    const run = new DeletionWalk(byLibvirt).claimed().fail('deleteSnapshot', failed('unknown'));
    run.done('lookAfterDeletion', lookWith({ isDeleting: true }));
    expect(run.isIn('working.inspecting.waiting')).toBe(true);
    run.elapse('peerWait');
    expect(run.isIn('working.inspecting.looking')).toBe(true);
  });

  test('rolls back, and warns of a revert, where nothing was merged', () => {
    const run = new DeletionWalk(byLibvirt).claimed().fail('deleteSnapshot', failed('unknown'));
    run.done('lookAfterDeletion', lookWith()).released();
    expect(run.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'broken' },
      notes: [expect.stringContaining('do not revert')],
    });
  });

  test('goes on by hand where libvirt was interrupted half way', () => {
    const run = new DeletionWalk(byLibvirt).claimed().fail('deleteSnapshot', failed('unknown'));
    const chains = [...chainsOf('one', 'base').slice(0, 1), ...goodFacts.chains.slice(1)];
    run.done('lookAfterDeletion', lookWith({ chains }));
    expect(run.isIn('working.finalising.beginning')).toBe(true);
    expect(run.inFlight.get('beginMergeFinalised')?.input).toMatchObject({
      disk: { targetDev: 'vdb' },
    });
    expect(run.snapshot.context).toMatchObject({ failure: null, claim });
  });
});
