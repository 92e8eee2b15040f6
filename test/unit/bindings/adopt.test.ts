import { describe, expect, test } from 'vitest';

import type { Fault } from '../../../src/adapters/simulated/index.ts';
import { peer2peerMigrationSlots } from '../../../src/bindings/peer2peer-migration.ts';
import { delay } from '../../../src/ports/clock.ts';
import { toFailure } from '../../../src/ports/failure.ts';
import { noLog } from '../../../src/ports/log.ts';
import { mib, Scene, unending } from '../../simulation/scene.ts';

const connect = { destinationConnectUri: 'simulated:///hostB' };

/** A source daemon that may be at work for somebody who has died. */
function stage(faults: readonly Fault[] = []) {
  // 256 MiB at this speed take four seconds.
  const scene = new Scene({ faults, link: { bandwidthBytesPerS: 64 * mib } });
  const { clock } = scene;
  const call = scene.callFor(connect);
  const slots = peer2peerMigrationSlots(scene.world.hypervisors);
  const begin = async (): Promise<void> => {
    const host = await scene.host('hostA');
    void host.migrate(call, unending).catch(() => null);
  };
  const adopt = async (input = call) => {
    const tools = { signal: unending, clock, key: 'key', log: noLog, report: () => undefined };
    const { adopt: follow } = slots.performMigration;
    if (follow === undefined) throw new Error('a migration of the source daemon is not adopted');
    const work = follow({ host: 'simulated:///hostA', domainUuid: scene.uuid, call: input }, tools);
    const failure = await clock.run(
      work.then(
        () => null,
        (error: unknown) => toFailure(error),
      ),
    );
    return { failure, tookMs: clock.nowEpochMs() };
  };
  return { scene, begin, adopt };
}

const unknown = { code: 'interrupted', effect: 'unknown' };

describe('a migration that the source daemon goes on with when we die', () => {
  test('is followed to its end, and how it ended is left to a look', async () => {
    const { scene, begin, adopt } = stage();
    await begin();
    const { failure, tookMs } = await adopt();
    expect(failure).toMatchObject(unknown);
    expect(tookMs).toBeGreaterThan(3_000);
    expect(scene.where('hostA')).toBeNull();
    expect(scene.where('hostB')).toContain('running');
  });

  test('is followed to its end, too, where it fails', async () => {
    const { scene, begin, adopt } = stage([
      { at: { phase: 'perform3', afterMs: 1_000 }, do: 'breakStream' },
    ]);
    await begin();
    const { failure, tookMs } = await adopt();
    expect(failure).toMatchObject(unknown);
    expect(tookMs).toBeGreaterThan(1_000);
    expect(scene.where('hostA')).toContain('running');
    expect(scene.where('hostB')).toBeNull();
  });

  test('may be seen a little later: the daemon reads what we had sent last', async () => {
    const { scene, begin, adopt } = stage();
    void delay(scene.clock, 1_000, unending).then(begin);
    await adopt();
    expect(scene.where('hostB')).toContain('running');
  });

  test('that is not there was never asked for, or is over: nobody asks again', async () => {
    const { scene, adopt } = stage();
    const { failure, tookMs } = await adopt();
    expect(failure).toMatchObject(unknown);
    expect(tookMs).toBeLessThan(3_000);
    await scene.pass(60_000);
    expect(scene.where('hostA')).toContain('running');
    expect(scene.where('hostB')).toBeNull();
  });

  test('that is over and has taken the domain with it is not waited for', async () => {
    const { scene, adopt } = stage();
    await scene.run(() => scene.migrate(connect));
    const endedAtMs = scene.clock.nowEpochMs();
    const { failure, tookMs } = await adopt();
    expect(failure).toMatchObject(unknown);
    expect(tookMs - endedAtMs).toBeLessThan(100);
  });

  test('whose host does not answer is left to a look, with that said', async () => {
    const { scene, adopt } = stage();
    scene.world.killDaemon('hostA');
    const { failure } = await adopt();
    expect(failure).toMatchObject(unknown);
    expect(failure?.message).toContain('connection refused');
  });

  test('a broken post-copy that was being taken up is asked for by the chart, not by the adoption', async () => {
    const { scene, adopt } = stage([{ at: { postcopy: 'destinationRuns' }, do: 'breakStream' }]);
    const host = await scene.host('hostA');
    const call = scene.callFor({ ...connect, postcopy: true });
    void host.migrate(call, unending).catch(() => null);
    await scene.pass(1_000);
    await scene.run(() => host.startPostcopy(scene.uuid, unending));
    await scene.pass(5_000);
    expect(scene.where('hostA')).toContain('postcopyFailed');
    const { failure } = await adopt({ ...call, purpose: 'resumePostcopy' });
    expect(failure).toMatchObject(unknown);
    expect(scene.where('hostA')).toContain('postcopyFailed');
  });
});

test('a limit that is given again after a crash is none of the next migration', async () => {
  const scene = new Scene();
  const { clock } = scene;
  const slots = peer2peerMigrationSlots(scene.world.hypervisors);
  const plain = { signal: unending, clock, key: 'key', log: noLog, report: () => undefined };
  const tools = { ...plain, resumed: true };
  const where = { host: 'simulated:///hostA', domainUuid: scene.uuid };
  const noJob = { failure: { code: 'noJob', effect: 'none' } };
  const downtime = slots.setMaxDowntime.run({ ...where, downtimeMs: 700 }, tools);
  await expect(clock.run(downtime)).rejects.toMatchObject(noJob);
  const bandwidth = slots.setBandwidth.run({ ...where, mibPerS: 2 }, tools);
  await expect(clock.run(bandwidth)).rejects.toMatchObject(noJob);
});
