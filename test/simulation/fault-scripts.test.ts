import { describe, expect, test } from 'vitest';

import type { Fault } from '../../src/adapters/simulated/index.ts';
import { createSimulatedWorld, VirtualClock } from '../../src/adapters/simulated/index.ts';
import { toFailure } from '../../src/ports/failure.ts';
import { Scene, privateGuest, sharedGuest, unending } from './scene.ts';

const guest = { ...sharedGuest, persistent: true };
const outcomeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => `${toFailure(error).code} ${toFailure(error).effect}`,
  );

describe('a fault at a call', () => {
  test.each([
    ['refuse', 'libvirtError none', true],
    ['failBeforeEffect', 'libvirtError none', true],
    ['failAfterEffect', 'libvirtError done', false],
    ['loseRequest', 'connectionLost unknown', true],
    ['loseReply', 'connectionLost unknown', false],
    ['hang', 'timedOut unknown', true],
    [{ slowMs: 700 }, 'done', false],
  ] as const)('%j is heard as %s', async (what, heard, runs) => {
    const scene = new Scene({ guest, faults: [{ at: { call: 'suspend' }, do: what }] });
    const host = await scene.host('hostA');
    const heardNow = await scene.run(() => outcomeOf(host.suspend(scene.uuid, unending)));
    expect(heardNow).toBe(heard);
    expect(scene.running).toEqual(runs ? ['hostA'] : []);
    if (!runs) await scene.run(() => host.resume(scene.uuid, unending));
  });

  test('a call that hangs is given up after as long as the real client waits', async () => {
    const scene = new Scene({ guest, faults: [{ at: { call: 'findStatus' }, do: 'hang' }] });
    const host = await scene.host('hostA');
    const beganMs = scene.clock.nowEpochMs();
    await scene.run(() => outcomeOf(host.findStatus(scene.uuid, unending)));
    expect(scene.clock.nowEpochMs() - beganMs).toBe(32_001);
  });

  test('a long call is given up by keepalive, and its daemon goes on', async () => {
    const cut = { at: { phase: 'perform3', afterMs: 500 }, do: 'cutClientFromSource' } as const;
    const link = { bandwidthBytesPerS: 2 ** 20 };
    const scene = new Scene({ guest, link, faults: [cut] });
    const beganMs = scene.clock.nowEpochMs();
    expect(await scene.run(() => scene.migrate())).toMatchObject({ code: 'connectionLost' });
    expect(scene.clock.nowEpochMs() - beganMs).toBeLessThan(31_000);
    await scene.pass(10_000);
    expect(scene.where('hostA')).toContain('migrationOut');
  });

  test('strikes the n-th call, once', async () => {
    const faults = [{ at: { call: 'findStatus', nth: 2 }, do: 'refuse' }] as const;
    const scene = new Scene({ guest, faults });
    const host = await scene.host('hostA');
    const ask = (): Promise<string> =>
      scene.run(() => outcomeOf(host.findStatus(scene.uuid, unending)));
    expect([await ask(), await ask(), await ask()]).toEqual(['done', 'libvirtError none', 'done']);
  });
});

describe('a fault at a time', () => {
  const at = { timeMs: 500, domain: 'guest' };

  test('strikes then, and not before', async () => {
    const scene = new Scene({ guest, faults: [{ at, do: 'killSourceDaemon' }], breaks: [] });
    const daemon = (): string | undefined => scene.world.listing()[0]?.daemon;
    await scene.pass(499);
    expect(daemon()).toBe('up');
    await scene.pass(2);
    expect(daemon()).toBe('down');
    scene.world.startDaemon('hostA');
  });

  test('a host without power runs nothing, and comes back with its definitions', async () => {
    const scene = new Scene({ guest, faults: [{ at, do: 'killSourceHost' }] });
    await scene.pass(600);
    expect(scene.running).toEqual([]);
    scene.world.startDaemon('hostA');
    expect(scene.world.listing()[0]?.daemon).toBe('down');
    scene.world.startHost('hostA');
    expect(scene.where('hostA')).toBe('shutoff crashed persistent');
    expect(scene.world.isFated(scene.uuid)).toBe(true);
  });

  test.each(['powerOffGuest', 'crashGuest'] as const)('%s ends it from inside', async (what) => {
    const scene = new Scene({ guest, faults: [{ at, do: what }] });
    await scene.pass(600);
    expect(scene.running).toEqual([]);
    expect(scene.world.isFated(scene.uuid)).toBe(true);
  });

  test('a full disk takes no volume until it is freed', async () => {
    const scene = new Scene({
      guest: privateGuest,
      faults: [
        { at, do: 'fillSourceDisks' },
        { at: { ...at, timeMs: 5_000 }, do: 'freeDisks' },
      ],
    });
    const host = await scene.host('hostA');
    const make = (): Promise<string> =>
      scene.run(() => outcomeOf(host.createVolume('/images/new.img', 1_024, unending)));
    await scene.pass(600);
    expect(await make()).not.toBe('done');
    await scene.pass(5_000);
    expect(await make()).toBe('done');
    await scene.run(() => host.deleteVolume('/images/new.img', unending));
  });

  test('what befalls our own process is told to whoever has one', async () => {
    const clock = new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' });
    const told: unknown[] = [];
    createSimulatedWorld({
      seed: 1,
      clock,
      hosts: [{ name: 'hostA' }],
      domains: [sharedGuest],
      link: { bandwidthBytesPerS: 1 },
      faults: [
        { at, do: 'killProcess' },
        { at: { ...at, timeMs: 600 }, do: { jumpClockMs: -5_000 } },
      ],
      onClientIncident: (incident) => told.push(incident),
    });
    await clock.run(new Promise<void>((resolve) => void clock.schedule(1_000, resolve)));
    expect(told).toEqual(['killProcess', { jumpClockMs: -5_000 }]);
  });
});

describe('a fault at a state', () => {
  const at = { machine: 'liveMigration', state: 'checking', afterMs: 10 };

  test('strikes when the chart of that domain has entered it', async () => {
    const scene = new Scene({ guest, faults: [{ at, do: 'crashGuest' }] });
    scene.world.enterState({ machine: 'liveMigration', state: 'gathering' }, 'guest');
    scene.world.enterState({ machine: 'managedSave', state: 'checking' }, 'guest');
    await scene.pass(100);
    expect(scene.running).toEqual(['hostA']);
    scene.world.enterState({ machine: 'liveMigration', state: 'checking' }, 'guest');
    await scene.pass(100);
    expect(scene.running).toEqual([]);
  });

  test('of a script that another one has replaced strikes no more', async () => {
    const scene = new Scene({ guest, faults: [{ at, do: 'crashGuest' }] });
    scene.world.enterState({ machine: 'liveMigration', state: 'checking' }, 'guest');
    scene.world.setFaults([]);
    await scene.pass(100);
    expect(scene.running).toEqual(['hostA']);
    expect(scene.world.faultsStruck()).toEqual([]);
  });
});

/** As a script from a file has them: nobody has checked their names. */
const parse = (text: string): Fault[] => JSON.parse(text);

describe('a fault that is aimed at nothing', () => {
  test.each([
    ['a call', '{"at":{"call":"migrateTwice"},"do":"refuse"}', 'there is no call migrateTwice'],
    ['a host', '{"at":{"call":"migrate","host":"hostX"},"do":"refuse"}', 'there is no host hostX'],
    ['a domain', '{"at":{"timeMs":1,"domain":"nobody"},"do":"cutLink"}', 'no domain nobody'],
    ['a phase', '{"at":{"phase":"finish4"},"do":"cutLink"}', 'there is no phase finish4'],
    ['an incident', '{"at":{"phase":"finish3"},"do":"rain"}', 'there is no incident rain'],
    ['a call fault', '{"at":{"call":"migrate"},"do":"rain"}', 'is called rain'],
    [
      'our process, where nobody has one',
      '{"at":{"phase":"finish3"},"do":"killProcess"}',
      'nobody',
    ],
  ])('is an error that names %s', (_, text, words) => {
    expect(() => new Scene({ guest, faults: parse(`[${text}]`) })).toThrow(words);
  });
});
