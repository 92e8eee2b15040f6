import { expect, test } from 'vitest';

import { lastTick } from '../../lab/index.ts';
import { FailureError } from '../../src/ports/failure.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import {
  diskDirectory,
  expectTaken,
  useDomainSnapshotLab,
} from '../support/lab-domain-snapshot.ts';
import { expectTicking } from '../support/lab-runs.ts';
import { describeLab } from '../support/needs.ts';
import { tickOnImage } from '../support/second-guest.ts';

const memoryPath = `${diskDirectory}/memory`;
const replyLost = () =>
  new FailureError({ code: 'connectionLost', message: 'the reply is lost', effect: 'unknown' });

describeLab('a snapshot by libvirt 9.0', () => {
  const stage = useDomainSnapshotLab('domsnap');

  test('three deep of one disk of two, frozen: what each base holds was true at its moment', async () => {
    const { guest, host, lab } = stage;
    const frozen: number[] = [];
    for (const name of ['one', 'two', 'three']) {
      const before = await stage.picture();
      const from = (await lastTick(guest.serial)) ?? 0;
      const output = await stage.snapshot({
        input: { name, disks: [{ targetDev: 'vda', overlayPath: null }], quiesce: 'required' },
      });
      const to = (await lastTick(guest.serial)) ?? 0;
      expect(output).toMatchObject({
        outcome: 'completed',
        failure: null,
        consistency: 'filesystem',
        outageMs: 0,
      });
      frozen.push(output.frozenMs ?? -1);
      expectTaken(before, await stage.picture(), output);
      const base = output.snapshot?.disks[0]?.base ?? expect.fail('it has a disk');
      if (name === 'three') {
        const copy = `${diskDirectory}/copy.qcow2`;
        await host.run('qemu-img', ['convert', '-U', '-O', 'qcow2', base.path, copy]);
        const number = await tickOnImage(lab, host, guest, { path: copy, format: 'qcow2' });
        await host.run('rm', [copy]);
        expect(number).toBeGreaterThanOrEqual(from);
        expect(number).toBeLessThanOrEqual(to);
      }
    }
    expect(Math.min(...frozen)).toBeGreaterThan(0);
    expect((await stage.picture()).disks['vdb']).toBe(guest.extraDisk);
    await expectTicking(stage);
  }, 240_000);

  test('with memory in a file, of what runs on meanwhile', async () => {
    const before = await stage.picture();
    const output = await stage.snapshot({ input: { name: 'memory', memoryPath, live: true } });
    expect(output).toMatchObject({ outcome: 'completed', consistency: 'application' });
    expect(output.outageMs).toBeGreaterThan(0);
    expectTaken(before, await stage.picture(), output);
    await expectTicking(stage);
  }, 120_000);

  test('of which the reply was lost is found to be whole', async () => {
    const before = await stage.picture();
    const losing = hooked({
      createSnapshot: async (call) => {
        await call();
        throw replyLost();
      },
    });
    const output = await stage.snapshot({ input: { name: 'lost' }, through: losing });
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expectTaken(before, await stage.picture(), output);
    stage.note('creating', 'reply lost', output);
  }, 120_000);

  test('whose memory finds the disk full leaves nothing', async () => {
    const { host } = stage;
    const small = `${diskDirectory}/small`;
    await host.run('mkdir', [small]);
    await host.run('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', small]);
    const before = await stage.picture();
    const full = hooked({ availableBytes: () => Promise.resolve(2 ** 40) });
    const input = { name: 'full', memoryPath: `${small}/memory` };
    const output = await stage.snapshot({ input, through: full });
    stage.note('creating.withMemory', 'disk full', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
    expect(output.failure?.message).toContain('No space left');
    expect(await stage.picture()).toEqual(before);
    expect(await host.run('ls', [small])).toBe('');
    await host.run('umount', [small]);
    await host.run('rmdir', [small]);
    await expectTicking(stage);
  }, 120_000);

  test('whose daemon is killed while the memory is written leaves a guest that runs', async () => {
    const { host } = stage;
    const before = await stage.picture();
    const output = await stage.snapshot({
      input: { name: 'killed', memoryPath: `${memoryPath}.3` },
      onState: async (state) => {
        if (!state.endsWith('withMemory.writing.running')) return;
        // The guest stands: its memory is being written.
        await expect
          .poll(() => host.virsh(['domstate', stage.guest.name, '--reason']), { timeout: 30_000 })
          .toContain('snapshot');
        await host.kill();
        await host.start();
      },
    });
    stage.note('creating.withMemory', 'libvirtd killed', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
    expect(await stage.picture()).toEqual(before);
    await expectTicking(stage);
  }, 120_000);

  test('that our process left behind is ended by another one', async () => {
    const before = await stage.picture();
    const input = { name: 'left', quiesce: 'required' } as const;
    const output = await stage.snapshot({ input, dieIn: 'creating.disksAlone' });
    stage.note('creating.disksAlone', 'our process killed', output);
    expect(['completed', 'rolledBack']).toContain(output.outcome);
    if (output.outcome === 'completed') expectTaken(before, await stage.picture(), output);
    else expect(await stage.picture()).toEqual(before);
    await expectTicking(stage);
  }, 120_000);

  test('of what is shut off, by overlays and inside the disks', async () => {
    const { lab } = stage;
    const shutOff = { on: 'hostA', extraDisk: '16M', state: 'shutOff' } as const;
    const { name: domain } = await lab.guest('off', shutOff);
    for (const kind of ['internal', 'external'] as const) {
      const before = await stage.picture(domain);
      const output = await stage.snapshot({ domain, input: { name: kind, kind } });
      expect(output).toMatchObject({ outcome: 'completed', consistency: 'crash' });
      expectTaken(before, await stage.picture(domain), output);
    }
  }, 120_000);

  test('is refused before anything is touched', async () => {
    const before = await stage.picture();
    const refusals = [
      ['nameFree', { name: 'one' }],
      ['nameValid', { name: 'n'.repeat(248) }],
      ['targetsFree', { name: 'x', memoryPath }],
      ['disksKnown', { name: 'x', disks: [{ targetDev: 'vdq', overlayPath: null }] }],
      ['directoriesThere', { name: 'x', memoryPath: '/nowhere/memory' }],
    ] as const;
    for (const [code, input] of refusals) {
      const output = await stage.snapshot({ input });
      expect(output).toMatchObject({ outcome: 'refused', failure: { code, effect: 'none' } });
    }
    expect(await stage.picture()).toEqual(before);
  }, 60_000);

  test('inside the disks is refused with UEFI settings', async () => {
    const uefi = { on: 'hostA', firmware: 'uefi', state: 'shutOff' } as const;
    const { name: domain } = await stage.lab.guest('uefi', uefi);
    const output = await stage.snapshot({ domain, input: { kind: 'internal' } });
    expect(output).toMatchObject({ outcome: 'refused', failure: { code: 'firmwareFits' } });
  }, 60_000);

  // Seen where libvirtd was killed between QEMU's transaction and its status file.
  test('whose overlay only QEMU knows is never removed; an operator is called', async () => {
    const { guest, host } = stage;
    const before = await stage.picture();
    const overlay = `${diskDirectory}/guest.hidden`;
    const qmp = (execute: string, given: object) =>
      host.virsh([
        'qemu-monitor-command',
        guest.name,
        JSON.stringify({ execute, arguments: given }),
      ]);
    const behindItsBack = hooked({
      createSnapshot: async () => {
        const base = before.disks['vda'] ?? '';
        const backing = ['-b', base, '-F', 'qcow2'];
        await host.run('qemu-img', [
          'create',
          '-q',
          '-f',
          'qcow2',
          '-u',
          ...backing,
          overlay,
          '64M',
        ]);
        const nodes = Object(JSON.parse(await qmp('query-block', {}))).return;
        const top = String(
          nodes.find((each: object) => Object(each).inserted?.file === base)?.inserted['node-name'],
        );
        const file = { driver: 'file', filename: overlay };
        await qmp('blockdev-add', { driver: 'qcow2', 'node-name': 'hidden', file, backing: null });
        await qmp('blockdev-snapshot', { node: top, overlay: 'hidden' });
        throw replyLost();
      },
    });
    const input = { name: 'hidden', disks: [{ targetDev: 'vda', overlayPath: overlay }] };
    const output = await stage.snapshot({ input, through: behindItsBack });
    stage.note('looking', 'overlay that libvirt does not know', output);
    expect(output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'overlayUnknown', message: expect.stringContaining(overlay) },
    });
    expect((await stage.picture()).files).toContain('guest.hidden');
    await expectTicking(stage);
  }, 60_000);
});
