import type { BlockJobType } from '../../../src/ports/block-jobs.ts';
import type { DomainView } from '../../../src/ports/domain.ts';
import type { Failure } from '../../../src/ports/failure.ts';
import type { FormattedImage } from '../../../src/ports/images.ts';
import type { DeleteOptions, SnapshotView } from '../../../src/ports/snapshots.ts';
import type {
  OneHostContext,
  OneHostFacts,
  OneHostInput,
  OneHostResult,
} from '../one-host/one-host.ts';

/** A snapshot of libvirt's, by name. */
export interface SnapshotTask {
  readonly kind: 'snapshot';
  readonly name: string;
  readonly children: DeleteOptions['children'];
  /** Files stay where they are. */
  readonly metadataOnly: boolean;
  /** `manual`: by commits of our own; `auto`: by libvirt where it can, else so. */
  readonly by: 'auto' | 'libvirt' | 'manual';
}

/** Layers of one disk, whether libvirt has metadata of them or not. */
export interface MergeTask {
  readonly kind: 'merge';
  readonly targetDev: string;
  /** What is merged into; `null`: the bottom of the chain, and for a pull nothing at all. */
  readonly base: string | null;
  /** What is merged, with all above the base; `null`: what the guest writes to. */
  readonly top: string | null;
  /** `commit`: down into the base; `pull`: up into what the guest writes to. */
  readonly how: 'commit' | 'pull';
}

/** What is asked of the chart `snapshot-delete`. */
export interface SnapshotDeleteInput extends OneHostInput {
  readonly what: SnapshotTask | MergeTask;
  /** Of each disk; 0: unlimited. Not for what libvirt does by itself. */
  readonly bandwidthMibPerS: number;
  /** A merge that gains no byte for so long is given up. */
  readonly stallMs: number;
}

const defaultInput = {
  bandwidthMibPerS: 0,
  stallMs: 60_000,
  peerWaitMs: 60_000,
  breakClaims: [],
} as const satisfies Omit<SnapshotDeleteInput, 'domain' | 'host' | 'what'>;

/** The input of the chart `snapshot-delete`, with its defaults. */
export function snapshotDeleteInput(
  given: Pick<SnapshotDeleteInput, 'domain' | 'host' | 'what'> & Partial<SnapshotDeleteInput>,
): SnapshotDeleteInput {
  return { ...defaultInput, ...given };
}

/** One disk's layers, and what is done to them. */
export interface SeenChain {
  readonly targetDev: string;
  /** Top first. Of a domain that is shut off, as its image files tell. */
  readonly layers: readonly { readonly path: string | null; readonly format: string }[];
  readonly job: {
    readonly type: BlockJobType;
    readonly processedBytes: number;
    /** Where an active commit goes; `null`, too, where its daemon was killed as it began. */
    readonly mirrorPath: string | null;
    /** It may be pivoted. */
    readonly ready: boolean;
  } | null;
}

/** What is found out before anything is touched. */
export interface SnapshotDeleteFacts extends OneHostFacts {
  readonly snapshots: readonly SnapshotView[];
  readonly chains: readonly SeenChain[];
  /** Image files of the host can be looked at, and removed. */
  readonly hasTools: boolean;
  /** Of the files that may be removed, those that are there. */
  readonly standing: readonly string[];
  /** Images in the directories of those that are merged, over what they lie. */
  readonly overlays: readonly { readonly path: string; readonly backingPath: string }[];
  /** Other domains that name a file of those that are merged. */
  readonly users: readonly { readonly path: string; readonly domainUuid: string }[];
  /** Of a domain that is shut off: those of its files that somebody writes to. */
  readonly used: readonly string[];
  /** Disks of a guest that runs which are on a lower layer than their daemon believes. */
  readonly left: readonly string[];
}

/**
 * How far the merge of a disk is. `asked`: from before the call that begins it. `ready`: a pivot, or a
 * change of the definition, is all that is missing. `lost`: it ended, and nothing came of it.
 */
export type MergeState = 'waiting' | 'asked' | 'working' | 'ready' | 'merged' | 'lost';

/** One disk, and which of its layers become one. */
export interface DiskMerge {
  readonly targetDev: string;
  /** As libvirt names the jobs. */
  readonly how: 'activeCommit' | 'commit' | 'pull';
  readonly top: FormattedImage;
  /** `null`: a pull of everything. */
  readonly base: FormattedImage | null;
  /** What lies on the top of an inner commit. */
  readonly above: FormattedImage | null;
  readonly state: MergeState;
  readonly tries: number;
}

/** Who deletes, and what there is to be done. */
export interface DeletePlan {
  readonly way: 'libvirt' | 'metadata' | 'merge';
  /** Names of all snapshots that go. */
  readonly doomed: readonly string[];
  readonly disks: readonly DiskMerge[];
  /** What nobody needs any more afterwards. */
  readonly files: readonly string[];
}

export interface LeftFile {
  readonly path: string;
  readonly why: string;
}

export interface SnapshotDeleteContext
  extends OneHostContext<SnapshotDeleteFacts>, SnapshotDeleteInput {
  readonly plan: DeletePlan | null;
  /** `unseen`: it ran, its daemon has lost it, and its QEMU may run on. */
  readonly guest: 'running' | 'off' | 'unseen';
  /** Disks of a guest that has ended of which nobody knows what it wrote to last. */
  readonly uncertain: readonly string[];
  /** Disks of a guest that runs which its daemon takes for what they were before. */
  readonly stale: readonly string[];
  /** Nobody watched for a while, or something ended: what stands has to be looked for. */
  readonly mustLook: boolean;
  /** When the merges were last seen to gain, and what they had then. */
  readonly gained: { readonly atEpochMs: number; readonly bytes: number } | null;
  /** The disk whose merge is being finalised. */
  readonly concluding: string | null;
  /** Why a merge did not come to its end last time. */
  readonly setback: Failure | null;
  /** The last look: libvirt deletes by itself still; all that shall go is gone. */
  readonly deletion: 'none' | 'underWay' | 'gone';
  readonly removed: readonly string[];
  readonly left: readonly LeftFile[];
}

export interface SnapshotDeleteResult extends OneHostResult {
  readonly way: DeletePlan['way'] | null;
  /** Disks whose layers are one now. */
  readonly merged: readonly {
    readonly targetDev: string;
    readonly top: string;
    readonly base: string | null;
  }[];
  readonly removed: readonly string[];
  /** Files that nobody needs, or somebody else does. */
  readonly left: readonly LeftFile[];
  /** What a person should know of it. */
  readonly notes: readonly string[];
}

/** What its daemon tells of the guest is all that there is to know. */
export const notAstray = { uncertain: [], stale: [] } as const;

export const beforeSnapshotDelete = {
  ...notAstray,
  plan: null,
  guest: 'running',
  mustLook: false,
  gained: null,
  concluding: null,
  setback: null,
  deletion: 'none',
  removed: [],
  left: [],
} as const;

export function planOf({ plan }: SnapshotDeleteContext): DeletePlan {
  if (plan === null) throw new Error('nothing is planned before the checks have passed');
  return plan;
}

export const disksOf = ({ plan }: SnapshotDeleteContext): readonly DiskMerge[] => plan?.disks ?? [];

/** Where the guest is, or what it writes to, its daemon cannot tell any more. */
export const isAstray = (context: SnapshotDeleteContext): boolean =>
  context.guest === 'unseen' || context.stale.length > 0 || context.uncertain.length > 0;

/** What ends a merge was asked for, and nobody answered: its daemon may have died over it. */
export function isUnanswered(context: SnapshotDeleteContext): boolean {
  const { concluding, failure, plan, setback } = context;
  const isByLibvirt = plan?.way === 'libvirt';
  if (!isByLibvirt && concluding === null) return false;
  const last = isByLibvirt ? failure : setback;
  return last?.effect === 'unknown' && last.libvirt === undefined;
}

export const deletionFailure = (
  code: string,
  message: string,
  effect: Failure['effect'] = 'none',
): Failure => ({ code, message, effect });

/** What was made of it, for whoever asked. */
export function snapshotDeleteResult(context: SnapshotDeleteContext): SnapshotDeleteResult {
  const { artefacts, failure, left, plan, removed } = context;
  const merged = disksOf(context)
    .filter(({ state }) => state === 'merged')
    .map(({ base, targetDev, top }) => ({
      targetDev,
      top: top.path,
      base: base?.path ?? null,
    }));
  const notes = notesOf(context, merged.length);
  return { failure, artefacts, way: plan?.way ?? null, merged, removed, left, notes };
}

function notesOf(context: SnapshotDeleteContext, mergedCount: number): string[] {
  const { facts, guest } = context;
  if (isAstray(context)) return [];
  const wasRunning = facts?.domain != null && isRunning(facts.domain);
  const ended =
    wasRunning && guest === 'off'
      ? [`the guest has been shut off meanwhile: start it (virsh start ${facts.domain.name})`]
      : [];
  return [...writtenOver(context, mergedCount), ...leftBelow(context), ...ended];
}

/** What a guest stands on no more after a pull. */
function leftBelow({ facts, plan }: SnapshotDeleteContext): string[] {
  return (plan?.disks ?? []).flatMap(({ base, how, state, targetDev }) => {
    const chain = facts?.chains.find((each) => each.targetDev === targetDev);
    const bottom = chain?.layers.at(-1)?.path ?? null;
    return how === 'pull' && state === 'merged' && base === null && bottom !== null
      ? [`${bottom} stays, for others may be made from it: remove it where nobody needs it`]
      : [];
  });
}

export const isRunning = ({ state }: Pick<DomainView, 'state'>): boolean =>
  !['shutoff', 'crashed', 'nostate'].includes(state);

/** Before the guest leaves an overlay, what is below it has been written to. */
function writtenOver(context: SnapshotDeleteContext, mergedCount: number): string[] {
  const { failure, plan, what } = context;
  const begun = disksOf(context).some(
    ({ how, state }) => plan?.way === 'libvirt' || (state !== 'waiting' && how !== 'pull'),
  );
  if (failure === null || !begun || mergedCount > 0 || what.kind === 'merge') return [];
  return [
    `what snapshot ${what.name} kept may have been written over already: the guest is as before, but do not revert to it; delete it again`,
  ];
}
