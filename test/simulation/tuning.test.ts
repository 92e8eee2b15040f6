import { describe, expect, test } from 'vitest';
import { Watched } from '../contract/watched.ts';
import type { Hypervisor } from '../../src/ports/hypervisor.ts';
import { mib, Scene, sharedGuest, unending } from './scene.ts';

const busyGuest = { ...sharedGuest, dirtyBytesPerS: 128 * mib };

async function passesOf(scene: Scene, lastsMs: number) {
  const source = await scene.host('hostA');
  const watched = new Watched(source, scene.uuid, 'source');
  const ended = scene.run(() => scene.migrate());
  await scene.pass(lastsMs);
  await scene.run(async () => {
    await source.abortJob(scene.uuid, unending);
  });
  await ended;
  await watched.stop();
  return watched.observations.flatMap((each) => (each.kind === 'iteration' ? [each] : []));
}

async function timeOf(
  scene: Scene,
  options: Parameters<Scene['migrate']>[0],
  tune: (source: Hypervisor) => Promise<void>,
): Promise<number> {
  const ended = scene.run(() => scene.migrate(options));
  await scene.pass(5_000);
  const source = await scene.host('hostA');
  await scene.run(() => tune(source));
  expect(await ended).toBeNull();
  return scene.clock.nowEpochMs();
}

describe('each pass tells what it found to be sent', () => {
  test('all memory at first, and never less than what a busy guest writes meanwhile', async () => {
    const passes = await passesOf(new Scene({ guest: busyGuest }), 60_000);
    expect(passes.length).toBeGreaterThan(10);
    // The guest writes all of its memory anew in each pass: a stall.
    for (const { remainingBytes } of passes) expect(remainingBytes).toBe(256 * mib);
  });

  test('less each time where the guest writes slower than the link carries', async () => {
    const guest = { ...sharedGuest, dirtyBytesPerS: 48 * mib };
    const passes = await passesOf(new Scene({ guest }), 8_000);
    const found = passes.map(({ remainingBytes }) => remainingBytes ?? 0);
    expect(found).toEqual(found.toSorted((a, b) => b - a));
    expect(new Set(found).size).toBe(found.length);
  });
});

describe('bandwidth that is set in flight', () => {
  test('counts from then on', async () => {
    const slow = { bandwidthMibPerS: 8 };
    const untuned = await timeOf(new Scene(), slow, () => Promise.resolve());
    const tuned = await timeOf(new Scene(), slow, async (source) => {
      const { uuid } = (await source.findDomain('guest', unending)) ?? { uuid: '' };
      await source.setMigrationBandwidth(uuid, 32, unending);
    });
    expect(untuned).toBeGreaterThan(32_000);
    // 40 of 256 MiB took 5 s, the rest goes four times as fast.
    expect(tuned).toBeGreaterThan(11_000);
    expect(tuned).toBeLessThan(14_000);
  });

  test('holds for a later migration that says nothing itself', async () => {
    const scene = new Scene();
    const source = await scene.host('hostA');
    await scene.run(() => source.setMigrationBandwidth(scene.uuid, 16, unending));
    await scene.run(() => scene.migrate());
    expect(scene.clock.nowEpochMs()).toBeGreaterThan(16_000);
  });

  test('is not for a domain that does not run', async () => {
    const scene = new Scene({ guest: { ...sharedGuest, state: 'shutoff' } });
    const source = await scene.host('hostA');
    const set = scene.run(() => source.setMigrationBandwidth(scene.uuid, 16, unending));
    await expect(set).rejects.toMatchObject({ failure: { code: 'operationInvalid' } });
  });
});

async function endsAfterMs(initial: number | null, increment: number | null): Promise<number> {
  const scene = new Scene({ guest: busyGuest });
  const options = { autoConvergeInitial: initial, autoConvergeIncrement: increment };
  expect(await scene.run(() => scene.migrate({ autoConverge: true, ...options }))).toBeNull();
  return scene.clock.nowEpochMs();
}

describe('auto-converge', () => {
  test('takes from the guest what it is told, at first and with each pass', async () => {
    const usual = await endsAfterMs(null, null);
    expect(await endsAfterMs(20, 10)).toBe(usual);
    expect(await endsAfterMs(80, 10)).toBeLessThan(usual);
    expect(await endsAfterMs(20, 40)).toBeLessThan(usual);
    expect(await endsAfterMs(5, 1)).toBeGreaterThan(usual);
  });
});
