import type { AnyStateMachine } from 'xstate';
import { StateMachine } from 'xstate';

import type { BoundMachine, SlotTable, SnapshotUpgrade } from './slots.ts';
import { Stepper } from './stepper.ts';

export interface RegisteredMachine {
  readonly id: string;
  readonly version: string;
  readonly stepper: Stepper;
  readonly slots: SlotTable;
  readonly about: BoundMachine['about'];
  readonly upgrades: Readonly<Record<string, SnapshotUpgrade>>;
  /** Child machines by the name under which this one invokes them. */
  readonly children: Readonly<Record<string, RegisteredMachine>>;
}

/** Of no run in particular: building one costs as much as ten steps. */
const steppers = new WeakMap<AnyStateMachine, Stepper>();

function stepperOf(machine: AnyStateMachine): Stepper {
  const known = steppers.get(machine) ?? new Stepper(machine);
  steppers.set(machine, known);
  return known;
}

/**
 * All machines that an engine runs, by id.
 *
 * @throws when a slot is not bound or a child machine is not registered: an unbound slot would
 * look like a real failure in the middle of a run.
 */
export function registerMachines(
  bound: readonly BoundMachine[],
): ReadonlyMap<string, RegisteredMachine> {
  const registered = new Map<string, RegisteredMachine>();
  const register = (one: BoundMachine): RegisteredMachine => {
    const known = registered.get(one.machine.id);
    if (known !== undefined) return known;
    const children: Record<string, RegisteredMachine> = {};
    for (const [src, logic] of Object.entries(one.machine.implementations.actors)) {
      if (logic instanceof StateMachine) {
        const child = bound.find(({ machine }) => machine.id === logic.id);
        if (child === undefined) throw new Error(`machine ${logic.id} is not registered`);
        children[src] = register(child);
      } else if (!(src in one.slots)) {
        throw new Error(`slot ${src} of machine ${one.machine.id} is not bound`);
      }
    }
    const entry: RegisteredMachine = {
      id: one.machine.id,
      version: one.machine.version ?? '0',
      stepper: stepperOf(one.machine),
      slots: one.slots,
      about: one.about?.bind(one),
      upgrades: one.upgrades ?? {},
      children,
    };
    registered.set(entry.id, entry);
    return entry;
  };
  for (const one of bound) register(one);
  return registered;
}
