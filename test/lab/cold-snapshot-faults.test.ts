import { setTimeout as sleep } from 'node:timers/promises';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { guestBridge } from '../../lab/network.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import { coldDirectory, expectUnharmed, useColdLab } from '../support/lab-cold.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a cold snapshot that meets a fault', () => {
  const stage = useColdLab('cold-faults');

  test('tells of a device that the host cannot give back, and gives back the others', async () => {
    const { guest, host, lab } = stage;
    const detach = await stage.aliases();
    const output = await stage.snapshot({
      input: { detach },
      onState: async (state) => {
        if (state !== 'working.copying.naming') return;
        await host.run('ip', ['link', 'del', guestBridge]);
      },
    });
    await host.run('ip', ['link', 'add', guestBridge, 'type', 'bridge']);
    await host.run('ip', ['link', 'set', guestBridge, 'up']);
    stage.note('returning.attaching', 'the bridge of a network card is gone', output);
    expect(output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'devicesLost', message: expect.stringContaining('attach-device guest') },
      images: [{ path: `${coldDirectory}/image.qcow2` }],
    });
    expect(output.lostDevices).toHaveLength(1);
    // What it tells is enough to put the device back by hand.
    const file = join(lab.paths.guestsDir, 'lost.xml');
    await writeFile(file, output.lostDevices[0]?.xml ?? '');
    await host.virsh(['attach-device', guest.name, file, '--live']);
    await stage.releaseClaims();
    await host.run('rm', [`${coldDirectory}/image.qcow2`]);
    await expectUnharmed(stage);
  }, 240_000);

  test('takes back what it wrote where the target gets full, and starts the guest first', async () => {
    const { host } = stage;
    const small = `${coldDirectory}/small`;
    await host.run('mkdir', ['-p', small]);
    await host.run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]);
    // The check beforehand would see it.
    const roomy = hooked({ availableBytes: () => Promise.resolve(2 ** 40) });
    const output = await stage.snapshot({ input: { directory: small }, through: roomy });
    const left = await host.run('ls', ['-A', small]);
    await host.run('umount', [small]);
    await host.run('rmdir', [small]);
    stage.note('copying.converting', 'the target is full', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', artefacts: [], images: [] });
    expect(left).toBe('');
    await expectUnharmed(stage);
  }, 240_000);

  test('whose daemon is killed while it saves finds the guest again', async () => {
    const { guest, host } = stage;
    const output = await stage.snapshot({
      input: { detach: await stage.aliases() },
      onState: async (state) => {
        if (state !== 'working.saving.asking.writing') return;
        while ((await host.migrationTruth(guest.name))?.asyncJob !== 'save') await sleep(10);
        await host.kill();
        await host.start();
      },
    });
    stage.note('saving.asking.writing', 'SIGKILL of libvirtd', output);
    expect(['completed', 'rolledBack']).toContain(output.outcome);
    if (output.outcome === 'completed') await host.run('rm', [`${coldDirectory}/image.qcow2`]);
    await expectUnharmed(stage);
  }, 240_000);

  test('whose process dies with the overlay half laid is finished by the next', async () => {
    const { host } = stage;
    const input = { shortOutage: true };
    const output = await stage.snapshot({ input, dieIn: 'laying.pointing' });
    stage.note('laying.pointing', 'our process dies', output);
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await host.run('rm', [`${coldDirectory}/image.qcow2`]);
    await expectUnharmed(stage);
  }, 240_000);
});
