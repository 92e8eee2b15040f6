import { placeOf } from '../../../src/ports/disk-source.ts';
import type { Failure } from '../../../src/ports/failure.ts';
import type { Artefact } from '../artefact.ts';
import { withArtefact, withoutArtefact } from '../artefact.ts';
import { foundDomain } from '../one-host/one-host.ts';
import { neverUndefined } from '../one-host/undefined-meanwhile.ts';
import type { Removal } from '../snapshot-delete/endings.ts';
import type { Persisted } from './requests.ts';
import { volumeOf, withSwaps } from './copies.ts';
import type { DiskSwap, VolumeSwapContext } from './volume-swap.ts';
import { isSwapped, swapFailure } from './volume-swap.ts';

type Context = VolumeSwapContext;
type Change = Partial<Context>;

const isUnwanted = ({ kind, status }: Artefact): boolean =>
  kind === 'volume' && status === 'unwanted';
const isToPersist = ({ persisted, state }: DiskSwap): boolean =>
  !persisted && (state === 'pivoted' || state === 'copied');
const isToResize = (swap: DiskSwap): boolean =>
  swap.resizeBytes !== null && !swap.isResized && isSwapped(swap);

export const hasNextToPersist = ({ swaps }: Context): boolean => swaps.some(isToPersist);
export const hasNextToResize = ({ swaps }: Context): boolean => swaps.some(isToResize);

/** Of a guest that is off the definition alone says which volume is its disk. */
export const isUnsettled = ({ swaps }: Context): boolean =>
  swaps.every(({ persisted, state }) => state === 'copied' && !persisted);

export const expectChange = ({ definitionChange }: Context): Change => ({
  definitionChange: definitionChange === 'none' ? 'asked' : definitionChange,
});

/** What was asked for before may have been done all the same. */
export const noteUnchanged = ({ definitionChange }: Context): Change => ({
  definitionChange: definitionChange === 'asked' ? 'none' : definitionChange,
});

export function nextToPersist({ swaps }: Context): DiskSwap {
  const next = swaps.find(isToPersist);
  if (next === undefined) throw new Error('every definition names its volume');
  return next;
}

export function nextToResize({ swaps }: Context): DiskSwap {
  const next = swaps.find(isToResize);
  if (next === undefined) throw new Error('every disk has its size');
  return next;
}

export function notePersisted(context: Context, { isUnseen }: Persisted): Change {
  const { state, targetDev } = nextToPersist(context);
  const noted = {
    isUnseen: context.isUnseen || isUnseen,
    ...withSwaps(context, (swap) =>
      swap.targetDev === targetDev ? { ...swap, persisted: true } : swap,
    ),
  };
  // A copy of a guest that is off is its disk when the definition says so.
  return state === 'copied' ? { ...noted, pivoted: [...context.pivoted, targetDev] } : noted;
}

/** It is told by the disk itself that it need not be done again. */
export function noteResized(context: Context): Change {
  const { resizeBytes, targetDev } = nextToResize(context);
  return withSwaps(context, (swap) =>
    swap.targetDev === targetDev
      ? { ...swap, sizeBytes: resizeBytes ?? swap.sizeBytes, isResized: true }
      : swap,
  );
}

/** Forward only: the guest is on its new volumes, whatever their sizes. */
export function noteSizesLeft(context: Context): Change {
  const { host, setback } = context;
  const { name } = foundDomain(context);
  const notes = context.swaps
    .filter(isToResize)
    .map(
      ({ resizeBytes, targetDev }) =>
        `disk ${targetDev} is on its new volume, but could not be resized (${setback ?? 'no answer'}): virsh -c ${host} blockresize ${name} ${targetDev} ${resizeBytes ?? 0}B`,
    );
  return {
    ...withSwaps(context, (swap) => (isToResize(swap) ? { ...swap, resizeBytes: null } : swap)),
    notes: [...context.notes, ...notes],
  };
}

/** On the way back every volume changes places with the other one. */
export function turnBack(context: Context): Change {
  const persisted = !foundDomain(context).persistent;
  return {
    direction: context.direction === 'there' ? 'back' : 'there',
    failure: null,
    // It names the other volume by now: where it has to be taken away once more, it is read anew.
    ...neverUndefined,
    swaps: context.swaps.map((swap) => ({
      ...swap,
      from: swap.to,
      to: swap.from,
      state: 'none',
      isPivotDoubted: false,
      sourceChangedAt: null,
      isWanted: false,
      persisted,
    })),
  };
}

/** The way back came to nothing: all is again as it was when the run waited. */
export function stayThere(context: Context): Change {
  const why = context.failure === null ? [] : [`not undone: ${context.failure.message}`];
  const swaps = context.swaps.map((swap): DiskSwap => ({
    ...swap,
    from: swap.to,
    to: swap.from,
    state: 'pivoted',
    persisted: true,
  }));
  return { swaps, direction: 'there', failure: null, notes: [...context.notes, ...why] };
}

/** What the run made and nobody wants; or the old volumes, where they shall go. */
export function unwantedVolumes({ artefacts }: Pick<Context, 'artefacts'>): readonly string[] {
  return artefacts.filter(isUnwanted).map(({ path }) => path);
}

const marked = (context: Context, fits: (artefact: Artefact) => boolean): Change => ({
  artefacts: context.artefacts.map((artefact) =>
    artefact.kind === 'volume' && fits(artefact) ? { ...artefact, status: 'unwanted' } : artefact,
  ),
});

/** Volumes of ours that the guest is not on. */
export function giveUpMade(context: Context): Change {
  const used = context.swaps.filter(isSwapped).map(({ to }) => placeOf(to.source));
  return marked(
    context,
    ({ path, status }) => (status === 'expected' || status === 'made') && !used.includes(path),
  );
}

/** Old volumes that the guest has left: on record, kept or to be removed. */
export function noteOld(context: Context): Change {
  const status = context.oldVolume === 'delete' ? 'unwanted' : 'kept';
  return {
    artefacts: context.swaps
      .filter(isSwapped)
      .reduce<readonly Artefact[]>(
        (artefacts, { from }) =>
          withArtefact(artefacts, { ...volumeOf(context, { to: from }), status }),
        context.artefacts,
      ),
  };
}

const isOld = ({ direction, swaps }: Context, path: string): boolean =>
  direction === 'there' &&
  swaps.some((swap) => isSwapped(swap) && placeOf(swap.from.source) === path);

export function noteRemoved(context: Context, { left, removed }: Removal): Change {
  const { host } = context;
  const artefacts = removed
    .reduce<readonly Artefact[]>((standing, path) => {
      const volume = { kind: 'volume', host, path } as const;
      // What the run did not make itself is told of.
      return isOld(context, path)
        ? withArtefact(standing, { ...volume, status: 'removed' })
        : withoutArtefact(standing, volume);
    }, context.artefacts)
    .map((artefact): Artefact =>
      isUnwanted(artefact) ? { ...artefact, status: 'left' } : artefact,
    );
  const notes = left.map(({ path, why }) => `${path} was not removed: ${why}`);
  return { artefacts, notes: [...context.notes, ...notes] };
}

export function noteNotRemoved(context: Context): Change {
  return {
    artefacts: context.artefacts.map((artefact) =>
      isUnwanted(artefact) ? { ...artefact, status: 'left' } : artefact,
    ),
  };
}

/** The guest is on its old volumes again: they are nobody's remains, and what we made is. */
export function noteUndone(context: Context): Change {
  return {
    artefacts: context.artefacts
      .filter(({ kind, status }) => kind !== 'volume' || status !== 'kept')
      .map((artefact): Artefact =>
        artefact.kind === 'volume' ? { ...artefact, status: 'unwanted' } : artefact,
      ),
  };
}

export const undone = (context: Context): Failure =>
  swapFailure(
    'undone',
    `the swap was undone by request: ${foundDomain(context).name} is on its old volumes, with everything that it wrote meanwhile`,
    'done',
  );
