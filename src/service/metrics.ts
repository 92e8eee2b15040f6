import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { z } from 'zod';

import type { Engine } from '../engine/engine.ts';
import type { Run } from '../engine/run.ts';
import type { RunStore } from '../ports/run-store.ts';
import { StateClock } from './state-clock.ts';

interface MetricsParts {
  readonly engine: Engine;
  readonly store: RunStore;
  /** Who follows runs now. */
  readonly followers: () => number;
}

const ending = z.looseObject({
  outcome: z.string(),
  downtimeMs: z.number().nullable().optional(),
});

const prefix = 'virtstate_';
const secondsOfWork = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800];
const secondsOfDowntime = [0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60];

/** What Prometheus is told: of the runs that this engine drives, and of what the store holds. */
export class Metrics {
  readonly #registry = new Registry();
  /** Requests that wait for what other runs hold. */
  readonly queue: Gauge;
  readonly requests: Histogram;
  readonly #clock: StateClock;

  constructor({ engine, store, followers }: MetricsParts) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.queue = new Gauge({
      name: `${prefix}queue_length`,
      help: 'Requests of this process that wait for what other runs hold.',
      registers,
    });
    this.requests = new Histogram({
      name: `${prefix}http_request_duration_seconds`,
      help: 'Answers by route and status; streams by their beginning.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
      registers,
    });
    this.#addStored(store, followers);
    this.#clock = this.#addDriven(engine);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** @throws StoreError */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Runs that are driven here. */
  watch(runs: readonly Run[]): void {
    this.#clock.watch(runs);
  }

  close(): void {
    this.#clock.close();
    this.#registry.clear();
  }

  #addStored(store: RunStore, followers: () => number): void {
    const registers = [this.#registry];
    const unfinished = new Gauge({
      name: `${prefix}runs_unfinished`,
      help: 'Unfinished runs on record, by machine and by who drives them.',
      labelNames: ['machine', 'driven'],
      registers,
      async collect() {
        unfinished.reset();
        for (const { machine, holder, parked } of await store.list({ finished: false })) {
          const driven = parked !== null ? 'parked' : holder?.alive === true ? 'yes' : 'no';
          unfinished.inc({ machine, driven });
        }
      },
    });
    const locks = new Gauge({
      name: `${prefix}locks_held`,
      help: 'Locks that unfinished runs hold: on domains, and places on hosts.',
      registers,
      async collect() {
        const runs = await store.list({ finished: false });
        const held = await Promise.all(runs.map(({ id }) => store.locks(id)));
        locks.set(held.flat().length);
      },
    });
    const followed = new Gauge({
      name: `${prefix}event_followers`,
      help: 'Connections that follow the events of a run.',
      registers,
      collect() {
        followed.set(followers());
      },
    });
  }

  #addDriven(engine: Engine): StateClock {
    const registers = [this.#registry];
    const started = new Counter({
      name: `${prefix}runs_started_total`,
      help: 'Runs that began here.',
      labelNames: ['machine'],
      registers,
    });
    const finished = new Counter({
      name: `${prefix}runs_finished_total`,
      help: 'Runs that ended here, by outcome.',
      labelNames: ['machine', 'outcome'],
      registers,
    });
    const downtime = new Histogram({
      name: `${prefix}downtime_seconds`,
      help: 'How long guests stood still at the switchover of a migration.',
      buckets: secondsOfDowntime,
      registers,
    });
    const states = new Histogram({
      name: `${prefix}state_duration_seconds`,
      help: 'How long runs were in a state.',
      labelNames: ['machine', 'state'],
      buckets: secondsOfWork,
      registers,
    });
    const effects = new Histogram({
      name: `${prefix}effect_duration_seconds`,
      help: 'How long effects took, by slot and by whether they worked.',
      labelNames: ['machine', 'src', 'result'],
      buckets: secondsOfWork,
      registers,
    });
    return new StateClock(engine, {
      stateLeft: ({ machine, name, spentMs }) =>
        states.observe({ machine, state: name }, spentMs / 1_000),
      effectEnded: ({ machine, name, spentMs, result }) =>
        effects.observe({ machine, src: name, result }, spentMs / 1_000),
      started: (machine) => started.inc({ machine }),
      finished: (machine, output) => {
        const parsed = ending.safeParse(output).data;
        finished.inc({ machine, outcome: parsed?.outcome ?? 'broken' });
        const downtimeMs = parsed?.downtimeMs ?? null;
        if (downtimeMs !== null) downtime.observe(downtimeMs / 1_000);
      },
    });
  }
}
