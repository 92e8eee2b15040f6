import { expect, test } from 'vitest';

import { FailureError } from '../../src/ports/failure.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import {
  bases,
  deletedAgain,
  expectTwoDeleted,
  overlay,
  tops,
  twoDeep,
  useDeletionLab,
} from '../support/lab-deletion.ts';
import { judged } from '../support/lab-deletion-verdict.ts';
import { expectTicking } from '../support/lab-runs.ts';
import { describeLab } from '../support/needs.ts';

const byHand = { name: 'two', by: 'manual' } as const;
const slowly = { bandwidthMibPerS: 1 } as const;
const replyLost = () =>
  new FailureError({ code: 'connectionLost', message: 'the reply is lost', effect: 'unknown' });

describeLab('a deletion that is disturbed further, on libvirt 9.0', () => {
  const stage = useDeletionLab('snapdelm');

  test('a snapshot that is half deleted, which libvirt refuses, is gone on with', async () => {
    const { host } = stage;
    const before = await twoDeep(stage);
    await host.virsh(
      ['blockcommit', 'guest', 'vda', '--active', '--pivot', '--base', overlay('one', 'vda')],
      { timeoutMs: 60_000 },
    );
    await host.run('rm', [overlay('two', 'vda')]);
    await expect(host.virsh(['snapshot-delete', 'guest', 'two'])).rejects.toThrow();
    const output = await stage.remove({ what: { name: 'two' } });
    expect(output).toMatchObject({ outcome: 'completed', failure: null, way: 'merge', left: [] });
    await expectTwoDeleted(stage, before);
  }, 120_000);

  test('a lost reply of a pivot: the chain tells that it was made', async () => {
    const before = await twoDeep(stage);
    let lost = 0;
    const losing = hooked({
      endBlockJob: async (call) => {
        await call();
        lost += 1;
        throw replyLost();
      },
    });
    const output = await stage.remove({ what: byHand, through: losing });
    stage.note('turning.pivoting, finalising.pivoting', 'reply lost', output);
    expect(lost).toBe(2);
    expect(output).toMatchObject({ outcome: 'completed', failure: null, left: [] });
    await expectTwoDeleted(stage, before);
  }, 120_000);

  test('libvirtd killed before the second pivot: forward', async () => {
    const { host } = stage;
    const before = await twoDeep(stage);
    const killing = hooked({
      endBlockJob: async (call, [, targetDev]) => {
        if (targetDev === 'vdb' && (await host.daemonState()) === 'running' && !killed) {
          killed = true;
          await host.kill();
          await host.start();
        }
        return call();
      },
    });
    let killed = false;
    const output = await stage.remove({ what: byHand, through: killing });
    stage.note('finalising.pivoting', 'libvirtd killed', output);
    expect(killed).toBe(true);
    expect(output).toMatchObject({ outcome: 'completed', failure: null, left: [] });
    await expectTwoDeleted(stage, before);
  }, 120_000);

  test.each([
    'preparing.beginning',
    'preparing.awaiting',
    'turning.pivoting',
    'mending.asking',
    'dropping.asking',
    'removing.unlinking',
  ])(
    'our process killed in %s',
    async (state) => {
      const before = await twoDeep(stage);
      const output = await stage.remove({ what: byHand, input: slowly, dieIn: state });
      stage.note(state, 'our process killed', output);
      if (output.outcome === 'completed') return expectTwoDeleted(stage, before);
      expect(output.outcome).toBe('rolledBack');
      expect(await stage.picture()).toEqual(before);
      await expectTicking(stage);
    },
    120_000,
  );

  test('our process killed while libvirt deletes', async () => {
    const before = await twoDeep(stage);
    const output = await stage.remove({ what: { name: 'two' }, dieIn: 'deleting' });
    stage.note('deleting', 'our process killed', output);
    if (output.outcome === 'completed') return expectTwoDeleted(stage, before);
    expect(output.outcome).toBe('rolledBack');
    await expectTicking(stage);
  }, 120_000);

  test.each(['preparing.beginning', 'turning.pivoting', 'mending.asking', 'dropping.asking'])(
    'libvirtd killed in %s',
    async (state) => {
      const { host } = stage;
      const before = await twoDeep(stage);
      let killed = false;
      const output = await stage.remove({
        what: byHand,
        onState: async (entered) => {
          if (!entered.endsWith(state) || killed) return;
          killed = true;
          await host.kill();
          await host.start();
        },
      });
      expect(killed).toBe(true);
      const { advice, found } = await judged(stage, output, before);
      stage.note(state, `libvirtd killed: ${found}`, output);
      if (output.outcome === 'rolledBack') {
        expect(output.merged).toEqual([]);
        expect(await stage.picture()).toEqual(before);
        return expectTicking(stage);
      }
      if (output.outcome === 'needsOperator') {
        expect(state).toBe('turning.pivoting');
        await advice();
        await deletedAgain(stage, byHand);
      } else expect(output).toMatchObject({ failure: null, left: [] });
      await expectTwoDeleted(stage, before);
    },
    120_000,
  );

  test('with its memory, which libvirt 9.0 leaves behind', async () => {
    const { host } = stage;
    const { snapshots } = await stage.picture();
    if (snapshots.includes('two')) await stage.remove({ what: { name: 'two' } });
    const memory = '/var/lib/libvirt/images/memory';
    await stage.take(['two'], ['--memspec', `${memory},snapshot=external`]);
    const output = await stage.remove({ what: { name: 'two' } });
    expect(output).toMatchObject({ outcome: 'completed', way: 'libvirt', left: [] });
    expect(output.removed).toContain(memory);
    expect((await stage.picture()).files).not.toContain('memory');
    expect(await host.qemuProcesses()).toContain('guest');
  }, 120_000);

  test('inside the disks, with its children', async () => {
    const { host, lab } = stage;
    await lab.guest('inside', { on: 'hostA', extraDisk: '16M', state: 'shutOff' });
    for (const name of ['one', 'two', 'three'])
      await host.virsh(['snapshot-create-as', 'inside', name]);
    const output = await stage.remove({
      domain: 'inside',
      what: { name: 'two', children: 'withIt' },
    });
    expect(output).toMatchObject({ outcome: 'completed', way: 'libvirt', failure: null });
    expect((await stage.picture('inside')).snapshots).toEqual(['one']);
  }, 120_000);

  test('a guest that is shut off while its disks are merged keeps its layers; then by qemu-img', async () => {
    const { host } = stage;
    const before = await twoDeep(stage);
    const output = await stage.remove({
      what: byHand,
      input: slowly,
      onState: async (state) => {
        if (state === 'working.preparing.awaiting') await host.virsh(['destroy', 'guest']);
      },
    });
    stage.note('preparing.awaiting', 'guest ends', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'guestStopped' } });
    const off = await stage.picture();
    expect(off).toMatchObject({ configured: tops('two'), files: before.files, state: 'shut off' });
    const offline = await stage.remove({ what: byHand });
    expect(offline).toMatchObject({ outcome: 'completed', failure: null, left: [] });
    const byLibvirt = await stage.remove({ what: { name: 'one', by: 'libvirt' } });
    expect(byLibvirt).toMatchObject({ outcome: 'completed', failure: null, left: [] });
    const after = await stage.picture();
    expect(after).toMatchObject({ configured: bases, snapshots: [], claimed: 0 });
    expect(after.files.filter((file) => /\.vd[ab]$/.test(file))).toEqual([]);
    await host.virsh(['start', 'guest'], { timeoutMs: 60_000 });
  }, 120_000);
});
