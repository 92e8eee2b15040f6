import { placeOf } from '../../../src/ports/disk-source.ts';
import type { Artefact } from '../artefact.ts';
import { withArtefact, withoutArtefact } from '../artefact.ts';
import type { DomainEvent } from '../../domain-events.ts';
import type { OfflineCopy } from './requests.ts';
import type { SeenDisk, SwapLook } from './look.ts';
import { gainedBy, stopSeen } from './look.ts';
import type { DiskSwap, SwapState, VolumeSwapContext } from './volume-swap.ts';
import { planSwaps } from './volume-swap.ts';

type Context = VolumeSwapContext;
type Change = Partial<Context>;

const isUnderWay = ({ state }: DiskSwap): boolean =>
  state === 'asked' || state === 'copying' || state === 'ready' || state === 'pivotAsked';

export const withSwaps = (
  { swaps }: Pick<Context, 'swaps'>,
  change: (swap: DiskSwap) => DiskSwap,
) => ({ swaps: swaps.map(change) });

export const stateIs = (context: Context, targetDev: string, state: SwapState) =>
  withSwaps(context, (swap) => (swap.targetDev === targetDev ? { ...swap, state } : swap));

const jobOf = ({ host }: Context, { targetDev }: Pick<DiskSwap, 'targetDev'>) =>
  ({ kind: 'blockJob', host, path: targetDev }) as const;
export const volumeOf = ({ host }: Context, { to }: Pick<DiskSwap, 'to'>) =>
  ({ kind: 'volume', host, path: placeOf(to.source) }) as const;

/** The first time the plan comes from what was found; on the way back it stands. */
export function beginSwaps(context: Context): Change {
  return {
    swaps: context.direction === 'there' ? planSwaps(context) : context.swaps,
    writes: 'background',
    mustLook: false,
    definitionChange: 'none',
    gained: null,
    stopDetail: null,
    pivoted: [],
  };
}

const first = (context: Context, fits: (swap: DiskSwap) => boolean, what: string): DiskSwap => {
  const found = context.swaps.find(fits);
  if (found === undefined) throw new Error(`no disk is to be ${what}`);
  return found;
};

const isToCopy = ({ isWanted, state }: DiskSwap): boolean => !isWanted && state === 'none';

export const nextToMake = (context: Context) => first(context, ({ isWanted }) => isWanted, 'made');
export const nextToCopy = (context: Context) =>
  first(context, (swap) => isToCopy(swap) || swap.state === 'asked', 'copied');
/** There is never more than one. */
export const asksPivot = ({ state }: DiskSwap): boolean => state === 'pivotAsked';
export const nextToPivot = (context: Context) => first(context, asksPivot, 'pivoted');
export const hasNextToMake = ({ swaps }: Context) => swaps.some(({ isWanted }) => isWanted);
export const hasNextToCopy = ({ swaps }: Context) => swaps.some(isToCopy);
export const allReady = ({ swaps }: Context) => swaps.every(({ state }) => state === 'ready');
export const allPivoted = ({ swaps }: Context) => swaps.every(({ state }) => state === 'pivoted');
export const hasPivoted = ({ swaps }: Context) => swaps.some(({ state }) => state === 'pivoted');
export const isUndecided = ({ guest, swaps }: Context) =>
  guest === 'off' && swaps.some(({ state }) => state === 'pivotAsked');
const isLost = ({ state }: DiskSwap): boolean => state === 'lost';
export const hasLost = ({ swaps }: Context) => swaps.some(isLost);
/** Some are there, and others cannot get there. */
export const isHalf = (context: Context) => hasPivoted(context) && hasLost(context);

/** Before it is made: whatever comes of the call, the volume is ours. */
export function expectVolume(context: Context): Change {
  const volume = volumeOf(context, nextToMake(context));
  return { artefacts: withArtefact(context.artefacts, { ...volume, status: 'expected' }) };
}

/** It was not made for certain: what stands there is somebody else's. */
export function forgetVolume(context: Context): Change {
  const volume = volumeOf(context, nextToMake(context));
  return { artefacts: withoutArtefact(context.artefacts, volume) };
}

export function noteMade(context: Context): Change {
  const { targetDev } = nextToMake(context);
  const volume = volumeOf(context, nextToMake(context));
  return {
    ...withSwaps(context, (swap) =>
      swap.targetDev === targetDev ? { ...swap, isWanted: false } : swap,
    ),
    artefacts: withArtefact(context.artefacts, { ...volume, status: 'made' }),
  };
}

export function expectCopy(context: Context): Change {
  const next = nextToCopy(context);
  return {
    ...stateIs(context, next.targetDev, 'asked'),
    artefacts: withArtefact(context.artefacts, { ...jobOf(context, next), status: 'expected' }),
  };
}

export function noteBegun(context: Context): Change {
  const asked = context.swaps.find(({ state }) => state === 'asked');
  return asked === undefined ? {} : stateIs(context, asked.targetDev, 'copying');
}

/** What the call may still do is not done when the next look comes: nobody else knows of it then. */
export const noteBeginUnheard = (context: Context): Change => ({
  ...noteBegun(context),
  mustLook: true,
  mayBegin: true,
  heard: false,
});

/** Such a copy is not there, or not yet. */
const isUnshown = ({ mayBegin, swaps }: Context, { disks, guest }: SwapLook): boolean =>
  mayBegin &&
  guest !== 'off' &&
  swaps.some(({ state, targetDev, to }) => {
    const seen = disks.find((disk) => disk.targetDev === targetDev);
    const goal = placeOf(to.source);
    return state === 'copying' && seen?.mirror !== goal && seen?.top !== goal;
  });

export const isUnbegun = (context: Context, { look }: { look: SwapLook }): boolean =>
  !context.heard && isUnshown(context, look);

/** What drops a copy waits for its turn behind a call that begins one and is not over. */
export const noteDropped = ({ heard, mayBegin }: Context): Change => ({
  mayBegin: mayBegin && !heard,
});

/** The call did nothing: a job that is on the disk now is somebody else's. */
export function forgetCopy(context: Context): Change {
  const asked = context.swaps.filter(({ state }) => state === 'asked');
  return {
    ...withSwaps(context, (swap) => (asked.includes(swap) ? { ...swap, state: 'none' } : swap)),
    artefacts: withoutJobs(context, asked),
  };
}

const withoutJobs = (context: Context, swaps: readonly DiskSwap[]): readonly Artefact[] =>
  swaps.reduce<readonly Artefact[]>(
    (left, swap) => withoutArtefact(left, jobOf(context, swap)),
    context.artefacts,
  );

type JobEvent = Extract<DomainEvent, { readonly job: unknown }>;

/** What the watch tells of a disk's job. Where we asked for none (qemu-img has none) it is not ours. */
export function noteJob(context: Context, { job, targetDev, type }: JobEvent): Change {
  const swap = context.swaps.find((each) => each.targetDev === targetDev);
  if (job !== 'copy' || swap === undefined || !isUnderWay(swap) || !hasJob(context, swap))
    return {};
  const { state } = swap;
  if (type === 'blockJob.running') return {};
  if (type === 'blockJob.ready')
    return state === 'pivotAsked' ? {} : stateIs(context, targetDev, 'ready');
  if (type === 'blockJob.completed' && state === 'pivotAsked')
    return notePivoted(context, { targetDev });
  // Once a pivot has been asked for, by us or by somebody else, only the chain tells what came of it.
  if (type === 'blockJob.completed' || state === 'pivotAsked') return { mustLook: true };
  const artefacts = withoutJobs(context, [swap]);
  return { ...stateIs(context, targetDev, 'lost'), artefacts };
}

export function expectPivot(context: Context): Change {
  const { targetDev } = first(context, ({ state }) => state === 'ready', 'pivoted');
  return stateIs(context, targetDev, 'pivotAsked');
}

/** The event of its end may have come before the answer. */
export function noteAnswered(context: Context): Change {
  const asked = context.swaps.find(asksPivot);
  return asked === undefined ? {} : notePivoted(context, asked);
}

export const noteNotPivoted = (context: Context): Change =>
  withSwaps(context, (swap) => (asksPivot(swap) ? { ...swap, state: 'ready' } : swap));

export function notePivoted(context: Context, { targetDev }: { targetDev: string }): Change {
  const swap = context.swaps.filter((each) => each.targetDev === targetDev);
  return {
    ...stateIs(context, targetDev, 'pivoted'),
    pivoted: [...context.pivoted.filter((each) => each !== targetDev), targetDev],
    artefacts: withoutJobs(context, swap),
  };
}

/** Where the answer to a pivot is lost, a job that is gone may have ended in it. */
export function notePivotUnheard(context: Context): Change {
  return {
    ...withSwaps(context, (swap) =>
      swap.state === 'pivotAsked' ? { ...swap, isPivotDoubted: true } : swap,
    ),
    mustLook: true,
  };
}

/** The job was gone before the first pivot was asked for: it did not end in one of ours. */
export function noteNoJob(context: Context): Change {
  return {
    ...withSwaps(context, (swap) =>
      swap.state === 'pivotAsked' && !swap.isPivotDoubted ? { ...swap, state: 'ready' } : swap,
    ),
    mustLook: true,
  };
}

/** A copy that should be there and is not has come to an end that nobody saw: the chain tells which. */
export function noteLook(context: Context, { look }: { look: SwapLook }): Change {
  const { guest } = look;
  let noted: Context = { ...context, guest, mustLook: false };
  const isOpen = (swap: DiskSwap): boolean =>
    isUnderWay(swap) || (swap.state === 'lost' && hasJob(context, swap));
  for (const swap of context.swaps.filter(isOpen)) {
    const seen = look.disks.find(({ targetDev }) => targetDev === swap.targetDev);
    noted = { ...noted, ...diskNow(noted, swap, seen) };
  }
  const { artefacts, isUnseen, pivoted, swaps } = noted;
  const gained = gainedBy(context, look);
  const mustLook = isOvertaken(context, look);
  const mayBegin = isUnshown(context, look) || (context.mayBegin && context.swaps.some(isLost));
  const stopDetail = stopSeen(context, look);
  return { artefacts, isUnseen, pivoted, swaps, guest, stopDetail, mustLook, mayBegin, gained };
}

/** An event came while the look was on its way, and knows more than it. */
function isOvertaken({ guest, swaps }: Context, look: SwapLook): boolean {
  if (guest === 'off' && look.guest !== 'off') return true;
  const late = look.disks.filter(({ isReady, mirror }) => mirror !== null && !isReady);
  return late.some((seen) =>
    swaps.some(({ state, targetDev }) => state === 'ready' && targetDev === seen.targetDev),
  );
}

const hasJob = ({ artefacts }: Context, { targetDev }: DiskSwap): boolean =>
  artefacts.some(({ kind, path }) => kind === 'blockJob' && path === targetDev);

function diskNow(context: Context, swap: DiskSwap, seen: SeenDisk | undefined): Change {
  const { targetDev, to } = swap;
  const goal = placeOf(to.source);
  if (seen?.top === goal && seen.mirror === null) return notePivoted(context, { targetDev });
  if (seen?.mirror === goal) {
    if (seen.isGone || swap.state === 'lost') return stateIs(context, targetDev, 'lost');
    return stateIs(context, targetDev, seen.isReady ? 'ready' : 'copying');
  }
  if (swap.state === 'pivotAsked') {
    const held = seen?.held ?? null;
    // A libvirtd that was killed behind the pivot may know nothing of it, or nothing of the guest.
    if (held === 'to') return { ...notePivoted(context, { targetDev }), isUnseen: true };
    // Nobody can ask a QEMU that is gone whether it had gone on with the copy.
    if (held === 'unknown' || context.guest === 'off') return {};
  }
  const mayCome = context.mayBegin && context.guest !== 'off';
  if (mayCome && swap.state === 'copying' && !context.heard) return {};
  // Its job stays on record until it has been dropped.
  if (mayCome && (swap.state === 'copying' || swap.state === 'lost'))
    return stateIs(context, targetDev, 'lost');
  return {
    ...stateIs(context, targetDev, 'lost'),
    artefacts: withoutJobs(context, [swap]),
  };
}

type GuestEvent = Extract<DomainEvent, { readonly detail: string }>;
const offStates: readonly string[] = ['shutoff', 'crashed', 'nostate', 'shutdown'];

export function noteGuest(context: Context, event: GuestEvent): Change {
  if (event.type === 'domain.suspended') return { guest: 'paused' };
  if (event.type === 'domain.stopped') return guestOff(context, event.detail);
  if (event.type === 'domain.seen' && offStates.includes(event.state))
    // While it shuts down libvirt tells no reason yet.
    return guestOff(context, event.state === 'shutdown' ? event.state : event.detail);
  if (event.type === 'domain.seen' && event.state === 'paused') return { guest: 'paused' };
  // One that was started anew has none of our copies: it has to be looked at.
  return context.guest === 'off'
    ? { guest: 'running', mustLook: true, wasStarted: true }
    : { guest: 'running' };
}

/** With its QEMU end the copies. */
function guestOff(context: Context, detail: string): Change {
  return context.guest === 'off' ? {} : { guest: 'off', stopDetail: detail, mustLook: true };
}

/** What was not in step when it was given up is begun once more, into the same volume. */
export function beginAgain(context: Context): Change {
  return withSwaps(context, (swap) =>
    swap.state === 'lost' || swap.state === 'copying' || swap.state === 'asked'
      ? { ...swap, state: 'none' }
      : swap,
  );
}

export function noteCopied(context: Context, { sourceChangedAt }: OfflineCopy): Change {
  const { targetDev } = nextToCopy(context);
  return withSwaps(context, (swap) =>
    swap.targetDev === targetDev ? { ...swap, state: 'copied', sourceChangedAt } : swap,
  );
}
