import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/adapters/simulated/index.ts';
import { delay } from '../../src/ports/clock.ts';
import { toFailure } from '../../src/ports/failure.ts';
import { mib, privateGuest, Scene, unending } from './scene.ts';

const disk = { path: '/images/guest.img', format: 'raw' };
const image = { path: '/images/copy.qcow2', format: 'qcow2' };
const request = { from: disk, to: image, compress: false, shared: true };
const silent = (): void => undefined;
/** The guest's disk of 64 MiB takes 16 s. */
const slow = { imageBytesPerS: 4 * mib };

/** Two hosts, and what one of them does with its images. */
async function openScene(faults: readonly Fault[] = []) {
  const scene = new Scene({ guest: privateGuest, source: slow, faults });
  const host = await scene.host('hostA');
  return { scene, host, convert: () => host.convertImage(request, silent, unending) };
}

describe('images of a simulated host', () => {
  test('a copy holds the last tick that the guest had written to the disk', async () => {
    const { convert, scene } = await openScene();
    await scene.pass(1_000);
    const before = scene.world.lastTickOn('hostA', disk.path) ?? 0;
    await scene.run(convert);
    const copied = scene.world.lastTickOn('hostA', image.path) ?? 0;
    await scene.pass(1_000);
    expect(before).toBe(5);
    expect(copied).toBeGreaterThan(before);
    expect(scene.world.lastTickOn('hostA', image.path)).toBe(copied);
    expect(scene.world.lastTickOn('hostA', disk.path)).toBeGreaterThan(copied);
  });

  test('a copy takes its time, and tells how far it is', async () => {
    const { host, scene } = await openScene();
    const beganAt = scene.clock.nowEpochMs();
    const seen: [fraction: number, atMs: number][] = [];
    const report = (fraction: number): void =>
      void seen.push([fraction, Math.round((scene.clock.nowEpochMs() - beganAt) / 1_000)]);
    await scene.run(() => host.convertImage(request, report, unending));
    expect(seen).toEqual(Array.from({ length: 17 }, (_, second) => [second / 16, second]));
  });

  test('tools need no daemon', async () => {
    const { convert, scene } = await openScene();
    scene.world.killDaemon('hostA');
    await scene.run(convert);
    scene.world.startDaemon('hostA');
    expect(scene.world.files('hostA').map(({ path }) => path)).toContain(image.path);
  });

  test('a tool ends with the process that started it, and what it wrote stays', async () => {
    const { convert, scene } = await openScene();
    const failure = await scene.run(async () => {
      const ended = convert().catch(toFailure);
      await delay(scene.clock, 5_000, unending);
      scene.world.dropClient();
      return ended;
    });
    expect(failure).toMatchObject({ code: 'imageToolsUnreachable', effect: 'unknown' });
    expect(scene.clock.nowEpochMs()).toBeLessThan(6_000);
    expect(scene.world.lastTickOn('hostA', image.path)).toBeNull();
    expect(scene.world.files('hostA').map(({ path }) => path)).toContain(image.path);
  });

  test.each([
    ['refuse', 'imageFailed', false],
    ['loseRequest', 'imageToolsUnreachable', false],
    ['loseReply', 'imageToolsUnreachable', true],
    ['failAfterEffect', 'imageFailed', true],
  ] as const)('a tool may meet a fault: %s', async (fault, code, isDone) => {
    const { convert, scene } = await openScene([{ at: { call: 'convertImage' }, do: fault }]);
    const failure = await scene.run(() => convert().catch(toFailure));
    expect(failure).toMatchObject({ code, effect: 'unknown' });
    const paths = scene.world.files('hostA').map(({ path }) => path);
    expect(paths.includes(image.path)).toBe(isDone);
  });

  test('a tool behind a cut line answers when the line is whole again', async () => {
    const { host, scene } = await openScene();
    scene.world.cutFromClient('hostA');
    scene.clock.schedule(scene.clock.nowEpochMs() + 2_000, () => scene.world.restoreLink());
    const info = await scene.run(() => host.inspectImage(disk.path, 'raw', unending));
    expect(info).toMatchObject({ virtualSizeBytes: 64 * mib });
    expect(scene.clock.nowEpochMs()).toBeGreaterThanOrEqual(2_000);
  });
});
