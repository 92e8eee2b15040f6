import { expect, test } from 'vitest';

import {
  expectUnharmed,
  imageDirectory,
  roomy,
  savedFile,
  slowly,
  untilSaving,
  useSavingLab,
} from '../support/lab-saving.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a guest of libvirt 9.0', () => {
  const stage = useSavingLab('saving-more', 'hostA', { dirtyMiBPerS: 40, dirtyMiB: 24 });

  test('is not saved where too little space is seen, or where the directory is missing', async () => {
    const { host } = stage;
    const small = '/var/lib/libvirt/small';
    await host.run('mkdir', [small]);
    await host.run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small]);
    const seen = await stage.run({ action: 'saveTo', file: `${small}/guest.mem` }).end();
    expect(seen).toMatchObject({ outcome: 'refused', failure: { code: 'hasSpace' } });
    const unseen = await stage.run({ action: 'saveTo', file: `${small}/guest.mem` }, roomy).end();
    const left = await host.run('ls', ['-A', small]);
    await host.run('umount', [small]);
    await host.run('rmdir', [small]);
    stage.note('saving', 'no space for the file', unseen);
    expect(unseen).toMatchObject({ outcome: 'rolledBack', guest: 'running', artefacts: [] });
    expect(left).toBe('');
    const nowhere = await stage.run({ action: 'saveTo', file: '/nowhere/guest.mem' }, roomy).end();
    expect(nowhere).toMatchObject({ outcome: 'rolledBack', guest: 'running', artefacts: [] });
    await expectUnharmed(stage);
  }, 60_000);

  test('does not go on when a disk has changed since, but with force', async () => {
    const { guest, host } = stage;
    await stage.run({ action: 'save' }).end();
    await host.run('touch', [guest.disk]);
    const refused = await stage.run({ action: 'start' }).end();
    expect(refused).toMatchObject({ outcome: 'refused', failure: { code: 'disksFit' } });
    const forced = await stage.run({ action: 'start', force: true }).end();
    expect(forced).toMatchObject({ outcome: 'completed', guest: 'running' });
    await expectUnharmed(stage);
  }, 60_000);

  test('runs on when its save is called off, into its image and into a file', async () => {
    await stage.host.start(slowly);
    for (const request of [{ action: 'save' }, { action: 'saveTo', file: savedFile }] as const) {
      const run = stage.run(request);
      await untilSaving(stage);
      expect(run.abort()).toBe(true);
      const output = await run.end();
      stage.note('saving', `abort of ${request.action}`, output);
      expect(output).toMatchObject({
        outcome: 'rolledBack',
        guest: 'running',
        failure: { code: 'abortRequested' },
        artefacts: [],
      });
      await expectUnharmed(stage);
    }
  }, 60_000);

  test('runs on when libvirtd is killed while it saves into a file', async () => {
    const run = stage.run({ action: 'saveTo', file: savedFile });
    await untilSaving(stage);
    await stage.host.kill();
    await stage.host.start();
    const output = await run.end();
    stage.note('saving', 'libvirtd is killed', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', guest: 'running', artefacts: [] });
    await expectUnharmed(stage);
  }, 90_000);

  test('that ends while it is saved is told so', async () => {
    const { guest, host } = stage;
    await host.start(slowly);
    const run = stage.run({ action: 'saveTo', file: savedFile });
    await untilSaving(stage);
    await host.virsh(['destroy', guest.name]);
    const output = await run.end();
    stage.note('saving', 'the guest is destroyed', output);
    expect(output).toMatchObject({
      outcome: 'rolledBack',
      guest: 'shutOff',
      failure: { code: 'guestEnded' },
      artefacts: [],
    });
    expect((await host.listing()).imageFiles).toEqual([`${guest.name}.qcow2`]);
    await host.start({});
  }, 60_000);

  test('does not boot over half a memory unless it is told to', async () => {
    const { guest, host } = stage;
    await host.virsh(['start', guest.name]);
    await stage.run({ action: 'save' }).end();
    const image = `${imageDirectory}/${guest.name}.save`;
    await host.run('sh', ['-c', 'printf LibvirtQemudPart | dd conv=notrunc of="$0"', image]);
    const refused = await stage.run({ action: 'start' }).end();
    expect(refused).toMatchObject({ outcome: 'refused', failure: { code: 'isWhole' } });
    const booted = await stage.run({ action: 'start', options: { forceBoot: true } }).end();
    expect(booted).toMatchObject({ outcome: 'completed', guest: 'running' });
    expect(await host.run('ls', ['-A', imageDirectory])).toBe('');
  }, 60_000);
});
