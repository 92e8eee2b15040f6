import type { DomainStatus } from '../../../src/ports/domain.ts';
import type { DomainOnHost } from '../domain-on-host.ts';
import { isActive, plannedDisks, writtenDisks } from '../domain-snapshot/domain-snapshot.ts';
import { foundDomain, isCutOff, onHost } from '../one-host/one-host.ts';
import type { DiskTop, SnapshotRevertContext, StateBefore } from './snapshot-revert.ts';
import { beforeNameOf, keepingContext, kindOf, targetOf, wantedState } from './snapshot-revert.ts';

/** What the look is at. */
export interface RevertLookRequest extends DomainOnHost {
  readonly targetDevs: readonly string[];
  readonly beforeName: string;
  /** Where libvirt would put new overlays. */
  readonly directories: readonly string[];
}

/** One host's answer to "how does the domain stand, and on what?". */
export type RevertLook = { readonly atEpochMs: number } & (
  | { readonly reachable: false; readonly message: string }
  | {
      readonly reachable: true;
      readonly domain: DomainStatus | null;
      /** The snapshot that the domain's state descends from. */
      readonly current: string | null;
      /** libvirt has the run's own snapshot on its books. */
      readonly kept: boolean;
      readonly tops: readonly DiskTop[];
      /** In those directories; empty where nobody can say. */
      readonly files: readonly string[];
    }
);

type Context = SnapshotRevertContext;
type Reached = Extract<RevertLook, { readonly reachable: true }>;
type Standing = Reached & { readonly domain: DomainStatus };

export function revertLookRequest({ context }: { context: Context }): RevertLookRequest {
  const disks = writtenDisks(foundDomain(context));
  return {
    ...onHost({ context }),
    targetDevs: disks.map(({ targetDev }) => targetDev),
    beforeName: beforeNameOf(context.name),
    directories: [...new Set(frozenOutside(context).map(directoryOf))],
  };
}

/** Files that an external revert puts overlays on, as the snapshot and what is kept have them. */
function frozenOutside(context: Context): readonly string[] {
  const target = targetOf(context);
  if (kindOf(target) !== 'external') return [];
  const present = writtenDisks(foundDomain(context)).flatMap(({ path }) => path ?? []);
  return [...target.frozenPaths.map(({ path }) => path), ...present];
}

const directoryOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')));

/**
 * Overlays that libvirt made for a revert that it did not come to the end of: the base's name with a
 * time in seconds, not there before, and nothing that the guest writes to.
 */
export function strays(context: Context, look: RevertLook): readonly string[] {
  if (!look.reachable) return [];
  const { files, tops } = look;
  const stems = frozenOutside(context).map((path) => {
    const dot = path.lastIndexOf('.');
    return `${dot > path.lastIndexOf('/') + 1 ? path.slice(0, dot) : path}.`;
  });
  return files.filter(
    (path) =>
      !stateBefore(context).files.includes(path) &&
      !tops.some((top) => top.path === path) &&
      stems.some((stem) => path.startsWith(stem)) &&
      /\.\d+$/.test(path),
  );
}

/** `silent`: nobody answers; `busy`: the domain has a job, or its QEMU is just starting or ending. */
type Early = 'silent' | 'busy' | 'gone';

function early(look: RevertLook): Early | Standing {
  if (!look.reachable) return 'silent';
  const { domain } = look;
  if (domain === null) return 'gone';
  // What a daemon finds that was killed while it started a QEMU; it ends that at once (9.0).
  const isStarting = domain.state === 'paused' && domain.reason === 'startingUp';
  if (domain.job !== null || isStarting || domain.state === 'shutdown') return 'busy';
  return { ...look, domain };
}

/** What came of keeping the state before. `resume`: libvirt left the guest standing. */
export type KeepVerdict = Early | 'kept' | 'nothing' | 'resume' | 'unclear';

/** Reasons that libvirt gives where a snapshot left the vCPUs standing; a person's pause is another's. */
const ourPauses = new Set(['snapshot', 'apiError', 'save', 'unknown']);

export function keepVerdictOf(context: Context, look: RevertLook): KeepVerdict {
  const standing = early(look);
  if (typeof standing === 'string') return standing;
  const { domain, kept, tops } = standing;
  const found = foundDomain(context);
  const ran = isActive(found) && found.state !== 'paused';
  const isOurs = ourPauses.has(domain.reason) || (domain.reason === 'user' && isCutOff(context));
  if (ran && domain.state === 'paused' && isOurs) return 'resume';
  const disks = plannedDisks(keepingContext(context));
  const isOn = (path: string | undefined, targetDev: string): boolean =>
    tops.some((top) => top.targetDev === targetDev && top.path === path);
  const isKept = disks.every(({ base, overlay, targetDev }) =>
    isOn((overlay ?? base).path, targetDev),
  );
  if (kept && isKept) return 'kept';
  const isAsFound = disks.every(({ base, targetDev }) => isOn(base.path, targetDev));
  return !kept && isAsFound ? 'nothing' : 'unclear';
}

/**
 * What came of the revert. `reverted`; `untouched`: libvirt did nothing; `broken`: neither of them, or
 * nothing tells, so that what was kept is gone back to.
 */
export type RevertVerdict = Early | 'reverted' | 'untouched' | 'broken';

export function revertVerdictOf(context: Context, look: RevertLook): RevertVerdict {
  const standing = early(look);
  if (typeof standing === 'string') return standing;
  if (isReverted(context, standing)) return 'reverted';
  return isUntouched(context, standing) ? 'untouched' : 'broken';
}

/** libvirt makes the snapshot current last of all, so that is what proves a revert without an answer. */
function isReverted(context: Context, look: Standing): boolean {
  const { current, domain, tops } = look;
  if (current !== context.name) return false;
  const before = stateBefore(context);
  const target = targetOf(context);
  if (kindOf(target) === 'external' && !isOnNewLayers(before, tops)) return false;
  if (context.confirmed) return true;
  const isAsWanted = stateOf(domain) === wantedState(context);
  return isAsWanted && (before.current !== context.name || isSeenToChange(context, look));
}

/** It was current before, and is: only another sign tells that the revert was made. */
function isSeenToChange(context: Context, { domain, tops }: Standing): boolean {
  const before = stateBefore(context);
  const { reason } = before.status;
  if (isOnNewLayers(before, tops)) return true;
  return context.stopSeen && domain.reason === 'fromSnapshot' && reason !== 'fromSnapshot';
}

/** Each external revert writes to files of its own from then on. */
function isOnNewLayers({ tops: known }: StateBefore, tops: readonly DiskTop[]): boolean {
  return tops.some(({ path, targetDev }) =>
    known.some((top) => top.targetDev === targetDev && top.path !== path),
  );
}

const refusals = new Set(['noSnapshot', 'revertRisky', 'revertUnsupported']);

/** A QEMU is ended first of all; what is shut off shows nothing of disks that were changed half. */
function isUntouched(context: Context, { current, domain, tops }: Standing): boolean {
  const before = stateBefore(context);
  const isSame =
    current === before.current &&
    stateOf(domain) === stateOf(before.status) &&
    domain.reason === before.status.reason &&
    !isOnNewLayers(before, tops);
  if (!isSame) return false;
  if (context.failure !== null && refusals.has(context.failure.code)) return true;
  if (!isActive(domain) || context.stopSeen) return false;
  // A guest that a revert began may look the same, and was then seen to stop, if anybody watched.
  const isTelling = domain.reason !== 'fromSnapshot' && before.current !== context.name;
  return isTelling || !context.unwatched;
}

/** The way back is gone again until libvirt has said that it was gone to its end. */
export function isBack(context: Context, look: RevertLook): boolean {
  const standing = early(look);
  if (typeof standing === 'string' || !context.backConfirmed) return false;
  const { current, domain } = standing;
  const isCurrent = current === beforeNameOf(context.name);
  return isCurrent && stateOf(domain) === stateOf(foundDomain(context));
}

export function isWaiting(look: RevertLook): boolean {
  const standing = early(look);
  return standing === 'silent' || standing === 'busy';
}

export function stateBefore(context: Context): StateBefore {
  if (context.before === null) throw new Error('the revert was not asked for');
  return context.before;
}

/** A guest that waits for its disk runs. */
function stateOf({ state }: Pick<DomainStatus, 'state'>): string {
  return state === 'blocked' ? 'running' : state;
}

export const runs = (look: RevertLook): boolean =>
  look.reachable && look.domain !== null && stateOf(look.domain) === 'running';
