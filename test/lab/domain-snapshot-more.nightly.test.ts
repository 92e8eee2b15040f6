import { describe, expect, test } from 'vitest';

import { lastTick, waitForTick } from '../../lab/index.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import { diskDirectory, useDomainSnapshotLab } from '../support/lab-domain-snapshot.ts';
import { expectTicking } from '../support/lab-runs.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a snapshot by libvirt 9.0', () => {
  const stage = useDomainSnapshotLab('domsnap-full');

  test('whose overlays find the disk full leaves nothing', async () => {
    const { host } = stage;
    const small = `${diskDirectory}/small`;
    await host.run('mkdir', [small]);
    await host.run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]);
    const before = await stage.picture();
    // The check beforehand would see it.
    const roomy = hooked({ availableBytes: () => Promise.resolve(2 ** 40) });
    const disks = [
      { targetDev: 'vdb', overlayPath: null },
      { targetDev: 'vda', overlayPath: `${small}/guest.full` },
    ];
    const output = await stage.snapshot({ input: { name: 'full', disks }, through: roomy });
    const left = await host.run('ls', [small]);
    await host.run('umount', [small]);
    stage.note('creating.disksAlone', 'disk full', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', artefacts: [], snapshot: null });
    expect(left).toBe('');
    expect(await stage.picture()).toEqual(before);
    await host.run('rmdir', [small]);
    await expectTicking(stage);
  }, 120_000);
});

describe.each([
  // A compression that takes some seconds.
  ['hostA', 'xz'],
  ['hostC', 'gzip'],
] as const)('on %s', (on, format) => {
  describeLab('a snapshot', () => {
    const purpose = `domsnap-more-${on.toLowerCase()}`;
    const stage = useDomainSnapshotLab(purpose, on, { dirtyMiBPerS: 40, dirtyMiB: 120 });

    // A job of libvirt that outlived its QEMU made domains unusable.
    test('whose QEMU is killed while its memory is written leaves a domain that starts', async () => {
      const { guest, host } = stage;
      await host.start({ qemu: { snapshot_image_format: format } });
      const before = await stage.picture();
      const output = await stage.snapshot({
        input: { name: 'killed', memoryPath: `${diskDirectory}/killed.memory` },
        onState: async (state) => {
          if (!state.endsWith('withMemory.writing.running')) return;
          const reason = () => host.virsh(['domstate', guest.name, '--reason']);
          await expect.poll(reason, { timeout: 30_000, interval: 20 }).toContain('snapshot');
          await host.signalQemu('guest', 'SIGKILL');
        },
      });
      stage.note('creating.withMemory.writing', 'SIGKILL of QEMU', output);
      expect(output).toMatchObject({ outcome: 'rolledBack', artefacts: [], snapshot: null });
      const after = await stage.picture();
      expect(after).toEqual({ ...before, state: 'shut off' });
      const last = (await lastTick(guest.serial)) ?? 0;
      await host.virsh(['start', guest.name]);
      await waitForTick(guest.serial, last, { timeoutMs: 60_000 });
    }, 120_000);
  });
});
