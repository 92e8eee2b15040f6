import { expect, test } from 'vitest';

import { lastTick, waitForTick } from '../../lab/index.ts';
import type { ColdStage } from '../support/lab-cold.ts';
import { coldDirectory, expectUnharmed, useColdLab } from '../support/lab-cold.ts';
import { describeLab } from '../support/needs.ts';
import { tickOnImage } from '../support/second-guest.ts';

const path = `${coldDirectory}/image.qcow2`;

/**
 * The image holds what the guest had written when it stood; then it goes. The last tick is written
 * before it is told.
 */
async function expectWritten(stage: ColdStage, from: number, to: number): Promise<number> {
  const { guest, host, lab } = stage;
  const number = await tickOnImage(lab, host, guest, { path, format: 'qcow2' });
  expect(number).toBeGreaterThanOrEqual(from);
  expect(number).toBeLessThanOrEqual(to + 1);
  await host.run('rm', [path]);
  return number;
}

describeLab('a cold snapshot on a host with libvirt 11.3', () => {
  const stage = useColdLab('cold-newer', 'hostC');
  const tick = async (): Promise<number> => (await lastTick(stage.guest.serial)) ?? 0;

  test.each([
    ['in the plain order', false],
    ['with a short outage', true],
  ])(
    'takes three devices out and puts them back, %s',
    async (_, shortOutage) => {
      const before = await tick();
      const output = await stage.snapshot({
        input: { shortOutage, detach: await stage.aliases() },
      });
      const after = await tick();
      expect(output).toMatchObject({ outcome: 'completed', failure: null, lostDevices: [] });
      expect(output.outageMs).toBeGreaterThan(0);
      await expectUnharmed(stage, ['image.qcow2']);
      await expectWritten(stage, before, after);
    },
    240_000,
  );

  test('leaves a paused guest paused', async () => {
    const { guest, host } = stage;
    await host.virsh(['suspend', guest.name]);
    const paused = await tick();
    const output = await stage.snapshot();
    expect(output).toMatchObject({ outcome: 'completed', failure: null, outageMs: null });
    expect((await host.virsh(['domstate', guest.name])).trim()).toBe('paused');
    expect(await tick()).toBe(paused);
    await expectWritten(stage, paused, paused);
    await host.virsh(['resume', guest.name]);
    await expectUnharmed(stage);
  }, 240_000);

  test('of what is shut off lets it be shut off', async () => {
    const { guest, host } = stage;
    await host.virsh(['destroy', guest.name]);
    const last = await tick();
    const output = await stage.snapshot();
    expect(output).toMatchObject({ outcome: 'completed', failure: null, consistency: 'crash' });
    expect((await host.virsh(['domstate', guest.name])).trim()).toBe('shut off');
    const written = await expectWritten(stage, last, last);
    await host.virsh(['start', guest.name], { timeoutMs: 60_000 });
    const next = await waitForTick(guest.serial, last, { timeoutMs: 120_000 });
    expect(next.n).toBe(written + 1);
  }, 240_000);
});
