import { beforeAll, expect, test } from 'vitest';

import { lastTick, waitForTick } from '../../lab/index.ts';
import { expectUnharmed, freezeStatus, snapshotDirectory } from '../support/lab-snapshot.ts';
import { expectDefined, useOldLab } from '../support/lab-undefined.ts';
import { describeLab } from '../support/needs.ts';

/** From before the domain is undefined until it is defined again. */
const states = [
  'copying.keepingDefinition',
  'copying.undefining',
  'copying.makingDelta',
  'copying.beginningCopy',
  'awaitingReady.waiting',
  'quiescing.askingAgent',
  'quiescing.freezing',
  'working.ending',
  'mending.defining',
  'thawing.asking',
] as const;

describeLab('a domain that is undefined for a live snapshot is persistent again', () => {
  const stage = useOldLab('live-undefined-all');
  let configured = '';
  beforeAll(async () => {
    configured = await stage.configure();
  }, 60_000);

  const expectSafe = async (outcome: string): Promise<void> => {
    expect(['completed', 'rolledBack']).toContain(outcome);
    await expectDefined(stage, configured);
    await expectUnharmed(stage, outcome === 'completed' ? ['image.qcow2'] : []);
    expect(await freezeStatus(stage)).toBe('thawed');
    if (outcome === 'completed') await stage.host.run('rm', [`${snapshotDirectory}/image.qcow2`]);
  };

  test.each(states)(
    'when our process dies in %s',
    async (state) => {
      const output = await stage.diedIn(state);
      stage.note(state, 'our process dies', output);
      await expectSafe(output.outcome);
    },
    120_000,
  );

  test.each(states)(
    'when libvirtd is killed in %s, and comes back',
    async (state) => {
      const snapshot = stage.follow({ bandwidthMibPerS: 32 });
      await snapshot.entered(state);
      await stage.host.kill();
      await stage.host.start();
      const output = await snapshot.end();
      stage.note(state, 'SIGKILL of libvirtd', output);
      await expectSafe(output.outcome);
    },
    180_000,
  );

  test.each(states)(
    'when it is aborted in %s',
    async (state) => {
      const snapshot = stage.follow();
      await snapshot.entered(state);
      snapshot.abort();
      const output = await snapshot.end();
      stage.note(state, 'abort', output);
      await expectSafe(output.outcome);
    },
    120_000,
  );

  test.each(['shuts down from inside', 'crashes'] as const)(
    'when the guest %s meanwhile, and is gone with its domain',
    async (how) => {
      const { guest, host, lab } = stage;
      const snapshot = stage.follow({ bandwidthMibPerS: 1 });
      await snapshot.entered('awaitingReady.waiting');
      if (how === 'crashes') await host.signalQemu('guest', 'SIGKILL');
      // It is gone before it could answer.
      else await lab.tellGuest(guest.name, { kind: 'poweroff' }).catch(() => undefined);
      const output = await snapshot.end();
      stage.note('copying.awaitingReady', `the guest ${how}`, output);
      expect(output).toMatchObject({
        outcome: 'rolledBack',
        failure: { code: 'guestStopped' },
        artefacts: [],
      });
      await expectDefined(stage, configured);
      expect(await stage.images()).toEqual([]);
      const last = (await lastTick(guest.serial)) ?? 0;
      await host.virsh(['start', guest.name]);
      // A tick on its way to the disk is lost with its QEMU.
      await waitForTick(guest.serial, last + 2, { timeoutMs: 60_000 });
    },
    180_000,
  );

  test('when our process dies, and the domain is gone before another one goes on', async () => {
    const { guest, host } = stage;
    const output = await stage.diedIn('awaitingReady.waiting', async () => {
      await host.virsh(['destroy', guest.name]);
      expect((await host.listing()).domains).toEqual([]);
    });
    stage.note('copying.awaitingReady', 'our process dies, then the guest', output);
    // Nobody saw whether it ended, or libvirt lost it.
    expect(output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'guestUnseen' },
      artefacts: [{ kind: 'claim', status: 'kept' }],
    });
    await stage.releaseClaims();
    await expectDefined(stage, configured);
    expect(await stage.images()).toEqual([]);
  }, 120_000);
});
