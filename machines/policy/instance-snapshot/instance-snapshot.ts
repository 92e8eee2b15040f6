import type { Failure } from '../../../src/ports/failure.ts';
import type {
  Consistency,
  ImageMetadata,
  ImageStorePlace,
} from '../../../src/ports/image-store.ts';
import type { Artefact } from '../artefact.ts';
import { withArtefact, withoutArtefact } from '../artefact.ts';
import type { ColdSnapshotInput, ColdSnapshotResult } from '../cold-snapshot/cold-snapshot.ts';
import { coldSnapshotInput } from '../cold-snapshot/cold-snapshot.ts';
import type { Quiesce } from '../one-host/freezing.ts';
import type { LiveSnapshotInput, LiveSnapshotResult } from '../live-snapshot/live-snapshot.ts';
import { liveSnapshotInput } from '../live-snapshot/live-snapshot.ts';
import { verdictsOf, whyNotLive } from './ways.ts';
import type { OneHostFacts, OneHostInput } from '../one-host/one-host.ts';
import type { CheckVerdict } from '../verdicts.ts';

/** What is asked of the chart `instance-snapshot`: one disk of a guest as an image in a store. */
export interface InstanceSnapshotInput extends OneHostInput {
  readonly store: ImageStorePlace;
  /** Of the image; without a slash. */
  readonly name: string;
  /** Any format that the host's qemu-img writes. */
  readonly format: string;
  readonly compress: boolean;
  /** `<target dev>`; `null`: the root disk, which is the first that the guest writes to. */
  readonly disk: string | null;
  /** `auto`: live where nothing speaks against it, else cold. A guest that is shut off is copied as it is. */
  readonly way: 'auto' | Way;
  /** A guest that is up may be taken cold where live does not work: it stands still for it. */
  readonly mayFallBack: boolean;
  readonly quiesce: Quiesce;
  readonly agentRunsHooks: boolean;
  /** Of a cold one: devices that are taken out as well, and whether the guest runs on meanwhile. */
  readonly detach: readonly string[];
  readonly shortOutage: boolean;
  /** Of a live one; 0: unlimited. */
  readonly bandwidthMibPerS: number;
}

export type Way = 'live' | 'cold';

const defaultInput = {
  format: 'qcow2',
  compress: false,
  disk: null,
  way: 'auto',
  mayFallBack: true,
  quiesce: 'try',
  agentRunsHooks: false,
  detach: [],
  shortOutage: false,
  bandwidthMibPerS: 0,
  peerWaitMs: 60_000,
  breakClaims: [],
} as const satisfies Omit<InstanceSnapshotInput, 'domain' | 'host' | 'store' | 'name'>;

type Given = Pick<InstanceSnapshotInput, 'domain' | 'host' | 'store' | 'name'> &
  Partial<InstanceSnapshotInput>;

/** The input of the chart `instance-snapshot`: live where that works, else cold, into qcow2. */
export function instanceSnapshotInput(given: Given): InstanceSnapshotInput {
  return { ...defaultInput, ...given };
}

/** What is found out before anything is touched: what each way would be refused for. */
export interface InstanceSnapshotFacts extends OneHostFacts {
  readonly verdicts: Readonly<Record<Way, readonly CheckVerdict[]>>;
  /** Why the name cannot be an image's in that store; `null`: it can. */
  readonly nameObjection: string | null;
  /** Whole paths: where a snapshot leaves its image, and where the store keeps it. */
  readonly staged: string;
  readonly kept: string;
  /** An image of that name is there already. */
  readonly taken: boolean;
}

export interface InstanceSnapshotContext extends InstanceSnapshotInput {
  readonly facts: InstanceSnapshotFacts | null;
  readonly failure: Failure | null;
  readonly artefacts: readonly Artefact[];
  /** What its snapshot made, whichever way. */
  readonly taken: TakenSnapshot | null;
  /** Ways that came to nothing, and why. */
  readonly failedWays: readonly { readonly way: Way; readonly failure: Failure }[];
  readonly image: ImageMetadata | null;
  readonly gaveUp: boolean;
}

export interface TakenSnapshot {
  readonly way: Way;
  readonly targetDev: string;
  readonly virtualSizeBytes: number;
  readonly consistency: Consistency;
  readonly frozenMs: number | null;
  readonly outageMs: number | null;
  readonly notes: readonly string[];
}

export interface InstanceSnapshotResult {
  readonly failure: Failure | null;
  readonly artefacts: readonly Artefact[];
  /** How it was taken; `offline`: of a guest that was shut off. `null`: it was not. */
  readonly way: Way | 'offline' | null;
  readonly consistency: Consistency | null;
  readonly frozenMs: number | null;
  readonly outageMs: number | null;
  /** As the store has it. */
  readonly image: ImageMetadata | null;
  /** All that was judged, of both ways. */
  readonly verdicts: InstanceSnapshotFacts['verdicts'] | null;
  readonly notes: readonly string[];
}

export const beforeInstanceSnapshot = {
  facts: null,
  failure: null,
  artefacts: [],
  taken: null,
  failedWays: [],
  image: null,
  gaveUp: false,
} as const;

/** The same as `dirname` and `basename`: a store's paths are POSIX paths of the host. */
function stagedTarget(context: InstanceSnapshotContext) {
  const staged = context.facts?.staged ?? '';
  const slash = staged.lastIndexOf('/');
  return { directory: staged.slice(0, slash), fileName: staged.slice(slash + 1) };
}

const shared = ({
  breakClaims,
  compress,
  disk,
  domain,
  format,
  host,
  peerWaitMs,
}: InstanceSnapshotInput) => ({
  domain,
  host,
  peerWaitMs,
  breakClaims,
  format,
  compress,
  disks: disk === null ? null : [disk],
});

type Of = { readonly context: InstanceSnapshotContext };

export const toLiveInput = ({ context }: Of): LiveSnapshotInput =>
  liveInputAt(context, stagedTarget(context));

export const toColdInput = ({ context }: Of): ColdSnapshotInput =>
  coldInputAt(context, stagedTarget(context));

/** What a snapshot that runs is asked, with its image at that place. */
export function liveInputAt(
  input: InstanceSnapshotInput,
  target: { readonly directory: string; readonly fileName: string },
): LiveSnapshotInput {
  const { agentRunsHooks, bandwidthMibPerS, quiesce } = input;
  return liveSnapshotInput({
    ...shared(input),
    ...target,
    quiesce,
    agentRunsHooks,
    bandwidthMibPerS,
  });
}

/** The same of one that stops the guest. */
export function coldInputAt(
  input: InstanceSnapshotInput,
  target: { readonly directory: string; readonly fileName: string },
): ColdSnapshotInput {
  const { detach, shortOutage } = input;
  return coldSnapshotInput({ ...shared(input), ...target, detach, shortOutage });
}

/** The child's image is this run's: on record from before the child begins. */
export function expectImage(context: InstanceSnapshotContext) {
  return { artefacts: withArtefact(context.artefacts, stagedArtefact(context, 'expected')) };
}

export function stagedArtefact(
  context: InstanceSnapshotContext,
  status: Artefact['status'],
): Artefact {
  return { kind: 'image', host: context.host, path: context.facts?.staged ?? '', status };
}

type ChildResult = LiveSnapshotResult | ColdSnapshotResult;

export function afterTaking(context: InstanceSnapshotContext, way: Way, result: ChildResult) {
  const [image] = result.images;
  if (image === undefined) throw new Error('a snapshot without an image says that it is whole');
  const { targetDev, virtualSizeBytes } = image;
  return {
    failure: null,
    taken: {
      way,
      targetDev,
      virtualSizeBytes,
      consistency: result.consistency ?? 'crash',
      frozenMs: 'frozenMs' in result ? result.frozenMs : null,
      outageMs: 'outageMs' in result ? result.outageMs : null,
      notes: 'notes' in result ? result.notes : [],
    },
    artefacts: withArtefact(
      leftBy(result, withoutClaims(context.artefacts)),
      stagedArtefact(context, 'made'),
    ),
  };
}

/** A way that came to its end has had the claim: what it tells of that is the last word. */
function withoutClaims(artefacts: readonly Artefact[]): readonly Artefact[] {
  return artefacts.filter(({ kind }) => kind !== 'claim');
}

/** What a child left is told here, too. */
function leftBy(result: ChildResult, known: readonly Artefact[]): readonly Artefact[] {
  const left = result.artefacts.filter(({ status }) => status !== 'removed');
  return left.reduce<readonly Artefact[]>(withArtefact, known);
}

/** Its own image it has removed again. */
export function afterFailedWay(context: InstanceSnapshotContext, way: Way, result: ChildResult) {
  const failure = result.failure ?? unexplained;
  return {
    failure,
    failedWays: [...context.failedWays, { way, failure }],
    artefacts: leftBy(
      result,
      withoutArtefact(context.artefacts, stagedArtefact(context, 'expected')),
    ),
  };
}

const unexplained: Failure = {
  code: 'internal',
  message: 'a snapshot came to nothing without a reason',
  effect: 'unknown',
};

export function instanceSnapshotResult(context: InstanceSnapshotContext): InstanceSnapshotResult {
  const { artefacts, facts, failedWays, failure, image, taken } = context;
  const isOff = facts?.domain?.state === 'shutoff';
  const notes = failedWays.map(
    (each) => `a ${each.way} snapshot came to nothing: ${each.failure.message}`,
  );
  return {
    failure,
    artefacts,
    way: taken === null ? null : isOff ? 'offline' : taken.way,
    consistency: taken?.consistency ?? null,
    frozenMs: taken?.frozenMs ?? null,
    outageMs: taken?.outageMs ?? null,
    image,
    verdicts:
      facts === null
        ? null
        : { live: verdictsOf(context, 'live'), cold: verdictsOf(context, 'cold') },
    notes: [...whyNotLive(context), ...notes, ...(taken?.notes ?? [])],
  };
}
