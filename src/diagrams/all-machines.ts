import { StateMachine } from 'xstate';
import type { AnyStateMachine } from 'xstate';
import * as machines from '../../machines/index.ts';

/** Whether a value is a machine rather than an effect, a watch or something else. */
export function isMachine(value: unknown): value is AnyStateMachine {
  return value instanceof StateMachine;
}

/** Every machine that `machines/index.ts` exports, by the name of its file. */
export function allMachines(): ReadonlyMap<string, AnyStateMachine> {
  const exported: unknown[] = Object.values(machines);
  const named = exported
    .filter(isMachine)
    .map((machine): [string, AnyStateMachine] => [fileNameOf(machine), machine]);
  return new Map(named.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** A machine's id is its file's name in camel case. */
function fileNameOf(machine: AnyStateMachine): string {
  return machine.id.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
