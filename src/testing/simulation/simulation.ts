import type { ClientIncident, Fault, SimulatedWorld } from '../../adapters/simulated/index.ts';
import { createSimulatedWorld, VirtualClock } from '../../adapters/simulated/index.ts';
import type { BoundMachine } from '../../engine/slots.ts';
import { BusyError } from '../../engine/engine-error.ts';
import { delay } from '../../ports/clock.ts';
import type { Hypervisors } from '../../ports/hypervisor.ts';
import { SharedMemory } from '../../store/memory/index.ts';
import { EventLog } from './event-log.ts';
import { JumpingClock } from './jumping-clock.ts';
import type { Finding } from './judge-domain.ts';
import { DomainFile } from './judge-domain.ts';
import { Person } from './person.ts';
import type { SimulationPlan, Workflow } from './plan.ts';
import { prepareDomain } from './prepare-domain.ts';
import { requireStates } from './require-states.ts';
import type { SimulatedRun } from './run-book.ts';
import { RunBook } from './run-book.ts';
import { SimulatedProcess } from './simulated-process.ts';
import { StepClock } from './step-clock.ts';

export interface SimulationParts {
  /** The machines over the hosts of the world, as for an engine. */
  readonly bind: (hypervisors: Hypervisors) => readonly BoundMachine[];
  /** Gives the lines of the event log, too, which cost memory. */
  readonly keepsLines?: boolean;
}

export interface SimulationEnd {
  readonly runs: readonly SimulatedRun[];
  /** What must not be; empty: all is well. */
  readonly findings: readonly Finding[];
  /** Faults that have struck, in order. */
  readonly struck: readonly Fault[];
  /** Of everything that happened: the same seed gives the same, bit for bit. */
  readonly digest: string;
  readonly lines: readonly string[];
  /** How often something in the world came to happen, each time with a look at the invariants. */
  readonly steps: number;
  readonly virtualMs: number;
}

const startEpochMs = 1_700_000_000_000;
/** So that every guest has made ticks. */
const runsBeforeMs = 2_000;
/** No run takes longer, whatever befalls it. */
const longestMs = 2 * 3_600_000;
/** Nor does it ask so often: a workflow that turns in a circle comes to no end. */
const stepsMax = 30_000;
/** For daemons to end what nobody waits for. */
const settlesMs = 90_000;
const unending = new AbortController().signal;

/**
 * Carries out a plan in a world of its own, in virtual time. The invariants are looked at after every
 * step, and all that is left over in the end.
 *
 * @throws FaultError for a fault that is aimed at nothing
 */
export async function simulate(
  plan: SimulationPlan,
  parts: SimulationParts,
): Promise<SimulationEnd> {
  return new Simulation(plan, parts).carryOut();
}

class Simulation {
  readonly #plan: SimulationPlan;
  readonly #parts: SimulationParts;
  readonly #inner = new VirtualClock({ startEpochMs, pace: 'asFastAsPossible' });
  readonly #clock = new StepClock(this.#inner, (step) => this.#look(step));
  readonly #ourClock = new JumpingClock(this.#clock);
  readonly #memory = new SharedMemory();
  readonly #log = new EventLog();
  readonly #world: SimulatedWorld;
  readonly #files = new Map<string, DomainFile>();
  readonly #runs: RunBook;
  readonly #person: Person;
  readonly #tooMany = Promise.withResolvers<void>();
  #process: SimulatedProcess | null = null;
  #runCount = 0;

  constructor(plan: SimulationPlan, parts: SimulationParts) {
    this.#plan = plan;
    this.#parts = parts;
    this.#runs = new RunBook(plan.workflows.length, this.#log, this.#clock, (place, domain) =>
      this.#world.enterState(place, domain),
    );
    this.#person = new Person(this.#clock, () =>
      this.#process === null || this.#process.isDead ? null : this.#process.engine,
    );
    const { seed, hosts, domains, link } = plan;
    this.#world = createSimulatedWorld({
      seed,
      clock: this.#clock,
      hosts,
      domains,
      link,
      faults: [],
      onClientIncident: (incident) => this.#befall(incident),
    });
  }

  async carryOut(): Promise<SimulationEnd> {
    await this.#pass(runsBeforeMs);
    await this.#prepare();
    const begunEpochMs = this.#clock.nowEpochMs();
    this.#begin();
    const late = this.#pastTheLimit();
    await this.#inner.run(Promise.race([this.#runs.allEnded, late.passed, this.#tooMany.promise]));
    late.cancel();
    const virtualMs = this.#clock.nowEpochMs() - begunEpochMs;
    const struck = [...this.#world.faultsStruck()];
    const runs = this.#runs.endings();
    await this.#calmDown();
    const findings = [...this.#runs.findings, ...this.#judge(runs, struck)];
    this.#noteWorld();
    return {
      runs,
      findings,
      struck,
      digest: this.#log.digest(),
      lines: this.#parts.keepsLines === true ? this.#log.lines : [],
      steps: this.#clock.steps,
      virtualMs,
    };
  }

  async #prepare(): Promise<void> {
    for (const { domain, before } of this.#plan.workflows)
      if (before.length > 0) await this.#inner.run(prepareDomain(this.#world, domain, before));
    if (this.#plan.workflows.some(({ before }) => before.length > 0))
      await this.#pass(runsBeforeMs);
    const worked = new Set(this.#plan.workflows.map(({ domain }) => domain));
    for (const name of worked) {
      const others = [...worked].filter((other) => other !== name);
      this.#files.set(name, new DomainFile(this.#world, this.#clock, name, others));
    }
  }

  #begin(): void {
    const { faults, workflows } = this.#plan;
    if (faults.some(({ at }) => 'state' in at))
      requireStates(faults, this.#parts.bind(this.#world.hypervisors));
    this.#world.setFaults(faults);
    this.#process = this.#newProcess();
    const nowEpochMs = this.#clock.nowEpochMs();
    for (const workflow of workflows)
      this.#clock.schedule(nowEpochMs + workflow.startMs, () => void this.#start(workflow));
  }

  #newProcess(): SimulatedProcess {
    const process = new SimulatedProcess({
      hypervisors: this.#world.hypervisors,
      bind: this.#parts.bind,
      memory: this.#memory,
      clock: this.#ourClock,
      newRunId: () => `run-${(this.#runCount += 1)}`,
      isMortal: this.#plan.faults.some((fault) => fault.do === 'killProcess'),
    });
    this.#runs.listenTo(process.engine);
    this.#person.listenTo(process.engine);
    for (const file of this.#files.values()) file.listenTo(process.engine);
    return process;
  }

  async #start(workflow: Workflow): Promise<void> {
    const { answers = [], domain, input, machine, sent } = workflow;
    const process = this.#process;
    // Nobody is there who could be asked.
    if (process === null || process.isDead) return this.#runs.refuse(workflow, 'unasked');
    try {
      const run = await process.engine.start(machine, input);
      this.#runs.begin(run.id, workflow);
      this.#person.follow(run.id, answers);
      this.#files.get(domain)?.follow(run.id);
      const nowEpochMs = this.#clock.nowEpochMs();
      for (const { afterMs, event } of sent)
        this.#clock.schedule(nowEpochMs + afterMs, () => void run.send(event));
    } catch (error) {
      if (!(error instanceof BusyError)) throw error;
      this.#runs.refuse(workflow, 'busy');
    }
  }

  #befall(incident: ClientIncident): void {
    const atEpochMs = this.#clock.nowEpochMs();
    if (incident !== 'killProcess') {
      this.#log.note(atEpochMs, 'clock', `jumps by ${incident.jumpClockMs} ms`);
      this.#ourClock.jump(incident.jumpClockMs);
      return;
    }
    if (this.#process?.isDead === true) return;
    this.#log.note(atEpochMs, 'process', 'is killed');
    this.#process?.kill();
    this.#world.dropClient();
    for (const file of this.#files.values()) file.leave();
    this.#clock.schedule(atEpochMs + this.#plan.awayMs, () => void this.#recover());
  }

  async #recover(): Promise<void> {
    const process = this.#newProcess();
    this.#process = process;
    const { parked, runs } = await process.engine.recover();
    this.#log.note(this.#clock.nowEpochMs(), 'process', `takes over ${runs.length} runs`);
    for (const { failure, id } of parked) this.#runs.park(id, failure);
    const left = new Set(runs.map(({ id }) => id));
    for (const id of this.#runs.unended) if (!left.has(id)) await this.#readEnd(process, id);
  }

  /** It ended, and its process was killed before anybody heard so; on no record, it has done nothing. */
  async #readEnd(process: SimulatedProcess, id: string): Promise<void> {
    const record = await process.recordOf(id);
    if (record === null) return this.#runs.end(id, 'notBegun', null);
    const { finishedAtEpochMs, machine, snapshot } = record;
    const { output }: { readonly output?: unknown } = Object(snapshot);
    const atEpochMs = finishedAtEpochMs ?? this.#clock.nowEpochMs();
    process.engine.emit('run.finished', { runId: id, rootRunId: id, machine, atEpochMs, output });
  }

  /** After every step. */
  #look(step: number): void {
    if (step > stepsMax) this.#tooMany.resolve();
    const isBlind = this.#process === null || this.#process.isDead;
    for (const file of this.#files.values()) file.glance(isBlind);
  }

  #pastTheLimit(): { readonly passed: Promise<void>; readonly cancel: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.schedule(this.#clock.nowEpochMs() + longestMs, resolve);
    return { passed: promise, cancel };
  }

  /** Nothing strikes any more, and what was broken is mended, as somebody would. */
  async #calmDown(): Promise<void> {
    if (this.#runs.unended.length > 0) this.#process?.kill();
    this.#world.setFaults([]);
    this.#world.restoreLink();
    for (const { name } of this.#plan.hosts) this.#world.startHost(name);
    await this.#pass(settlesMs);
  }

  #judge(runs: readonly SimulatedRun[], struck: readonly Fault[]): Finding[] {
    return [...this.#files.entries()].flatMap(([domain, file]) =>
      file.judge(
        runs.filter((run) => run.domain === domain),
        { faults: struck.length > 0, commands: this.#hasCommands(domain) },
      ),
    );
  }

  #hasCommands(name: string): boolean {
    return this.#plan.workflows.some(
      ({ answers = [], domain, sent }) => domain === name && sent.length + answers.length > 0,
    );
  }

  #noteWorld(): void {
    const atEpochMs = this.#clock.nowEpochMs();
    this.#log.note(atEpochMs, 'world', JSON.stringify(this.#world.listing()));
    for (const [name, { uuid }] of this.#files)
      this.#log.note(atEpochMs, name, JSON.stringify(this.#world.ticks(uuid)));
  }

  #pass(durationMs: number): Promise<void> {
    return this.#inner.run(delay(this.#clock, durationMs, unending));
  }
}
