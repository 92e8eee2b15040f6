import { describe, expect, test } from 'vitest';

import { simulate } from '../../src/testing/simulation/index.ts';
import { bindAll } from '../simulate/bind-all.ts';
import { randomPlan } from '../simulate/random-plan.ts';
import { privateGuest, Scene, sharedGuest, unending } from './scene.ts';

const guest = { ...sharedGuest, persistent: true };
const untouched = 'running booted persistent';

describe('a call that nobody answers', () => {
  test('is waited for as long as the real client waits: a migration until somebody ends it', async () => {
    const faults = [{ at: { call: 'migrate' }, do: { hangsForMs: 100_000 } }] as const;
    const scene = new Scene({ guest, faults });
    const beganMs = scene.clock.nowEpochMs();
    const failure = await scene.run(() => scene.migrate());
    expect(failure).toMatchObject({ code: 'connectionLost', effect: 'unknown' });
    expect(scene.clock.nowEpochMs() - beganMs).toBeGreaterThanOrEqual(100_000);
    await scene.pass(2_000);
    expect(scene.where('hostA')).toBe(untouched);
  });

  test('hangs on where nobody ends it', async () => {
    const faults = [{ at: { call: 'migrate' }, do: 'hang' }] as const;
    const scene = new Scene({ guest, faults });
    let ended = false;
    void scene.migrate().then(() => (ended = true));
    await scene.pass(3_600_000);
    expect(ended).toBe(false);
    scene.world.killDaemon('hostA');
    await scene.pass(100);
    expect(ended).toBe(true);
    scene.world.startDaemon('hostA');
  });

  test('of a tool is over when somebody kills that', async () => {
    const faults = [{ at: { call: 'convertImage' }, do: { hangsForMs: 90_000 } }] as const;
    const scene = new Scene({ guest: privateGuest, faults });
    const host = await scene.host('hostA');
    const request = {
      from: { path: '/images/guest.img', format: 'raw' },
      to: { path: '/images/copy.qcow2', format: 'qcow2' },
      compress: false,
      shared: true,
    };
    const beganMs = scene.clock.nowEpochMs();
    const work = host.convertImage(request, () => undefined, unending);
    await expect(scene.run(() => work)).rejects.toThrow('no answer');
    expect(scene.clock.nowEpochMs() - beganMs).toBe(90_003);
    expect(scene.world.listing()[0]?.daemon).toBe('up');
  });
});

describe('the incoming copy of a guest', () => {
  test('ends with the connection of the source, and nothing of it stays', async () => {
    const kill = { at: { phase: 'perform3', afterMs: 500 }, do: 'killSourceDaemon' } as const;
    const scene = new Scene({ guest, faults: [kill] });
    await scene.run(() => scene.migrate());
    await scene.pass(2_000);
    expect(scene.where('hostB')).toBeNull();
    expect(scene.world.hasQemu('hostB', scene.uuid)).toBe(false);
    scene.world.startDaemon('hostA');
    await scene.pass(1_000);
    expect(scene.where('hostA')).toBe(untouched);
  });
});

describe('a destination whose disks are full', () => {
  test('gets no copy of a disk, and the guest stays', async () => {
    const fill = { at: { phase: 'begin3' }, do: 'fillDestinationDisks' } as const;
    const scene = new Scene({ guest: privateGuest, faults: [fill] });
    expect(await scene.run(() => scene.migrate({ copyStorage: 'all' }))).not.toBeNull();
    expect(scene.where('hostA')).toBe(untouched);
    expect(scene.where('hostB')).toBeNull();
  });
});

describe('what a guest writes', () => {
  test('goes on where it was on another host, and on its copied disk, tick by tick', async () => {
    const scene = new Scene({ guest: privateGuest });
    await scene.pass(1_000);
    expect(await scene.run(() => scene.migrate({ copyStorage: 'all' }))).toBeNull();
    await scene.pass(1_000);
    const [first, second] = scene.world.ticks(scene.uuid);
    expect([first?.host, second?.host]).toEqual(['hostA', 'hostB']);
    expect(second?.firstTick).toBe((first?.lastTick ?? 0) + 1);
    expect(scene.world.lastTickOn('hostA', '/images/guest.img')).toBe(first?.lastTick);
    expect(scene.world.lastTickOn('hostB', '/images/guest.img')).toBe(second?.lastTick);
  });
});

describe('a clock that somebody sets', () => {
  test.each([-3_600_000, 3_600_000])('by %d ms changes no outcome', async (jumpClockMs) => {
    const plan = randomPlan(3, { machine: 'managedSave', faultChance: 0 });
    const run = (faults: typeof plan.faults) => simulate({ ...plan, faults }, { bind: bindAll });
    const jump = { at: { timeMs: 5, domain: 'guest0' }, do: { jumpClockMs } };
    const [plainly, jumped] = [await run([]), await run([jump])];
    expect(jumped.struck).toEqual([jump]);
    expect(jumped.runs.map(({ outcome }) => outcome)).toEqual(
      plainly.runs.map(({ outcome }) => outcome),
    );
    expect(jumped.findings).toEqual([]);
  });
});
