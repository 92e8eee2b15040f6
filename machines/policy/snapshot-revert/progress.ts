import type { Failure } from '../../../src/ports/failure.ts';
import type { Artefact, ArtefactKind } from '../artefact.ts';
import { withArtefact, withoutArtefact } from '../artefact.ts';
import type { ClaimAnswer } from '../claims.ts';
import { holdsMemory, isActive, plannedDisks } from '../domain-snapshot/domain-snapshot.ts';
import { heldNotes } from '../domain-snapshot/hidden-overlay.ts';
import type { RemovedFiles } from '../domain-snapshot/requests.ts';
import { readFailure } from '../failures.ts';
import { claimIs, foundDomain } from '../one-host/one-host.ts';
import type { SnapshotRevertContext } from './snapshot-revert.ts';
import { beforeNameOf, keepingContext, wantedState } from './snapshot-revert.ts';
import type { RevertLook } from './look.ts';
import { runs, strays } from './look.ts';

type Context = SnapshotRevertContext;
type Change = Partial<Context>;
type Thing = Omit<Artefact, 'status'>;
type When = { readonly atEpochMs: number };
type Looked = { readonly look: RevertLook };

/** What stands for the state before. */
function thingsKept(context: Context): readonly Thing[] {
  const { host } = context;
  const keeping = keepingContext(context);
  const overlays = plannedDisks(keeping).flatMap(({ overlay }) => overlay?.path ?? []);
  const of = (kind: ArtefactKind, path: string): Thing => ({ kind, host, path });
  return [
    ...overlays.map((path) => of('overlay', path)),
    ...(keeping.memoryPath !== null && holdsMemory(keeping)
      ? [of('memory', keeping.memoryPath)]
      : []),
    of('snapshot', keeping.name),
  ];
}

function marked(
  context: Context,
  status: Artefact['status'],
  of: readonly Thing[] = thingsKept(context),
): Change {
  const artefacts = of.reduce<readonly Artefact[]>(
    (known, thing) => withArtefact(known, { ...thing, status }),
    context.artefacts,
  );
  return { artefacts };
}

/** On record before libvirt is asked: a crash in between leaves nothing that nobody knows of. */
export const expectKept = (context: Context): Change => marked(context, 'expected');

/** Whatever the call said: it is on libvirt's books. Only an abort still counts. */
export function noteKept(context: Context): Change {
  const failure = context.failure?.code === 'abortRequested' ? context.failure : null;
  // What comes next is another call.
  return { kept: true, failure, heard: false, ...marked(context, 'made') };
}

export function noteNotKept(context: Context): Change {
  const { host, name } = context;
  const message = `libvirt has no snapshot ${beforeNameOf(name)}, whatever it answered: look into its log`;
  return {
    failure: context.failure ?? { code: 'snapshotMissing', message, effect: 'none' },
    artefacts: withoutArtefact(context.artefacts, {
      kind: 'snapshot',
      host,
      path: beforeNameOf(name),
    }),
  };
}

/** Files of a snapshot that was not made. */
export const filesLeft = ({ artefacts }: Context): readonly Artefact[] =>
  artefacts.filter(
    ({ kind, status }) => (kind === 'overlay' || kind === 'memory') && status === 'expected',
  );

export function noteFilesRemoved(context: Context, { held, removed }: RemovedFiles): Change {
  const { host } = context;
  const notes = [...context.notes, ...heldNotes(host, foundDomain(context).name, held)];
  const left = filesLeft(context);
  const gone = left.filter(({ path }) => removed.includes(path));
  const artefacts = gone.reduce<readonly Artefact[]>(withoutArtefact, context.artefacts);
  const stay = left.filter(({ path }) => !removed.includes(path));
  return { ...marked({ ...context, artefacts }, 'left', stay), notes };
}

export const noteFilesLeft = (context: Context): Change =>
  marked(context, 'left', filesLeft(context));

/** Just before it is asked for: what a look afterwards is held against. */
export function noteBefore(_: Context, { look }: Looked): Change {
  if (!look.reachable || look.domain === null) return {};
  const { reason, state } = look.domain;
  const { current, files, tops } = look;
  return { before: { status: { reason, state }, current, tops, files }, stopSeen: false };
}

export function noteReverted(context: Context, { look }: Looked): Change {
  const domain = foundDomain(context);
  const notes = [
    ...context.notes,
    ...(domain.managedSave
      ? [
          `the managed save image of ${domain.name} is older than its disks now: remove it (virsh -c ${context.host} managedsave-remove ${domain.name}) before the next start, which would go on from it`,
        ]
      : []),
    ...(look.reachable && look.domain !== null && look.domain.persistent !== domain.persistent
      ? [`${domain.name} is ${domain.persistent ? 'not ' : ''}persistent any more: look at it`]
      : []),
  ];
  return { reverted: true, failure: null, notes, ...settleOutage(context, look) };
}

/** The event of its resumption may come after the answer. */
function settleOutage(context: Context, look: RevertLook): Change {
  if (runs(look)) return noteRuns(context, look);
  // It is not to run any more.
  return wantedState(context) === 'running' ? {} : { pausedSinceEpochMs: null };
}

export function noteBack(context: Context, { look }: Looked): Change {
  const failure = context.failure ?? notReverted(context);
  const { host } = context;
  const left = strays(context, look).map((path) => ({ kind: 'overlay', host, path }) as const);
  return {
    failure,
    ...marked(context, 'expected', left),
    ...(runs(look) ? noteRuns(context, look) : { pausedSinceEpochMs: null }),
  };
}

export const noteUntouched = (context: Context): Change => ({
  failure: context.failure ?? notReverted(context),
});

function notReverted(context: Context): Failure {
  const message = `libvirt did not revert ${foundDomain(context).name} to ${context.name}, whatever it answered: look into its log`;
  return { code: 'notReverted', message, effect: 'none' };
}

export function noteBackTrouble(_: Context, { error }: { error: unknown }): Change {
  return { backTrouble: readFailure(error).message };
}

/** The snapshot brought the definition back that it keeps, without the claim. */
export function noteReclaim(context: Context, { claim, others }: ClaimAnswer): Change {
  const rivals = others.map(({ run }) => run).join(', ');
  const note = `run ${rivals} claimed ${foundDomain(context).name} while the revert had taken this run's claim away: see what it did`;
  return {
    claim,
    held: others.length === 0,
    ...claimIs(context, 'made'),
    ...(others.length === 0 ? {} : { notes: [...context.notes, note] }),
  };
}

export function noteUnclaimed(context: Context): Change {
  const note = `${foundDomain(context).name} went without a claim from the revert on: its host did not answer`;
  return { notes: [...context.notes, note] };
}

/** libvirt removes its files with it. */
export function noteDiscarded(context: Context): Change {
  const artefacts = thingsKept(context).reduce<readonly Artefact[]>(
    withoutArtefact,
    context.artefacts,
  );
  return { kept: false, artefacts };
}

export function noteBeforeLeft(context: Context): Change {
  const name = beforeNameOf(context.name);
  const note = `snapshot ${name} with the state before is left: delete it with virsh -c ${context.host} snapshot-delete ${foundDomain(context).name} ${name}`;
  return { ...marked(context, 'left'), notes: [...context.notes, note] };
}

/** How long the vCPUs stood, by the host's events. */
export function noteStands(context: Context, { atEpochMs }: When): Change {
  if (!isActive(foundDomain(context)) || foundDomain(context).state === 'paused') return {};
  return { pausedSinceEpochMs: context.pausedSinceEpochMs ?? atEpochMs };
}

export function noteStopped(context: Context, when: When): Change {
  return { stopSeen: true, ...noteStands(context, when) };
}

export function noteRuns(context: Context, { atEpochMs }: When): Change {
  const since = context.pausedSinceEpochMs;
  if (since === null) return {};
  const outageMs = context.outageMs + Math.max(0, atEpochMs - since);
  return { pausedSinceEpochMs: null, outageMs };
}

export function tookTooLong(context: Context): Failure {
  const message = `libvirt did not answer within ${context.timeoutMs} ms`;
  return { code: 'timeBudgetExceeded', message, effect: 'unknown' };
}

const because = ({ failure }: Context): string =>
  failure === null ? '' : `. Before that: ${failure.message}`;

/** What is kept of the state before, and how to go back to it by hand. */
function byHand(context: Context): string {
  const { name } = foundDomain(context);
  if (context.kept)
    return `the state before is in snapshot ${beforeNameOf(context.name)}: virsh -c ${context.host} snapshot-revert ${name} ${beforeNameOf(context.name)} goes back to it, and snapshot-delete removes it then`;
  return `the state before was not kept; virsh -c ${context.host} snapshot-revert ${name} ${context.name} tries again, snapshot-list shows what else there is`;
}

/** Why a person has to look. */
export const revertQuandaries = {
  silent: (context: Context): Failure => ({
    code: 'peerUnreachable',
    message: `${context.host} does not say how ${foundDomain(context).name} stands: see that it answers, then look with virsh -c ${context.host} domstate and snapshot-list; ${byHand(context)}${because(context)}`,
    effect: 'unknown',
  }),
  gone: (context: Context): Failure => ({
    code: 'domainGone',
    message: `${foundDomain(context).name} is gone from ${context.host}: its disks are as the revert to ${context.name} left them, maybe half${because(context)}`,
    effect: 'unknown',
  }),
  unkept: (context: Context): Failure => ({
    code: 'snapshotUnclear',
    message: `nothing tells whether the state of ${foundDomain(context).name} was kept as ${beforeNameOf(context.name)}, and the revert was not begun: look with virsh -c ${context.host} snapshot-list and domblklist; no file was removed${because(context)}`,
    effect: 'unknown',
  }),
  broken: (context: Context): Failure => ({
    code: 'revertFailed',
    message: `the revert of ${foundDomain(context).name} to ${context.name} failed or nobody knows, and its disks may be switched in part: look with virsh -c ${context.host} domstate; ${byHand(context)}${because(context)}`,
    effect: 'unknown',
  }),
  notBack: (context: Context): Failure => {
    const why = context.backTrouble === null ? '' : ` (${context.backTrouble})`;
    return {
      code: 'notBroughtBack',
      message: `the revert of ${foundDomain(context).name} to ${context.name} failed, and so did the way back${why}: the guest is down; ${byHand(context)}${because(context)}`,
      effect: 'unknown',
    };
  },
} as const;
