import { describe, expect, test } from 'vitest';

import { losingMirror } from '../support/lab-mirrorless.ts';
import { expectUnharmed, useSnapshotLab } from '../support/lab-snapshot.ts';
import { expectOn, fileImage, slowly, useSwapLab, volumes } from '../support/lab-swap.ts';
import { describeLab } from '../support/needs.ts';

describe.each(['hostA', 'hostC'] as const)('on %s', (on) => {
  describeLab('a copy of which libvirt knows the job and no mirror', () => {
    const swaps = useSwapLab(`nomirror-${on.toLowerCase()}`, {}, on);

    test('is given up by a swap, and the next one works', async () => {
      const { host } = swaps;
      const [before] = await swaps.places();
      const pid = async () => (await host.virsh(['blockjob', 'guest', 'vda', '--raw'])).trim();
      const shown: string[] = [];
      const output = await swaps.swap(fileImage('lost.qcow2'), {
        input: slowly,
        through: losingMirror(swaps, shown),
      });
      swaps.note('copying.beginning', 'libvirtd killed behind blockdev-mirror', output);
      expect(shown[0]).toContain('Block Copy');
      expect(shown[1]).not.toContain('<mirror');
      expect(output).toMatchObject({ outcome: 'rolledBack' });
      expect(await pid()).toBe('');
      await expectOn(swaps, before ?? '');
      expect(await swaps.files()).not.toContain('lost.qcow2');
      const next = await swaps.swap(fileImage('next.qcow2'));
      expect(next).toMatchObject({ outcome: 'completed', failure: null });
      await expectOn(swaps, `${volumes}/next.qcow2`);
    }, 180_000);
  });

  describeLab('a live snapshot whose copy has no mirror', () => {
    const snapshots = useSnapshotLab(`nomirrors-${on.toLowerCase()}`, on, { fill: '16M' });

    test('is given up, and the next one works', async () => {
      const shown: string[] = [];
      const output = await snapshots
        .snapshot({
          input: { bandwidthMibPerS: 1 },
          through: losingMirror(snapshots, shown),
        })
        .end();
      snapshots.note('copying.beginning', 'libvirtd killed behind blockdev-mirror', output);
      expect(shown[0]).toContain('Block Copy');
      expect(shown[1]).not.toContain('<mirror');
      expect(output).toMatchObject({ outcome: 'rolledBack' });
      await expectUnharmed(snapshots);
      const next = await snapshots.snapshot().end();
      expect(next).toMatchObject({ outcome: 'completed', failure: null });
      await expectUnharmed(snapshots, ['image.qcow2']);
    }, 180_000);
  });
});
