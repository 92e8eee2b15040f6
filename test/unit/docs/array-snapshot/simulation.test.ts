import { expect, test } from 'vitest';
import { simulate } from '../../../../src/testing/index.ts';
import type { SimulationPlan } from '../../../../src/testing/index.ts';
import { bindArraySnapshot } from './array-snapshot-slots.ts';
import type { StorageArray } from './array-snapshot-slots.ts';

const mib = 2 ** 20;

/** An array that takes a snapshot for every time that it is asked. */
function newArray() {
  const taken: string[] = [];
  return {
    taken,
    take: async (volume: string, name: string) => void taken.push(`${volume}@${name}`),
    find: async (volume: string, name: string) => taken.includes(`${volume}@${name}`),
  };
}

const host = 'simulated:///hostA';
const plan: SimulationPlan = {
  seed: 1,
  hosts: [{ name: 'hostA' }],
  domains: [{ name: 'db1', host: 'hostA', memoryBytes: 64 * mib }],
  link: { bandwidthBytesPerS: 100 * mib },
  workflows: [
    {
      domain: 'db1',
      machine: 'arraySnapshot',
      input: { host, domain: 'db1', volume: 'lun7', name: 'nightly' },
      startMs: 0,
      before: [],
      sent: [],
      mayFailWith: [],
    },
  ],
  awayMs: 5_000,
  faults: [],
};

const simulateWith = (array: StorageArray, faults: SimulationPlan['faults'] = []) =>
  simulate({ ...plan, faults }, { bind: (hosts) => [bindArraySnapshot(hosts, array)] });

test('a snapshot is taken while the guest stands still, and it runs again', async () => {
  const array = newArray();
  const { findings, runs } = await simulateWith(array);
  expect(findings).toEqual([]);
  expect(runs).toMatchObject([{ outcome: 'completed' }]);
  expect(array.taken).toEqual(['lun7@nightly']);
});

test.each(['working.suspending', 'working.taking', 'returning.resuming'])(
  'our process is killed in %s, and another one takes it up: one snapshot, and the guest runs',
  async (state) => {
    const array = newArray();
    const faults = [{ at: { machine: 'arraySnapshot', state }, do: 'killProcess' }] as const;
    const { findings, runs, struck } = await simulateWith(array, faults);
    expect(struck).toEqual(faults);
    expect(findings).toEqual([]);
    expect(runs).toMatchObject([{ outcome: 'completed' }]);
    expect(array.taken).toEqual(['lun7@nightly']);
  },
);

test('the guest is switched off meanwhile: nobody waits for it', async () => {
  const faults = [
    { at: { machine: 'arraySnapshot', state: 'working.taking' }, do: 'powerOffGuest' },
  ] as const;
  const { findings, runs } = await simulateWith(newArray(), faults);
  expect(findings).toEqual([]);
  expect(runs).toMatchObject([{ outcome: 'completed' }]);
});
