import type { EventEmitter } from 'eventemitter3';
import { z } from 'zod';

import type { EngineEvents, StateEntered } from '../../engine/events.ts';
import type { StreamProgress } from '../../ports/observation.ts';

/** How a phase is known: we made its call, an event proved it, or a later proof implies it. */
export const evidences = ['ours', 'observed', 'inferred'] as const;
export type Evidence = (typeof evidences)[number];

/** A state that a run has entered, as the command line shows it. */
export interface StateEvent {
  readonly type: 'state.entered';
  /** When it was entered; for a state that stands on evidence, when that was seen. */
  readonly atEpochMs: number;
  readonly machine: string;
  /** The parallel region (dotted where regions have regions); `null` where nothing runs beside it. */
  readonly region: string | null;
  /** Path of the state within its region. */
  readonly state: string;
  readonly description: string;
  /** libvirt's name of the phase that the state stands for. */
  readonly phase: string | null;
  readonly evidence: Evidence | null;
  readonly tags: readonly string[];
  /** When the guest was stopped on the source and started on the destination, as far as seen. */
  readonly pause: { readonly fromEpochMs: number | null; readonly toEpochMs: number | null };
  /** QEMU's passes over the memory; `null` before the first one is over. */
  readonly passes: PassesEvent | null;
}

/** What QEMU's passes have come to, and how many more there are before something is done. */
export interface PassesEvent {
  readonly completed: number;
  readonly leastRemainingBytes: number | null;
  /** Passes without gain that are still let go by; `null`: no stall is looked for. */
  readonly untilStall: number | null;
  /** `null`: post-copy does not begin by the number of passes. */
  readonly untilPostcopy: number | null;
}

export interface ProgressEvent {
  readonly type: 'progress';
  readonly atEpochMs: number;
  readonly machine: string;
  readonly streams: readonly StreamProgress[];
}

export type RunEvent =
  | { readonly type: 'run.started'; readonly atEpochMs: number; readonly run: string }
  /** An earlier process left it, and it goes on here: told of each machine of the run. */
  | {
      readonly type: 'run.resumed';
      readonly atEpochMs: number;
      readonly run: string;
      readonly machine: string;
      readonly states: readonly string[];
    }
  | StateEvent
  | ProgressEvent;

/** What tells of runs: an engine, or one run alone. */
type Teller = Pick<EventEmitter<EngineEvents>, 'on'>;

/** Tells everything of a run and of its child runs, in order. Call it before the run's first turn. */
export function followRun(engine: Teller, runId: string, tell: (event: RunEvent) => void): void {
  engine.on('run.started', ({ runId: started, atEpochMs }) => {
    if (started === runId) tell({ type: 'run.started', atEpochMs, run: runId });
  });
  engine.on('run.resumed', ({ rootRunId, atEpochMs, machine, states }) => {
    if (rootRunId === runId) tell({ type: 'run.resumed', atEpochMs, run: runId, machine, states });
  });
  engine.on('state.entered', (event) => {
    if (event.rootRunId === runId) tell(toStateEvent(event));
  });
  engine.on('progress', ({ rootRunId, atEpochMs, machine, streams }) => {
    if (rootRunId === runId) tell({ type: 'progress', atEpochMs, machine, streams });
  });
}

const factsContext = z.looseObject({
  facts: z.looseObject({ domain: z.looseObject({ uuid: z.string() }) }),
});
const protocolInput = z.looseObject({ domain: z.looseObject({ uuid: z.string() }) });

/** The domain's uuid, as soon as it was found, or a protocol works on it; `null` before. */
export function followUuid(
  engine: Teller,
  runId: string,
  known: string | null = null,
): () => string | null {
  let uuid = known;
  engine.on('run.started', ({ rootRunId, input }) => {
    const parsed = protocolInput.safeParse(input);
    if (rootRunId === runId && parsed.success) ({ uuid } = parsed.data.domain);
  });
  engine.on('state.entered', ({ rootRunId, machine, context }) => {
    // What migrates may go by another name elsewhere: only its protocol tells.
    if (rootRunId !== runId || uuid !== null || machine === 'liveMigration') return;
    uuid = factsContext.safeParse(context).data?.facts.domain.uuid ?? null;
  });
  return () => uuid;
}

/** The parallel states of the protocol machines, outer ones first: what is below lives in regions. */
export const parallelStates: readonly string[] = [
  'migrating',
  'migrating.convergence',
  'migrating.convergence.tuning',
];
export const protocolMachines: readonly string[] = ['peer2peerMigration', 'directMigration'];

/** What a protocol machine's context tells beside the state; other machines have none of it. */
const protocolContext = z.looseObject({
  reached: z
    .array(
      z.looseObject({
        milestone: z.string(),
        evidence: z.enum(evidences),
        atEpochMs: z.number(),
      }),
    )
    .default([]),
  suspendedAtEpochMs: z.number().nullable().default(null),
  resumedAtEpochMs: z.number().nullable().default(null),
  passes: z
    .looseObject({
      completed: z.number(),
      leastRemainingBytes: z.number().nullable(),
      sinceLeast: z.number(),
    })
    .optional(),
  convergence: z
    .looseObject({
      stallPasses: z.number().nullable().default(null),
      postcopyAfterPasses: z.number().nullable().default(null),
    })
    .optional(),
});
type ProtocolContext = z.infer<typeof protocolContext>;

/** A chart that calls each phase itself keeps the phases instead. */
const phaseRecords = z.looseObject({
  phases: z
    .array(z.looseObject({ phase: z.string(), evidence: z.enum(evidences), atEpochMs: z.number() }))
    .default([]),
});

const stateMeta = z.looseObject({
  phase: z.string().optional(),
  milestone: z.string().optional(),
  evidence: z.enum(evidences).optional(),
});

export function toStateEvent(entered: StateEntered): StateEvent {
  const { machine, tags, description = '' } = entered;
  const { phase = null, milestone, evidence } = stateMeta.parse(entered.meta);
  const context = protocolContext.parse(entered.context);
  const proof =
    context.reached.find((each) => each.milestone === milestone) ??
    phaseRecords.parse(entered.context).phases.find((each) => each.phase === phase);
  return {
    type: 'state.entered',
    atEpochMs: proof?.atEpochMs ?? entered.atEpochMs,
    machine,
    ...placeOf(machine, entered.state),
    description,
    phase,
    evidence: evidence ?? proof?.evidence ?? null,
    tags,
    pause: { fromEpochMs: context.suspendedAtEpochMs, toEpochMs: context.resumedAtEpochMs },
    passes: passesOf(context),
  };
}

function passesOf({ passes, convergence }: ProtocolContext): PassesEvent | null {
  if (passes === undefined || passes.completed === 0) return null;
  const { completed, leastRemainingBytes, sinceLeast } = passes;
  return {
    completed,
    leastRemainingBytes,
    untilStall: leftOf(convergence?.stallPasses ?? null, sinceLeast),
    untilPostcopy: leftOf(convergence?.postcopyAfterPasses ?? null, completed),
  };
}

function leftOf(limit: number | null, used: number): number | null {
  return limit === null ? null : Math.max(0, limit - used);
}

/** Where a state of a chart lies: below a parallel state, in which of its regions. */
export function placeOf(machine: string, path: string): { region: string | null; state: string } {
  const names = path.split('.');
  if (!protocolMachines.includes(machine)) return { region: null, state: path };
  // Below a parallel state the next name is that of a region, and the rest the path within it.
  const regions = names.filter((_, at) => parallelStates.includes(names.slice(0, at).join('.')));
  const rest = names.slice(regions.length + 1);
  return regions.length === 0 || rest.length === 0
    ? { region: null, state: path }
    : { region: regions.join('.'), state: rest.join('.') };
}
