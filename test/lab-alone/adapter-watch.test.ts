import { expect, test } from 'vitest';

import { inOneLine, Watched } from '../contract/watched.ts';
import { expectInTime, expectMostlyInTime } from '../support/in-time.ts';
import { useAdapterLab } from '../support/lab-adapter.ts';
import { describeLab } from '../support/needs.ts';

const unending = new AbortController().signal;

describeLab('a watch by the libvirt adapter', () => {
  const stage = useAdapterLab('watch');

  test.each([
    ['shared', { unsafe: true }],
    ['private', { copyStorage: 'all', bandwidthMibPerS: 64 }],
  ] as const)('tells a migration on %s storage in its order and in time', (storage, given) =>
    expectMostlyInTime(async (nth) => {
      const fill = storage === 'private' ? '48M' : undefined;
      const guest = { on: stage.hostA.name, storage, fill, agent: 'absent' } as const;
      const { uuid } = await stage.lab.guest(`moving-${storage}-${nth}`, guest);
      const from = new Watched(stage.source, uuid, 'source');
      const to = new Watched(stage.destination, uuid, 'destination');
      await from.sees('state running booted');
      const calledAtEpochMs = Date.now();
      await stage.source.migrate(stage.callFor(uuid, given), unending);
      await Promise.all([from.sees('jobCompleted'), to.sees('state running migrated')]);
      await Promise.all([from.stop(), to.stop()]);

      const isRecent = ({ atEpochMs }: { readonly atEpochMs: number }) =>
        atEpochMs >= calledAtEpochMs;
      const truth = {
        source: (await stage.hostA.migrationLog()).filter(isRecent),
        destination: (await stage.hostB.migrationLog()).filter(isRecent),
      };
      for (const { observations } of [from, to]) {
        const times = observations.map(({ atEpochMs }) => atEpochMs);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      }
      const inOrder = [
        timeOf(from, 'migrationJob out'),
        timeOf(to, 'state paused startingUp'),
        timeOf(to, 'started migrated'),
        timeOf(from, 'migrationStatus setup'),
        timeOf(from, 'migrationStatus pre-switchover'),
        timeOf(from, 'migrationStatus completed'),
        timeOf(to, 'resumed migrated'),
        timeOf(from, 'stopped migrated'),
      ];
      expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));

      const perform3 = truth.source.find(
        (each) => each.kind === 'phase' && each.phase === 'perform3',
      );
      // A storage copy connects to the NBD server first, which nothing tells; what ends PREPARE does.
      expectNear('the start', timeOf(to, 'started migrated'), perform3);
      if (storage === 'shared')
        expectNear('setup', timeOf(from, 'migrationStatus setup'), perform3);
      const switchover = truth.source.find(
        (each) => each.kind === 'status' && each.status === 'pre-switchover',
      );
      expectNear('pre-switchover', timeOf(from, 'migrationStatus pre-switchover'), switchover);
      const resumed = truth.destination.find((each) => each.kind === 'resumed');
      expectNear('the resume', timeOf(to, 'resumed migrated'), resumed);
    }),
  );
});

/** @throws Error when nothing of the kind was told */
function timeOf({ observations }: Watched, event: string): number {
  const told = observations.find((each) => inOneLine(each) === event);
  if (told === undefined) throw new Error(`not told: ${event}`);
  return told.atEpochMs;
}

/** Near enough to what the daemon itself logged. */
function expectNear(
  what: string,
  toldAtEpochMs: number,
  truth: { readonly atEpochMs: number } | undefined,
): void {
  expect(truth).toBeDefined();
  expectInTime(what, Math.abs(toldAtEpochMs - (truth?.atEpochMs ?? Infinity)));
}
