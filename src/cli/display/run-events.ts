import { z } from 'zod';

import type { Engine } from '../../engine/engine.ts';
import type { StateEntered } from '../../engine/events.ts';
import type { StreamProgress } from '../../ports/observation.ts';

/** A state that a run has entered, as the command line shows it. */
export interface StateEvent {
  readonly type: 'state.entered';
  /** When it was entered; for a state that stands on evidence, when that was seen. */
  readonly atEpochMs: number;
  readonly machine: string;
  /** The parallel region that the state belongs to; `null` where nothing runs beside it. */
  readonly region: string | null;
  /** Path of the state within its region. */
  readonly state: string;
  readonly description: string;
  /** libvirt's name of the phase that the state stands for. */
  readonly phase: string | null;
  readonly evidence: 'observed' | 'inferred' | null;
  readonly tags: readonly string[];
  /** When the guest was stopped on the source and started on the destination, as far as seen. */
  readonly pause: { readonly fromEpochMs: number | null; readonly toEpochMs: number | null };
}

export interface ProgressEvent {
  readonly type: 'progress';
  readonly atEpochMs: number;
  readonly machine: string;
  readonly streams: readonly StreamProgress[];
}

export type RunEvent =
  | { readonly type: 'run.started'; readonly atEpochMs: number; readonly run: string }
  | StateEvent
  | ProgressEvent;

/** Tells everything of one run and of its child runs, in order. Call it before the run's first turn. */
export function followRun(engine: Engine, runId: string, tell: (event: RunEvent) => void): void {
  engine.on('run.started', ({ runId: started, atEpochMs }) => {
    if (started === runId) tell({ type: 'run.started', atEpochMs, run: runId });
  });
  engine.on('state.entered', (event) => {
    if (event.rootRunId === runId) tell(toStateEvent(event));
  });
  engine.on('progress', ({ rootRunId, atEpochMs, machine, streams }) => {
    if (rootRunId === runId) tell({ type: 'progress', atEpochMs, machine, streams });
  });
}

/** The parallel state of a machine: what is below it lives in regions. */
const parallelStates: Readonly<Record<string, string>> = { peer2peerMigration: 'migrating' };

/** What a protocol machine's context tells beside the state; other machines have none of it. */
const protocolContext = z.looseObject({
  reached: z
    .array(
      z.looseObject({
        milestone: z.string(),
        evidence: z.enum(['observed', 'inferred']),
        atEpochMs: z.number(),
      }),
    )
    .default([]),
  suspendedAtEpochMs: z.number().nullable().default(null),
  resumedAtEpochMs: z.number().nullable().default(null),
});

const stateMeta = z.looseObject({ phase: z.string().optional(), milestone: z.string().optional() });

export function toStateEvent(entered: StateEntered): StateEvent {
  const { machine, tags, description = '' } = entered;
  const { phase = null, milestone } = stateMeta.parse(entered.meta);
  const context = protocolContext.parse(entered.context);
  const proof = context.reached.find((each) => each.milestone === milestone);
  return {
    type: 'state.entered',
    atEpochMs: proof?.atEpochMs ?? entered.atEpochMs,
    machine,
    ...placeOf(machine, entered.state),
    description,
    phase,
    evidence: proof?.evidence ?? null,
    tags,
    pause: { fromEpochMs: context.suspendedAtEpochMs, toEpochMs: context.resumedAtEpochMs },
  };
}

function placeOf(machine: string, path: string): { region: string | null; state: string } {
  const [head, region, ...rest] = path.split('.');
  const isInRegion = head === parallelStates[machine] && region !== undefined && rest.length > 0;
  return isInRegion ? { region, state: rest.join('.') } : { region: null, state: path };
}
