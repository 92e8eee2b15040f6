import type { DomainStatus } from '../../../src/ports/domain.ts';
import type { Failure } from '../../../src/ports/failure.ts';
import type { MigrateCall } from '../../../src/ports/migration.ts';
import type { MigrationEvent } from '../../migration-events.ts';
import type { ConvergencePlan, Passes } from './convergence.ts';
import { afterPass, noPasses } from './convergence.ts';
import type { ReachedMilestone } from './phases.ts';
import { hasReached, noteEvidence, reach } from './phases.ts';
import type { PeersView, Situation } from '../peers.ts';
import { hasTakenOver, isInPostcopy, isPostcopyBroken, isRunning } from '../peers.ts';

/** What a protocol chart is asked for: the same, whoever drives. */
export interface ProtocolInput {
  /** Connection URIs by which *we* reach the daemons. */
  readonly source: string;
  readonly destination: string;
  /** The domain as it was found before anything was touched. */
  readonly domain: DomainStatus;
  readonly call: MigrateCall;
  /** See `Situation`. */
  readonly finishLeavesDefinition: boolean;
  readonly convergence: ConvergencePlan;
  /** How long a broken post-copy is tried again before an operator is called. */
  readonly postcopyWaitMs: number;
  readonly onSplitBrain: 'suspendSource' | 'report';
  /** How long a host that does not answer is waited for, where its answer decides. */
  readonly peerWaitMs: number;
}

export interface ProtocolContext extends ProtocolInput {
  readonly drives: 'sourceDaemon' | 'client';
  /** We have called Perform. */
  readonly performs: boolean;
  readonly reached: readonly ReachedMilestone[];
  /** Where a copy of the guest is known to run, by the latest evidence. */
  readonly runs: { readonly source: boolean; readonly destination: boolean };
  /** A host that could not be watched for a while: events may have been missed. */
  readonly watchBroken: { readonly source: boolean; readonly destination: boolean };
  /** QEMU's own events arrive from the source; a daemon may refuse them to us. */
  readonly qemuHeard: boolean;
  readonly passes: Passes;
  /** What was asked of the source for this migration, and what it has taken. `null`: nothing yet. */
  readonly tuning: Tuning;
  readonly postcopy: 'none' | 'active' | 'paused';
  /** The connections of a migration that we drive. */
  readonly link: { readonly source: LinkState; readonly destination: LinkState };
  readonly linkedAtEpochMs: number | null;
  /** Whether we told the destination to let the guest run, and that it answered with no guest. */
  readonly finish: 'none' | 'asked' | 'ranNothing';
  readonly budgetSpent: boolean;
  /** An operator, or the time that was given, ends the wait for a broken post-copy. */
  readonly gaveUp: boolean;
  /** The source holds a job of ours that only Confirm, or the end of our connection, ends. */
  readonly holdsJob: boolean;
  /** We told the source to take the guest back (Confirm, cancelled). */
  readonly cancelledAtEpochMs: number | null;
  readonly suspendedAtEpochMs: number | null;
  readonly resumedAtEpochMs: number | null;
  /** The source daemon ended the call itself (and not a lost connection). */
  readonly replied: boolean;
  readonly peers: PeersView | null;
  /** Both copies were seen running, by a look at both hosts. */
  readonly sawSplitBrain: boolean;
  readonly failure: Failure | null;
}

export interface Tuning {
  /** Steps of the plan's ramp that were begun. */
  readonly stepsBegun: number;
  readonly wanted: { readonly downtimeMs: number | null; readonly mibPerS: number | null };
  readonly taken: { readonly downtimeMs: number | null; readonly mibPerS: number | null };
}

type LinkState = 'none' | 'open' | 'lost';

const nothingToTune = { downtimeMs: null, mibPerS: null };

export function startingContext(
  input: ProtocolInput,
  drives: ProtocolContext['drives'],
): ProtocolContext {
  return {
    ...input,
    drives,
    performs: false,
    reached: [],
    runs: { source: isRunning(input.domain), destination: false },
    watchBroken: { source: false, destination: false },
    qemuHeard: false,
    passes: noPasses,
    tuning: { stepsBegun: 0, wanted: nothingToTune, taken: nothingToTune },
    postcopy: 'none',
    link: { source: 'none', destination: 'none' },
    linkedAtEpochMs: null,
    finish: 'none',
    budgetSpent: false,
    gaveUp: false,
    holdsJob: false,
    cancelledAtEpochMs: null,
    suspendedAtEpochMs: null,
    resumedAtEpochMs: null,
    replied: false,
    peers: null,
    sawSplitBrain: false,
    failure: null,
  };
}

/** What one event of a watch changes in what the run knows. */
export function afterEvidence(context: ProtocolContext, event: MigrationEvent) {
  const { runs, watchBroken } = context;
  const at = event.atEpochMs;
  const reached = isOfAnother(context, event)
    ? context.reached
    : noteEvidence(context.reached, event);
  const noted = { reached, ...postcopyAfter(context, event) };
  switch (event.type) {
    case 'source.domain.suspended':
      // A guest that stands already is not stopped again: the first stop begins the downtime.
      return runs.source || (context.suspendedAtEpochMs === null && isRunning(context.domain))
        ? { ...noted, runs: { ...runs, source: false }, suspendedAtEpochMs: at }
        : noted;
    case 'source.domain.stopped':
      return { ...noted, runs: { ...runs, source: false } };
    case 'source.domain.resumed':
      return { ...noted, runs: { ...runs, source: true }, suspendedAtEpochMs: null };
    case 'destination.domain.resumed':
      // The end of post-copy tells a second time that the guest runs.
      return {
        ...noted,
        runs: { ...runs, destination: true },
        resumedAtEpochMs: context.resumedAtEpochMs ?? (mayBeSecond(context, event) ? null : at),
      };
    // A read tells what was missed while nobody watched.
    case 'source.domain.seen':
      return { ...noted, runs: { ...runs, source: event.state === 'running' } };
    case 'destination.domain.seen':
      return { ...noted, runs: { ...runs, destination: event.state === 'running' } };
    case 'destination.domain.suspended':
    case 'destination.domain.stopped':
      return { ...noted, runs: { ...runs, destination: false } };
    case 'source.iteration':
      return { ...noted, passes: afterPass(context.passes, event) };
    case 'source.connection.lost':
      return { ...noted, watchBroken: { ...watchBroken, source: true } };
    case 'destination.connection.lost':
      return { ...noted, watchBroken: { ...watchBroken, destination: true } };
    default:
      return event.type.startsWith('source.migration.') ? { ...noted, qemuHeard: true } : noted;
  }
}

/** Where nobody heard the first, the second must not pass for it: it comes long after the start. */
function mayBeSecond({ postcopy, watchBroken }: ProtocolContext, event: MigrationEvent): boolean {
  return watchBroken.destination && postcopy !== 'none' && event.detail === 'migrated';
}

/** Until the source has begun our job, what it shows of a migration is somebody else's. */
function isOfAnother({ drives, reached }: ProtocolContext, { type }: MigrationEvent): boolean {
  return drives === 'client' && type.startsWith('source.') && !hasReached(reached, 'prepare');
}

/**
 * Post-copy is seen by QEMU's status and by the domains' states; the job's statistics would call a
 * broken one running (virDomainGetJobStats). A broken one goes on by the word of its source: the
 * destination may still be telling how it began.
 */
function postcopyAfter(
  { postcopy }: ProtocolContext,
  event: MigrationEvent,
): Pick<ProtocolContext, 'postcopy'> {
  if (event.detail === 'postcopyFailed' || event.type.endsWith('.migration.postcopy-paused'))
    return { postcopy: 'paused' };
  const goesOn = event.detail === 'postcopy' || event.type.endsWith('.migration.postcopy-active');
  const isOld = postcopy === 'paused' && event.type.startsWith('destination.');
  return { postcopy: goesOn && !isOld ? 'active' : postcopy };
}

function postcopyIn(peers: PeersView): 'active' | 'paused' | null {
  if (isPostcopyBroken(peers)) return 'paused';
  return isInPostcopy(peers.source) || isInPostcopy(peers.destination) ? 'active' : null;
}

/**
 * What a look at both hosts changes: it corrects what the events made us believe, and a guest seen
 * on the destination proves FINISH3, for as long as the run lasts.
 */
export function afterLook(context: ProtocolContext, peers: PeersView) {
  const { source, destination } = peers;
  return {
    peers,
    postcopy: postcopyIn(peers) ?? context.postcopy,
    reached: hasTakenOver(destination, situationOf(context))
      ? reach(context.reached, 'finish3', peers.atEpochMs)
      : context.reached,
    runs: {
      source: source.reachable ? isRunning(source.domain) : context.runs.source,
      destination: destination.reachable ? isRunning(destination.domain) : context.runs.destination,
    },
  };
}

export function situationOf(context: ProtocolContext): Situation {
  const { reached, watchBroken } = context;
  // Without QEMU's own events nobody sees it finish.
  const unseen = watchBroken.source || (!context.qemuHeard && hasReached(reached, 'precopy'));
  const seenRunning = context.resumedAtEpochMs !== null || hasReached(reached, 'finish3');
  // Where we drive, no guest runs there before we say so, nor after it was said that none does.
  const isHeldBack = context.drives === 'client' && context.finish !== 'asked';
  const mayHaveSwitched = isHeldBack
    ? seenRunning
    : unseen || seenRunning || hasReached(reached, 'perform3Done');
  return {
    guestWasPaused: context.domain.state === 'paused',
    mayHaveSwitched,
    ranThere: seenRunning,
    finishLeavesDefinition: context.finishLeavesDefinition,
    drivesJob: context.holdsJob,
    mayHaveRunThere: seenRunning || (mayHaveSwitched && watchBroken.destination),
  };
}

/** The source daemon is still at it, as far as we know, and its guest has not gone over. */
export function canBeCalledOff(context: ProtocolContext): boolean {
  const { postcopy, reached, replied } = context;
  return !replied && postcopy === 'none' && !hasReached(reached, 'perform3Done');
}

/** Post-copy was permitted, and can still begin. */
export function mayGoOver(context: ProtocolContext): boolean {
  return context.call.options.postcopy && context.postcopy === 'none' && canBeCalledOff(context);
}

/** A budget that ends in an abort is used up, and nothing else has ended the migration yet. */
export function isOutOfTime(context: ProtocolContext): boolean {
  const { budgetSpent, convergence, failure } = context;
  const aborts = convergence.onBudget === 'abort';
  return budgetSpent && aborts && failure === null && canBeCalledOff(context);
}

/** The source's job is that of this run: where we drive, it is ours from Begin's reply on. */
export function isOurs({ drives, holdsJob }: ProtocolContext): boolean {
  return drives === 'sourceDaemon' || holdsJob;
}

/** There is something under way that the source daemon could abort, force or take to post-copy. */
export function isPerforming({ drives, holdsJob, performs }: ProtocolContext): boolean {
  return drives === 'sourceDaemon' || (holdsJob && performs);
}

/** What failed before its Perform has nothing left that a limit could belong to. */
export function isTunable(context: ProtocolContext): boolean {
  return canBeCalledOff(context) && (context.failure === null || isPerforming(context));
}
