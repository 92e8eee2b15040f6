import { beforeEach, describe, expect, test } from 'vitest';
import {
  addOverlay,
  chainOf,
  commitInto,
  copyLayer,
  createLayer,
  flatten,
  lastTickOn,
  lockOn,
  pivotTo,
  pullInto,
  setBacking,
  topOf,
} from '../../../../src/adapters/simulated/disk-chain.ts';
import type { Place } from '../../../../src/adapters/simulated/domain-life.ts';
import { fileAt } from '../../../../src/adapters/simulated/host-files.ts';
import { headOf, lengthOf } from '../../../../src/adapters/simulated/volume-file.ts';
import { World } from '../../../../src/adapters/simulated/world.ts';
import { VirtualClock } from '../../../../src/adapters/simulated/index.ts';
import { delay } from '../../../../src/ports/clock.ts';

const base = '/images/guest.img';
const overlay = { path: '/images/guest.s1', format: 'qcow2' };
const second = { path: '/images/guest.s2', format: 'qcow2' };
const unending = new AbortController().signal;

describe('the chain of a simulated disk', () => {
  let clock: VirtualClock;
  let place: Place;

  beforeEach(() => {
    clock = new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' });
    place = placeOf(clock, 'private');
  });

  /** Lets the guest tick on. */
  const pass = (delayMs: number) => clock.run(delay(clock, delayMs, unending));
  const own = (targetDev = 'vda') => chainOf(place, targetDev).map(({ lastTick }) => lastTick);

  test('a guest that runs writes its ticks to the top', async () => {
    expect(lastTickOn(place, base)).toBeNull();
    await pass(1_000);
    expect(topOf(place, 'vda')).toMatchObject({ path: base, lastTick: 5, backing: null });
    place.domain.qemu?.pause();
    await pass(1_000);
    expect(lastTickOn(place, base)).toBe(5);
    place.domain.qemu?.kill();
    place.domain.qemu = null;
    expect(lastTickOn(place, base)).toBe(5);
  });

  test('a guest whose file systems are frozen writes none, and runs', async () => {
    await pass(1_000);
    place.domain.qemu?.freeze();
    await pass(1_000);
    expect(place.domain.qemu).toMatchObject({ vcpus: 'running', lastTick: 5 });
    place.domain.qemu?.thaw();
    await pass(400);
    expect(lastTickOn(place, base)).toBe(7);
  });

  test('an overlay takes what is written later', async () => {
    await pass(1_000);
    addOverlay(place, 'vda', overlay);
    expect(own()).toEqual([5, 5]);
    await pass(1_000);
    expect(own()).toEqual([10, 5]);
    expect(chainOf(place, 'vda')[0]?.backing).toEqual({ path: base, format: 'raw' });
    expect(place.domain.definition.disks[0]).toMatchObject(overlay);
  });

  test('a read-only disk is written to by nobody', async () => {
    await pass(1_000);
    expect(own('vdb')).toEqual([null]);
  });

  test('a mirror has what the guest wrote until it ended, and the guest goes on beside it', async () => {
    createLayer(place, overlay, 2 ** 20, { path: base, format: 'raw' });
    await pass(1_000);
    copyLayer(place, base, overlay.path);
    await pass(1_000);
    expect(lastTickOn(place, overlay.path)).toBe(5);
    expect(lastTickOn(place, base)).toBe(10);
  });

  test('after a pivot the guest writes to the copy, and the old file keeps what it had', async () => {
    await pass(1_000);
    flatten(place, base, overlay);
    pivotTo(place, 'vda', overlay);
    await pass(1_000);
    expect(lastTickOn(place, base)).toBe(5);
    expect(own()).toEqual([10]);
  });

  test('an active commit puts the latest into the base', async () => {
    addOverlay(place, 'vda', overlay);
    addOverlay(place, 'vda', second);
    await pass(1_000);
    commitInto(place, second.path, base);
    pivotTo(place, 'vda', { path: base, format: 'raw' });
    expect(own()).toEqual([5]);
    await pass(200);
    expect(own()).toEqual([6]);
  });

  test('an inner commit leaves the top where it is', async () => {
    await pass(200);
    addOverlay(place, 'vda', overlay);
    await pass(200);
    addOverlay(place, 'vda', second);
    await pass(200);
    commitInto(place, overlay.path, base);
    setBacking(place, second.path, { path: base, format: 'raw' });
    expect(own()).toEqual([3, 2]);
  });

  test('a pull makes the top hold what was between', async () => {
    await pass(200);
    addOverlay(place, 'vda', overlay);
    await pass(200);
    place.domain.qemu?.pause();
    addOverlay(place, 'vda', second);
    expect(own()).toEqual([null, 2, 1]);
    pullInto(place, second.path, base);
    expect(own()).toEqual([2, 1]);
    pullInto(place, second.path, null);
    expect(own()).toEqual([2]);
  });

  test('a flat copy holds the whole disk, of any format', async () => {
    await pass(200);
    addOverlay(place, 'vda', overlay);
    flatten(place, overlay.path, { path: '/images/flat', format: 'qcow2' });
    flatten(place, '/images/flat', { path: '/images/flat.raw', format: 'raw' });
    expect(lastTickOn(place, '/images/flat.raw')).toBe(1);
    const file = fileAt(place.world, place.host, '/images/flat.raw');
    expect(file && headOf(file)).toMatchObject({ format: 'raw', capacityBytes: 2 ** 20 });
    expect(file && lengthOf(file.content)).toBe(2 ** 20);
  });

  test('QEMU holds its images as long as it lives', () => {
    addOverlay(place, 'vda', overlay);
    expect([lockOn(place, overlay.path), lockOn(place, base)]).toEqual(['write', 'read']);
    place.domain.qemu?.pause();
    expect(lockOn(place, overlay.path)).toBe('write');
    place.domain.qemu?.kill();
    expect(lockOn(place, overlay.path)).toBeNull();
  });

  test('on shared storage every host sees the same chain, and overlays are made there', async () => {
    place = placeOf(clock, 'shared');
    addOverlay(place, 'vda', overlay);
    await pass(1_000);
    const there = { world: place.world, host: place.world.host('hostB') };
    expect(lastTickOn(there, overlay.path)).toBe(5);
    expect(place.host.files.has(overlay.path)).toBe(false);
  });
});

function placeOf(clock: VirtualClock, storage: 'shared' | 'private'): Place {
  const world = new World({ clock, seed: 1, link: { bandwidthBytesPerS: 2 ** 27 } });
  world.addHost({ name: 'hostA' });
  world.addHost({ name: 'hostB' });
  const disk = { capacityBytes: 2 ** 20, storage };
  world.addDomain({
    name: 'guest',
    host: 'hostA',
    disks: [
      { ...disk, targetDev: 'vda', path: base },
      { ...disk, targetDev: 'vdb', path: '/images/more.img', readOnly: true },
    ],
  });
  const host = world.host('hostA');
  const [domain] = host.domains.values();
  if (domain === undefined) throw new Error('the world has no guest');
  return { world, host, domain };
}
