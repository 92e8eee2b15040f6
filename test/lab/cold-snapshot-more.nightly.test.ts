import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, expect, test } from 'vitest';

import { lastTick, waitForTick } from '../../lab/index.ts';
import { coldDirectory, expectUnharmed, useColdLab } from '../support/lab-cold.ts';
import { expectTicking } from '../support/lab-runs.ts';
import { slowly } from '../support/lab-saving.ts';
import { describeLab } from '../support/needs.ts';
import { tickOnImage } from '../support/second-guest.ts';

describeLab('a cold snapshot that ends in its save', () => {
  const stage = useColdLab('cold-more');
  beforeEach(() => stage.host.start(slowly), 60_000);

  const untilSaving = async (): Promise<void> => {
    const { guest, host } = stage;
    while ((await host.migrationTruth(guest.name))?.asyncJob !== 'save') await sleep(10);
  };

  test.each([
    ['while its memory is written', untilSaving],
    ['as soon as that is asked for', () => Promise.resolve()],
  ])(
    'aborted %s, puts everything back',
    async (when, until) => {
      const output = await stage.snapshot({
        input: { detach: await stage.aliases() },
        onState: async (state, abort) => {
          if (!state.endsWith('saving.asking.writing')) return;
          await until();
          abort();
        },
      });
      stage.note('saving.asking.writing', `abort ${when}`, output);
      expect(output).toMatchObject({
        outcome: 'rolledBack',
        failure: { code: 'abortRequested' },
        images: [],
        artefacts: [],
      });
      await expectUnharmed(stage);
    },
    240_000,
  );

  test('since the guest was destroyed, says so', async () => {
    const { guest, host } = stage;
    const output = await stage.snapshot({
      onState: async (state) => {
        if (!state.endsWith('saving.asking.writing')) return;
        await untilSaving();
        await host.virsh(['destroy', guest.name]);
      },
    });
    stage.note('saving.asking.writing', 'the guest is destroyed', output);
    expect(output).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'guestEnded' },
      images: [],
      artefacts: [],
    });
    const last = (await lastTick(guest.serial)) ?? 0;
    await host.virsh(['start', guest.name]);
    await waitForTick(guest.serial, last + 1, { timeoutMs: 60_000 });
  }, 240_000);
});

describeLab('a cold snapshot of a chain three deep', () => {
  const stage = useColdLab('cold-chain');

  test.each([
    ['in the plain order', false],
    ['with a short outage', true],
  ])(
    'is one image that boots, %s',
    async (_, shortOutage) => {
      const { guest, host, lab } = stage;
      for (const name of ['one', 'two'])
        await host.virsh([
          'snapshot-create-as',
          guest.name,
          `${name}-${String(shortOutage)}`,
          '--disk-only',
          '--no-metadata',
        ]);
      const before = (await lastTick(guest.serial)) ?? 0;
      const top =
        /<source file='([^']*)'/.exec(await host.virsh(['dumpxml', guest.name]))?.[1] ?? '';
      const output = await stage.snapshot({ input: { shortOutage } });
      // The guest has it on the disk before it says so.
      const after = ((await lastTick(guest.serial)) ?? 0) + 1;
      expect(output).toMatchObject({ outcome: 'completed', failure: null });
      const path = `${coldDirectory}/image.qcow2`;
      expect(await host.run('qemu-img', ['info', path])).not.toContain('backing file');
      const number = await tickOnImage(lab, host, guest, { path, format: 'qcow2' });
      expect(number).toBeGreaterThanOrEqual(before);
      expect(number).toBeLessThanOrEqual(after);
      await host.run('rm', [path]);
      for (const view of [[], ['--inactive']])
        expect(await host.virsh(['dumpxml', ...view, guest.name])).toContain(`file='${top}'`);
      await expectTicking(stage);
    },
    240_000,
  );
});
