import { describe, expectTypeOf, test } from 'vitest';
import type { Fault, HypervisorCall, Incident, SimulationPlan } from '../../src/testing/index.ts';

describe('a fault script', () => {
  test('is written with the types of virtstate/testing alone', () => {
    const faults: readonly Fault[] = [
      { at: { call: 'migrate', host: 'hostA' }, do: 'loseReply' },
      { at: { machine: 'coldSnapshot', state: 'working.saving', afterMs: 20 }, do: 'killProcess' },
    ];
    expectTypeOf(faults).toExtend<SimulationPlan['faults']>();
    expectTypeOf<'createSnapshot'>().toExtend<HypervisorCall>();
    expectTypeOf<'powerOffGuest'>().toExtend<Incident>();
  });

  test('aims at calls that there are', () => {
    // @ts-expect-error there is no such call
    const fault: Fault = { at: { call: 'teleport' }, do: 'refuse' };
    expectTypeOf(fault).toEqualTypeOf<Fault>();
  });
});
