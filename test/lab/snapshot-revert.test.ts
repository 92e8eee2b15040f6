import { expect, test } from 'vitest';

import { lastTick } from '../../lab/index.ts';
import {
  expectReverted,
  lastLine,
  stepsBack,
  ticksOn,
  untilReverting,
  useRevertLab,
} from '../support/lab-revert.ts';
import { describeLab } from '../support/needs.ts';

const unending = new AbortController().signal;

describeLab('a revert by libvirt 9.0', () => {
  const stage = useRevertLab('revert', 'hostA');

  test('to an internal snapshot: the count is that of the snapshot', async () => {
    const { guest, virsh } = stage;
    await virsh('snapshot-create-as', guest.name, 'then');
    const was = (await lastTick(guest.serial)) ?? 0;
    await ticksOn(stage, 8);
    const fromLine = await lastLine(stage);
    const before = await stage.picture();
    const output = await stage.revert({ input: { name: 'then' } });
    expect(output.outageMs).toBeGreaterThan(0);
    await expectReverted(stage, output, { fromLine, was });
    expect(await stage.picture()).toEqual(before);
  }, 120_000);

  test('that fails midway brings the guest back, with every tick', async () => {
    const { guest, host, hypervisors } = stage;
    // libvirt has it on its books, and no disk has it: its QEMU does not start.
    const hand = await hypervisors.open(host.uri, unending);
    const known = await hand.snapshotXml(guest.uuid, 'then', unending);
    const ghost = known.replace('<name>then</name>', '<name>ghost</name>');
    await hand.redefineSnapshot(guest.uuid, ghost, { current: false }, unending);
    const kept = (await lastTick(guest.serial)) ?? 0;
    const before = await stage.picture();
    const fromLine = await lastLine(stage);
    const output = await stage.revert({ input: { name: 'ghost' } });
    stage.note('reverting', 'snapshot not in the disk', output);
    expect(output).toMatchObject({
      outcome: 'rolledBack',
      reverted: false,
      failure: { libvirt: { code: 1 } },
      artefacts: [],
      keptAs: null,
    });
    await ticksOn(stage, 2);
    // What it ticked after its state was kept, it ticks again.
    for (const back of await stepsBack(stage, fromLine)) expect(back).toBeGreaterThan(kept);
    expect(await stage.picture()).toEqual(before);
  }, 120_000);

  test('in which our process dies is ended by another one', async () => {
    const before = await stage.picture();
    const fromLine = await lastLine(stage);
    const output = await stage.revert({
      input: { name: 'then' },
      dieIn: 'reverting',
      dieOnce: () => untilReverting(stage),
    });
    stage.note('reverting', 'process killed', output);
    // libvirt goes on without us.
    expect(output).toMatchObject({ outcome: 'completed', artefacts: [], keptAs: null });
    await ticksOn(stage, 2);
    expect(await stepsBack(stage, fromLine)).toHaveLength(1);
    expect(await stage.picture()).toEqual(before);
  }, 120_000);
});
