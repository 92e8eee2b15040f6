import type { AnyStateMachine } from 'xstate';
import { fromPromise, StateMachine } from 'xstate';

import type { StartOptions } from '../../engine/admission.ts';
import { Engine } from '../../engine/engine.ts';
import type { Run } from '../../engine/run.ts';
import type { BoundMachine } from '../../engine/slots.ts';
import type { Clock } from '../../ports/clock.ts';
import { noLog } from '../../ports/log.ts';
import type { RunStore } from '../../ports/run-store.ts';
import type { Letters } from './alphabet.ts';
import type { ScriptedSlots } from './scripted-slots.ts';

interface Parts {
  readonly machines: readonly BoundMachine[];
  readonly clock: Clock;
  readonly store: RunStore;
  readonly onStarted: (run: Run) => void;
}

/** An engine as a service gets it, that tells of each run that the service starts. */
export class ScriptedEngine extends Engine {
  readonly #onStarted: (run: Run) => void;

  constructor({ clock, machines, onStarted, store }: Parts) {
    super({ store, machines, clock, log: noLog, newRunId: () => 'run-1' });
    this.#onStarted = onStarted;
  }

  override async start(workflow: string, input: unknown, options?: StartOptions): Promise<Run> {
    const run = await super.start(toMachineId(workflow), input, options);
    this.#onStarted(run);
    return run;
  }
}

/** Services know workflows by the names of their files, too. */
function toMachineId(workflow: string): string {
  return workflow.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** A machine and the children that are walked with it; a child that is only a slot never runs. */
export function bindScripted(
  machine: AnyStateMachine,
  letters: Letters,
  slots: ScriptedSlots,
): BoundMachine[] {
  const { actors } = machine.implementations;
  const children: BoundMachine[] = [];
  const stubs: Record<string, typeof stub> = {};
  for (const [src, alphabet] of Object.entries(letters.actors)) {
    const logic: unknown = actors[src];
    if (!(logic instanceof StateMachine)) continue;
    if ('child' in alphabet) children.push(...bindScripted(logic, alphabet.child, slots));
    else stubs[src] = stub;
  }
  return [
    { machine: machine.provide({ actors: stubs }), slots: slots.table(machine.id, letters) },
    ...children,
  ];
}

/** The engine runs the slot of that name in its place. */
const stub = fromPromise(() => Promise.resolve());
