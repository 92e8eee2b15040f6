import { beforeEach, describe, expect, test } from 'vitest';
import { createSimulatedWorld, VirtualClock } from '../../../../src/adapters/simulated/index.ts';
import type { SimulatedWorld } from '../../../../src/adapters/simulated/index.ts';
import type { CopyOptions } from '../../../../src/ports/block-jobs.ts';
import { delay } from '../../../../src/ports/clock.ts';
import type { Hypervisor } from '../../../../src/ports/hypervisor.ts';
import type { DomainObservation, StreamProgress } from '../../../../src/ports/observation.ts';

/** Kind and words of an observation; when it was made is no matter. */
function inOneLine(observation: DomainObservation): string {
  const { atEpochMs: _, ...seen } = observation;
  return Object.values(seen).join(' ');
}

const uuid = '6a1f7a94-0d2e-4a55-9d0e-5a4a6f4f9b11';
const busy = '7b1f7a94-0d2e-4a55-9d0e-5a4a6f4f9b12';
const mib = 2 ** 20;
/** Faster than {@link slowly} copies. */
const written = { path: '/images/busy.qcow2', writtenBytesPerS: 96 * mib };
const unending = new AbortController().signal;
const slowly: CopyOptions = {
  shallow: false,
  reuseExternal: false,
  transientJob: true,
  synchronousWrites: false,
  bandwidthMibPerS: 64,
};

describe('a block job of a simulated QEMU', () => {
  let clock: VirtualClock;
  let world: SimulatedWorld;
  let host: Hypervisor;
  let told: string[];
  let progress: StreamProgress[];
  let watching: AbortController;

  beforeEach(async () => {
    clock = new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' });
    const disk = { targetDev: 'vda', path: '/images/a.qcow2', format: 'qcow2' };
    const size = { capacityBytes: 128 * mib, storage: 'private' } as const;
    const pool = { name: 'images', targetPath: '/images', capacityBytes: 2 ** 32 };
    const full = { path: '/full', capacityBytes: 10 * mib };
    world = createSimulatedWorld({
      seed: 1,
      clock,
      hosts: [{ name: 'host', pools: [pool], directories: [full] }],
      domains: [
        { name: 'a', host: 'host', uuid, disks: [{ ...disk, ...size }] },
        { name: 'busy', host: 'host', uuid: busy, disks: [{ ...disk, ...size, ...written }] },
      ],
      link: { bandwidthBytesPerS: 2 ** 27 },
      faults: [],
    });
    host = await world.hypervisors.open('simulated:///host', unending);
    told = [];
    progress = [];
    watching = new AbortController();
    const observe = (seen: DomainObservation): void => void told.push(inOneLine(seen));
    const onProgress = (streams: readonly StreamProgress[]): void => void progress.push(...streams);
    const request = { uuid, role: 'alone', observe, progress: onProgress } as const;
    void host.watchDomain(request, watching.signal);
    await pass(10);
    told.splice(0);
    return () => watching.abort();
  });

  const pass = (delayMs: number) => clock.run(delay(clock, delayMs, unending));
  const copyTo = (path: string) =>
    clock.run(
      host.copyBlock(
        uuid,
        'vda',
        { source: { kind: 'file', path }, format: 'qcow2' },
        slowly,
        unending,
      ),
    );
  const end = (how: 'cancel' | 'pivot') => clock.run(host.endBlockJob(uuid, 'vda', how, unending));

  test('of a guest that writes faster than it copies grows, and is never in step', async () => {
    const to = { source: { kind: 'file', path: '/images/b.qcow2' }, format: 'qcow2' } as const;
    const jobAfter = async (delayMs: number) => {
      await pass(delayMs);
      return clock.run(host.findBlockJob(busy, 'vda', unending));
    };
    await clock.run(host.copyBlock(busy, 'vda', to, slowly, unending));
    const [one, other] = [await jobAfter(1_000), await jobAfter(60_000)];
    const left = (job: typeof one) => (job?.totalBytes ?? 0) - (job?.processedBytes ?? 0);
    expect(other?.processedBytes).toBeGreaterThan(one?.processedBytes ?? Infinity);
    expect([left(one), left(other)]).toEqual([128 * mib, 128 * mib]);
    const early = clock.run(host.endBlockJob(busy, 'vda', 'pivot', unending));
    await expect(early).rejects.toMatchObject({ failure: { code: 'notReady', effect: 'none' } });
    await clock.run(host.endBlockJob(busy, 'vda', 'cancel', unending));
    const held = { ...slowly, synchronousWrites: true, reuseExternal: true };
    await clock.run(host.copyBlock(busy, 'vda', to, held, unending));
    await pass(2_100);
    expect(await clock.run(host.endBlockJob(busy, 'vda', 'pivot', unending))).toBe('ended');
  });

  test('takes its time, and less of it without a limit', async () => {
    await copyTo('/images/b.qcow2');
    await pass(1_000);
    expect(await clock.run(host.findBlockJob(uuid, 'vda', unending))).toMatchObject({
      processedBytes: expect.closeTo(64 * mib, -6),
      totalBytes: 128 * mib,
    });
    await clock.run(host.setBlockJobSpeed(uuid, 'vda', 0, unending));
    await pass(70);
    expect(told).toEqual(['blockJob vda copy ready']);
    expect(progress.at(-1)).toMatchObject({ stream: 'vda', remainingBytes: 0 });
  });

  test('holds what the guest wrote until it was ended', async () => {
    await copyTo('/images/b.qcow2');
    await pass(5_000);
    await end('cancel');
    const tick = world.lastTickOn('host', '/images/a.qcow2');
    expect(world.lastTickOn('host', '/images/b.qcow2')).toBe(tick);
    await pass(1_000);
    expect(world.lastTickOn('host', '/images/b.qcow2')).toBe(tick);
  });

  test('leaves the guest on its copy after a pivot', async () => {
    await copyTo('/images/b.qcow2');
    await pass(5_000);
    await end('pivot');
    const tick = world.lastTickOn('host', '/images/a.qcow2') ?? 0;
    await pass(1_000);
    expect(world.lastTickOn('host', '/images/a.qcow2')).toBe(tick);
    expect(world.lastTickOn('host', '/images/b.qcow2')).toBe(tick + 5);
  });

  test('goes on without its daemon', async () => {
    await copyTo('/images/b.qcow2');
    world.killDaemon('host');
    await pass(3_000);
    world.startDaemon('host');
    await pass(10);
    expect(told).toEqual([
      'connectionLost',
      'connectionRegained',
      'blockJob vda copy ready',
      'agent connected',
      'state running booted',
    ]);
  });

  test.each([
    ['powerOff', ['agent disconnected', 'stopped shutdown', 'state shutoff shutdown']],
    ['killQemu', ['stopped failed', 'state shutoff crashed']],
  ] as const)('ends untold with its QEMU: %s', async (how, all) => {
    await copyTo('/images/b.qcow2');
    world[how](uuid);
    await pass(5_000);
    expect(told).toEqual(all);
    expect(await end('cancel')).toBe('noJob');
  });

  test('fails where its target is full', async () => {
    await copyTo('/full/b.qcow2');
    await pass(5_000);
    expect(told).toEqual(['blockJob vda copy failed']);
    expect(await clock.run(host.findBlockJob(uuid, 'vda', unending))).toBeNull();
  });

  test.each([100, 5_000])(
    'fails when QEMU cannot write, also when it is ready: %i ms',
    async (ms) => {
      await copyTo('/images/b.qcow2');
      await pass(ms);
      world.failBlockJob(uuid, 'vda');
      expect(told.at(-1)).toBe('blockJob vda copy failed');
      expect(await end('pivot')).toBe('noJob');
    },
  );

  test('is not told to whoever watches a migration', async () => {
    const seen: string[] = [];
    const observe = ({ kind }: DomainObservation): void => void seen.push(kind);
    const request = { uuid, role: 'source', observe, progress: () => undefined } as const;
    void host.watchDomain(request, watching.signal);
    await copyTo('/images/b.qcow2');
    await pass(5_000);
    expect(seen).toEqual(['state']);
  });

  test('a frozen guest counts on only when it is thawed', async () => {
    await clock.run(host.freeze(uuid, 5_000, unending));
    const tick = world.lastTickOn('host', '/images/a.qcow2');
    await pass(1_000);
    expect(world.lastTickOn('host', '/images/a.qcow2')).toBe(tick);
    await clock.run(host.thaw(uuid, 5_000, unending));
    await pass(1_000);
    expect(world.lastTickOn('host', '/images/a.qcow2')).toBe((tick ?? 0) + 5);
  });

  test('a thaw that nobody waits for any more is made when the agent wakes up', async () => {
    await clock.run(host.freeze(uuid, 5_000, unending));
    world.setAgent(uuid, 'silent');
    const thaw = clock.run(host.thaw(uuid, 1_000, unending));
    await expect(thaw).rejects.toMatchObject({
      failure: { code: 'agentTimeout', effect: 'unknown' },
    });
    world.setAgent(uuid, 'well');
    await pass(100);
    expect(await clock.run(host.freezeStatus(uuid, 1_000, unending))).toBe('thawed');
  });

  test('a thaw is answered late by an agent that hangs behind it', async () => {
    await clock.run(host.freeze(uuid, 5_000, unending));
    world.setAgent(uuid, { hangsAt: 'thaw', forMs: 3_000 });
    const thaw = clock.run(host.thaw(uuid, 1_000, unending));
    await expect(thaw).rejects.toMatchObject({ failure: { code: 'agentTimeout' } });
    expect(await clock.run(host.freezeStatus(uuid, 1_000, unending))).toBe('silent');
    expect(await clock.run(host.freezeStatus(uuid, 5_000, unending))).toBe('thawed');
  });
});
