import { createImageStores } from '../../../src/adapters/images/index.ts';
import { bindMigrations } from '../../../src/bindings/migrations.ts';
import { bindSnapshots } from '../../../src/bindings/snapshots.ts';
import { bindVolumeSwap } from '../../../src/bindings/volume-swap.ts';
import { Engine } from '../../../src/engine/engine.ts';
import type { Run } from '../../../src/engine/run.ts';
import { toFailure } from '../../../src/ports/failure.ts';
import { noLog } from '../../../src/ports/log.ts';
import type { RunStore } from '../../../src/ports/run-store.ts';
import { openSqliteStore } from '../../../src/store/sqlite/index.ts';
import { FarEnd } from './far-hypervisors.ts';
import type { Task, ToEngine, ToWorld } from './messages.ts';
import { SteppedClock } from './stepped-clock.ts';
import { CommitGate } from './stopping-store.ts';

type Begin = Extract<ToEngine, { kind: 'begin' }>;

const runId = 'run';

/** One run in the engine's process: an engine, a store and a clock of its own. */
export class HostedRun {
  readonly #clock: SteppedClock;
  readonly #far = new FarEnd((message) => this.#outbox.push(message));
  #outbox: ToWorld[] = [];
  #gate: CommitGate | null = null;
  #run: Run | null = null;

  constructor(nowEpochMs: number) {
    this.#clock = new SteppedClock(nowEpochMs);
  }

  receive(nowEpochMs: number, messages: readonly ToEngine[]): void {
    this.#clock.moveTo(nowEpochMs);
    for (const message of messages) {
      switch (message.kind) {
        case 'begin':
          void this.#begin(message).catch((error: unknown) =>
            this.#outbox.push({ kind: 'broke', message: toFailure(error).message }),
          );
          break;
        case 'send':
          this.#run?.send(message.event);
          break;
        case 'withhold':
          this.#gate?.shut();
          break;
        default:
          this.#far.receive(message);
      }
    }
  }

  takeOutbox(): { readonly atEpochMs: number | null; readonly messages: readonly ToWorld[] } {
    const messages = this.#outbox;
    this.#outbox = [];
    return { atEpochMs: this.#clock.nextEpochMs, messages };
  }

  async #begin({ task, stop, storePath }: Begin): Promise<void> {
    const gate = new CommitGate({
      stop,
      onCommit: (label) => this.#outbox.push({ kind: 'commits', label }),
      onStand: () => this.#outbox.push({ kind: 'stands' }),
    });
    this.#gate = gate;
    const store = gate.guard(openSqliteStore(storePath));
    const { hypervisors } = this.#far;
    const engine = new Engine({
      store,
      clock: this.#clock,
      log: noLog,
      machines: [
        ...bindMigrations(hypervisors),
        ...bindSnapshots(hypervisors, createImageStores(hypervisors)),
        bindVolumeSwap(hypervisors),
      ],
      newRunId: () => runId,
    });
    engine.on('state.entered', ({ atEpochMs, machine, state, tags }) =>
      this.#outbox.push({ kind: 'entered', atEpochMs, machine, state, tags }),
    );
    engine.on('progress', ({ atEpochMs, streams }) =>
      this.#outbox.push({ kind: 'reported', atEpochMs, streams }),
    );
    await this.#drive(engine, store, task);
  }

  async #drive(engine: Engine, store: RunStore, task: Task): Promise<void> {
    if (task.do === 'start') this.#run = await engine.start(task.machine, task.input);
    else {
      const { runs, parked } = await engine.recover();
      const [failure] = parked.map((each) => each.failure);
      if (failure !== undefined) throw new Error(failure.message);
      this.#run = runs[0] ?? null;
    }
    if (this.#run === null) return this.#tellRecord(store);
    const ending = await this.#run.wait();
    if (ending.ended === 'broken') throw new Error(ending.failure.message);
    this.#tellEnd(ending.output);
  }

  /** Nobody need go on with it: it never began, or its end is on record. */
  async #tellRecord(store: RunStore): Promise<void> {
    const stored = await store.load(runId);
    if (stored === null) this.#outbox.push({ kind: 'nothingLeft' });
    else this.#tellEnd((stored.record.snapshot as { readonly output: unknown }).output);
  }

  #tellEnd(output: unknown): void {
    const { outcome, failure, artefacts } = output as Extract<ToWorld, { kind: 'ended' }>;
    this.#outbox.push({ kind: 'ended', outcome, failure, artefacts });
  }
}
