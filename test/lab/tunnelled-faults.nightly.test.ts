import { expect, test } from 'vitest';

import type { LabGuest } from '../../lab/index.ts';
import { virsh } from '../../lab/virsh.ts';
import { holdDaemons } from '../support/held-daemons.ts';
import { HeldLink } from '../support/held-link.ts';
import {
  expectAsBefore,
  expectMoved,
  expectTicksContinuous,
  useLab,
} from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';
import { tunnelled, tunnelProtocols } from '../support/tunnels.ts';

describeLab('a tunnelled migration, and every fault', () => {
  const stage = useLab('tunnelfault');
  const there = { from: 'hostA', to: 'hostB' };
  const victims = ['source', 'destination'] as const;
  const hostOf = { source: 'hostA', destination: 'hostB' } as const;

  const expectRolledBack = async (
    guest: LabGuest,
    before: Awaited<ReturnType<typeof stage.lab.listing>>,
  ) => {
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  };
  const expectThere = async (guest: LabGuest) => {
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  };

  test.for(tunnelProtocols)('%s: a paused guest stays paused', async (protocol) => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    await virsh(stage.lab.host('hostA').uri, ['suspend', guest.name]);
    const migration = stage.migrate(guest, { ...there, ...tunnelled(stage.lab, protocol) });
    expect(await migration.end()).toMatchObject({ outcome: 'completed', failure: null });
    const [onA, onB] = (await stage.lab.listing()).hosts.map(({ domains }) => domains);
    expect(onA).toEqual([]);
    expect(onB).toMatchObject([{ name: 'guest', state: 'paused', persistent: true }]);
    await virsh(stage.lab.host('hostB').uri, ['resume', guest.name]);
    await expectTicksContinuous(guest);
  });

  test('peer2peer: an abort leaves the guest as it was', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const before = await stage.lab.listing();
    const request = { ...there, ...tunnelled(stage.lab, 'peer2peer', 'slow') };
    const migration = stage.migrate(guest, request);
    await migration.entered('perform3.precopying');
    await migration.strike('peer2peer tunnelled, abort', 'perform3', () => migration.abort());
    expect(await migration.end()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested', effect: 'none' },
    });
    await expectRolledBack(guest, before);
  });

  test.for(tunnelProtocols.flatMap((protocol) => victims.map((victim) => ({ protocol, victim }))))(
    '$protocol: SIGKILL of the $victim in PERFORM3 rolls back',
    async ({ protocol, victim }) => {
      const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
      const host = stage.lab.host(hostOf[victim]);
      const before = await stage.lab.listing();
      const request = { ...there, ...tunnelled(stage.lab, protocol, 'slow') };
      const migration = stage.migrate(guest, request);
      await migration.entered('perform3.precopying');
      await migration.strike(`${protocol} tunnelled, SIGKILL of the ${victim}`, 'perform3', () =>
        host.kill(),
      );
      // Until the source is back nobody knows what it did, nor what is left on the destination.
      await migration.entered(victim === 'source' ? 'uncertain.waiting' : 'cleaningUp.waiting');
      await host.start();
      expect(await migration.end()).toMatchObject({ outcome: 'rolledBack' });
      await expectRolledBack(guest, before);
    },
  );

  test.for(victims)('peer2peer: SIGKILL of the %s once the guest runs there', async (victim) => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const host = stage.lab.host(hostOf[victim]);
    const daemons = await holdDaemons(stage.lab.host('hostB'), 'finish', 'answers');
    const request = { ...there, ...tunnelled(stage.lab, 'peer2peer') };
    const migration = stage.migrate(guest, {
      ...request,
      options: { ...request.options, destinationConnectUri: daemons.uri },
    });
    await migration.entered('phases.finish3');
    await daemons.held;
    await migration.strike(`peer2peer tunnelled, SIGKILL of the ${victim}`, 'perform3_done', () =>
      host.kill(),
    );
    await host.start();
    expect(await migration.end()).toMatchObject({ outcome: 'completed', failure: null });
    await expectThere(guest);
  });

  test('peer2peer: the cable is cut in PERFORM3', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const patience = { keepalive_interval: 2, keepalive_count: 1 };
    for (const host of stage.lab.hosts) {
      await host.kill();
      await host.start({ qemu: patience, libvirtd: patience });
    }
    const before = await stage.lab.listing();
    const request = { ...there, ...tunnelled(stage.lab, 'peer2peer', 'slow') };
    const migration = stage.migrate(guest, request);
    await migration.entered('perform3.precopying');
    const hostA = stage.lab.host('hostA');
    await migration.strike('peer2peer tunnelled, cable cut', 'perform3', () =>
      hostA.setLink('down'),
    );
    const output = await migration.end();
    await hostA.setLink('up');
    expect(output).toMatchObject({ outcome: 'rolledBack' });
    await expectRolledBack(guest, before);
  });

  test('peer2peer: the cable is cut once the guest runs there', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const hostA = stage.lab.host('hostA');
    const migration = stage.migrate(guest, { ...there, ...tunnelled(stage.lab, 'peer2peer') });
    await migration.entered('phases.finish3');
    await migration.strike('peer2peer tunnelled, cable cut', 'finish3', () =>
      hostA.setLink('down'),
    );
    const output = await migration.end();
    await hostA.setLink('up');
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await expectThere(guest);
  });

  test('direct: our connection to the source ends in PERFORM3', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const before = await stage.lab.listing();
    const link = new HeldLink(null);
    const request = { ...there, ...tunnelled(stage.lab, 'direct', 'slow'), through: link.through };
    const migration = stage.migrate(guest, request);
    await migration.entered('perform3.precopying');
    await migration.strike('direct tunnelled, connection to the source cut', 'perform3', () =>
      link.cut('source'),
    );
    expect(await migration.end()).toMatchObject({ outcome: 'rolledBack' });
    await expectRolledBack(guest, before);
    await link.close();
  });

  /** All is sent, and Finish is not asked for yet. */
  const beforeFinish = async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const before = await stage.lab.listing();
    const link = new HeldLink('finish');
    const request = { ...there, ...tunnelled(stage.lab, 'direct'), through: link.through };
    const migration = stage.migrate(guest, request);
    await link.held;
    return { guest, before, link, migration };
  };

  test.for(victims)('direct: SIGKILL of the %s before Finish', async (victim) => {
    const { guest, before, link, migration } = await beforeFinish();
    const host = stage.lab.host(hostOf[victim]);
    await migration.strike(`direct tunnelled, SIGKILL of the ${victim}`, 'perform3_done', () =>
      host.kill(),
    );
    await host.start();
    link.letGo();
    const { outcome } = await migration.end();
    expect(outcome).toBe(victim === 'source' ? 'completed' : 'rolledBack');
    await (victim === 'source' ? expectThere(guest) : expectRolledBack(guest, before));
    await link.close();
  });

  test.for(victims)('direct: our connection to the %s ends before Finish', async (victim) => {
    const { guest, before, link, migration } = await beforeFinish();
    await migration.strike(
      `direct tunnelled, connection to the ${victim} cut`,
      'perform3_done',
      () => link.cut(victim),
    );
    link.letGo();
    const { outcome } = await migration.end();
    expect(outcome).toBe(victim === 'source' ? 'completed' : 'rolledBack');
    await (victim === 'source' ? expectThere(guest) : expectRolledBack(guest, before));
    await link.close();
  });

  test('direct: the answer to Finish is lost', async () => {
    const { guest, link, migration } = await beforeFinish();
    await migration.strike('direct tunnelled, answer to Finish lost', 'perform3_done', async () => {
      const lost = link.lose('answers');
      link.letGo();
      await lost;
    });
    link.cut('destination');
    expect(await migration.end()).toMatchObject({ outcome: 'completed', failure: null });
    await expectThere(guest);
    await link.close();
  });
});
