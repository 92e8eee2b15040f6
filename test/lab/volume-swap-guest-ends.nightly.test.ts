import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';

import { lastTick } from '../../lab/index.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import {
  expectOn,
  fileImage,
  onceIn,
  recoverGuest,
  slowly,
  useSwapLab,
  volumes,
} from '../support/lab-swap.ts';
import type { SwapRequest } from '../support/lab-swap.ts';
import { describeLab } from '../support/needs.ts';
import { tickOnImage } from '../support/second-guest.ts';

describeLab('a guest that ends under its swap', () => {
  const stage = useSwapLab('swap-ends', { agent: 'present', control: 'present' });
  let count = 0;

  afterEach(() => recoverGuest(stage));

  const swapAnd = async (where: string, how: string, way: SwapRequest) => {
    const [before] = await stage.places();
    const name = `ends-${(count += 1)}.qcow2`;
    const output = await stage.swap(fileImage(name), { input: slowly, ...way });
    stage.note(where, how, output);
    return { before: before ?? '', name, output };
  };

  const expectOldVolume = async ({ before, name, output }: Awaited<ReturnType<typeof swapAnd>>) => {
    expect(output).toMatchObject({ outcome: 'rolledBack', artefacts: [], swapped: [] });
    expect(output.failure?.code).toBe('guestStopped');
    expect(await stage.host.virsh(['domstate', stage.guest.name])).toMatch(/^shut off/);
    expect(await stage.places()).toEqual([before, before]);
    expect(await stage.files()).not.toContain(name);
    await stage.switchOn();
    await expectOn(stage, before);
  };

  test('by a shutdown from inside, while it is copied', async () => {
    const ended = await swapAnd('copying.awaitingReady', 'shut down from inside', {
      ...onceIn('awaitingReady.waiting', () =>
        stage.lab.tellGuest(stage.guest.name, { kind: 'poweroff' }),
      ),
    });
    await expectOldVolume(ended);
  }, 120_000);

  test('by a crash, while it is copied', async () => {
    const ended = await swapAnd('copying.awaitingReady', 'QEMU is killed', {
      ...onceIn('awaitingReady.waiting', stage.killQemu),
    });
    await expectOldVolume(ended);
  }, 120_000);

  test('by a crash, when the copy is in step and nobody has asked for the pivot', async () => {
    let isKilled = false;
    const ended = await swapAnd('pivoting.asking', 'QEMU is killed before it is asked', {
      input: {},
      through: hooked({
        endBlockJob: async (call) => {
          if (!isKilled) await stage.killQemu();
          isKilled = true;
          // Before libvirt has noticed, it asks a QEMU that is gone, and nobody knows what that one did.
          const state = () => stage.host.virsh(['domstate', stage.guest.name]);
          await expect.poll(state, { timeout: 30_000 }).toMatch(/^shut off/);
          return call();
        },
      }),
    });
    expect(isKilled).toBe(true);
    await expectOldVolume(ended);
  }, 120_000);

  test.each([0, 2, 5, 10])(
    'by a crash %i ms into the pivot: no volume is taken for the true one that is not',
    async (delayMs) => {
      let killed: Promise<void> | null = null;
      const { before, name, output } = await swapAnd(
        'pivoting.asking',
        `QEMU is killed, ${delayMs} ms into the pivot`,
        {
          input: {},
          through: hooked({
            endBlockJob: (call) => {
              killed ??= sleep(delayMs).then(() => stage.killQemu());
              return call();
            },
          }),
          onState: () => killed ?? undefined,
        },
      );
      expect(killed).not.toBeNull();
      const last = (await lastTick(stage.guest.serial)) ?? 0;
      const there = `${volumes}/${name}`;
      if (output.outcome === 'needsOperator') {
        expect(output.failure).toMatchObject({ code: 'volumeUnknown', effect: 'unknown' });
        // Both stand; and whoever compares them as told finds the true one.
        const { guest, host, lab } = stage;
        const numbers = [];
        for (const path of [before, there])
          numbers.push(await tickOnImage(lab, host, guest, { path, format: 'qcow2' }));
        expect([last, last + 1]).toContain(Math.max(...numbers));
        return;
      }
      const isThere = output.outcome === 'completed';
      if (!isThere) expect(output).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
      expect((await stage.files()).includes(name)).toBe(isThere);
      const place = isThere ? there : before;
      expect((await stage.places())[1]).toBe(place);
      // It may have been killed behind the run.
      await stage.switchOn();
      await expectOn(stage, place);
    },
    120_000,
  );
});
