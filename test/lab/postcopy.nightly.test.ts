import { describe, expect, test, vi } from 'vitest';

import type { LabGuest } from '../../lab/index.ts';
import { lastTick, waitForTick } from '../../lab/index.ts';
import type { LiveMigrationInput, LiveMigrationOutput } from '../../machines/index.ts';
import type { Hypervisors } from '../../src/index.ts';
import { patient } from '../../machines/policy/migration/convergence-presets.ts';
import { HeldLink } from '../support/held-link.ts';
import type { LabMigration } from '../support/lab-migration.ts';
import { expectMoved, expectTicksContinuous, useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

type Protocol = 'peer2peer' | 'direct';
const protocols: readonly Protocol[] = ['peer2peer', 'direct'];
const there = { from: 'hostA', to: 'hostB' };

/** Slow enough that faults find it under way, and the guest has what it needs to go on. */
const slow = { postcopy: true, bandwidthMibPerS: 10, postcopyBandwidthMibPerS: 3 };
/** How long is waited before an operator is called. */
const early = { postcopyWaitMs: 8_000, peerWaitMs: 5_000 };
const runsThere = { peer2peer: 'phases.finish3', direct: 'finish3.running' } as const;

describeLab('post-copy, whatever happens to it', () => {
  const stage = useLab('postcopies');
  const hostA = () => stage.lab.host('hostA');
  const hostB = () => stage.lab.host('hostB');
  const connecting = () => hostA().run('ss', ['-Htn', 'state', 'syn-sent']);

  /** A guest that runs on the destination, and whose memory is still on its way. */
  const underWay = async (
    protocol: Protocol,
    input: Partial<LiveMigrationInput> = {},
    through: (hosts: Hypervisors) => Hypervisors = (hosts) => hosts,
  ): Promise<{ guest: LabGuest; migration: LabMigration }> => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const migration = stage.migrate(guest, {
      ...there,
      input: { protocol, ...input },
      options: slow,
      through,
    });
    await migration.entered('precopying');
    expect(migration.send({ type: 'postcopy.start' })).toBe(true);
    await migration.entered(runsThere[protocol]);
    // A QEMU that waits for a page that its main loop needs hears of no break.
    const reached = (await lastTick(guest.serial)) ?? 0;
    await waitForTick(guest.serial, reached + 3, { timeoutMs: 60_000 });
    return { guest, migration };
  };

  const expectWhole = async (migration: LabMigration, guest: LabGuest): Promise<void> => {
    expect(await migration.end()).toMatchObject({ outcome: 'completed', failure: null });
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  };

  /** An operator is told what each host holds, and the source's copy still stands. */
  const expectLeftAlone = async (output: LiveMigrationOutput, holds: RegExp): Promise<void> => {
    expect(output).toMatchObject({
      outcome: 'needsOperator',
      // What was to become the guest may have ended by itself before it ran.
      failure: { code: expect.stringMatching(/^postcopy(Broken|NeverRan)$/) },
    });
    expect(output.failure?.message).toMatch(holds);
    expect(await hostA().qemuProcesses()).toEqual(['guest']);
  };
  const expectBothLeftAlone = async (output: LiveMigrationOutput, holds: RegExp): Promise<void> => {
    await expectLeftAlone(output, holds);
    expect(await hostB().qemuProcesses()).toEqual(['guest']);
  };

  describe.each(protocols)('%s', (protocol) => {
    test.for([
      { why: 'the passes gain no ground', rules: { onStall: 'postcopy', stallPasses: 2 } },
      {
        why: 'the time is over',
        rules: { onBudget: 'postcopy', budget: { baseMs: 5_000, msPerGib: 0 } },
      },
    ] as const)('begins by itself when $why', async ({ rules }) => {
      const guest = await stage.lab.guest('guest', {
        on: 'hostA',
        storage: 'shared',
        dirtyMiBPerS: 40,
      });
      await hostA().setRate('60mbit');
      const migration = stage.migrate(guest, {
        ...there,
        input: { protocol, convergence: { ...patient, ...rules } },
        options: { postcopy: true },
      });
      await migration.entered('startingPostcopy');
      await migration.entered('postcopyActive');
      expect(migration.abort()).toBe(false);
      await expectWhole(migration, guest);
    });

    test.for(['hostA', 'hostB'])('goes on when the daemon of %s is killed', async (victim) => {
      const { guest, migration } = await underWay(protocol);
      expect(migration.abort()).toBe(false);
      const host = stage.lab.host(victim);
      await migration.strike(`${protocol}: SIGKILL of ${victim} in post-copy`, 'finish3', () =>
        host.kill(),
      );
      await host.start();
      await expectWhole(migration, guest);
    });

    test('that stays broken is left to an operator when the wait is over', async () => {
      const { migration } = await underWay(protocol, early);
      await migration.strike(`${protocol}: streams reset, not healed`, 'finish3', () =>
        hostB().dropPort({ ports: '49152-49215', direction: 'out', effect: 'reset' }),
      );
      await migration.entered('postcopyBroken.waiting');
      expect(migration.abort()).toBe(false);
      const holds = /source: paused \(postcopyFailed\); destination: running \(postcopyFailed\)/;
      await expectBothLeftAlone(await migration.end(), holds);
    });

    test('that is broken mends itself once the network is back', async () => {
      const { guest, migration } = await underWay(protocol);
      await migration.strike(`${protocol}: streams reset, healed`, 'finish3', () =>
        hostB().dropPort({ ports: '49152-49215', direction: 'out', effect: 'reset' }),
      );
      await migration.entered('postcopyBroken.waiting');
      await hostB().healPorts();
      await expectWhole(migration, guest);
    });

    test('that libvirt believes to be broken still, because the destination accepted it late', async () => {
      const { guest, migration } = await underWay(protocol);
      await migration.strike(`${protocol}: resumed, accepted late`, 'finish3', () =>
        hostB().dropPort({ ports: '49152-49215', direction: 'out', effect: 'reset' }),
      );
      await migration.entered('postcopyBroken.waiting');
      await hostB().dropPort({ ports: '49152-49215', direction: 'both', effect: 'drop' });
      migration.send({ type: 'postcopy.recover' });
      await vi.waitUntil(async () => (await connecting()) !== '', 20_000);
      await hostB().signalQemu(guest.name, 'SIGSTOP');
      const known = migration.states.length;
      const isRefused = () =>
        migration.states.slice(known).some(({ state }) => state.endsWith('postcopyBroken.looking'));
      await hostB().healPorts();
      await vi.waitUntil(isRefused, 20_000);
      await hostB().signalQemu(guest.name, 'SIGCONT');
      await expectWhole(migration, guest);
    });
  });

  test('direct: we die before the source has heard that all is over there: its half is ended', async () => {
    const link = new HeldLink('confirm');
    try {
      const { guest, migration } = await underWay('direct', {}, link.through);
      await hostB().dropPort({ ports: '49152-49215', direction: 'out', effect: 'reset' });
      await migration.entered('postcopyBroken.waiting');
      await hostB().healPorts();
      await link.held;
      link.die();
      await vi.waitUntil(
        async () => (await hostA().migrationTruth(guest.name))?.phase === 'postcopy_failed',
        20_000,
      );
      link.rise();
      await migration.entered('endingHalf');
      await expectWhole(migration, guest);
    } finally {
      await link.close();
    }
  });

  test('peer2peer: a pulled cable is noticed by the daemons; given up, both copies stay', async () => {
    const quick = { qemu: { keepalive_interval: 2, keepalive_count: 2 } };
    await Promise.all([hostA().start(quick), hostB().start(quick)]);
    const { guest, migration } = await underWay('peer2peer');
    await migration.strike('peer2peer: cable cut, given up', 'finish3', () =>
      hostA().setLink('down'),
    );
    await migration.entered('postcopyBroken.waiting');
    expect(migration.abort()).toBe(false);
    expect(migration.send({ type: 'postcopy.giveUp' })).toBe(true);
    const holds = /source: paused \(postcopyFailed\); destination: running \(postcopy/;
    await expectBothLeftAlone(await migration.end(), holds);
    // The connection outlives the cut, and QEMU goes on by itself.
    await hostA().setLink('up');
    await expectTicksContinuous(guest);
  });

  test('direct: nobody notices a pulled cable until the source is told to stop sending', async () => {
    const { guest, migration } = await underWay('direct', { peerWaitMs: 5_000 });
    await migration.strike('direct: cable cut, domjobabort --postcopy, given up', 'finish3', () =>
      hostA().setLink('down'),
    );
    expect(migration.abort()).toBe(false);
    await hostA().virsh(['domjobabort', guest.name, '--postcopy']);
    await migration.entered('postcopyPaused');
    expect(migration.send({ type: 'postcopy.giveUp' })).toBe(true);
    const holds = /source: paused \(postcopyFailed\); destination: running \(postcopy/;
    await expectBothLeftAlone(await migration.end(), holds);
  });

  // A QEMU that has not taken in all devices by then ends by itself; else it waits, and never runs.
  const neverRan = /source: paused \(postcopyFailed\); destination: (paused|shutoff|has no)/;
  const breakStreams = () =>
    hostB().dropPort({ ports: '49152-49215', direction: 'out', effect: 'reset' });

  test('direct: broken before the destination ran', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const link = new HeldLink('finish');
    try {
      const migration = stage.migrate(guest, {
        ...there,
        input: { protocol: 'direct', ...early },
        options: slow,
        through: link.through,
      });
      await migration.entered('precopying');
      migration.send({ type: 'postcopy.start' });
      await link.held;
      await migration.strike('direct: streams reset before Finish', 'perform3_done', breakStreams);
      await migration.entered('postcopyPaused');
      link.letGo();
      await expectLeftAlone(await migration.end(), neverRan);
    } finally {
      await link.close();
    }
  });

  test('peer2peer: broken before the destination ran', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const input = { protocol: 'peer2peer', ...early } as const;
    const migration = stage.migrate(guest, { ...there, input, options: slow });
    await migration.entered('precopying');
    await hostB().sigstop();
    migration.send({ type: 'postcopy.start' });
    await migration.entered('postcopyActive');
    await vi.waitUntil(
      async () => (await hostA().migrationTruth(guest.name))?.phase === 'perform3_done',
      20_000,
    );
    await migration.strike('peer2peer: streams reset before Finish', 'perform3_done', breakStreams);
    await migration.entered('postcopyPaused');
    await hostB().sigcont();
    await expectLeftAlone(await migration.end(), neverRan);
  });
});
