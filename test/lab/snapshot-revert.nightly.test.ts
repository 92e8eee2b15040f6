import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

import { lastTick } from '../../lab/index.ts';
import { FailureError } from '../../src/ports/failure.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import type { RevertLab } from '../support/lab-revert.ts';
import {
  expectReverted,
  lastLine,
  stepsBack,
  ticksOn,
  untilReverting,
  untilStarting,
  useRevertLab,
} from '../support/lab-revert.ts';
import { describeLab } from '../support/needs.ts';

const directory = '/var/lib/libvirt/images';

/** The guest ticks on from where its state was kept, and nothing else is left of the run. */
async function expectBack(stage: RevertLab, fromLine: number, kept: number): Promise<void> {
  await ticksOn(stage, 2);
  for (const back of await stepsBack(stage, fromLine)) expect(back).toBeGreaterThan(kept);
}

const losing = hooked({
  revertToSnapshot: async (call) => {
    await call();
    throw new FailureError({ code: 'connectionLost', message: 'lost', effect: 'unknown' });
  },
});

describeLab('a revert by libvirt 9.0', () => {
  const stage = useRevertLab('revert9', 'hostA');
  const mark = async () => ({
    fromLine: await lastLine(stage),
    kept: (await lastTick(stage.guest.serial)) ?? 0,
    before: await stage.picture(),
  });

  test('whose reply is lost is found to be whole', async () => {
    const { guest, virsh } = stage;
    await virsh('snapshot-create-as', guest.name, 'then');
    const was = (await lastTick(guest.serial)) ?? 0;
    await ticksOn(stage, 8);
    const { before, fromLine } = await mark();
    const output = await stage.revert({ input: { name: 'then' }, through: losing });
    await expectReverted(stage, output, { fromLine, was });
    expect(await stage.picture()).toEqual(before);
  }, 240_000);

  test('that libvirtd does not outlive brings the guest back', async () => {
    await ticksOn(stage, 8);
    const { before, fromLine, kept } = await mark();
    const output = await stage.revert({
      input: { name: 'then' },
      onState: async (state) => {
        if (!state.endsWith('reverting')) return;
        await untilReverting(stage);
        await stage.host.kill();
        await stage.host.start();
      },
    });
    stage.note('reverting', 'libvirtd killed', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', artefacts: [], keptAs: null });
    await expectBack(stage, fromLine, kept);
    expect(await stage.picture()).toEqual(before);
  }, 240_000);

  test.each(['keeping', 'discarding.asking'])(
    'in whose %s our process dies is ended by another one',
    async (state) => {
      await ticksOn(stage, 8);
      const { before } = await mark();
      const output = await stage.revert({ input: { name: 'then' }, dieIn: state });
      stage.note(state, 'process killed', output);
      expect(['completed', 'rolledBack']).toContain(output.outcome);
      expect(output).toMatchObject({ artefacts: [], keptAs: null });
      await ticksOn(stage, 2);
      expect(await stage.picture()).toEqual(before);
    },
    240_000,
  );

  test('with a managed save image is refused', async () => {
    const { guest, virsh } = stage;
    await virsh('managedsave', guest.name);
    const output = await stage.revert({ input: { name: 'then' } });
    expect(output).toMatchObject({ outcome: 'refused', failure: { code: 'notSaved' } });
    await virsh('start', guest.name);
    await ticksOn(stage, 2);
  }, 240_000);

  test('to an external snapshot is refused, with what to do', async () => {
    const { guest, virsh } = stage;
    await virsh('snapshot-create-as', guest.name, 'outside', '--disk-only', '--no-metadata');
    await virsh('snapshot-create-as', guest.name, 'beyond', '--disk-only');
    const before = await stage.picture();
    const output = await stage.revert({ input: { name: 'beyond' } });
    expect(output).toMatchObject({ outcome: 'refused', failure: { code: 'versionFits' } });
    expect(output.failure?.message).toContain('qemu-img create -b');
    const inside = await stage.revert({ input: { name: 'then' } });
    expect(inside).toMatchObject({ outcome: 'refused', failure: { code: 'filesUnshared' } });
    expect(await stage.picture()).toEqual(before);
    // What the message and docs/snapshots.md tell to do.
    await virsh('destroy', guest.name);
    const base = / on (\S+) \(vda\)/.exec(output.failure?.message ?? '')?.[1] ?? '';
    const path = `${directory}/by-hand.qcow2`;
    const backing = ['-b', base, '-F', 'qcow2', path];
    await stage.host.run('qemu-img', ['create', '-f', 'qcow2', ...backing]);
    const definition = await virsh('dumpxml', '--inactive', guest.name);
    const edited = definition.replace(/<source file='[^']*\.beyond'/, `<source file='${path}'`);
    await writeFile(`${stage.host.paths.imagesDir}/edited.xml`, edited);
    await virsh('define', `${stage.host.paths.imagesDir}/edited.xml`);
    await virsh('start', guest.name);
    await ticksOn(stage, 2);
    expect((await stage.picture()).disks).toEqual([path, path]);
  }, 240_000);
});

describeLab('a revert by libvirt 11.3', () => {
  const stage = useRevertLab('revert11', 'hostC');

  test('to an external snapshot with memory: the count is that of the snapshot', async () => {
    const { guest, virsh } = stage;
    const memory = `${directory}/then.memory,snapshot=external`;
    const disk = `vda,file=${directory}/guest.then`;
    await virsh('snapshot-create-as', guest.name, 'then', '--memspec', memory, '--diskspec', disk);
    const was = (await lastTick(guest.serial)) ?? 0;
    await ticksOn(stage, 8);
    const fromLine = await lastLine(stage);
    const before = await stage.picture();
    const output = await stage.revert({ input: { name: 'then' } });
    await expectReverted(stage, output, { fromLine, was });
    const after = await stage.picture();
    // One overlay in the place of the other, which the guest has left behind.
    expect(after.files).toHaveLength(before.files.length);
    expect(after.disks[0]).not.toBe(before.disks[0]);
    expect(after).toMatchObject({ tree: before.tree, current: 'then' });
  }, 240_000);

  test('whose memory file is broken brings the guest back to its own overlay', async () => {
    await ticksOn(stage, 4);
    const fromLine = await lastLine(stage);
    const kept = (await lastTick(stage.guest.serial)) ?? 0;
    const before = await stage.picture();
    const file = `${directory}/then.memory`;
    await stage.host.run('cp', [file, '/var/lib/libvirt/then.memory']);
    await stage.host.run('truncate', ['-s', '20M', file]);
    const output = await stage.revert({ input: { name: 'then' } });
    stage.note('reverting', 'memory file cut off', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', artefacts: [], keptAs: null });
    await expectBack(stage, fromLine, kept);
    expect(await stage.picture()).toEqual(before);
    await stage.host.run('cp', ['/var/lib/libvirt/then.memory', file]);
  }, 240_000);

  test.each([
    ['its QEMU has ended', untilReverting],
    ['another QEMU has begun on a new overlay', untilStarting],
  ])(
    'that libvirtd does not outlive brings the guest back: %s',
    async (when, until) => {
      await ticksOn(stage, 4);
      const fromLine = await lastLine(stage);
      const kept = (await lastTick(stage.guest.serial)) ?? 0;
      const before = await stage.picture();
      const output = await stage.revert({
        input: { name: 'then' },
        onState: async (state) => {
          if (!state.endsWith('reverting')) return;
          await until(stage);
          await stage.host.kill();
          await stage.host.start();
        },
      });
      stage.note('reverting', `libvirtd killed when ${when}`, output);
      expect(output).toMatchObject({ outcome: 'rolledBack', artefacts: [], keptAs: null });
      await expectBack(stage, fromLine, kept);
      expect(await stage.picture()).toEqual(before);
    },
    240_000,
  );

  test('of what is shut off lets it be shut off, on a new overlay', async () => {
    const { guest, virsh } = stage;
    await virsh('destroy', guest.name);
    const disk = `vda,file=${directory}/guest.off`;
    await virsh('snapshot-create-as', guest.name, 'off', '--disk-only', '--diskspec', disk);
    const before = await stage.picture();
    const output = await stage.revert({ input: { name: 'off' } });
    expect(output).toMatchObject({ outcome: 'completed', state: 'shutoff', artefacts: [] });
    const after = await stage.picture();
    expect(after).toMatchObject({ tree: before.tree, current: 'off', state: 'shut off' });
    expect(after.files).toHaveLength(before.files.length);
    expect(after.disks[1]).not.toBe(before.disks[1]);
  }, 240_000);
});
