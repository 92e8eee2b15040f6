import { describe, expect, test } from 'vitest';

import { mib } from '../support/simulated-migration.ts';
import { uuid } from '../support/simulated-host.ts';
import { onceIn } from '../support/simulated-runs.ts';
import { snapshotSimulated } from '../support/simulated-snapshot.ts';
import { expectGuestAsBefore, expectImage, expectNoImage } from '../support/snapshot-truths.ts';

const waiting = 'working.copying.awaitingReady.waiting';

describe('a live snapshot in a simulated world', () => {
  test('makes one image of the root disk, and leaves nothing else', async () => {
    const end = await snapshotSimulated();
    expect(end.output).toMatchObject({
      images: [{ targetDev: 'vda', path: '/backup/image.qcow2', format: 'qcow2' }],
      consistency: 'filesystem',
    });
    expectImage(end);
    expectGuestAsBefore(end);
  });

  test('makes images of several disks of the same moment, in any format', async () => {
    const end = await snapshotSimulated({ input: { disks: ['vda', 'vdb'], format: 'raw' } });
    expectImage(end);
    expectGuestAsBefore(end);
    const on = (disk: string) => end.world.lastTickOn('hostA', `/backup/image-${disk}.qcow2`);
    expect(on('vda')).toBe(on('vdb'));
    expect(end.output.images.map(({ format }) => format)).toEqual(['raw', 'raw']);
  });

  test('of a paused guest is crash consistent, and leaves it paused', async () => {
    const end = await snapshotSimulated({ guest: { state: 'paused' } });
    expect(end.output).toMatchObject({
      outcome: 'completed',
      consistency: 'crash',
      frozenMs: null,
    });
    expect(end.after.vcpus).toBe(end.before.vcpus);
  });

  const agents = [
    ['disconnected', 'refused'],
    ['none', 'refused'],
    ['silent', 'rolledBack'],
    [{ hangsAt: 'freeze', forMs: 30_000 }, 'rolledBack'],
    [{ hangsAt: 'thaw', forMs: 30_000 }, 'completed'],
  ] as const;

  test.each(agents)('whose freeze is required, with the agent %o: %s', async (agent, outcome) => {
    const end = await snapshotSimulated({ guest: { agent }, input: { quiesce: 'required' } });
    expect(end.output).toMatchObject({ outcome });
    if (outcome === 'completed') return expectImage(end);
    expectNoImage(end);
  });

  test.each(agents.map(([agent]) => agent))(
    'whose freeze is tried, with the agent %o, makes an image',
    async (agent) => {
      const end = await snapshotSimulated({ guest: { agent } });
      expectImage(end);
      const frozen = typeof agent === 'object' && agent.hangsAt === 'thaw';
      expect(end.output.consistency).toBe(frozen ? 'filesystem' : 'crash');
    },
  );

  test('is given up when its copy fails', async () => {
    const end = await snapshotSimulated(
      onceIn(waiting, ({ world }) => world.failBlockJob(uuid, 'vda')),
    );
    expect(end.output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'copyLost' } });
    expectNoImage(end);
    expectGuestAsBefore(end);
  });

  test.each(['powerOff', 'killQemu'] as const)(
    'is given up when its guest ends: %s',
    async (how) => {
      const end = await snapshotSimulated(onceIn(waiting, ({ world }) => world[how](uuid)));
      expect(end.output).toMatchObject({
        outcome: 'rolledBack',
        failure: { code: 'guestStopped' },
      });
      expectNoImage(end);
      expect(end.after).toMatchObject({ state: 'shutoff', persistent: true, claims: [] });
    },
  );

  test.each(['powerOff', 'killQemu'] as const)(
    'is given up when its guest ends, which is told after the copy: %s',
    async (how) => {
      const end = await snapshotSimulated(
        onceIn(waiting, ({ world }) => {
          world.failBlockJob(uuid, 'vda');
          world[how](uuid);
        }),
      );
      expect(end.output).toMatchObject({
        outcome: 'rolledBack',
        failure: { code: 'guestStopped' },
      });
      expectNoImage(end);
    },
  );

  test('is given up when the place runs full', async () => {
    const end = await snapshotSimulated({
      input: { format: 'raw' },
      faults: [{ at: { call: 'convertImage' }, do: 'refuse' }],
    });
    expect(end.output).toMatchObject({ outcome: 'rolledBack' });
    expectNoImage(end);
    expectGuestAsBefore(end);
  });

  test('is refused where there is no room, before anything is touched', async () => {
    const end = await snapshotSimulated({ roomBytes: 50 * mib });
    expect(end.output).toMatchObject({ outcome: 'refused', failure: { code: 'spaceEnough' } });
    expectGuestAsBefore(end);
  });

  test('aborted in any state leaves nothing', async () => {
    const { states } = await snapshotSimulated();
    for (const at of new Set(states)) {
      const end = await snapshotSimulated(onceIn(at, ({ abort }) => abort()));
      expect(['completed', 'rolledBack'], at).toContain(end.output.outcome);
      if (end.output.outcome === 'completed') expectImage(end);
      else expectNoImage(end);
      expectGuestAsBefore(end);
    }
  });
});
