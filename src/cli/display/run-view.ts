import type { StreamProgress } from '../../ports/observation.ts';
import type { Evidence, PassesEvent, RunEvent, StateEvent } from './run-events.ts';

export interface PhaseView {
  readonly phase: string;
  readonly evidence: Evidence | null;
  readonly atEpochMs: number;
}

export interface StreamView extends StreamProgress {
  /** How much of it is done, from 0 to 1. It never goes backwards, whatever a new pass adds. */
  readonly fraction: number;
}

export interface StateView {
  readonly state: string;
  readonly description: string;
  readonly tags: readonly string[];
}

/** A run as a person watches it. */
export interface RunView {
  readonly startedAtEpochMs: number;
  readonly current: StateView | null;
  /** What goes on beside the phases, by region; only what is worth a look. */
  readonly beside: ReadonlyMap<string, StateView>;
  readonly phases: readonly PhaseView[];
  readonly streams: readonly StreamView[];
  /** The guest's pause: since when, and until when. */
  readonly pause: { readonly fromEpochMs: number; readonly toEpochMs: number | null } | null;
  readonly passes: PassesEvent | null;
  /** The last thing that was said to the user. */
  readonly notice: string | null;
}

export function viewAtStart(nowEpochMs: number): RunView {
  return {
    startedAtEpochMs: nowEpochMs,
    current: null,
    beside: new Map(),
    phases: [],
    streams: [],
    pause: null,
    passes: null,
    notice: null,
  };
}

export function viewAfter(view: RunView, event: RunEvent): RunView {
  switch (event.type) {
    case 'run.started':
      return { ...view, startedAtEpochMs: event.atEpochMs };
    case 'run.resumed':
      return view;
    case 'state.entered':
      return afterState(view, event);
    case 'progress':
      return { ...view, streams: mergeStreams(view.streams, event.streams) };
  }
}

/** What a region rests in while nothing of interest happens there. */
export const restingStates: Readonly<Record<string, readonly string[]>> = {
  'convergence.budget': ['choosing', 'within', 'unbounded'],
  'convergence.stalls': ['watching'],
  'convergence.tuning.ramp': ['awaitingJob', 'rising', 'over'],
  'convergence.tuning.setting': ['idle', 'settingDowntime'],
  'convergence.measures': ['letting'],
  postcopy: ['notBegun'],
  link: ['holding'],
  oneCopy: ['trusting'],
  rightDestination: ['expecting', 'looking', 'settled'],
  execution: ['performing'],
};

/** The phases speak for the run; the other regions only when they do something. */
export function isWorthTelling({ region, state }: StateEvent): boolean {
  return region === null || !(restingStates[region]?.includes(state) ?? false);
}

/** The region that speaks for a protocol: who watches sees phases, who drives executes them. */
const mainRegions: Readonly<Record<string, string>> = {
  peer2peerMigration: 'phases',
  directMigration: 'execution',
};

/** Where the run stands, as opposed to what is done beside it. */
export function isMainState({ machine, region }: StateEvent): boolean {
  return region === null || region === mainRegions[machine];
}

function afterState(view: RunView, event: StateEvent): RunView {
  const { region, state, description, tags } = event;
  // Whatever ran beside the phases has ended with the state around all of them.
  const beside = new Map(region === null ? [] : view.beside);
  const entered = { state, description, tags };
  const isMain = isMainState(event);
  if (region !== null && !isMain && isWorthTelling(event)) beside.set(region, entered);
  else if (region !== null) beside.delete(region);
  return {
    ...view,
    current: isMain ? entered : view.current,
    beside,
    phases: withPhase(view.phases, event),
    pause: pauseAfter(view.pause, event),
    passes: event.passes ?? view.passes,
  };
}

function withPhase(phases: readonly PhaseView[], event: StateEvent): readonly PhaseView[] {
  const { phase, evidence, atEpochMs } = event;
  if (phase === null) return phases;
  const known = phases.find((each) => each.phase === phase);
  if (known === undefined) return [...phases, { phase, evidence, atEpochMs }];
  // A phase whose call is under way is proven by its end.
  if (known.evidence !== null || evidence === null) return phases;
  return phases.map((each) => (each === known ? { ...each, evidence } : each));
}

/** Until the machine knows when the guest was stopped, the state that says so is the best guess. */
function pauseAfter(pause: RunView['pause'], event: StateEvent): RunView['pause'] {
  const { fromEpochMs, toEpochMs } = event.pause;
  if (fromEpochMs !== null) return { fromEpochMs, toEpochMs };
  if (event.region === null || !isMainState(event)) return pause;
  return event.tags.includes('guestPaused')
    ? (pause ?? { fromEpochMs: event.atEpochMs, toEpochMs: null })
    : pause;
}

function mergeStreams(
  known: readonly StreamView[],
  news: readonly StreamProgress[],
): readonly StreamView[] {
  const streams = new Map(known.map((stream) => [stream.stream, stream]));
  for (const progress of news) {
    const before = streams.get(progress.stream)?.fraction ?? 0;
    const fraction = Math.max(before, fractionOf(progress));
    streams.set(progress.stream, { ...progress, fraction });
  }
  return [...streams.values()];
}

/** Of all that was sent and is still to be sent: memory is sent again where it was written. */
export function fractionOf({ processedBytes, remainingBytes }: StreamProgress): number {
  const wholeBytes = processedBytes + remainingBytes;
  return wholeBytes === 0 ? 0 : processedBytes / wholeBytes;
}

/** How long the rest takes at the present rate; `null` where that cannot be said. */
export function etaMs({ remainingBytes, bytesPerS }: StreamProgress): number | null {
  return bytesPerS === null || bytesPerS <= 0 ? null : (remainingBytes / bytesPerS) * 1_000;
}
