import type { DiskChain } from '../../../src/ports/block-jobs.ts';
import type { DiskImage } from '../../../src/ports/disk-source.ts';
import { placeOf } from '../../../src/ports/disk-source.ts';
import type { Failure } from '../../../src/ports/failure.ts';
import type { ImageInfo } from '../../../src/ports/images.ts';
import type {
  OneHostContext,
  OneHostFacts,
  OneHostInput,
  OneHostResult,
} from '../one-host/one-host.ts';
import { foundDomain } from '../one-host/one-host.ts';
import type { UndefinedMeanwhile } from '../one-host/undefined-meanwhile.ts';
import { neverUndefined } from '../one-host/undefined-meanwhile.ts';

/** One disk of the guest, and what it shall be. */
export interface SwapOrder {
  /** By `<target dev>`. */
  readonly targetDev: string;
  readonly to: DiskImage;
  /** The destination is made, as large as the disk; else it stands already. */
  readonly create: boolean;
  /** What the guest shall see when it is there; `null`: as much as before. */
  readonly resizeBytes: number | null;
}

/**
 * What becomes of the old volume. `leave`: it stays as it is. `delete`: it goes when nothing else uses
 * it. `confirm`: both stay, and the run waits until it is told to keep the swap or to undo it.
 */
export type OldVolume = 'leave' | 'delete' | 'confirm';

/** What is asked of the chart `volume-swap`. */
export interface VolumeSwapInput extends OneHostInput {
  /** All are in step before the first is pivoted. */
  readonly disks: readonly SwapOrder[];
  /** Only the top layer goes; the destination has the same backing file. */
  readonly shallow: boolean;
  readonly oldVolume: OldVolume;
  /** 0: unlimited. */
  readonly bandwidthMibPerS: number;
  /** How long the copies may take until they are in step; `null`: 800 s for each GiB. */
  readonly timeoutMs: number | null;
  /** Copies that come no nearer to their disks for so long are stalled. */
  readonly stallMs: number;
}

const defaultInput = {
  shallow: false,
  oldVolume: 'leave',
  bandwidthMibPerS: 0,
  timeoutMs: null,
  stallMs: 60_000,
  peerWaitMs: 60_000,
  breakClaims: [],
} as const satisfies Omit<VolumeSwapInput, 'domain' | 'host' | 'disks'>;

type GivenInput = Pick<VolumeSwapInput, 'domain' | 'host' | 'disks'> & Partial<VolumeSwapInput>;

/** The input of the chart `volume-swap`, with its defaults. */
export function volumeSwapInput(given: GivenInput): VolumeSwapInput {
  return { ...defaultInput, ...given };
}

/** What is known of a destination beforehand. */
export interface DestinationFacts {
  /** `null`: nothing stands there. */
  readonly info: ImageInfo | null;
  /** Why it cannot be looked at, as qemu-img says it: somebody has it open, or it is no image. */
  readonly unreadable: string | null;
  /** Domains of the host that name it for a disk, by uuid. */
  readonly users: readonly string[];
  /** Of the file system that it is on; `null`: it is no file, or its directory is not there. */
  readonly availableBytes: number | null;
}

export interface SwapDiskFacts {
  readonly targetDev: string;
  readonly chain: DiskChain | null;
  /** What the configuration makes of it; `null`: a transient domain, or a source of another kind. */
  readonly configured: DiskImage | null;
  readonly destination: DestinationFacts;
}

export interface VolumeSwapFacts extends OneHostFacts {
  readonly disks: readonly SwapDiskFacts[];
}

/**
 * How far the copy of a disk is. `asked`: from before the call that begins it. `ready`: in step with
 * the disk. `pivotAsked`: from before the guest is asked to go on with the copy. `pivoted`: the copy
 * is the disk. `copied`: whole, of a guest that is off. `lost`: it ended in any other way.
 */
export type SwapState =
  'none' | 'asked' | 'copying' | 'ready' | 'pivotAsked' | 'pivoted' | 'copied' | 'lost';

/** One disk on its way. On the way back `from` and `to` have changed places. */
export interface DiskSwap {
  readonly targetDev: string;
  readonly from: DiskImage;
  readonly to: DiskImage;
  readonly sizeBytes: number;
  /** The destination has to be made by us, and is not there yet. */
  readonly isWanted: boolean;
  readonly resizeBytes: number | null;
  /** As large as it was to be. */
  readonly isResized: boolean;
  readonly state: SwapState;
  /** The answer to a pivot was lost. */
  readonly isPivotDoubted: boolean;
  /** Of the volume of a guest that is off, before it was copied; `null`: nobody can tell. */
  readonly sourceChangedAt: string | null;
  /** The configuration says so, too. */
  readonly persisted: boolean;
}

export interface VolumeSwapContext
  extends
    OneHostContext<VolumeSwapFacts>,
    UndefinedMeanwhile,
    Omit<VolumeSwapInput, keyof OneHostInput> {
  readonly swaps: readonly DiskSwap[];
  readonly direction: 'there' | 'back';
  /** Synchronous: the guest's writes wait for both volumes, so that no writer outruns the copy. */
  readonly writes: 'background' | 'synchronous';
  /** Nobody watched for a while: what was not told then has to be looked for. */
  readonly mustLook: boolean;
  /**
   * Of a guest that is off, before its definition is known to name a new volume. `asked`: from before
   * the call; `untold`: no answer told that nothing was changed.
   */
  readonly definitionChange: 'none' | 'asked' | 'untold';
  /** A guest that was off ran again: whatever was copied before is old. */
  readonly wasStarted: boolean;
  /** The answer to a call that begins a copy was lost: it may lie unread before its daemon. */
  readonly mayBegin: boolean;
  /** When the copies were last seen to come nearer to their disks, and how much was left then. */
  readonly gained: {
    readonly atEpochMs: number;
    readonly remainingBytes: number;
    readonly processedBytes: number;
  } | null;
  readonly guest: 'running' | 'paused' | 'off';
  /** libvirt takes it for shut off, or for on its old volume, and its QEMU holds the new one. */
  readonly isUnseen: boolean;
  /** How the guest ended, by libvirt's word. */
  readonly stopDetail: string | null;
  /** Disks in the order in which the guest went on with their copies. */
  readonly pivoted: readonly string[];
  /** Why the last resize came to nothing. */
  readonly setback: string | null;
  /** What a person should know of it. */
  readonly notes: readonly string[];
}

export interface SwappedDisk {
  readonly targetDev: string;
  /** The volume that the guest writes to. */
  readonly volume: string;
  readonly format: string;
  /** The one that it wrote to before. */
  readonly oldVolume: string;
  readonly resizedToBytes: number | null;
}

export interface VolumeSwapResult extends OneHostResult {
  /** Disks that are on another volume than before, in the order in which they went. */
  readonly swapped: readonly SwappedDisk[];
  readonly notes: readonly string[];
}

export const beforeVolumeSwap = {
  ...neverUndefined,
  swaps: [],
  direction: 'there',
  writes: 'background',
  mustLook: false,
  definitionChange: 'none',
  wasStarted: false,
  mayBegin: false,
  gained: null,
  guest: 'running',
  isUnseen: false,
  stopDetail: null,
  pivoted: [],
  setback: null,
  notes: [],
} as const;

/** As {@link Failure} of this workflow's own. */
export const swapFailure = (
  code: string,
  message: string,
  effect: Failure['effect'] = 'none',
): Failure => ({ code, message, effect });

/** Every disk of the order with what it is now. The checks have seen that all of it is known. */
export function planSwaps(context: VolumeSwapContext): readonly DiskSwap[] {
  const domain = foundDomain(context);
  return context.disks.flatMap(({ create, resizeBytes, targetDev, to }): DiskSwap[] => {
    const top = context.facts?.disks.find((disk) => disk.targetDev === targetDev)?.chain?.layers[0];
    const disk = domain.disks.find((each) => each.targetDev === targetDev);
    if (disk === undefined || top === undefined || top.origin === null) return [];
    return [
      {
        targetDev,
        from: { source: top.origin, format: top.format },
        to,
        sizeBytes: disk.capacityBytes,
        isWanted: create,
        resizeBytes,
        isResized: false,
        state: 'none',
        isPivotDoubted: false,
        sourceChangedAt: null,
        persisted: !domain.persistent,
      },
    ];
  });
}

/** The guest writes to the destination, as far as is known. */
export const isSwapped = ({ persisted, state }: DiskSwap): boolean =>
  state === 'pivoted' || (state === 'copied' && persisted);

/** What was made of it, for whoever asked. */
export function volumeSwapResult(context: VolumeSwapContext): VolumeSwapResult {
  const { artefacts, direction, failure, notes, pivoted, swaps } = context;
  const gone = direction === 'there' ? swaps.filter(isSwapped) : swaps.filter(isStillThere);
  const rank = ({ targetDev }: DiskSwap): number => pivoted.indexOf(targetDev);
  const swapped = gone
    .toSorted((one, other) => rank(one) - rank(other))
    .map((swap): SwappedDisk => {
      const { from, to } = direction === 'there' ? swap : { from: swap.to, to: swap.from };
      return {
        targetDev: swap.targetDev,
        volume: placeOf(to.source),
        format: to.format,
        oldVolume: placeOf(from.source),
        resizedToBytes: swap.isResized ? swap.resizeBytes : null,
      };
    });
  return { failure, artefacts, swapped, notes };
}

const isStillThere = (swap: DiskSwap): boolean => !isSwapped(swap);
