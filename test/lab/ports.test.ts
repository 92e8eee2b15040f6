import { expect, test } from 'vitest';

import type { LabHost } from '../../lab/index.ts';
import {
  expectAsBefore,
  expectMoved,
  expectTicksContinuous,
  useLab,
} from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';
import { expectStreams, streamPlaces } from '../support/stream-places.ts';

const protocols = ['peer2peer', 'direct'] as const;

describeLab('the ports and addresses of the streams', () => {
  const stage = useLab('ports');
  const there = { from: 'hostA', to: 'hostB' };
  const onB = (): LabHost => stage.lab.host('hostB');

  test('where too few are free, it is told, and nothing is left', async () => {
    // libvirt takes no range of one.
    await onB().start({ qemu: { migration_port_min: 49_152, migration_port_max: 49_153 } });
    const guest = await stage.lab.guest('guest', { on: 'hostA' });
    const options = { copyStorage: 'all' } as const;
    // None for the memory, then none for the disks beside it.
    for (const occupied of ['49152-49153', '49153']) {
      const ports = await onB().occupyPorts(occupied);
      const before = await stage.lab.listing();
      for (const protocol of protocols) {
        const output = await stage.migrate(guest, { ...there, input: { protocol }, options }).end();
        expect(output, `${protocol}, ${occupied} in use`).toMatchObject({
          outcome: 'rolledBack',
          failure: { message: expect.stringMatching(/port.*49152-49153/), effect: 'none' },
        });
        await expectAsBefore(stage.lab, before);
      }
      await ports.release();
    }
    await expectTicksContinuous(guest);
    await onB().occupyPorts('49153');
    const disksElsewhere = { ...options, disksPort: 49_300 };
    const output = await stage.migrate(guest, { ...there, options: disksElsewhere }).end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await expectMoved(stage.lab, guest, there);
  });

  test.for(streamPlaces.filter(({ isDaily }) => isDaily))('$protocol: $what', (place) =>
    expectStreams(stage, place),
  );
});
