import { expect, test } from 'vitest';

import { HeldLink } from '../support/held-link.ts';
import {
  expectAsBefore,
  expectMoved,
  expectTicksContinuous,
  useLab,
} from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';
import { tunnelled, tunnelProtocols } from '../support/tunnels.ts';

describeLab('a tunnelled migration', () => {
  const stage = useLab('tunnel');
  const there = { from: 'hostA', to: 'hostB' };

  test.for(tunnelProtocols)('%s: the guest goes on over there', async (protocol) => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const before = await stage.lab.listing();
    const migration = stage.migrate(guest, { ...there, ...tunnelled(stage.lab, protocol) });
    expect(await migration.end()).toMatchObject({ outcome: 'completed', failure: null });
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
    expect((await stage.lab.listing()).sharedFiles).toEqual(before.sharedFiles);
  });

  test('direct: an abort leaves the guest as it was', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const before = await stage.lab.listing();
    const migration = stage.migrate(guest, { ...there, ...tunnelled(stage.lab, 'direct', 'slow') });
    await migration.entered('perform3.precopying');
    await migration.strike('direct tunnelled, abort', 'perform3', () => migration.abort());
    expect(await migration.end()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested', effect: 'none' },
    });
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  });

  test('direct: the connection that carries it ends', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const before = await stage.lab.listing();
    const link = new HeldLink(null);
    const request = { ...there, ...tunnelled(stage.lab, 'direct', 'slow'), through: link.through };
    const migration = stage.migrate(guest, request);
    await migration.entered('perform3.precopying');
    await migration.strike('direct tunnelled, connection to the destination cut', 'perform3', () =>
      link.cut('destination'),
    );
    expect(await migration.end()).toMatchObject({ outcome: 'rolledBack' });
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
    await link.close();
  });

  const impossible = [
    { what: 'storage copy', options: { copyStorage: 'all' }, says: 'carries no disks' },
    { what: 'post-copy', options: { postcopy: true }, says: 'only goes forward' },
    { what: 'parallel streams', options: { parallelConnections: 2 }, says: 'single stream' },
    { what: 'TLS', options: { tls: true }, says: 'leave `tls` out' },
  ] as const;

  test('is refused up front with what no tunnel can do', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const before = await stage.lab.listing();
    for (const protocol of tunnelProtocols) {
      for (const { options, says, what } of impossible) {
        const plain = tunnelled(stage.lab, protocol);
        const asked = { ...plain, options: { ...plain.options, ...options } };
        const output = await stage.migrate(guest, { ...there, ...asked }).end();
        expect(output, `${protocol} with ${what}`).toMatchObject({
          outcome: 'refused',
          failure: { code: 'optionsCombine', message: expect.stringContaining(says) },
          phases: [],
        });
      }
    }
    expect(await stage.lab.listing()).toEqual(before);
    const logs = await Promise.all(stage.lab.hosts.map((host) => host.migrationLog()));
    expect(logs.flat().filter(({ kind }) => kind === 'phase')).toEqual([]);
  });
});
