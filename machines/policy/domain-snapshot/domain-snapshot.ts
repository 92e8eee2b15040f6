import type { DiskChain } from '../../../src/ports/block-jobs.ts';
import type { DiskView, DomainView } from '../../../src/ports/domain.ts';
import type { Consistency } from '../../../src/ports/image-store.ts';
import type { FormattedImage, ImageInfo } from '../../../src/ports/images.ts';
import type { SnapshotRequest, SnapshotView } from '../../../src/ports/snapshots.ts';
import type { Quiesce } from '../one-host/freezing.ts';
import type {
  OneHostContext,
  OneHostFacts,
  OneHostInput,
  OneHostResult,
} from '../one-host/one-host.ts';
import { foundDomain } from '../one-host/one-host.ts';

/** What a caller says of one disk; whatever he leaves out is chosen for him. */
export interface ChosenDisk {
  readonly targetDev: string;
  /** Where the guest writes from then on; `null`: beside its file, with the snapshot's name. */
  readonly overlayPath: string | null;
}

/** Metadata that are to be known again: as virDomainSnapshotGetXMLDesc gave them, without secrets. */
export interface Redefinition {
  readonly xml: string;
  readonly current: boolean;
}

/** What one run of `domain-snapshot` is asked. */
export interface DomainSnapshotInput extends OneHostInput {
  readonly name: string;
  readonly description: string | null;
  /** `internal`: inside the disks' own files, and with the memory of what runs. */
  readonly kind: 'internal' | 'external';
  /** `null`: every disk that the guest writes to. Disks that are not named stay out of it. */
  readonly disks: readonly ChosenDisk[] | null;
  readonly overlayFormat: 'qcow2' | 'qed';
  /** Of an external one: the file for the guest's memory; `null`: disks alone. */
  readonly memoryPath: string | null;
  /** The guest runs on while its memory is written, at the price of a larger file. */
  readonly live: boolean;
  /** The overlays stand already, each over its disk's file. */
  readonly reuseExternal: boolean;
  readonly quiesce: Quiesce;
  /** The guest's agent runs hooks that bring its applications to rest, too. */
  readonly agentRunsHooks: boolean;
  readonly freezeTimeoutMs: number;
  /** How long a thaw is asked for again and again. */
  readonly thawWaitMs: number;
  /** How long the snapshot itself may take; then it is aborted where that can be done. */
  readonly timeoutMs: number;
  /** The domain is shut off as soon as the snapshot is taken. */
  readonly halt: boolean;
  /** libvirt forgets the snapshot at once: only its files stay. */
  readonly noMetadata: boolean;
  /** Nothing is taken: what is told here is put on libvirt's books. */
  readonly redefine: Redefinition | null;
}

const gib = 2 ** 30;

export type AskedDomainSnapshot = Pick<DomainSnapshotInput, 'domain' | 'host' | 'name'> &
  Partial<DomainSnapshotInput>;

/** What is asked, with everything that nobody said. */
export function domainSnapshotInput(asked: AskedDomainSnapshot): DomainSnapshotInput {
  return {
    description: null,
    kind: 'external',
    disks: null,
    overlayFormat: 'qcow2',
    memoryPath: null,
    live: false,
    reuseExternal: false,
    quiesce: 'never',
    agentRunsHooks: false,
    freezeTimeoutMs: 10_000,
    thawWaitMs: 60_000,
    timeoutMs: 600_000,
    halt: false,
    noMetadata: false,
    redefine: null,
    peerWaitMs: 120_000,
    breakClaims: [],
    ...asked,
  };
}

/** What stands where a file of the snapshot is to be. */
export interface TargetFact {
  readonly path: string;
  /** `null`: nothing stands there, or nobody can say. */
  readonly standing: 'file' | null;
  /** Of an image that is to be used as it is. */
  readonly image: ImageInfo | null;
  /** Left in its directory; `null`: there is no such directory, or nobody can say. */
  readonly availableBytes: number | null;
  /** Other domains that have a disk there, by uuid. */
  readonly users: readonly string[];
  /** Other domains whose disks lie in its directory, by uuid; none where this domain's do, too. */
  readonly neighbours: readonly string[];
}

export interface DomainSnapshotFacts extends OneHostFacts {
  readonly snapshots: readonly SnapshotView[];
  readonly chains: readonly DiskChain[];
  readonly agent: 'connected' | 'disconnected' | 'none';
  readonly targets: readonly TargetFact[];
  /** `false`: only libvirt reaches the host, so that nobody can say what stands where no pool is. */
  readonly filesVisible: boolean;
}

/** One disk of the snapshot. */
export interface PlannedDisk {
  readonly targetDev: string;
  readonly base: FormattedImage;
  /** `null`: kept inside its own file. */
  readonly overlay: FormattedImage | null;
}

export interface DomainSnapshotContext
  extends OneHostContext<DomainSnapshotFacts>, DomainSnapshotInput {
  /** From before the freeze is asked for until the guest is known to be thawed. */
  readonly frozenSinceEpochMs: number | null;
  readonly frozenMs: number | null;
  /** The guest's file systems were at rest. */
  readonly frozen: boolean;
  /** When the vCPUs were stopped, as long as they are. */
  readonly pausedSinceEpochMs: number | null;
  readonly outageMs: number;
  /** Nobody watched for a while: how long the guest stood still is not known. */
  readonly unwatched: boolean;
  /** The snapshot was asked for: from then on only a look tells what there is. */
  readonly asked: boolean;
  /** libvirt answered that it was taken. */
  readonly confirmed: boolean;
  /** It was seen to be whole. */
  readonly taken: boolean;
  /** What is waited for, should it not come. */
  readonly trouble: 'silent' | 'paused' | 'merging';
  readonly notes: readonly string[];
}

export const beforeDomainSnapshot = {
  frozenSinceEpochMs: null,
  frozenMs: null,
  frozen: false,
  pausedSinceEpochMs: null,
  outageMs: 0,
  unwatched: false,
  asked: false,
  confirmed: false,
  taken: false,
  trouble: 'silent',
  notes: [],
} as const;

/** A disk that the guest writes to by itself. */
const isWritten = ({ device, readOnly, source }: DiskView): boolean =>
  (device === 'disk' || device === 'lun') && !readOnly && source !== 'none';

export const writtenDisks = ({ disks }: Pick<DomainView, 'disks'>): readonly DiskView[] =>
  disks.filter(isWritten);

export const isActive = ({ state }: Pick<DomainView, 'state'>): boolean =>
  state === 'running' || state === 'blocked' || state === 'paused';

type Asked = Pick<
  DomainSnapshotInput,
  'disks' | 'kind' | 'memoryPath' | 'name' | 'overlayFormat' | 'redefine'
>;

/** Disks of the snapshot, also those that the checks then object to. */
export function planDisks(asked: Asked, domain: Pick<DomainView, 'disks'>): readonly PlannedDisk[] {
  if (asked.redefine !== null) return [];
  const chosen =
    asked.disks ?? writtenDisks(domain).map(({ targetDev }) => ({ targetDev, overlayPath: null }));
  return chosen.flatMap(({ overlayPath, targetDev }): PlannedDisk[] => {
    const disk = domain.disks.find((each) => each.targetDev === targetDev);
    if (disk === undefined || disk.path === null) return [];
    const base = { path: disk.path, format: disk.format };
    if (asked.kind === 'internal') return [{ targetDev, base, overlay: null }];
    const path = overlayPath ?? besideBase(disk.path, asked.name);
    return [{ targetDev, base, overlay: { path, format: asked.overlayFormat } }];
  });
}

/** As libvirt names it where it chooses: the snapshot's name for what follows the last dot. */
function besideBase(path: string, name: string): string {
  const slash = path.lastIndexOf('/');
  const dot = path.lastIndexOf('.');
  return `${dot > slash + 1 ? path.slice(0, dot) : path}.${name}`;
}

/** Files that the snapshot writes: overlays, and the guest's memory. */
export function planTargets(
  asked: Asked,
  domain: Pick<DomainView, 'disks'>,
): readonly FormattedImage[] {
  const overlays = planDisks(asked, domain).flatMap(({ overlay }) => overlay ?? []);
  const memory = asked.redefine === null ? asked.memoryPath : null;
  return memory === null ? overlays : [...overlays, { path: memory, format: 'raw' }];
}

export const plannedDisks = (context: DomainSnapshotContext): readonly PlannedDisk[] =>
  planDisks(context, foundDomain(context));

export const holdsMemory = (context: DomainSnapshotContext): boolean =>
  isActive(foundDomain(context)) && (context.kind === 'internal' || context.memoryPath !== null);

/** What libvirt is asked. Every writable disk is named, so that nothing of it is libvirt's choice. */
export function snapshotRequest(context: DomainSnapshotContext): SnapshotRequest {
  const { description, halt, kind, live, memoryPath, name, noMetadata, reuseExternal } = context;
  const planned = plannedDisks(context);
  const withMemory = holdsMemory(context);
  const disks = writtenDisks(foundDomain(context)).map(({ targetDev }) => {
    const overlay = planned.find((each) => each.targetDev === targetDev)?.overlay ?? null;
    const held = kind === 'internal' ? 'internal' : overlay === null ? 'no' : 'external';
    const { path: overlayPath = null, format = null } = overlay ?? {};
    return { targetDev, kind: held, overlayPath, format } as const;
  });
  const file = memoryPath === null ? null : ({ kind: 'external', path: memoryPath } as const);
  const memory = withMemory ? (file ?? ({ kind: 'internal' } as const)) : { kind: 'none' as const };
  return {
    name,
    description,
    memory,
    disks,
    // Also of what is shut off: libvirt 9.0 takes any other for an internal one.
    diskOnly: kind === 'external' && !withMemory,
    // By our own agent port, whose freeze has a bound and is on record.
    quiesce: false,
    // QEMU's transaction is atomic anyway.
    atomic: kind === 'external',
    reuseExternal,
    halt,
    noMetadata,
    live,
  };
}

/** How large the memory's file may get; without a bound where the guest goes on writing. */
export const memoryFileBytes = (context: DomainSnapshotContext, domain: DomainView): number =>
  domain.memoryBytes * (context.live ? 2 : 1) + gib / 64;

export interface DomainSnapshotResult extends OneHostResult {
  /** `null`: there is none. */
  readonly snapshot: {
    readonly name: string;
    /** libvirt has it on its books. */
    readonly recorded: boolean;
    readonly disks: readonly PlannedDisk[];
    readonly memoryPath: string | null;
  } | null;
  /** `null` where there is no snapshot. */
  readonly consistency: Consistency | null;
  /** How long the vCPUs stood for it; `null`: they still do, or nobody watched all the while. */
  readonly outageMs: number | null;
  readonly frozenMs: number | null;
  /** What a person should know of it. */
  readonly notes: readonly string[];
}

export function domainSnapshotResult(context: DomainSnapshotContext): DomainSnapshotResult {
  const { artefacts, failure, frozenMs, memoryPath, name, noMetadata, notes, taken } = context;
  const isTaken = taken && context.redefine === null;
  return {
    failure,
    artefacts,
    snapshot: isTaken
      ? { name, recorded: !noMetadata, disks: plannedDisks(context), memoryPath }
      : null,
    consistency: isTaken ? consistencyOf(context) : null,
    outageMs:
      context.unwatched || context.pausedSinceEpochMs !== null || (taken && context.halt)
        ? null
        : context.outageMs,
    frozenMs,
    notes,
  };
}

/** With its memory a guest goes on as if nothing had been; what was shut down has nothing open. */
function consistencyOf(context: DomainSnapshotContext): Consistency {
  const { reason, state } = foundDomain(context);
  if (holdsMemory(context)) return 'application';
  if (state === 'shutoff') return reason === 'shutdown' ? 'application' : 'crash';
  if (!context.frozen) return 'crash';
  return context.agentRunsHooks ? 'application' : 'filesystem';
}
