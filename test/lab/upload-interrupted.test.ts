import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';

import { useCrashes } from '../crash/lab/use-crashes.ts';
import { expectAsBefore } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';
import { checksum, withDisks } from '../support/shut-off.ts';

describeLab('SIGKILL of our own process, which carries a disk', () => {
  const crashes = useCrashes('upload');
  const whole = 48 * 2 ** 20;

  /** Bytes of the file that have arrived. */
  const arrivedBytes = async (): Promise<number> => {
    const file = join(crashes.stage.lab.host('hostB').paths.imagesDir, 'guest.qcow2');
    const { blocks } = await stat(file).catch(() => ({ blocks: 0 }));
    return blocks * 512;
  };

  test('in the middle of it: what had arrived goes again', async () => {
    const { lab } = crashes.stage;
    const guest = await lab.guest('guest', { on: 'hostA', fill: '48M', state: 'shutOff' });
    const before = await lab.listing();
    const sum = await checksum(lab, 'hostA', 'guest.qcow2');
    const { output } = await crashes.kill({
      machine: 'offline-migration',
      point: 'copyingDisk',
      guest,
      ...withDisks,
      phases: ['none', 'none'],
      reach: async () => {
        await vi.waitUntil(async () => (await arrivedBytes()) > 0, {
          timeout: 30_000,
          interval: 1,
        });
      },
      release: async () => {
        expect(await arrivedBytes()).toBeLessThan(whole);
        expect(await checksum(lab, 'hostB', 'guest.qcow2')).not.toBe(sum);
      },
    });
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { effect: 'none' } });
    await expectAsBefore(lab, before);
    expect(await checksum(lab, 'hostA', 'guest.qcow2')).toBe(sum);
  });
});
