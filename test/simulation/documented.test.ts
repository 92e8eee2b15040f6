import { expect, test } from 'vitest';
import { bindSnapshots } from '../../src/index.ts';
import { createImageStores } from '../../src/adapters/images/index.ts';
import { managedSaveInput } from '../../machines/index.ts';
import type { Fault, SimulationPlan } from '../../src/testing/index.ts';
import { simulate } from '../../src/testing/index.ts';

const mib = 2 ** 20;
const host = 'simulated:///hostA';
const plan: SimulationPlan = {
  seed: 1,
  hosts: [{ name: 'hostA' }],
  domains: [{ name: 'db1', host: 'hostA', memoryBytes: 64 * mib }],
  link: { bandwidthBytesPerS: 100 * mib },
  workflows: [
    {
      domain: 'db1',
      machine: 'managedSave',
      input: managedSaveInput({ domain: 'db1', host, action: 'save' }),
      startMs: 0,
      before: [],
      sent: [],
      mayFailWith: [],
    },
  ],
  awayMs: 5_000,
  faults: [],
};

test('a save whose reply is lost is found to be made', async () => {
  const faults: Fault[] = [{ at: { call: 'managedSave' }, do: 'loseReply' }];
  const { findings, runs, struck } = await simulate(
    { ...plan, faults },
    { bind: (hosts) => bindSnapshots(hosts, createImageStores(hosts)) },
  );
  expect(struck).toEqual(faults);
  expect(findings).toEqual([]);
  expect(runs).toMatchObject([{ outcome: 'completed' }]);
});
