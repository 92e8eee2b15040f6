import { StateMachine } from 'xstate';

import * as machines from '../../machines/index.ts';
import { statesOf } from '../../src/testing/simulation/index.ts';

type Place = { readonly machine: string; readonly state: string };

const charts = Object.values(machines).filter((each) => each instanceof StateMachine);
const known = new Map<string, readonly Place[]>(
  charts.map((chart) => [chart.id, statesOf(chart).map((state) => ({ machine: chart.id, state }))]),
);

/** Where a chart can be struck. @throws Error for no such machine */
export function statesOfMachine(machine: string): readonly Place[] {
  const states = known.get(machine);
  if (states === undefined) throw new Error(`there is no machine ${machine}`);
  return states;
}
