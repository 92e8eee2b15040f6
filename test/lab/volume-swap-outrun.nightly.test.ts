import { afterEach, expect, test } from 'vitest';

import type { DiskImage } from '../../src/ports/disk-source.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import { expectOn, fileImage, recoverGuest, serveNbd, useSwapLab } from '../support/lab-swap.ts';
import type { SwapRequest } from '../support/lab-swap.ts';
import { describeLab } from '../support/needs.ts';

const stallMs = 8_000;

describeLab('a guest that writes faster than it is copied', () => {
  // Nothing on the disk but what the guest itself writes there.
  const stage = useSwapLab('swap-outrun', { fill: undefined });

  afterEach(async () => {
    await stage.host.clearLink();
    await recoverGuest(stage);
  });

  /** The guest writes some blocks with each tick: more than goes through so thin a cable. */
  async function thinDestination(): Promise<DiskImage> {
    const { to } = await serveNbd(stage, 'tcp', stage.lab.host('hostB'));
    await stage.host.setRate('2mbit');
    return to;
  }

  const swap = async ({ input, ...way }: SwapRequest) =>
    stage.swap(await thinDestination(), {
      order: { create: false },
      input: { stallMs, ...input },
      ...way,
    });

  test('is seen, and from then on its writes wait for both volumes', async () => {
    const begun: unknown[] = [];
    const output = await swap({
      through: hooked({
        copyBlock: (call, [, , , options]) => {
          begun.push(options);
          return call();
        },
      }),
    });
    stage.note('copying.awaitingReady', 'outrun, then writes to both', output);
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(begun).toMatchObject([{ synchronousWrites: false }, { synchronousWrites: true }]);
    await stage.host.clearLink();
    await stage.powerCycle();
    await expectOn(stage, 'vol');
    const back = await stage.swap(fileImage('back.qcow2'));
    expect(back).toMatchObject({ outcome: 'completed', failure: null });
  }, 240_000);

  test('is left where it is, where its writes cannot be held', async () => {
    const [before] = await stage.places();
    const output = await swap({
      // As a host would be that does not know writes to both volumes.
      through: hooked({
        inspectHost: async (call) => ({ ...((await call()) as object), libvirtVersion: 7_000_000 }),
      }),
    });
    stage.note('copying.awaitingReady', 'outrun, on an older libvirt', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'stalled' } });
    expect(output).toMatchObject({ swapped: [], artefacts: [] });
    await expectOn(stage, before ?? '');
  }, 240_000);

  test('is left where it is when the time is up', async () => {
    const [before] = await stage.places();
    const output = await swap({ input: { stallMs: 60_000, timeoutMs: 10_000 } });
    stage.note('copying.awaitingReady', 'the time is up', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'timedOut' } });
    expect(output).toMatchObject({ swapped: [], artefacts: [] });
    await expectOn(stage, before ?? '');
  }, 120_000);
});
