import { VirtualClock } from '../../src/adapters/simulated/index.ts';
import type { EngineOptions } from '../../src/engine/engine.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { BoundMachine } from '../../src/engine/slots.ts';
import { noLog } from '../../src/ports/log.ts';
import type { JournalRow } from '../../src/ports/run-store.ts';
import { MemoryStore, SharedMemory } from '../../src/store/memory/index.ts';

/** One engine on records that others share, as one process is on one file. */
export interface Seat {
  readonly engine: Engine;
  readonly store: MemoryStore;
}

/** Records and a clock that several engines share; each of them may die. */
export class Engines {
  readonly clock = new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' });
  readonly memory = new SharedMemory();
  #runs = 0;

  /** A process begins. */
  seat(
    machines: readonly BoundMachine[],
    options: Partial<Omit<EngineOptions, 'store'>> & { readonly store?: MemoryStore } = {},
  ): Seat {
    const store = options.store ?? new MemoryStore(this.memory);
    const engine = new Engine({
      clock: this.clock,
      log: noLog,
      machines,
      newRunId: () => `run-${(this.#runs += 1)}`,
      ...options,
      store,
    });
    return { engine, store };
  }

  /** All that was stepped of a run, whoever drove it. */
  async journal(runId: string): Promise<readonly JournalRow[]> {
    return (await new MemoryStore(this.memory).journal(runId)) ?? [];
  }
}

/** Lets everything that is due now happen. */
export async function settled(turns = 6): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1)
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
}

export const never = <T>(): Promise<T> => Promise.withResolvers<T>().promise;
