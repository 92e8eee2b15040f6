import { Engine } from '../../engine/engine.ts';
import type { BoundMachine } from '../../engine/slots.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Hypervisor, Hypervisors } from '../../ports/hypervisor.ts';
import { noLog } from '../../ports/log.ts';
import type { CommitBatch, RunRecord } from '../../ports/run-store.ts';
import type { SharedMemory } from '../../store/memory/index.ts';
import { MemoryStore } from '../../store/memory/index.ts';

export interface ProcessParts {
  readonly hypervisors: Hypervisors;
  /** Its machines over the hosts as it reaches them. */
  readonly bind: (hypervisors: Hypervisors) => readonly BoundMachine[];
  /** The records that it shares with those before and after it. */
  readonly memory: SharedMemory;
  readonly clock: Clock;
  readonly newRunId: () => string;
  /** A process that nobody kills need not be followed call by call. */
  readonly isMortal: boolean;
}

/** A process with an engine. Killed, it asks for nothing any more and hears of nothing. */
export class SimulatedProcess {
  readonly engine: Engine;
  readonly #store: MemoryStore;
  #isDead = false;

  constructor(parts: ProcessParts) {
    const { bind, clock, hypervisors, isMortal, memory, newRunId } = parts;
    this.#store = isMortal ? new MemoryStore(memory) : new LightStore(memory);
    const machines = bind(isMortal ? this.#through(hypervisors) : hypervisors);
    this.engine = new Engine({ store: this.#store, machines, clock, log: noLog, newRunId });
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** What a run that is over said in the end, by its record; `null`: it is on no record. */
  async recordOf(runId: string): Promise<RunRecord | null> {
    return (await this.#store.load(runId))?.record ?? null;
  }

  kill(): void {
    this.#isDead = true;
    this.#store.die();
    this.engine.removeAllListeners();
  }

  #through(plain: Hypervisors): Hypervisors {
    return {
      open: async (uri, signal) =>
        this.#follow(await this.#whileAlive(() => plain.open(uri, signal))),
      linkMigration: (ends, signal) => this.#whileAlive(() => plain.linkMigration(ends, signal)),
      close: () => plain.close(),
    };
  }

  #follow(host: Hypervisor): Hypervisor {
    return new Proxy(host, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        const call = (...given: unknown[]): unknown => Reflect.apply(value, target, given);
        // It gives no promise, but what comes piece by piece.
        if (name === 'readVolume') return call;
        return (...given: unknown[]) => this.#whileAlive(() => call(...given));
      },
    });
  }

  async #whileAlive<T>(call: () => T): Promise<Awaited<T>> {
    if (this.#isDead) return never;
    try {
      const answer = await call();
      return this.#isDead ? await never : answer;
    } catch (error) {
      if (this.#isDead) return never;
      throw error;
    }
  }
}

/** What nobody will take over need not be written down: who holds which lock is enough. */
class LightStore extends MemoryStore {
  readonly #begun = new Set<string>();

  override commit(batch: CommitBatch): Promise<void> {
    const runs = batch.runs
      .filter(({ finishedAtEpochMs, id }) => finishedAtEpochMs !== null || !this.#begun.has(id))
      .map((run) => ({ ...run, snapshot: null }));
    for (const { id } of runs) this.#begun.add(id);
    return super.commit({ ...batch, runs, journal: [], timers: [], artefacts: [], progress: [] });
  }
}

const never = Promise.withResolvers<never>().promise;
