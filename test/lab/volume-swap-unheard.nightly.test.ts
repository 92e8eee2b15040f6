import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';

import { FailureError } from '../../src/ports/failure.ts';
import type { Hypervisors } from '../../src/ports/hypervisor.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import { expectOn, fileImage, recoverGuest, useSwapLab, volumes } from '../support/lab-swap.ts';
import { describeLab } from '../support/needs.ts';

const cutOff = () =>
  new FailureError({ code: 'connectionLost', message: 'the reply is lost', effect: 'unknown' });

describeLab('a copy that begins when whoever asked for it is gone', () => {
  const stage = useSwapLab('swap-unheard');

  afterEach(() => recoverGuest(stage));

  /** The guest's QEMU says nothing for so long, and with it the daemon says nothing to who began the copy. */
  function heldFor(standstillMs: number) {
    const held = { began: null as Promise<unknown> | null };
    const through: (plain: Hypervisors) => Hypervisors = hooked({
      copyBlock: async (call) => {
        if (held.began !== null) return call();
        await stage.host.signalQemu(stage.guest.name, 'SIGSTOP');
        held.began = call();
        void sleep(standstillMs).then(() => stage.host.signalQemu(stage.guest.name, 'SIGCONT'));
        // The daemon has it, and waits for QEMU.
        await sleep(500);
        throw cutOff();
      },
    });
    return { held, through };
  }

  const prepared = async (name: string) => {
    const { host } = stage;
    await host.run('qemu-img', ['create', '-q', '-f', 'qcow2', `${volumes}/${name}`, '64M']);
    return fileImage(name);
  };

  test('after a moment becomes the disk', async () => {
    const { held, through } = heldFor(1_500);
    const output = await stage.swap(await prepared('late.qcow2'), {
      order: { create: false },
      through,
    });
    stage.note('copying.beginning', 'heard late', output);
    await held.began;
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await expectOn(stage, `${volumes}/late.qcow2`);
  }, 60_000);

  test('long after nobody expects it is dropped all the same', async () => {
    const [before] = await stage.places();
    const { held, through } = heldFor(8_000);
    const output = await stage.swap(await prepared('dropped.qcow2'), {
      order: { create: false },
      through,
    });
    stage.note('copying.beginning', 'heard very late', output);
    await held.began;
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'copyLost' } });
    expect(output).toMatchObject({ artefacts: [], swapped: [] });
    await expectOn(stage, before ?? '');
  }, 60_000);

  test('is dropped where the swap was called off meanwhile', async () => {
    const [before] = await stage.places();
    const { held, through } = heldFor(3_000);
    const output = await stage.swap(await prepared('called-off.qcow2'), {
      order: { create: false },
      through,
      onState: (state, abort) => {
        if (state.endsWith('.hearing')) abort();
      },
    });
    stage.note('copying.beginning', 'heard late, and aborted', output);
    await held.began;
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'abortRequested' } });
    expect(output).toMatchObject({ artefacts: [], swapped: [] });
    await expectOn(stage, before ?? '');
  }, 60_000);
});
