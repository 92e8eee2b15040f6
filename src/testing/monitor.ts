import { delay } from '../ports/clock.ts';
import { toFailure } from '../ports/failure.ts';
import type { DomainObservation } from '../ports/observation.ts';
import type { EngineFeed } from './engine-feed.ts';
import { listenTo } from './engine-feed.ts';
import type { Eyes } from './eyes.ts';
import type { Entry, TickRun } from './history.ts';
import type { Violation } from './jury.ts';
import { Jury } from './jury.ts';
import type { WorldPicture } from './picture.ts';
import type { Places } from './port-eyes.ts';
import { portEyes } from './port-eyes.ts';
import { runningIn, runsBy, splitBrainGraceMs } from './rules/one-running-copy.ts';
import { watchHosts } from './watch-hosts.ts';

export interface MonitorOptions extends Places {
  /** The world as it was: what has to be found again. It names the domain. */
  readonly before: WorldPicture;
  /** The engine, or a feed that tells what an engine tells. */
  readonly events?: EngineFeed;
  /** Only events of this run and of its children count; without it all that are told. */
  readonly runId?: string;
  /** Ends it without a last judgement. */
  readonly signal?: AbortSignal;
  /** Other eyes than the ports, which may see more. */
  readonly eyes?: Eyes;
  /** The guest's own count so far, in the order in which it was made. */
  readonly ticks?: () => Promise<readonly TickRun[]>;
  /** Called with each violation when it is found. */
  readonly onViolation?: (violation: Violation) => void;
}

export interface MonitorReport {
  /** In the order in which they were found; of each rule the first. */
  readonly violations: readonly Violation[];
  /** What could not be judged, and why. */
  readonly unseen: readonly string[];
}

export interface InvariantMonitor {
  readonly violations: readonly Violation[];
  /** Takes the last picture, judges the rest and ends the watching. Never throws. */
  settle(): Promise<MonitorReport>;
}

/**
 * Watches one domain on all hosts and what an engine tells of its runs, and judges both by the
 * invariants. It reads only, throws nothing into whoever tells it anything, and asks the hosts only
 * where two copies seem to run, and in the end.
 */
export function monitorInvariants(options: MonitorOptions): InvariantMonitor {
  return new Monitor(options);
}

class Monitor implements InvariantMonitor {
  readonly #options: MonitorOptions;
  readonly #eyes: Eyes;
  readonly #jury: Jury;
  readonly #unseen = new Set<string>();
  /** Hosts on which the domain was last told to run. */
  readonly #seemToRun = new Set<string>();
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  readonly #watches: Promise<void>;
  readonly #deafen: () => void;
  #looking: Promise<void> | null = null;
  #mustLookAgain = false;
  #cancelDoubt: () => void = () => undefined;
  #report: Promise<MonitorReport> | null = null;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#eyes = options.eyes ?? portEyes(options, options.before);
    this.#jury = new Jury(options.before);
    const own = this.#ended.signal;
    this.#signal = options.signal === undefined ? own : AbortSignal.any([own, options.signal]);
    this.#deafen =
      options.events === undefined
        ? () => undefined
        : listenTo(options.events, options.runId ?? null, (entry) => this.#hear(entry));
    if (this.#signal.aborted) this.#stop();
    else this.#signal.addEventListener('abort', () => this.#stop(), { once: true });
    this.#watches = watchHosts(options, {
      domainUuid: options.before.domainUuid,
      observe: (host, observation) => {
        const { atEpochMs } = observation;
        this.#hear({ kind: 'observed', atEpochMs, host, observation });
        this.#glanceIfTwoRun(host, observation);
      },
      fail: (host, message) => this.#noteUnseen(`${host} could not be watched: ${message}`),
      signal: this.#signal,
    });
  }

  get violations(): readonly Violation[] {
    return this.#jury.violations;
  }

  settle(): Promise<MonitorReport> {
    this.#report ??= this.#settle();
    return this.#report;
  }

  async #settle(): Promise<MonitorReport> {
    try {
      await this.#looking;
      this.#signal.throwIfAborted();
      const after = await this.#lookForTheLastTime();
      const ticks = (await this.#options.ticks?.()) ?? null;
      this.#tell(this.#jury.settle({ after, ticks }));
      for (const host of after.hosts)
        if (!host.reachable) this.#noteUnseen(`${host.uri} did not answer: ${host.message}`);
    } catch (error) {
      this.#noteUnseen(`the end could not be judged: ${toFailure(error).message}`);
    }
    this.#ended.abort();
    await this.#watches;
    return { violations: this.violations, unseen: [...this.#unseen] };
  }

  /** Two copies have as long as the rule gives them, and no longer. */
  async #lookForTheLastTime(): Promise<WorldPicture> {
    const { clock } = this.#options;
    const first = await this.#eyes.look(this.#signal);
    this.#hear({ kind: 'looked', atEpochMs: clock.nowEpochMs(), picture: first });
    if (runningIn(first).length < 2) return first;
    await delay(clock, splitBrainGraceMs, this.#signal);
    const second = await this.#eyes.look(this.#signal);
    this.#hear({ kind: 'looked', atEpochMs: clock.nowEpochMs(), picture: second });
    return second;
  }

  /** Whatever goes wrong in here is no affair of the engine's. */
  #hear(entry: Entry): void {
    if (this.#signal.aborted) return;
    try {
      this.#tell(this.#jury.hear(entry));
    } catch (error) {
      this.#noteUnseen(`${entry.kind} could not be judged: ${toFailure(error).message}`);
    }
  }

  #tell(violations: readonly Violation[]): void {
    for (const violation of violations) {
      try {
        this.#options.onViolation?.(violation);
      } catch (error) {
        this.#noteUnseen(`a listener failed: ${toFailure(error).message}`);
      }
    }
  }

  /**
   * Asked is only where two seem to run: in the middle of a switchover the source would answer from
   * its QEMU, for which the guest would have to wait.
   */
  #glanceIfTwoRun(host: string, observation: DomainObservation): void {
    const runs = runsBy(observation);
    if (runs === null) return;
    if (runs) this.#seemToRun.add(host);
    else this.#seemToRun.delete(host);
    if (this.#seemToRun.size > 1) this.#glanceSoon();
  }

  /** One look at a time; what changes meanwhile asks for one more. */
  #glanceSoon(): void {
    this.#mustLookAgain = true;
    this.#looking ??= this.#glance();
  }

  async #glance(): Promise<void> {
    while (this.#mustLookAgain && !this.#signal.aborted) {
      this.#mustLookAgain = false;
      try {
        const picture = await this.#eyes.glance(this.#signal);
        const atEpochMs = this.#options.clock.nowEpochMs();
        this.#hear({ kind: 'looked', atEpochMs, picture });
        this.#doubt(picture);
      } catch (error) {
        this.#noteUnseen(`the hosts could not be looked at: ${toFailure(error).message}`);
      }
    }
    this.#looking = null;
  }

  /** Two copies that nobody stops make no further event. */
  #doubt(picture: WorldPicture): void {
    this.#cancelDoubt();
    if (runningIn(picture).length < 2 || this.#signal.aborted) return;
    const { clock } = this.#options;
    const again = (): void => this.#glanceSoon();
    this.#cancelDoubt = clock.schedule(clock.nowEpochMs() + splitBrainGraceMs, again);
  }

  #noteUnseen(what: string): void {
    if (this.#unseen.size < unseenMax) this.#unseen.add(what);
  }

  #stop(): void {
    this.#deafen();
    this.#cancelDoubt();
  }
}

/** A host that fails for days may do so in many words. */
const unseenMax = 100;
