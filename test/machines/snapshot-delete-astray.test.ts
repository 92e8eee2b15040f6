import { describe, expect, test } from 'vitest';

import type { MergeLook, SeenFile } from '../../machines/policy/snapshot-delete/looks.ts';
import { chainsOf, DeletionWalk, failed, file, goodFacts, lookWith } from './snapshot-deletion.ts';

const seen = (targetDev: string, top: SeenFile['is'], base: SeenFile['is']): SeenFile[] => [
  { path: file(targetDev, 'two'), is: top },
  { path: file(targetDev, 'one'), is: base },
];
const lookAt = (guest: MergeLook['guest'], ...files: readonly SeenFile[][]): MergeLook =>
  lookWith({ guest, files: files.flat() });
const byLibvirt = {
  kind: 'snapshot',
  name: 'two',
  children: 'keep',
  metadataOnly: false,
  by: 'auto',
} as const;

const interrupted = () =>
  new DeletionWalk(byLibvirt).claimed().fail('deleteSnapshot', failed('unknown'));

describe('a guest that its daemon has lost', () => {
  test('is told of, when its configuration names what is merged for certain', () => {
    const look = lookAt('unseen', seen('vda', 'gone', 'used'), seen('vdb', 'used', 'used'));
    const run = interrupted().done('lookAfterDeletion', look);
    expect(run.isIn('working.securing.asking')).toBe(true);
    expect(run.inFlight.get('secureMerged')?.input).toMatchObject({
      merged: [{ targetDev: 'vda', from: file('vda', 'two'), to: { path: file('vda', 'one') } }],
    });
    run.done('secureMerged');
    expect(run.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: {
        code: 'guestUnseen',
        message: expect.stringMatching(
          /Merged: vda; not merged: none\. Which .* not known \(vdb: .*two over .*one\)/,
        ),
      },
      merged: [{ targetDev: 'vda' }],
      artefacts: [{ kind: 'claim', status: 'kept' }],
    });
  });

  test('of a disk whose pivot nobody answered: what it writes to is not known', () => {
    const run = new DeletionWalk().turning().fail('pivotTurned', failed('unknown'));
    const look = lookAt('unseen', seen('vda', 'used', 'used'), seen('vdb', 'used', 'used'));
    run.done('lookTurned', look).done('secureMerged');
    const { failure } = Object(run.output());
    expect(failure.code).toBe('guestUnseen');
    expect(failure.message).toContain('Merged: none; not merged: vdb. Which of its files');
    expect(failure.message).toMatch(/not known \(vda: .*two over .*one\)/);
  });

  test('of a disk whose layer below nobody has: it writes to the one above', () => {
    const run = new DeletionWalk().turning().fail('pivotTurned', failed('unknown'));
    const look = lookAt('unseen', seen('vda', 'used', 'free'), seen('vdb', 'used', 'used'));
    run.done('lookTurned', look).done('secureMerged');
    const { failure } = Object(run.output());
    expect(failure.message).toContain('Merged: none; not merged: vda, vdb. Do not start it');
  });

  test('is told of where no pivot was asked for yet, and its jobs stay on record', () => {
    const run = new DeletionWalk().merging().see('domain.stopped', 'unknown');
    const look = lookAt('unseen', seen('vda', 'used', 'used'), seen('vdb', 'used', 'used'));
    run.done('lookPrepared', look).done('secureMerged');
    expect(run.output()).toMatchObject({ outcome: 'needsOperator', merged: [] });
    expect(run.artefacts()).toEqual(
      expect.arrayContaining(['blockJob vda expected', 'blockJob vdb expected']),
    );
  });

  test('runs on where its daemon believes in a layer that it has left', () => {
    const look = lookAt('running', seen('vda', 'free', 'used'), seen('vdb', 'used', 'free'));
    const run = interrupted();
    expect(run.inFlight.get('lookAfterDeletion')?.input).toMatchObject({ isInDoubt: true });
    run.done('lookAfterDeletion', look).done('secureMerged');
    expect(run.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'chainStale', effect: 'done' },
      merged: [{ targetDev: 'vda' }],
    });
  });

  test('whose configuration cannot be mended: that is told, too', () => {
    const look = lookAt('unseen', seen('vda', 'free', 'used'), seen('vdb', 'used', 'used'));
    const run = new DeletionWalk().turning().fail('pivotTurned', failed('unknown'));
    run.done('lookTurned', look).fail('secureMerged', failed('none')).elapse('peerWait');
    expect(run.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'configurationLeft' },
    });
  });

  test('is not taken for lost where it was shut off from the beginning', () => {
    const domain = { ...goodFacts.domain, state: 'shutoff' } as typeof goodFacts.domain;
    const run = new DeletionWalk().claimed({ domain });
    run.fail('mergeOfflinePrepared', failed('unknown'));
    const look = lookAt('unseen', seen('vda', 'used', 'used'));
    run.done('cancelMerges').done('lookCancelled', look).released();
    expect(run.output()).toMatchObject({ outcome: 'rolledBack', notes: [expect.anything()] });
  });
});

describe('a guest that has ended', () => {
  test('while a pivot had no answer: nobody says which layer is the newer one', () => {
    const run = new DeletionWalk().turning().fail('pivotTurned', failed('unknown'));
    const look = lookAt('off', seen('vda', 'free', 'free'), seen('vdb', 'free', 'free'));
    run.done('lookTurned', look).done('secureMerged');
    expect(run.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'layersUncertain', message: expect.stringMatching(/two over .*one/) },
      merged: [],
    });
  });

  test('while its daemon was there and answered is as libvirt says', () => {
    const refused = { ...failed('unknown'), libvirt: { code: 55, domain: 10 } };
    const run = new DeletionWalk().turning().fail('pivotTurned', refused);
    const look = lookAt('off', seen('vda', 'free', 'free'), seen('vdb', 'free', 'free'));
    run.done('lookTurned', look);
    expect(run.isIn('working.securing')).toBe(false);
  });

  test('while libvirt merged: a layer that libvirt has removed is merged', () => {
    const look = lookAt('off', seen('vda', 'gone', 'free'), seen('vdb', 'gone', 'free'));
    const run = interrupted().done('lookAfterDeletion', look);
    expect(run.disks()).toEqual(['vda merged', 'vdb merged']);
    expect(run.isIn('working.mending')).toBe(true);
    run.done('mendSnapshots').done('dropMetadata').done('removeUnused', { removed: [], left: [] });
    run.released();
    expect(run.output()).toMatchObject({
      outcome: 'completed',
      notes: [expect.stringContaining('virsh start')],
    });
  });

  test('a layer that is missing with its directory is not taken for merged', () => {
    const [chain] = chainsOf('two', 'one', 'base');
    if (chain === undefined) throw new Error('it has a disk');
    const layers = chain.layers.map((layer, depth) =>
      depth === 0 ? { ...layer, path: '/mnt/vda.two' } : layer,
    );
    const disks = goodFacts.snapshots[1]?.disks.slice(0, 1) ?? [];
    const snapshots = goodFacts.snapshots.map((each) =>
      each.name === 'two'
        ? { ...each, disks: disks.map((disk) => ({ ...disk, overlayPath: '/mnt/vda.two' })) }
        : each,
    );
    const run = new DeletionWalk(byLibvirt).claimed({ chains: [{ ...chain, layers }], snapshots });
    run.fail('deleteSnapshot', failed('unknown'));
    const files = [
      { path: '/mnt/vda.two', is: 'gone' },
      { path: file('vda', 'one'), is: 'free' },
    ] as const;
    run.done(
      'lookAfterDeletion',
      lookWith({ chains: [{ ...chain, layers }], guest: 'off', files }),
    );
    expect(run.disks()).toEqual(['vda waiting']);
    run.done('secureMerged');
    expect(run.output()).toMatchObject({ failure: { code: 'layersUncertain' } });
  });
});
