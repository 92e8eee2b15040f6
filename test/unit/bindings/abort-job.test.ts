import { expect, test } from 'vitest';

import { createSimulatedWorld, VirtualClock } from '../../../src/adapters/simulated/index.ts';
import { peer2peerMigrationSlots } from '../../../src/bindings/peer2peer-migration.ts';
import type { DomainJob, DomainStatus } from '../../../src/ports/domain.ts';
import { noLog } from '../../../src/ports/log.ts';
import { sharedGuest } from '../../support/simulated-migration.ts';

/** Runs the effect on a guest whose job is, each time it is looked at, the next of these. */
async function abortedOf(operations: readonly DomainJob['operation'][], resumed = false) {
  const clock = new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' });
  const { hypervisors } = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [{ name: 'hostA' }],
    domains: [sharedGuest],
    link: { bandwidthBytesPerS: 1 },
    faults: [],
  });
  const { signal } = new AbortController();
  const host = 'simulated:///hostA';
  const real = await hypervisors.open(host, signal);
  const jobs = operations.map((operation) => ({ operation }));
  const aborted: (DomainJob | null)[] = [];
  let job: DomainJob | null = null;
  const guest = Object.assign(real, {
    findStatus: (): Promise<DomainStatus> => {
      job = jobs.shift() ?? job;
      const name = 'guest';
      return Promise.resolve({
        uuid: name,
        name,
        state: 'running',
        reason: 'booted',
        persistent: true,
        job,
      });
    },
    abortJob: (): Promise<'aborted'> => {
      aborted.push(job);
      return Promise.resolve('aborted');
    },
  });
  const slots = peer2peerMigrationSlots({ ...hypervisors, open: () => Promise.resolve(guest) });
  const tools = { signal, clock, resumed, key: 'key', report: () => undefined, log: noLog };
  await clock.run(slots.abortJob.run({ host, domainUuid: 'guest' }, tools));
  return aborted;
}

test("an abort waits for the migration's own job and leaves another owner's alone", async () => {
  expect(await abortedOf(['save', 'dump', 'migrationOut'])).toEqual([
    { operation: 'migrationOut' },
  ]);
});

test('an abort that was under way when we died is done again', async () => {
  expect(await abortedOf(['none', 'migrationOut'], true)).toEqual([{ operation: 'migrationOut' }]);
});

test('an abort that was under way when we died ends with the job that is over', async () => {
  expect(await abortedOf(['none'], true)).toEqual([]);
});
