import type { DiskChain } from '../../../src/ports/block-jobs.ts';
import type { DiskView, DomainView } from '../../../src/ports/domain.ts';
import type { Failure } from '../../../src/ports/failure.ts';
import type { Consistency } from '../../../src/ports/image-store.ts';
import type { FormattedImage, ImageInfo } from '../../../src/ports/images.ts';
import { imageFileName } from '../one-host/image-target.ts';
import type { ImageTarget, TargetFacts } from '../one-host/image-target.ts';
import type {
  OneHostContext,
  OneHostFacts,
  OneHostInput,
  OneHostResult,
} from '../one-host/one-host.ts';
import type { Quiesce } from '../one-host/freezing.ts';
import { foundDomain } from '../one-host/one-host.ts';
import type { UndefinedMeanwhile } from '../one-host/undefined-meanwhile.ts';
import { neverUndefined } from '../one-host/undefined-meanwhile.ts';

/** What is asked of the chart `live-snapshot`. */
export interface LiveSnapshotInput extends OneHostInput, ImageTarget {
  /** By `<target dev>`; `null`: the root disk, which is the first that the guest writes to. */
  readonly disks: readonly string[] | null;
  /** Any format that the host's qemu-img writes. */
  readonly format: string;
  readonly compress: boolean;
  readonly quiesce: Quiesce;
  /**
   * Its administrator says that the guest's agent runs hooks which bring its applications to rest. No
   * agent tells: but one that has hooks fails a freeze when a hook fails.
   */
  readonly agentRunsHooks: boolean;
  /** How long the agent may take for a freeze, and for each try of a thaw. */
  readonly freezeTimeoutMs: number;
  /** How long a guest that does not thaw is asked again before an operator is called. */
  readonly thawWaitMs: number;
  /** How long the copies may take until they are in step with the disks, for each GiB of them. */
  readonly copyMsPerGib: number;
  /** A copy that gains no byte for so long is given up. */
  readonly stallMs: number;
  /** 0: unlimited. */
  readonly bandwidthMibPerS: number;
  /** How much of the space is asked for beforehand: what the disks may hold, or what they hold now. */
  readonly spaceWanted: 'virtualSize' | 'allocation';
}

const defaultInput = {
  disks: null,
  format: 'qcow2',
  compress: false,
  quiesce: 'try',
  agentRunsHooks: false,
  freezeTimeoutMs: 10_000,
  thawWaitMs: 120_000,
  copyMsPerGib: 800_000,
  stallMs: 60_000,
  bandwidthMibPerS: 0,
  spaceWanted: 'virtualSize',
  peerWaitMs: 60_000,
  breakClaims: [],
} as const satisfies Omit<LiveSnapshotInput, 'domain' | 'host' | keyof ImageTarget>;

type GivenInput = Pick<LiveSnapshotInput, 'domain' | 'host' | keyof ImageTarget> &
  Partial<LiveSnapshotInput>;

/**
 * The input of the chart `live-snapshot`, with its defaults: the root disk into a qcow2 image, frozen
 * where the agent can, 800 s for each GiB (as Nova gives a migration), a minute without progress.
 */
export function liveSnapshotInput(given: GivenInput): LiveSnapshotInput {
  return { ...defaultInput, ...given };
}

/** What is found out before anything is touched. */
export interface LiveSnapshotFacts extends OneHostFacts {
  readonly chains: readonly DiskChain[];
  /** The topmost files of the chosen disks, as qemu-img sees them. */
  readonly tops: readonly ImageInfo[];
  /** So many bytes an image of each chosen disk takes at most. */
  readonly imageBytes: readonly { readonly targetDev: string; readonly bytes: number }[];
  readonly agent: 'connected' | 'disconnected' | 'none';
  /** That the host's qemu-img writes. */
  readonly formats: readonly string[];
  readonly target: TargetFacts;
}

/**
 * How far the copy of a disk is. `asked`: from before the call that begins it; `unsure`: our process
 * died in that call, and `unbegun`: nothing has come of it. `ready`: seen in step with the disk.
 * `ended`: seen to end whole, because we ended it. `lost`: it ended in any other way.
 */
export type CopyState =
  'none' | 'asked' | 'unsure' | 'unbegun' | 'copying' | 'ready' | 'ended' | 'lost';

/** One disk of the snapshot, from its delta to its image. */
export interface DiskCopy {
  readonly targetDev: string;
  readonly source: FormattedImage;
  readonly virtualSizeBytes: number;
  /** Takes what the top of the chain holds, over the same backing file. */
  readonly delta: FormattedImage;
  readonly backing: FormattedImage | null;
  /** The flat image before it is whole, and under its name; the delta where that is flat itself. */
  readonly staged: FormattedImage;
  readonly image: FormattedImage;
  readonly copy: CopyState;
  readonly written: 'no' | 'whole' | 'named';
  /** Of the whole image. */
  readonly allocationBytes: number;
}

export interface LiveSnapshotContext
  extends OneHostContext<LiveSnapshotFacts>, UndefinedMeanwhile, Omit<LiveSnapshotInput, 'disks'> {
  readonly disks: readonly string[] | null;
  readonly copies: readonly DiskCopy[];
  /** Our end of the copies was asked for: from then on a cancelled copy is a whole one. */
  readonly endAsked: boolean;
  /** Nobody watched for a while: what was not told then has to be looked for. */
  readonly mustLook: boolean;
  /** When the copies were last seen to gain, and what they had then. */
  readonly gained: { readonly atEpochMs: number; readonly bytes: number } | null;
  readonly guest: 'running' | 'paused' | 'gone';
  /** How the guest ended, by libvirt's word. */
  readonly stopDetail: string | null;
  readonly frozenSinceEpochMs: number | null;
  readonly frozenMs: number | null;
  readonly consistency: Consistency;
  readonly notes: readonly string[];
}

export interface SnapshotImage {
  readonly targetDev: string;
  readonly path: string;
  readonly format: string;
  readonly virtualSizeBytes: number;
  readonly allocationBytes: number;
}

export interface LiveSnapshotResult extends OneHostResult {
  /** Whole images under their names. */
  readonly images: readonly SnapshotImage[];
  /** `null` where there is no image. */
  readonly consistency: Consistency | null;
  /** From before the freeze was asked for to the answer of the thaw: the guest stood still no longer. */
  readonly frozenMs: number | null;
  /** What a person should know of it. */
  readonly notes: readonly string[];
}

export const beforeLiveSnapshot = {
  ...neverUndefined,
  copies: [],
  endAsked: false,
  mustLook: false,
  gained: null,
  guest: 'running',
  stopDetail: null,
  frozenSinceEpochMs: null,
  frozenMs: null,
  consistency: 'crash',
  notes: [],
} as const;

/** A disk that the guest writes to by itself. */
export const isWritten = ({ device, readOnly }: DiskView): boolean =>
  device === 'disk' && !readOnly;

/** Names of the disks that are asked for, whether the domain has them or not. */
export function chosenDisks(
  { disks }: Pick<LiveSnapshotInput, 'disks'>,
  domain: Pick<DomainView, 'disks'>,
): readonly string[] {
  if (disks !== null) return [...new Set(disks)];
  return domain.disks
    .filter(isWritten)
    .map(({ targetDev }) => targetDev)
    .slice(0, 1);
}

/** The layer below the top, which the delta lies on, too; `null`: there is none. */
export function backingOf(chain: DiskChain | undefined): FormattedImage | null {
  const below = chain?.layers[1];
  return below?.path == null ? null : { path: below.path, format: below.format };
}

/** A delta over nothing holds the whole disk: it is the image, once its copy has ended. */
export const isFlatAlready = (
  { compress, format }: Pick<LiveSnapshotInput, 'compress' | 'format'>,
  backing: FormattedImage | null,
): boolean => backing === null && format === 'qcow2' && !compress;

/** Every file of the run has its name: what stands at such a path is this run's. */
export function planCopies(context: LiveSnapshotContext): readonly DiskCopy[] {
  const { claim, directory, facts, format } = context;
  const domain = foundDomain(context);
  const chosen = chosenDisks(context, domain);
  return chosen.flatMap((targetDev): DiskCopy[] => {
    const disk = domain.disks.find((each) => each.targetDev === targetDev);
    if (disk?.path == null) return [];
    const fileName = imageFileName(context, targetDev, chosen.length);
    const draft = `${directory}/.${fileName}.${claim?.run ?? 'run'}`;
    const backing = backingOf(facts?.chains.find((each) => each.targetDev === targetDev));
    const delta = { path: `${draft}.delta`, format: 'qcow2' };
    return [
      {
        targetDev,
        source: { path: disk.path, format: disk.format },
        virtualSizeBytes: disk.capacityBytes,
        delta,
        backing,
        staged: isFlatAlready(context, backing) ? delta : { path: `${draft}.part`, format },
        image: { path: `${directory}/${fileName}`, format },
        copy: 'none',
        written: 'no',
        allocationBytes: 0,
      },
    ];
  });
}

/** What was made of it, for whoever asked. */
export function liveSnapshotResult(context: LiveSnapshotContext): LiveSnapshotResult {
  const { artefacts, consistency, copies, failure, frozenMs, notes } = context;
  const images = copies
    .filter(({ written }) => written === 'named')
    .map(({ allocationBytes, image, targetDev, virtualSizeBytes }) => ({
      targetDev,
      ...image,
      virtualSizeBytes,
      allocationBytes,
    }));
  const reached = images.length > 0 ? consistency : null;
  return { failure, artefacts, images, consistency: reached, frozenMs, notes };
}

/** As {@link Failure} of this workflow's own. */
export const snapshotFailure = (
  code: string,
  message: string,
  effect: Failure['effect'] = 'none',
): Failure => ({ code, message, effect });
