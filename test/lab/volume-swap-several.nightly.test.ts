import { afterEach, expect, test } from 'vitest';

import { hooked } from '../support/hooked-hypervisors.ts';
import {
  expectOn,
  fileImage,
  onceIn,
  recoverGuest,
  useSwapLab,
  volumes,
} from '../support/lab-swap.ts';
import type { SwapRequest } from '../support/lab-swap.ts';
import { describeLab } from '../support/needs.ts';

const disks = ['vda', 'vdb'] as const;
type Dev = (typeof disks)[number];

describeLab('two disks in one swap', () => {
  const stage = useSwapLab('swap-several', { extraDisk: '16M' });
  let count = 0;

  afterEach(() => recoverGuest(stage));

  /** Of each disk: what runs, and what the next start takes. */
  const placesOf = async (dev: Dev): Promise<(string | undefined)[]> => {
    const asked = [[], ['--inactive']].map((flags) =>
      stage.host.virsh(['domblklist', stage.guest.name, ...flags]),
    );
    return (await Promise.all(asked)).map(
      (list) => new RegExp(`^ *${dev} +(\\S.*)$`, 'm').exec(list)?.[1],
    );
  };

  async function swapAnd(how: string, way: SwapRequest) {
    const before = { vda: (await placesOf('vda'))[0], vdb: (await placesOf('vdb'))[0] };
    count += 1;
    const nameOf = (dev: Dev): string => `two-${count}-${dev}.qcow2`;
    const orders = disks.map((targetDev) => ({
      targetDev,
      to: fileImage(nameOf(targetDev)),
      create: true,
      resizeBytes: null,
    }));
    const output = await stage.swap(fileImage('unused'), {
      ...way,
      input: { disks: orders, ...way.input },
    });
    stage.note('pivoting.asking', `${how}, two disks`, output);
    const there = { vda: `${volumes}/${nameOf('vda')}`, vdb: `${volumes}/${nameOf('vdb')}` };
    const expectThere = async (swapped: readonly Dev[]): Promise<void> => {
      expect(output.swapped.map(({ targetDev }) => targetDev)).toEqual(swapped);
      const at = (dev: Dev) => (swapped.includes(dev) ? there[dev] : before[dev]);
      for (const dev of disks) expect(await placesOf(dev)).toEqual([at(dev), at(dev)]);
      const files = await stage.files();
      for (const dev of disks) expect(files.includes(nameOf(dev))).toBe(swapped.includes(dev));
      await stage.powerCycle();
      await expectOn(stage, at('vda') ?? '');
    };
    return { output, expectThere };
  }

  test.each([
    ['before the first pivot', 'before', 1],
    ['between the pivots, once the first was done', 'after', 1],
    ['between the pivots, before the second was asked for', 'before', 2],
    ['once both were done', 'after', 2],
  ] as const)(
    'have both their new volumes where our process dies %s',
    async (how, when, nth) => {
      const dieIn = { call: 'endBlockJob', when, nth } as const;
      const { expectThere, output } = await swapAnd(`our process dies ${how}`, { dieIn });
      expect(output).toMatchObject({ outcome: 'completed', failure: null });
      await expectThere(['vda', 'vdb']);
    },
    120_000,
  );

  test('have both their new volumes where libvirtd is killed between the pivots', async () => {
    const { host } = stage;
    let pivots = 0;
    const { expectThere, output } = await swapAnd('libvirtd is killed between the pivots', {
      through: hooked({
        endBlockJob: async (call) => {
          pivots += 1;
          if (pivots === 2) {
            await host.kill();
            await host.start();
          }
          return call();
        },
      }),
    });
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await expectThere(['vda', 'vdb']);
  }, 120_000);

  test('have what could be done, and say so, where the second copy is lost between the pivots', async () => {
    let pivots = 0;
    const { expectThere, output } = await swapAnd('the second copy is ended', {
      through: hooked({
        endBlockJob: async (call) => {
          pivots += 1;
          if (pivots === 2)
            await stage.host.virsh(['blockjob', stage.guest.name, 'vdb', '--abort']);
          return call();
        },
      }),
    });
    expect(output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'swappedPartly', effect: 'done' },
    });
    await stage.releaseClaims();
    await stage.remove(`two-${count}-vdb.qcow2`);
    await expectThere(['vda']);
  }, 120_000);

  test('keep both their old volumes where one copy is lost before the first pivot', async () => {
    const { expectThere, output } = await swapAnd('the second copy is ended before', {
      input: { bandwidthMibPerS: 8 },
      ...onceIn('awaitingReady.waiting', () =>
        stage.host.virsh(['blockjob', stage.guest.name, 'vdb', '--abort']),
      ),
    });
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'copyLost' } });
    await expectThere([]);
  }, 120_000);

  test('keep both their old volumes where the guest crashes with both in step', async () => {
    let isKilled = false;
    const before = await stage.places();
    const output = await stage.swap(fileImage('unused'), {
      input: {
        disks: disks.map((targetDev) => ({
          targetDev,
          to: fileImage(`crash-${targetDev}.qcow2`),
          create: true,
          resizeBytes: null,
        })),
      },
      through: hooked({
        endBlockJob: async (call) => {
          if (!isKilled) await stage.killQemu();
          isKilled = true;
          // Asked before libvirt has seen that end, nobody could say whether QEMU did it.
          const state = () => stage.host.virsh(['domstate', stage.guest.name]);
          await expect.poll(state, { timeout: 20_000 }).toContain('shut off');
          return call();
        },
      }),
    });
    stage.note('pivoting.asking', 'QEMU is killed, two disks', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'guestStopped' } });
    expect((await stage.files()).join()).not.toContain('crash-');
    await stage.switchOn();
    await expectOn(stage, before[0] ?? '');
  }, 120_000);
});
