import type { DomainStatus } from '../../../src/ports/domain.ts';
import type { FormattedImage } from '../../../src/ports/images.ts';
import type { OpenFile } from '../../../src/ports/snapshots.ts';
import type { DomainOnHost } from '../domain-on-host.ts';
import type { DomainSnapshotContext, PlannedDisk } from './domain-snapshot.ts';
import { isActive, plannedDisks } from './domain-snapshot.ts';
import { foundDomain, isCutOff, onHost } from '../one-host/one-host.ts';

/** What the look is at. */
export interface LookRequest extends DomainOnHost {
  readonly name: string;
  readonly targetDevs: readonly string[];
  /** QEMU is asked for these where libvirt's own word does not have them. */
  readonly overlayPaths: readonly string[];
  /** They, and what they lie over. */
  readonly images: readonly FormattedImage[];
  /** libvirt keeps no snapshot of them in any case. */
  readonly noMetadata: boolean;
}

/** Where a disk's data go, by libvirt's word, or by QEMU's where that is another. */
export interface DiskLook {
  readonly targetDev: string;
  /** Of what runs, else as {@link configuredPath}. */
  readonly topPath: string | null;
  /** Of its configuration file; `null`: it has none. */
  readonly configuredPath: string | null;
}

/** One host's answer to "what came of the snapshot?", after anything that is not certain. */
export type SnapshotLook = { readonly atEpochMs: number } & (
  | { readonly reachable: false; readonly message: string }
  | {
      readonly reachable: true;
      readonly domain: DomainStatus | null;
      readonly recorded: boolean;
      readonly disks: readonly DiskLook[];
      /** Overlays that QEMU has open and libvirt does not know of. */
      readonly hiddenPaths: readonly string[];
      /** All that QEMU has open, where there are such. */
      readonly openFiles: readonly OpenFile[];
      /** Overlays that libvirt believes in, and that QEMU has left: it died over their pivot. */
      readonly stalePaths?: readonly string[];
      /** Called shut off by a daemon that has not seen its end, while somebody has its disks. */
      readonly isUnseen?: boolean;
    }
);

type Reached = Extract<SnapshotLook, { readonly reachable: true }>;

/**
 * What is there. `silent`: nobody answers; `busy`: the domain has a job; `gone`: there is no such domain
 * any more; `whole`, `nothing`; `unrecorded`: overlays are in use and libvirt has no snapshot;
 * `hidden`: QEMU writes, or may write, to another file than libvirt knows of; `unclear`: nothing tells.
 */
export type SnapshotVerdict =
  'silent' | 'busy' | 'gone' | 'whole' | 'nothing' | 'unrecorded' | 'hidden' | 'unclear';

export function lookRequest({ context }: { context: DomainSnapshotContext }): LookRequest {
  const disks = plannedDisks(context);
  return {
    ...onHost({ context }),
    name: context.name,
    targetDevs: disks.map(({ targetDev }) => targetDev),
    overlayPaths: disks.flatMap(({ overlay }) => overlay?.path ?? []),
    images: disks.flatMap(({ base, overlay }) => (overlay === null ? [] : [overlay, base])),
    noMetadata: context.noMetadata,
  };
}

/** The chain of each disk and the list of snapshots decide, not what any reply said. */
export function verdictOf(context: DomainSnapshotContext, look: SnapshotLook): SnapshotVerdict {
  if (!look.reachable) return 'silent';
  if (look.domain === null) return 'gone';
  if (look.domain.job !== null) return 'busy';
  if (look.hiddenPaths.length > 0) return 'hidden';
  if (context.kind === 'internal') {
    if (look.recorded) return 'whole';
    if (!context.noMetadata) return 'nothing';
    return context.confirmed ? 'whole' : 'unclear';
  }
  const disks = plannedDisks(context);
  const used = disks.filter((disk) => isUsed(disk, look));
  if (strayOf(context, look) !== null) return 'hidden';
  if (used.length === 0) return look.recorded && disks.length > 0 ? 'unclear' : 'nothing';
  if (used.length < disks.length) return 'unrecorded';
  return look.recorded || context.noMetadata ? 'whole' : 'unrecorded';
}

function topOf({ targetDev }: PlannedDisk, look: Reached): DiskLook | undefined {
  return look.disks.find((disk) => disk.targetDev === targetDev);
}

function isUsed(disk: PlannedDisk, look: Reached): boolean {
  return disk.overlay !== null && topOf(disk, look)?.topPath === disk.overlay.path;
}

/** Overlays whose disks go to them, so that they have to be merged before they can go. */
export function usedDisks(
  context: DomainSnapshotContext,
  look: SnapshotLook,
): readonly PlannedDisk[] {
  return look.reachable ? plannedDisks(context).filter((disk) => isUsed(disk, look)) : [];
}

/**
 * Where libvirt's word does not tell which of two files is the newer one, so that no file may go and no
 * definition be changed. `stale`: it believes in overlays that QEMU has left, and the definition does
 * not; `unseen`: it has lost a QEMU that may run; `ended`: what ran is off, and names its overlays.
 */
export function strayOf(
  context: DomainSnapshotContext,
  look: SnapshotLook,
): 'stale' | 'unseen' | 'ended' | null {
  if (!look.reachable || !isActive(foundDomain(context))) return null;
  const used = usedDisks(context, look).length;
  const isKept = look.recorded || context.noMetadata;
  if (isKept && used === plannedDisks(context).length) return null;
  if (look.domain?.state === 'shutoff') {
    if (look.isUnseen === true) return 'unseen';
    return used > 0 ? 'ended' : null;
  }
  const stale = staleDisks(context, look);
  const isNamed = (disk: PlannedDisk): boolean =>
    topOf(disk, look)?.configuredPath === disk.overlay?.path;
  return stale.length > 0 && used === 0 && !stale.some(isNamed) ? 'stale' : null;
}

export function staleDisks(
  context: DomainSnapshotContext,
  look: SnapshotLook,
): readonly PlannedDisk[] {
  const paths = (look.reachable ? look.stalePaths : null) ?? [];
  return plannedDisks(context).filter(
    ({ overlay }) => overlay !== null && paths.includes(overlay.path),
  );
}

/**
 * libvirt saves what runs before it saves the definition: a daemon that was killed in between would
 * boot the guest from the base.
 */
export function isBehind(context: DomainSnapshotContext, look: SnapshotLook): boolean {
  if (!look.reachable) return false;
  return plannedDisks(context).some((disk) => {
    const { configuredPath, topPath } = topOf(disk, look) ?? {};
    return (
      disk.overlay !== null && topPath === disk.overlay.path && configuredPath === disk.base.path
    );
  });
}

/** The other way round: its definition names an overlay that nothing runs on. */
export function isAhead(context: DomainSnapshotContext, look: SnapshotLook): boolean {
  if (!look.reachable) return false;
  return plannedDisks(context).some((disk) => {
    const { configuredPath, topPath } = topOf(disk, look) ?? {};
    return (
      disk.overlay !== null &&
      configuredPath === disk.overlay.path &&
      (topPath === disk.base.path || look.domain?.state === 'shutoff')
    );
  });
}

/** Reasons that libvirt gives where a snapshot left the vCPUs standing; a person's pause is another's. */
const ourPauses = new Set(['snapshot', 'apiError', 'save', 'unknown']);

export function isLeftPaused(context: DomainSnapshotContext, look: SnapshotLook): boolean {
  const { state } = foundDomain(context);
  if (!look.reachable || look.domain === null || state === 'paused') return false;
  const { reason } = look.domain;
  const isOurs = ourPauses.has(reason) || (reason === 'user' && isCutOff(context));
  return isActive({ state }) && look.domain.state === 'paused' && isOurs;
}

export function isRunning(look: SnapshotLook): boolean {
  return look.reachable && look.domain !== null && isActive(look.domain);
}
