import type { EventObject } from 'xstate';

import type { AnySlot, SlotTable, Tools } from '../../engine/slots.ts';
import type { Failure } from '../../ports/failure.ts';
import { FailureError } from '../../ports/failure.ts';
import type { Letters } from './alphabet.ts';
import { above } from './scene.ts';

/** A call that a machine makes of an effect or of a watch. */
export interface ScriptedCall {
  /** Its id. */
  readonly machine: string;
  readonly src: string;
  /** As the steps of a path name it. */
  readonly way: string;
  readonly id: string;
  readonly input: unknown;
  readonly tools: Tools & { readonly send: (event: EventObject) => void };
}

interface Asked {
  readonly answer: (output: unknown) => void;
  readonly fail: (failure: Failure) => void;
  readonly tell: (event: EventObject) => void;
}

/** Slots that do nothing by themselves: each call waits for its answer. */
export class ScriptedSlots {
  readonly #asked = new Map<string, Asked>();
  readonly #listeners: ((call: ScriptedCall) => void)[] = [];

  /** Those of one machine, in the place of its own. */
  table(machine: string, { actors }: Letters): SlotTable {
    const slots = Object.entries(actors)
      .filter(([, alphabet]) => !('child' in alphabet))
      .map(([src, alphabet]): [string, AnySlot] => {
        const run: AnySlot['run'] = (input, tools) => this.#ask({ machine, src, input, tools });
        return [
          src,
          'sends' in alphabet ? { kind: 'watch', run } : { kind: 'effect', recovery: 'rerun', run },
        ];
      });
    return Object.fromEntries(slots);
  }

  onCall(listener: (call: ScriptedCall) => void): void {
    this.#listeners.push(listener);
  }

  /** The call of a machine that was made last under that id. @throws where there is none */
  last(way: string, id: string): Asked {
    const name = way === '' ? id : `${way}/${id}`;
    const asked = this.#asked.get(name);
    if (asked === undefined) throw new Error(`${name} was never called`);
    return asked;
  }

  #ask(call: Omit<ScriptedCall, 'way' | 'id'>): Promise<unknown> {
    const { promise, reject, resolve } = Promise.withResolvers<unknown>();
    const fail = (failure: Failure): void => reject(new FailureError(failure));
    const name = nameOf(call.tools.key);
    this.#asked.set(name, { answer: resolve, fail, tell: call.tools.send });
    const [way, id] = above(name);
    for (const listener of this.#listeners) listener({ ...call, way, id });
    return promise;
  }
}

/** A key is the run, then invoke ids from the top down, each with the count of its entries. */
function nameOf(key: string): string {
  return key.slice(key.indexOf('/') + 1).replaceAll(/#\d+(?=\/|$)/g, '');
}
