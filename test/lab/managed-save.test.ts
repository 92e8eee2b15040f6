import { expect, test } from 'vitest';

import {
  expectUnharmed,
  imageDirectory,
  savedFile,
  slowly,
  untilSaving,
  useSavingLab,
} from '../support/lab-saving.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a guest of libvirt 9.0', () => {
  const stage = useSavingLab('saving', 'hostA', { dirtyMiBPerS: 40, dirtyMiB: 24 });

  test('is saved, has no claim in its image, and goes on from it', async () => {
    const { guest, host } = stage;
    const saved = await stage.run({ action: 'save' }).end();
    expect(saved).toMatchObject({
      outcome: 'completed',
      guest: 'shutOff',
      noted: true,
      artefacts: [{ kind: 'memory', path: guest.uuid, status: 'made' }],
    });
    expect(saved.shutOffAtEpochMs).toBeGreaterThanOrEqual(saved.pausedAtEpochMs ?? Infinity);
    expect(await host.virsh(['managedsave-dumpxml', guest.name])).not.toMatch(/virtstate:claim/);
    expect(await host.virsh(['dumpxml', guest.name])).not.toMatch(/virtstate:claim/);
    const again = await stage.run({ action: 'save' }).end();
    expect(again).toMatchObject({ outcome: 'refused', failure: { code: 'isInState' } });
    const started = await stage.run({ action: 'start' }).end();
    expect(started).toMatchObject({ outcome: 'completed', guest: 'running', artefacts: [] });
    expect(started.runsAgainAtEpochMs).toBeGreaterThan(saved.shutOffAtEpochMs ?? Infinity);
    await expectUnharmed(stage);
  }, 60_000);

  test('goes into a file, which nobody overwrites, and comes back as it is wanted', async () => {
    const { guest, host } = stage;
    const saved = await stage.run({ action: 'saveTo', file: savedFile }).end();
    expect(saved).toMatchObject({ outcome: 'completed', guest: 'shutOff', noted: true });
    const restored = await stage
      .run({ action: 'restore', file: savedFile, options: { resumeAs: 'paused' } })
      .end();
    expect(restored).toMatchObject({ outcome: 'completed', guest: 'paused' });
    const active = await stage.run({ action: 'restore', file: savedFile }).end();
    expect(active).toMatchObject({ outcome: 'refused', failure: { code: 'isInState' } });
    const second = await stage.run({ action: 'saveTo', file: savedFile }).end();
    expect(second).toMatchObject({ outcome: 'refused', failure: { code: 'placeIsFree' } });
    const read = (await stage.hypervisors.open(host.uri, AbortSignal.timeout(20_000))).findSaved(
      { kind: 'file', path: savedFile },
      AbortSignal.timeout(20_000),
    );
    expect(await read).toMatchObject({ domainUuid: guest.uuid });
    await host.virsh(['resume', guest.name]);
    await host.run('rm', [savedFile]);
    await expectUnharmed(stage);
  }, 60_000);

  test('runs on where there is no space for its memory', async () => {
    const { host } = stage;
    await host.run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', imageDirectory]);
    const output = await stage.run({ action: 'save' }).end();
    await host.run('umount', [imageDirectory]);
    stage.note('saving', 'no space', output);
    expect(output).toMatchObject({
      outcome: 'rolledBack',
      guest: 'running',
      failure: { libvirt: { code: 9 } },
      artefacts: [],
    });
    await expectUnharmed(stage);
  }, 60_000);

  test('is saved to the end when our process dies meanwhile', async () => {
    const output = await stage.killedIn('saving.writing', { action: 'save' }, () =>
      untilSaving(stage),
    );
    stage.note('saving', 'our process dies', output);
    expect(output).toMatchObject({ outcome: 'completed', guest: 'shutOff', noted: true });
    await stage.run({ action: 'start' }).end();
    await expectUnharmed(stage);
  }, 90_000);

  test('runs on when libvirtd is killed while it saves, and half a memory is taken away', async () => {
    await stage.host.start(slowly);
    const run = stage.run({ action: 'save' });
    await untilSaving(stage);
    await stage.host.kill();
    await stage.host.start();
    const output = await run.end();
    stage.note('saving', 'libvirtd is killed', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', guest: 'running', artefacts: [] });
    await expectUnharmed(stage);
  }, 90_000);
});
