import type { SimulatedWorld } from '../../../src/adapters/simulated/index.ts';
import { createSimulatedWorld } from '../../../src/adapters/simulated/index.ts';
import { delay } from '../../../src/ports/clock.ts';
import type { Failure } from '../../../src/ports/failure.ts';
import type { Entry } from '../../../src/testing/index.ts';
import type { CommitStop, Parcel, PortCall, Task, ToEngine, ToWorld } from './messages.ts';
import { NearEnd } from './near-world.ts';
import type { Artefacts, Outcome, Scenario } from './scenario.ts';
import { mib } from './scenario.ts';
import { SteppedClock } from './stepped-clock.ts';

/** Where one life of the engine is brought to its stand. */
export type Stop =
  | ({ readonly kind: 'commit' } & CommitStop)
  | {
      readonly kind: 'call';
      readonly call: number;
      readonly when: 'before' | 'taken' | 'replied';
    };

/** `stands`: at its stop. `over`: the run has ended. `nothingLeft`: nobody knows of a run. */
export type SceneState = 'going' | 'stands' | 'over' | 'nothingLeft' | 'broke';

/** What the engine did in one life. */
export interface Life {
  readonly commits: string[];
  /** By the number of the call. */
  readonly calls: Map<number, SeenCall>;
}

export interface SeenCall {
  readonly label: string;
  /** `false`: nothing but a connection of ours is opened. */
  readonly hasEffect: boolean;
  isAnswered: boolean;
}

const runId = 'run';
const startEpochMs = 1_700_000_000_000;
/** No run takes longer, by the world's clock. */
const longestMs = 3_600_000;
const hostA = 'simulated:///hostA';
/** So that it has made ticks. */
const runsBeforeMs = 2_000;

/** One world with one run on it, whose engine lives and dies in another process. */
export class Scene {
  readonly scenario: Scenario;
  readonly storePath: string;
  readonly world: SimulatedWorld;
  readonly clock = new SteppedClock(startEpochMs);
  state: SceneState = 'over';
  outcome: Outcome | null = null;
  failure: Failure | null = null;
  artefacts: Artefacts = [];
  /** The run may begin. */
  isPrepared = false;
  broke: string | null = null;
  endedAtEpochMs: number | null = null;
  recoversFromEpochMs: number | null = null;
  /** What the run told of itself in all its lives. */
  readonly told: Entry[] = [];
  /** Names of the calls that have reached their daemon. */
  readonly arrived = new Set<string>();
  life: Life = { commits: [], calls: new Map() };
  #near: NearEnd;
  #outbox: ToEngine[] = [];
  #stop: Stop | null = null;
  #engineDueEpochMs: number | null = null;
  #standsNext = false;
  #isCommandSent = false;
  #lastState = 'before the first state';

  constructor(scenario: Scenario, storePath: string) {
    this.scenario = scenario;
    this.storePath = storePath;
    this.world = createSimulatedWorld({
      seed: 1,
      clock: this.clock,
      hosts: scenario.hosts,
      domains: [scenario.domain],
      link: { bandwidthBytesPerS: 64 * mib },
      faults: scenario.faults,
    });
    this.#near = this.#connect();
  }

  /** Nothing that is done before the run needs an engine. */
  async prepare(): Promise<void> {
    const { clock, scenario, world } = this;
    if (scenario.kind === 'oneHost') {
      const signal = new AbortController().signal;
      const host = await world.hypervisors.open(hostA, signal);
      await delay(clock, runsBeforeMs, signal);
      await scenario.prepare(host, this.uuid);
      await delay(clock, runsBeforeMs, signal);
    }
    this.isPrepared = true;
  }

  /** Of the guest, which has the same everywhere. */
  get uuid(): string {
    return this.world.listing().flatMap(({ domains }) => domains)[0]?.uuid ?? '';
  }

  /** A process takes it in hand. */
  live(task: Task, stop: Stop | null): void {
    this.state = 'going';
    const atEpochMs = this.clock.nowEpochMs();
    if (task.do === 'recover') {
      this.recoversFromEpochMs = atEpochMs;
      // What a migration does goes on without us; what we do ourselves may begin anew.
      if (this.scenario.kind === 'oneHost')
        this.told.push({ kind: 'runBroken', runId, atEpochMs, message: 'its process was killed' });
    }
    this.life = { commits: [], calls: new Map() };
    this.#stop = stop;
    this.#standsNext = false;
    this.#engineDueEpochMs = null;
    this.#near = this.#connect();
    const commitStop = stop?.kind === 'commit' ? stop : null;
    const { storePath } = this;
    this.#outbox = [{ kind: 'begin', storePath, task, stop: commitStop }];
  }

  /** The process is dead: its connections end. */
  hangUp(): void {
    this.#outbox = [];
    this.#near.hangUp();
  }

  /** Lets something happen in the world. @returns `false` when it is the engine's turn */
  step(): boolean {
    if (this.#outbox.length > 0) return false;
    const next = this.clock.nextEpochMs;
    const due = this.#engineDueEpochMs;
    if (this.clock.nowEpochMs() > startEpochMs + longestMs)
      return this.#break(`nothing came of it within ${longestMs / 1_000} s`);
    if (next === null && due === null) return this.#break('nothing is left that could happen');
    if (next === null || (due !== null && due < next)) {
      this.clock.moveTo(due ?? 0);
      return false;
    }
    this.clock.fireNext();
    return true;
  }

  /** What is to be told to the engine, and the time. */
  parcel(run: number): Parcel<ToEngine> {
    const messages = this.#outbox;
    this.#outbox = [];
    return { run, atEpochMs: this.clock.nowEpochMs(), messages };
  }

  receive({ atEpochMs, messages }: Parcel<ToWorld>): void {
    this.#engineDueEpochMs = atEpochMs;
    for (const message of messages) if (this.state === 'going') this.#hear(message);
    if (this.#standsNext && this.state === 'going') this.state = 'stands';
  }

  #hear(message: ToWorld): void {
    switch (message.kind) {
      case 'call':
      case 'abort':
      case 'piece':
        this.#near.receive(message);
        return;
      case 'commits':
        this.life.commits.push(message.label);
        return;
      case 'entered':
        this.told.push({ ...message, kind: 'stateEntered', runId });
        this.#enter(message.state);
        return;
      case 'reported':
        this.told.push({ ...message, kind: 'progressed', runId });
        return;
      // What does not wait for the commit may go out before the process is killed.
      case 'stands':
        this.#standsNext = true;
        return;
      case 'ended':
        this.state = 'over';
        this.endedAtEpochMs = this.clock.nowEpochMs();
        this.outcome = message.outcome;
        this.failure = message.failure;
        this.artefacts = message.artefacts;
        this.#noteEnd(message);
        return;
      case 'nothingLeft':
        this.state = 'nothingLeft';
        return;
      case 'broke':
        this.#break(message.message);
        return;
    }
  }

  #enter(state: string): void {
    this.#lastState = state;
    const { command } = this.scenario;
    if (command === null || this.#isCommandSent || !state.endsWith(command.at)) return;
    this.#isCommandSent = true;
    this.#outbox.push({ kind: 'send', event: command.send });
  }

  #noteEnd({ outcome, failure, artefacts }: Extract<ToWorld, { kind: 'ended' }>): void {
    const end = { outcome, reason: failure?.message ?? null, artefacts };
    this.told.push({ kind: 'runFinished', runId, atEpochMs: this.clock.nowEpochMs(), end });
  }

  #connect(): NearEnd {
    return new NearEnd(this.world, (message) => this.#outbox.push(message), {
      arrives: (call) => this.#arrives(call),
      replies: (call) => this.#replies(call),
    });
  }

  #isStop(call: PortCall, when: 'before' | 'taken' | 'replied'): boolean {
    const stop = this.#stop;
    return stop?.kind === 'call' && stop.call === call.call && stop.when === when;
  }

  #arrives(call: PortCall): boolean {
    const label = `${nameOf(call)} in ${this.#lastState}`;
    const hasEffect = call.name !== 'open';
    this.life.calls.set(call.call, { label, hasEffect, isAnswered: false });
    if (this.#isStop(call, 'before')) {
      this.state = 'stands';
      return false;
    }
    this.arrived.add(call.name);
    return true;
  }

  #replies(call: PortCall): boolean {
    if (this.state !== 'going') return false;
    const seen = this.life.calls.get(call.call);
    if (seen !== undefined) seen.isAnswered = true;
    if (this.#isStop(call, 'taken')) {
      this.state = 'stands';
      return false;
    }
    if (this.#isStop(call, 'replied')) {
      this.#standsNext = true;
      this.#outbox.push({ kind: 'withhold' });
    }
    return true;
  }

  #break(message: string): false {
    this.state = 'broke';
    this.broke = message;
    return false;
  }
}

function nameOf({ on, name }: PortCall): string {
  switch (on.kind) {
    case 'hypervisors':
      return name;
    case 'host':
      return `${on.uri.replace('simulated:///', '')} ${name}`;
    case 'link':
      return `link.${name}`;
    case 'volume':
      return `readVolume.${name}`;
  }
}
