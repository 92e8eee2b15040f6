import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';

import { hooked } from '../support/hooked-hypervisors.ts';
import { expectOn, fileImage, recoverGuest, useSwapLab, volumes } from '../support/lab-swap.ts';
import type { SwapRequest } from '../support/lab-swap.ts';
import { describeLab } from '../support/needs.ts';

/** Every state that waits for somebody, on the way to the end of a swap with all its steps. */
const states = [
  'looking.asking',
  'making.creating',
  'copying.beginning',
  'awaitingReady.waiting',
  'awaitingReady.confirming',
  'pivoting.asking',
  'persisting.asking',
  'resizing.asking',
  'removing.unlinking',
  'releasing.asking',
] as const;

/** A disk of 64 MiB, a little larger each time. */
let sizeBytes = 2 ** 26;

describeLab('a swap, and one who dies on the way', () => {
  const stage = useSwapLab('swap-crashes');
  let count = 0;

  afterEach(() => recoverGuest(stage));

  /** The guest is where the outcome says, and nothing of the other volume is left but what was told. */
  const swapAnd = async (where: string, victim: string, way: SwapRequest): Promise<void> => {
    const [before] = await stage.places();
    const name = `disk-${(count += 1)}.qcow2`;
    sizeBytes += 2 ** 20;
    const output = await stage.swap(fileImage(name), {
      input: { oldVolume: 'delete', bandwidthMibPerS: 32 },
      order: { resizeBytes: sizeBytes },
      ...way,
    });
    stage.note(where, `${victim} is killed`, output);
    const { failure, outcome } = output;
    if (outcome === 'needsOperator') {
      // From the look that confirms a copy to its pivot it takes less time than to kill a daemon.
      expect(where).toMatch(/^(awaitingReady\.confirming|pivoting\.asking)$/);
      expect(failure?.code).toMatch(/^(guestUnseen|volumeUnknown)$/);
      // Unseen: libvirt does not know where it is, and the definition does.
      if (failure?.code === 'guestUnseen') expect(await stage.definition()).toContain(name);
      expect(await stage.host.qemuProcesses()).toContain(stage.guest.name);
      const files = (await stage.files()).map((file) => `${volumes}/${file}`);
      expect(files).toEqual(expect.arrayContaining([before, `${volumes}/${name}`]));
      return;
    }
    const isThere = outcome === 'completed';
    expect({ outcome, failure }).toMatchObject(
      isThere ? { failure: null } : { outcome: 'rolledBack', failure: { effect: 'none' } },
    );
    await expectOn(stage, isThere ? `${volumes}/${name}` : (before ?? ''));
    const files = await stage.files();
    expect(files.includes(name)).toBe(isThere);
    expect(files.map((file) => `${volumes}/${file}`).includes(before ?? '')).toBe(!isThere);
    if (!isThere) sizeBytes -= 2 ** 20;
  };

  test.each(states)(
    'libvirtd in %s',
    async (state) => {
      const { host } = stage;
      let isKilled = false;
      await swapAnd(state, 'libvirtd', {
        onState: async (entered) => {
          if (isKilled || !entered.endsWith(state)) return;
          isKilled = true;
          await host.kill();
          await host.start();
        },
      });
      expect(isKilled).toBe(true);
    },
    180_000,
  );

  // A pivot takes some 10 ms, and leaves different things behind at each of them.
  test.each([0, 2, 4, 6, 8, 10, 15, 20])(
    'libvirtd, %i ms into the pivot',
    async (delayMs) => {
      const { host } = stage;
      let ended: Promise<void> | null = null;
      const killAndStart = async (): Promise<void> => {
        await sleep(delayMs);
        await host.kill();
        await host.start();
      };
      await swapAnd('pivoting.asking', 'libvirtd', {
        through: hooked({
          endBlockJob: (call) => {
            ended ??= killAndStart();
            return call();
          },
        }),
        // The run may be over before the daemon is back.
        onState: () => ended ?? undefined,
      });
      expect(ended).not.toBeNull();
    },
    180_000,
  );

  test.each(states)(
    'our process in %s',
    async (state) => {
      await swapAnd(state, 'our process', { dieIn: state });
    },
    180_000,
  );

  const waiting = { oldVolume: 'confirm' } as const;

  test.each(['confirm', 'undo'] as const)(
    'our process, while it waits for a word, which another one is given: %s',
    async (said) => {
      const [before] = await stage.places();
      const output = await stage.swap(fileImage(`${said}.qcow2`), {
        input: waiting,
        dieIn: 'awaitingConfirmation',
        word: { type: `${said}.requested` },
      });
      stage.note('awaitingConfirmation', `our process is killed, then ${said}`, output);
      const isKept = said === 'confirm';
      expect(output.outcome).toBe(isKept ? 'completed' : 'rolledBack');
      expect((await stage.files()).includes(`${said}.qcow2`)).toBe(isKept);
      await expectOn(stage, isKept ? `${volumes}/${said}.qcow2` : (before ?? ''));
    },
    120_000,
  );

  test('libvirtd, while it waits for a word, and again on the way back', async () => {
    const { host } = stage;
    const [before] = await stage.places();
    let kills = 0;
    const killAndStart = async (): Promise<void> => {
      kills += 1;
      await host.kill();
      await host.start();
    };
    const output = await stage.swap(fileImage('back.qcow2'), {
      input: { ...waiting, bandwidthMibPerS: 32 },
      onState: async (state, _, send) => {
        if (state === 'awaitingConfirmation') {
          await killAndStart();
          send({ type: 'undo.requested' });
        }
        if (kills === 1 && state.endsWith('awaitingReady.waiting')) await killAndStart();
      },
    });
    stage.note('awaitingConfirmation', 'libvirtd is killed, undone, killed again', output);
    expect(kills).toBe(2);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'undone' } });
    expect(await stage.files()).not.toContain('back.qcow2');
    await expectOn(stage, before ?? '');
  }, 120_000);

  test.each([
    { call: 'copyBlock', when: 'after' },
    { call: 'endBlockJob', when: 'after' },
    { call: 'changeDiskImage', when: 'after' },
    { call: 'resizeBlock', when: 'after' },
  ] as const)(
    'our process, once $call has been done',
    async (moment) => {
      await swapAnd(moment.call, 'our process', { dieIn: moment });
    },
    180_000,
  );
});
