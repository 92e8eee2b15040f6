import type { AnyMachineSnapshot } from 'xstate';

import { registerMachines } from '../../src/engine/registry.ts';
import type { BoundMachine } from '../../src/engine/slots.ts';
import type { JournalRow, RunRecord } from '../../src/ports/run-store.ts';

/** The snapshot that the journal of one run leads to, by its machine's transitions alone. */
export function replay(
  bound: readonly BoundMachine[],
  { id, machine: name }: RunRecord,
  journal: readonly JournalRow[],
): unknown {
  const machine = registerMachines(bound).get(name);
  if (machine === undefined) throw new Error(`no machine ${name}`);
  const { stepper } = machine;
  const [begin, ...rest] = journal.filter(({ runId }) => runId === id);
  let snapshot: AnyMachineSnapshot = stepper.start(begin?.event['input']).snapshot;
  for (const { event } of rest) ({ snapshot } = stepper.next(snapshot, event));
  return JSON.parse(JSON.stringify(stepper.persist(snapshot)));
}
