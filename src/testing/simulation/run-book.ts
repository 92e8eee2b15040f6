import type { StatePlace } from '../../adapters/simulated/index.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Failure } from '../../ports/failure.ts';
import type { EventLog } from './event-log.ts';
import type { Finding } from './judge-domain.ts';
import type { Workflow } from './plan.ts';

interface Held {
  readonly from: number;
  to: number;
}

export interface SimulatedRun {
  readonly domain: string;
  readonly machine: string;
  /**
   * Of the machine; `busy`: another run had the domain; `unasked`: our process was dead then;
   * `notBegun`: it died before anything was on record; `awaitsOperator`: it goes on trying, and says
   * that somebody is needed; `unended`: nothing came of it in time.
   */
  readonly outcome: string;
  /** The code of its failure. */
  readonly code: string | null;
  readonly mayFailWith: readonly string[];
  /** From a claim of it on the domain to the end of that; a run by several children has several. */
  readonly heldMs: readonly Held[];
}

/** A claim may be gone from here on: its release is asked for, or a revert brought a definition without it. */
const letsGo = /^releasing|^working\.reclaiming/;

/** Every run of a simulation: what it tells, and how it ends. */
export class RunBook {
  readonly findings: Finding[] = [];
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #onState: (place: StatePlace, domain: string) => void;
  readonly #runs = new Map<string, { readonly workflow: Workflow; end: SimulatedRun | null }>();
  /** When each said last that it waits for somebody. */
  readonly #calledAtEpochMs = new Map<string, number>();
  readonly #held = new Map<string, Held[]>();
  readonly #refusals: SimulatedRun[] = [];
  readonly #allEnded = Promise.withResolvers<void>();
  #open: number;

  constructor(
    expected: number,
    log: EventLog,
    clock: Clock,
    onState: (place: StatePlace, domain: string) => void,
  ) {
    this.#open = expected;
    this.#log = log;
    this.#clock = clock;
    this.#onState = onState;
    if (expected === 0) this.#allEnded.resolve();
  }

  get allEnded(): Promise<void> {
    return this.#allEnded.promise;
  }

  get unended(): string[] {
    return [...this.#runs].flatMap(([id, { end }]) => (end === null ? [id] : []));
  }

  begin(runId: string, workflow: Workflow): void {
    this.#runs.set(runId, { workflow, end: null });
  }

  refuse({ domain, machine }: Workflow, outcome: 'busy' | 'unasked'): void {
    this.#refusals.push({ domain, machine, outcome, code: null, mayFailWith: [], heldMs: [] });
    this.#log.note(this.#clock.nowEpochMs(), domain, `${machine} ${outcome}`);
    this.#countEnd();
  }

  /** No machine fits its record. */
  park(runId: string, failure: Failure): void {
    this.#find('runParked', runId, failure.message);
    this.end(runId, 'parked', failure.code);
  }

  end(runId: string, outcome: string, code: string | null): void {
    const known = this.#runs.get(runId);
    if (known === undefined || known.end !== null) return;
    const { domain, machine, mayFailWith } = known.workflow;
    const heldMs = this.#held.get(runId) ?? [];
    known.end = { domain, machine, outcome, code, mayFailWith, heldMs };
    this.#countEnd();
  }

  endings(): SimulatedRun[] {
    const ended = [...this.#runs].map(([id, { workflow, end }]) => {
      const { domain, machine, mayFailWith } = workflow;
      const calledMs = this.#clock.nowEpochMs() - (this.#calledAtEpochMs.get(id) ?? 0);
      const outcome = calledMs < lastCallMs ? 'awaitsOperator' : 'unended';
      return end ?? { domain, machine, outcome, code: null, mayFailWith, heldMs: [] };
    });
    return [...ended, ...this.#refusals];
  }

  listenTo(engine: Engine): void {
    engine.on('state.entered', ({ atEpochMs, machine, rootRunId, runId, state, tags }) => {
      if (tags.includes('waitingForOperator')) this.#calledAtEpochMs.set(rootRunId, atEpochMs);
      this.#log.note(atEpochMs, runId, `${machine} enters ${state}`);
      if (letsGo.test(state)) this.#noteRelease(rootRunId, atEpochMs);
      const known = this.#runs.get(rootRunId);
      if (known !== undefined) this.#onState({ machine, state }, known.workflow.domain);
    });
    engine.on('effect.finished', ({ atEpochMs, rootRunId, runId, src }) => {
      this.#log.note(atEpochMs, runId, `${src} is done`);
      if (src === 'claimDomain') this.#noteClaim(rootRunId, atEpochMs);
    });
    engine.on('effect.failed', ({ atEpochMs, failure, runId, src }) =>
      this.#log.note(atEpochMs, runId, `${src} fails: ${failure.message}`),
    );
    engine.on('run.finished', ({ atEpochMs, output, rootRunId, runId }) => {
      this.#log.note(atEpochMs, runId, JSON.stringify(output));
      if (runId === rootRunId) this.end(runId, outcomeIn(output), codeIn(output));
    });
    engine.on('run.broken', ({ atEpochMs, failure, rootRunId, runId }) => {
      this.#log.note(atEpochMs, runId, `breaks: ${failure.message}`);
      this.#find('runBroken', rootRunId, failure.message);
      if (runId === rootRunId) this.end(runId, 'broken', failure.code);
    });
  }

  #noteClaim(runId: string, atEpochMs: number): void {
    const held = this.#held.get(runId) ?? [];
    if (held.at(-1)?.to !== Infinity) held.push({ from: atEpochMs, to: Infinity });
    this.#held.set(runId, held);
  }

  #noteRelease(runId: string, atEpochMs: number): void {
    const last = this.#held.get(runId)?.at(-1);
    if (last?.to === Infinity) last.to = atEpochMs;
  }

  #find(rule: string, runId: string, found: string): void {
    const domain = this.#runs.get(runId)?.workflow.domain ?? runId;
    this.findings.push({ rule, domain, found });
  }

  #countEnd(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#allEnded.resolve();
  }
}

/** Whoever waits for somebody tries again and says so at least so often. */
const lastCallMs = 120_000;

function outcomeIn(output: unknown): string {
  const { outcome }: { readonly outcome?: unknown } = Object(output);
  return typeof outcome === 'string' ? outcome : 'completed';
}

function codeIn(output: unknown): string | null {
  const { failure }: { readonly failure?: unknown } = Object(output);
  const { code }: { readonly code?: unknown } = Object(failure);
  return typeof code === 'string' ? code : null;
}
