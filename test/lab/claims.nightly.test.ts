import { expect, test } from 'vitest';

import { useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';
import { virsh } from '../../lab/virsh.ts';

describeLab('a domain in the middle of a migration', () => {
  const stage = useLab('claims-busy');

  test(
    'cannot be claimed: libvirt waits for half a minute, and says so',
    { timeout: 120_000 },
    async () => {
      const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
      const [hostA, hostB] = [stage.lab.host('hostA'), stage.lab.host('hostB')];
      await hostA.setRate('5mbit');
      const migration = stage.migrate(guest, { from: 'hostA', to: 'hostB' });
      await migration.entered('perform3.precopying');
      const claimed = (host: typeof hostA, ...where: string[]) =>
        virsh(
          host.uri,
          [
            'metadata',
            guest.name,
            'urn:virtstate:claim/x',
            '--key',
            'virtstate',
            '--set',
            '<claim/>',
            ...where,
          ],
          { timeoutMs: 60_000 },
        );
      const [here, elsewhere] = await Promise.allSettled([
        claimed(hostA, '--live', '--config'),
        claimed(hostB, '--live'),
      ]);
      expect(here).toMatchObject({
        status: 'rejected',
        reason: { message: expect.stringContaining('cannot acquire state change lock') },
      });
      expect(elsewhere).toMatchObject({
        status: 'rejected',
        reason: { message: expect.stringContaining('cannot acquire state change lock') },
      });
      migration.abort();
      expect(await migration.end()).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
    },
  );
});
