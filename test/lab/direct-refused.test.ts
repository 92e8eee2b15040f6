import { expect, onTestFinished, test } from 'vitest';

import { HeldLink } from '../support/held-link.ts';
import { expectAsBefore, expectTicksContinuous, useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a migration that we drive and that the destination refuses', () => {
  const stage = useLab('drefused');

  // Begin protects the domain against changes: without our Confirm nobody could change it any more.
  test('gives the source its domain back: another call may change it', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA' });
    const [source, destination] = [stage.lab.host('hostA'), stage.lab.host('hostB')];
    const before = await stage.lab.listing();
    const link = new HeldLink('prepare');
    onTestFinished(() => link.close());
    const migration = stage.migrate(guest, {
      from: 'hostA',
      to: 'hostB',
      input: { protocol: 'direct' },
      options: { destinationConnectUri: null, copyStorage: 'all' },
      through: link.through,
    });
    await link.held;
    await migration.strike('a domain of that name appears', 'begin3', () =>
      stage.lab.bareDomain(guest.name, { on: 'hostB' }),
    );
    link.keepOpen();
    link.letGo();
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { effect: 'none' } });
    expect(output.failure?.message).toContain(`domain '${guest.name}' already exists`);
    expect(output.phases.at(-1)).toMatchObject({ phase: 'CONFIRM3_CANCELLED', evidence: 'ours' });
    expect(await source.migrationTruth(guest.name)).toBeNull();
    await source.virsh(['blkdeviotune', guest.name, 'vda', '--total-iops-sec', '10000', '--live']);

    await destination.virsh(['destroy', guest.name]);
    await destination.virsh(['undefine', guest.name]);
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  });
});
