import { expect, test } from 'vitest';

import type { ManagedSaveOutput } from '../../machines/index.ts';
import type { SavingStage } from '../support/lab-saving.ts';
import { untilQemuRuns } from '../support/lab-runs.ts';
import { expectUnharmed, savedFile, untilSaving, useSavingLab } from '../support/lab-saving.ts';
import { describeLab } from '../support/needs.ts';

/** Whatever came of a save or a start, the guest runs then, and nothing of it is left. */
async function expectBack(stage: SavingStage, { guest }: ManagedSaveOutput): Promise<void> {
  if (guest === 'shutOff') {
    const started = await stage.run({ action: 'start' }).end();
    expect(started).toMatchObject({ outcome: 'completed', guest: 'running' });
  }
  await expectUnharmed(stage);
}

describeLab('a guest of libvirt 9.0', () => {
  const stage = useSavingLab('saving-crashes');

  test.each(['gathering', 'claiming', 'saving.writing', 'noting.writing', 'releasing.asking'])(
    'is saved or runs when our process dies in %s',
    async (state) => {
      const output = await stage.killedIn(state, { action: 'save' });
      stage.note(state, 'our process dies', output);
      expect(['completed', 'rolledBack']).toContain(output.outcome);
      await expectBack(stage, output);
    },
    90_000,
  );

  test.each(['claiming', 'goingOn', 'looking.asking', 'releasing.asking'])(
    'goes on when our process dies in %s',
    async (state) => {
      await stage.run({ action: 'save' }).end();
      const output = await stage.killedIn(state, { action: 'start' });
      stage.note(state, 'our process dies', output);
      expect(['completed', 'rolledBack']).toContain(output.outcome);
      await expectBack(stage, output);
    },
    90_000,
  );

  test('keeps its memory when libvirtd is killed while it is noted', async () => {
    const run = stage.run({ action: 'save' });
    await run.entered('noting.writing');
    await stage.host.kill();
    await stage.host.start();
    const output = await run.end();
    stage.note('noting', 'libvirtd is killed', output);
    expect(output).toMatchObject({ outcome: 'completed', guest: 'shutOff', noted: true });
    await expectBack(stage, output);
  }, 90_000);

  test('may be started again when libvirtd is killed while it goes on', async () => {
    await stage.run({ action: 'save' }).end();
    const run = stage.run({ action: 'start' });
    await run.entered('goingOn');
    await untilQemuRuns(stage);
    await stage.host.kill();
    await stage.host.start();
    const output = await run.end();
    stage.note('goingOn', 'libvirtd is killed', output);
    expect(['completed', 'rolledBack']).toContain(output.outcome);
    await expectBack(stage, output);
  }, 90_000);
});

describeLab('a guest of libvirt 11.3', () => {
  const stage = useSavingLab('saving-newer', 'hostC', { dirtyMiBPerS: 40, dirtyMiB: 120 });

  test('is saved and goes on', async () => {
    const saved = await stage.run({ action: 'save' }).end();
    expect(saved).toMatchObject({ outcome: 'completed', guest: 'shutOff', noted: true });
    await expectBack(stage, saved);
  }, 90_000);

  test('runs on when its save is called off', async () => {
    await stage.host.start({ qemu: { save_image_format: 'gzip' } });
    const run = stage.run({ action: 'save' });
    await untilSaving(stage);
    expect(run.abort()).toBe(true);
    const output = await run.end();
    stage.note('saving', 'abort, on 11.3', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'abortRequested' } });
    await expectUnharmed(stage);
  }, 90_000);

  test('runs on when libvirtd is killed while it is saved', async () => {
    const run = stage.run({ action: 'save' });
    await untilSaving(stage);
    await stage.host.kill();
    await stage.host.start();
    const output = await run.end();
    stage.note('saving', 'libvirtd is killed, on 11.3', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', guest: 'running', artefacts: [] });
    await expectUnharmed(stage);
  }, 90_000);

  test('that nobody has defined is nowhere but in its file, and comes back transient', async () => {
    const { guest, host } = stage;
    await host.start({});
    await host.virsh(['undefine', guest.name]);
    const saved = await stage.run({ action: 'saveTo', file: savedFile }).end();
    expect(saved).toMatchObject({ outcome: 'completed', guest: 'gone' });
    const none = await stage.run({ action: 'save' }).end();
    expect(none).toMatchObject({ outcome: 'refused', failure: { code: 'domainExists' } });
    const back = await stage.run({ action: 'restore', file: savedFile }).end();
    expect(back).toMatchObject({ outcome: 'completed', guest: 'running', artefacts: [] });
    const { domains } = await host.listing();
    expect(domains).toMatchObject([{ state: 'running', persistent: false }]);
    expect(await host.virsh(['dumpxml', guest.name])).not.toMatch(/urn:virtstate/);
  }, 90_000);
});
