import type { EventObject } from 'xstate';

import { VirtualClock } from '../../adapters/simulated/index.ts';
import type { AnySlot, BoundMachine } from '../../engine/slots.ts';
import type { Clock } from '../../ports/clock.ts';
import { delay } from '../../ports/clock.ts';
import { toFailure } from '../../ports/failure.ts';
import type { Path, PathStep } from './path.ts';
import type { PathScript } from './path-script.ts';
import type { ScriptedCall } from './scripted-slots.ts';

export interface HostWorldOptions {
  /** Over these hosts, as an engine gets them. */
  readonly machines: readonly BoundMachine[];
  /** Time of the hosts, which is not that of the script: simulated ones go on while a step is waited for. */
  readonly clock: Clock;
  /** How long, by that clock, the hosts may take to come to a step: a minute where it is left out. */
  readonly waitMs?: number;
}

type Said = { readonly output: unknown } | { readonly error: unknown };

/**
 * A world of hosts, simulated or real, that a path drives. A call goes out with the step after it: until
 * then the hosts are as they were when the state was entered. One that the path has done is done on the
 * hosts, and their answer is what the machine gets; one that fails without an effect is not made; one
 * whose reply is lost is made, and its answer kept back. What a watch hears is kept until the path
 * tells it. Timers and persons are the script's. The path must be one that these hosts can take: where
 * they answer otherwise than its letters, the test fails with what they have said.
 */
export function hostWorld(script: PathScript, path: Path, options: HostWorldOptions) {
  const world = new HostWorld(script, path, options);
  return {
    play: (step: PathStep): Promise<boolean> => world.play(step),
    restsIn: (states: readonly string[]): Promise<void> => world.restsIn(states),
  };
}

class HostWorld {
  readonly #script: PathScript;
  readonly #path: Path;
  readonly #options: HostWorldOptions;
  /** Calls that have not gone out yet. */
  readonly #waiting = new Map<string, () => Promise<Said>>();
  readonly #answers = new Map<string, Promise<Said>>();
  readonly #heard = new Map<string, EventObject[]>();
  #onHeard: () => void = () => undefined;
  /** Steps of the path that have begun. */
  #begun = 0;
  /** What was asked of these hosts that nobody has put there. */
  #missing: string | null = null;
  #lastSaid: { readonly by: string; readonly said: unknown } | null = null;

  constructor(script: PathScript, path: Path, options: HostWorldOptions) {
    this.#script = script;
    this.#path = path;
    this.#options = options;
    script.onCall((call) => this.#make(call));
  }

  async play(step: PathStep): Promise<boolean> {
    this.#begun = this.#path.steps.indexOf(step) + 1;
    for (const [name, begin] of this.#waiting) this.#answers.set(name, begin());
    this.#waiting.clear();
    switch (step.kind) {
      case 'done': {
        const said = await this.#within(step, this.#answerTo(step));
        if ('error' in said)
          throw new Error(
            `${step.name}: the hosts have failed it: ${toFailure(said.error).message}`,
          );
        this.#lastSaid = { by: step.call.id, said: said.output };
        await this.#script.play({ ...step, output: said.output });
        return true;
      }
      case 'failed': {
        // A watch has no answer that could be lost.
        const isEffect = this.#answers.has(nameOf(step.way, step.call.id));
        if (isEffect && step.failure.effect !== 'none')
          await this.#within(step, this.#answerTo(step));
        return false;
      }
      case 'told':
        await this.#script.play({ ...step, event: await this.#within(step, this.#hear(step)) });
        return true;
      default:
        return false;
    }
  }

  /** @throws where the machine rests elsewhere, with what the hosts have answered last */
  async restsIn(states: readonly string[]): Promise<void> {
    try {
      await this.#script.restsIn(states);
      if (this.#missing !== null) throw new Error(this.#missing);
    } catch (error) {
      if (!(error instanceof Error) || this.#lastSaid === null) throw error;
      const { by, said } = this.#lastSaid;
      throw new Error(`${error.message}; ${by} has answered ${JSON.stringify(said)}`, {
        cause: error,
      });
    }
  }

  /** Of a call that the path has fail without an effect the hosts hear nothing. */
  #make(call: ScriptedCall): void {
    const name = nameOf(call.way, call.id);
    this.#answers.delete(name);
    this.#waiting.delete(name);
    const answer = this.#path.steps
      .slice(this.#begun)
      .find((step) => isAnswer(step) && nameOf(step.way, step.call.id) === name);
    if (answer?.kind === 'failed' && answer.failure.effect === 'none') return;
    const heard: EventObject[] = [];
    this.#heard.set(name, heard);
    const send = (event: EventObject): void => {
      heard.push(event);
      this.#onHeard();
    };
    const { clock } = this.#options;
    const slot = this.#slotOf(call);
    if (slot === undefined) return;
    const begin = (): Promise<Said> =>
      slot.run(call.input, { ...call.tools, clock, send }).then(
        (output) => ({ output }),
        (error: unknown) => ({ error }),
      );
    // It subscribes first, and reads then: nothing may fall between.
    if (slot.kind === 'watch') void begin();
    else this.#waiting.set(name, begin);
  }

  #slotOf({ machine: id, src }: ScriptedCall): AnySlot | undefined {
    const slot = this.#options.machines.find(({ machine }) => machine.id === id)?.slots[src];
    if (slot === undefined)
      this.#missing = `no machine ${id} with a slot ${src} is over these hosts`;
    return slot;
  }

  #answerTo({ call, way }: Extract<PathStep, { kind: 'done' | 'failed' }>): Promise<Said> {
    const answer = this.#answers.get(nameOf(way, call.id));
    if (answer === undefined) throw new Error(`${nameOf(way, call.id)} was never called`);
    return answer;
  }

  async #hear({ call, event, way }: Extract<PathStep, { kind: 'told' }>): Promise<EventObject> {
    const heard = this.#heard.get(nameOf(way, call.id)) ?? [];
    for (;;) {
      const index = heard.findIndex((each) => isAlike(each, event));
      const [found] = index === -1 ? [] : heard.splice(index, 1);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#onHeard = resolve;
      });
    }
  }

  async #within<Value>({ name }: PathStep, work: Promise<Value>): Promise<Value> {
    const { clock, waitMs = 60_000 } = this.#options;
    const over = new AbortController();
    const tooLong = delay(clock, waitMs, over.signal).then(() => {
      const heard = [...this.#heard.values()].flat().map(({ type }) => type);
      throw new Error(
        `${name}: the hosts have not come to it in ${waitMs} ms; untold: ${heard.join(', ') || 'nothing'}`,
      );
    });
    const first = Promise.race([work, tooLong]);
    try {
      return await (clock instanceof VirtualClock ? clock.run(first) : first);
    } finally {
      over.abort();
      tooLong.catch(() => undefined);
    }
  }
}

const nameOf = (way: string, id: string): string => `${way}/${id}`;

function isAnswer(step: PathStep): step is Extract<PathStep, { kind: 'done' | 'failed' }> {
  return step.kind === 'done' || step.kind === 'failed';
}

/** The same news of the same thing: what both say of it, but for the time, is the same. */
function isAlike(real: EventObject, wanted: EventObject): boolean {
  const said: Readonly<Record<string, unknown>> = { ...real };
  return Object.entries(wanted).every(
    ([key, value]) => key === 'atEpochMs' || !(key in said) || said[key] === value,
  );
}
