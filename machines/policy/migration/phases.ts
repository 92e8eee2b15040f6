/** libvirt's own names of the phases of a migration (protocol v3). */
export type LibvirtPhase =
  | 'BEGIN3'
  | 'PREPARE'
  | 'PERFORM3'
  | 'PERFORM3_DONE'
  | 'FINISH3'
  | 'CONFIRM3'
  | 'CONFIRM3_CANCELLED';

/**
 * The milestones of a peer-to-peer migration in the only order in which libvirt can reach them.
 * Those that are phases of libvirt carry its name.
 */
const milestones = [
  'begin3',
  'prepare',
  'perform3',
  'precopy',
  'switchover',
  'perform3Done',
  'finish3',
  'confirm3',
] as const;

export type Milestone = (typeof milestones)[number];

const phaseOf: Partial<Record<Milestone, LibvirtPhase>> = {
  begin3: 'BEGIN3',
  prepare: 'PREPARE',
  perform3: 'PERFORM3',
  perform3Done: 'PERFORM3_DONE',
  finish3: 'FINISH3',
  confirm3: 'CONFIRM3',
};

/**
 * `ours`: we made the call that is the phase. `observed`: an event or a read proves it while it goes
 * on, and `atEpochMs` is when. `inferred`: a later proof implies it, which may be its own end, and
 * `atEpochMs` is the time of that proof.
 */
export type Evidence = 'ours' | 'observed' | 'inferred';

export interface ReachedMilestone {
  readonly milestone: Milestone;
  readonly evidence: Evidence;
  readonly atEpochMs: number;
  readonly endedAtEpochMs?: number;
}

/** One libvirt phase that was reached, as the result of a run shows it. */
export interface PhaseRecord {
  readonly phase: LibvirtPhase;
  readonly evidence: Evidence;
  readonly atEpochMs: number;
}

/**
 * Which event proves which milestones. Each was seen on real daemons beside the phase that the
 * daemon itself held at that moment; what is not here proves nothing.
 */
const proofs: Readonly<Record<string, readonly Milestone[]>> = {
  'source.job.started': ['begin3'],
  'destination.domain.preparing': ['prepare'],
  'source.mirror.created': ['perform3'],
  'source.migration.setup': ['perform3', 'precopy'],
  'source.migration.active': ['perform3', 'precopy'],
  'source.iteration': ['perform3', 'precopy'],
  'source.migration.pre-switchover': ['switchover'],
  'source.migration.device': ['switchover'],
  // In post-copy the source has done its part of PERFORM3 when the destination may begin to run.
  'source.migration.postcopy-active': ['perform3Done'],
  'source.migration.completed': ['perform3Done'],
  'destination.domain.resumed': ['finish3'],
};

/** Which event comes only when its phase is over: that it was reached is implied, and so late. */
const ends: Readonly<Record<string, Milestone>> = {
  'destination.domain.started': 'prepare',
  'destination.migration.setup': 'prepare',
  'source.domain.stopped': 'confirm3',
};

/** Lifecycle events prove a milestone only with the detail that the migration gives them. */
const detailsOfProof: Readonly<Record<string, readonly string[]>> = {
  'destination.domain.started': ['migrated'],
  'destination.domain.resumed': ['migrated', 'postcopy'],
  'source.domain.stopped': ['migrated'],
};

export interface EvidenceEvent {
  readonly type: string;
  readonly atEpochMs: number;
  readonly detail?: string;
  /** Of a domain that was read. */
  readonly state?: string;
}

/** What a read proves where nobody heard the event: the guest runs there, and did not boot there. */
function isSeenArrived({ detail, state, type }: EvidenceEvent): boolean {
  const runs = type === 'destination.domain.seen' && state === 'running';
  return runs && (detail === 'migrated' || detail === 'postcopy');
}

/** The milestones after this event: what it proves is observed, what lay before it is inferred. */
export function noteEvidence(
  reached: readonly ReachedMilestone[],
  event: EvidenceEvent,
): readonly ReachedMilestone[] {
  if (isSeenArrived(event)) return reach(reached, 'finish3', event.atEpochMs);
  const details = detailsOfProof[event.type];
  if (details !== undefined && !details.includes(event.detail ?? '')) return reached;
  const ended = ends[event.type];
  if (ended !== undefined) return reachEnd(reached, ended, event.atEpochMs);
  const proven = proofs[event.type] ?? [];
  return proven.reduce((sofar, milestone) => reach(sofar, milestone, event.atEpochMs), reached);
}

/**
 * Records the end of a phase, and the phase where nothing told of its beginning. The destination tells
 * when PREPARE ends, and PERFORM3 begins then; QEMU's own first sign of it comes 0.1 s later where
 * disks are copied. So PERFORM3 is proven by QEMU and dated by PREPARE's end.
 */
export function reachEnd(
  reached: readonly ReachedMilestone[],
  milestone: Milestone,
  endedAtEpochMs: number,
): readonly ReachedMilestone[] {
  return reach(reached, milestone, endedAtEpochMs, 'inferred').map((each) =>
    each.milestone === milestone ? { ...each, endedAtEpochMs } : each,
  );
}

/** Records one milestone, as observed where nobody says else, and all that it implies. */
export function reach(
  reached: readonly ReachedMilestone[],
  milestone: Milestone,
  atEpochMs: number,
  evidence: Evidence = 'observed',
): readonly ReachedMilestone[] {
  if (hasReached(reached, milestone)) return reached;
  const last = reached.at(-1);
  const begun = last === undefined ? 0 : milestones.indexOf(last.milestone) + 1;
  const implied = milestones.slice(begun, milestones.indexOf(milestone));
  const begunAtEpochMs = milestone === 'perform3' ? last?.endedAtEpochMs : undefined;
  return [
    ...reached,
    ...implied.map((each) => ({ milestone: each, evidence: 'inferred', atEpochMs }) as const),
    { milestone, evidence, atEpochMs: begunAtEpochMs ?? atEpochMs },
  ];
}

/** A phase that is a call of our own: nothing that was seen of it before knows better. */
export function reachByCall(
  reached: readonly ReachedMilestone[],
  milestone: Milestone,
  atEpochMs: number,
): readonly ReachedMilestone[] {
  const own = { milestone, evidence: 'ours', atEpochMs } as const;
  return reach(reached, milestone, atEpochMs).map((each) =>
    each.milestone === milestone ? own : each,
  );
}

/**
 * The same of a call that had to be answered first, for its answer alone says that it was the phase:
 * it was made when the phase before was over.
 */
export function reachByReply(
  reached: readonly ReachedMilestone[],
  milestone: 'finish3' | 'confirm3',
  repliedAtEpochMs: number,
): readonly ReachedMilestone[] {
  const before = milestone === 'finish3' ? 'perform3Done' : 'finish3';
  const last = reached.find((each) => each.milestone === before);
  const begunAtEpochMs = before === 'finish3' ? last?.endedAtEpochMs : last?.atEpochMs;
  return reachByCall(reached, milestone, begunAtEpochMs ?? repliedAtEpochMs).map((each) =>
    each.milestone === milestone ? { ...each, endedAtEpochMs: repliedAtEpochMs } : each,
  );
}

/** Milestones are reached in order, so the last one tells all. */
export function hasReached(reached: readonly ReachedMilestone[], milestone: Milestone): boolean {
  const last = reached.at(-1);
  return last !== undefined && milestones.indexOf(last.milestone) >= milestones.indexOf(milestone);
}

/** Something of the phase itself was seen, if only its end. */
export function hasShown(reached: readonly ReachedMilestone[], milestone: Milestone): boolean {
  const shown = reached.find((each) => each.milestone === milestone);
  return shown?.evidence === 'observed' || shown?.endedAtEpochMs !== undefined;
}

export function toPhaseRecords(reached: readonly ReachedMilestone[]): PhaseRecord[] {
  return reached.flatMap(({ milestone, evidence, atEpochMs }) => {
    const phase = phaseOf[milestone];
    return phase === undefined ? [] : [{ phase, evidence, atEpochMs }];
  });
}
