import { afterEach, expect, test } from 'vitest';

import { lastTick, waitForTick } from '../../lab/index.ts';
import type { ColdSnapshotOutput } from '../../machines/index.ts';
import type { ColdStage } from '../support/lab-cold.ts';
import { coldDirectory, expectUnharmed, useColdLab } from '../support/lab-cold.ts';
import { untilQemuRuns } from '../support/lab-runs.ts';
import { describeLab } from '../support/needs.ts';

const caseTimeoutMs = 300_000;

/** States in which a run rests, in the order in which it comes through them. */
const alike = ['detaching.asking', 'detaching.looking', 'asking.writing'];
const restsIn = {
  plain: [
    ...alike,
    'copying.converting',
    'copying.naming',
    'returning.starting',
    'returning.attaching',
  ],
  short: [
    ...alike,
    'laying.making',
    'laying.configuring',
    'laying.pointing',
    'returning.starting',
    'returning.attaching',
    'copying.converting',
    'returning.committing',
    'returning.patience',
    'returning.pivoting',
    'cleaning.removing',
  ],
} as const;

/** Whatever struck it: there is a whole image or none, and the guest knows nothing of it. */
async function expectSafe(
  stage: ColdStage,
  { failure, outcome }: ColdSnapshotOutput,
): Promise<void> {
  expect(['completed', 'rolledBack'], JSON.stringify(failure)).toContain(outcome);
  if (outcome === 'completed') await stage.host.run('rm', [`${coldDirectory}/image.qcow2`]);
  await expectUnharmed(stage);
}

describeLab('a cold snapshot in the midst of which somebody dies', () => {
  const stage = useColdLab('cold-deaths');
  afterEach(() => stage.host.run('rm', ['-f', `${coldDirectory}/image.qcow2`]));

  for (const order of ['plain', 'short'] as const)
    for (const state of restsIn[order]) {
      test(
        `our process, ${order}, in ${state}`,
        async () => {
          const input = { shortOutage: order === 'short', detach: await stage.aliases() };
          const output = await stage.snapshot({ input, dieIn: state });
          stage.note(`${order} ${state}`, 'our process dies', output);
          await expectSafe(stage, output);
        },
        caseTimeoutMs,
      );

      test(
        `libvirtd, ${order}, in ${state}`,
        async () => {
          const { host } = stage;
          const input = { shortOutage: order === 'short', detach: await stage.aliases() };
          let struck = false;
          const output = await stage.snapshot({
            input,
            onState: async (entered) => {
              if (struck || !entered.endsWith(state)) return;
              struck = true;
              if (state === 'returning.starting') await untilQemuRuns(stage);
              await host.kill();
              await host.start();
            },
          });
          expect(struck).toBe(true);
          stage.note(`${order} ${state}`, 'SIGKILL of libvirtd', output);
          await expectSafe(stage, output);
        },
        caseTimeoutMs,
      );
    }
});

describeLab('a guest that ends while it runs on its overlay', () => {
  const stage = useColdLab('cold-ends');

  test.each(['copying.converting', 'returning.committing'])(
    'in %s, has every tick on its base afterwards',
    async (state) => {
      const { guest, host } = stage;
      let last = 0;
      const output = await stage.snapshot({
        input: { shortOutage: true },
        onState: async (entered) => {
          if (last > 0 || !entered.endsWith(state)) return;
          last = ((await lastTick(guest.serial)) ?? 0) + 1;
          await waitForTick(guest.serial, last, { timeoutMs: 60_000 });
          await host.virsh(['destroy', guest.name]);
        },
      });
      stage.note(state, 'the guest is destroyed', output);
      expect(output.outcome).toBe('completed');
      await host.run('rm', [`${coldDirectory}/image.qcow2`]);
      await host.virsh(['start', guest.name], { timeoutMs: 60_000 });
      const next = await waitForTick(guest.serial, last, { timeoutMs: 120_000 });
      expect(next.n).toBeGreaterThan(last);
      const definition = await host.virsh(['dumpxml', guest.name]);
      expect(definition).toContain(`<source file='${guest.disk}'`);
      expect((await stage.files()).images).toEqual([]);
    },
    caseTimeoutMs,
  );
});
