import type { DeviceView } from '../../../src/ports/devices.ts';
import type { DiskOverlay } from '../../../src/ports/disk-sources.ts';
import type { DiskView, DomainView } from '../../../src/ports/domain.ts';
import type { Consistency } from '../../../src/ports/image-store.ts';
import type { FormattedImage, ImageInfo } from '../../../src/ports/images.ts';
import type { GuestLook, Step } from './steps.ts';
import type { ImageTarget, TargetFacts } from '../one-host/image-target.ts';
import { imageFileName } from '../one-host/image-target.ts';
import type {
  OneHostContext,
  OneHostFacts,
  OneHostInput,
  OneHostResult,
} from '../one-host/one-host.ts';
import { foundDomain } from '../one-host/one-host.ts';
import type { SnapshotImage } from '../live-snapshot/live-snapshot.ts';
import { chosenDisks } from '../live-snapshot/live-snapshot.ts';

/** What is asked of the chart `cold-snapshot`. */
export interface ColdSnapshotInput extends OneHostInput, ImageTarget {
  /** By `<target dev>`; `null`: the root disk, which is the first that the guest writes to. */
  readonly disks: readonly string[] | null;
  /** Any format that the host's qemu-img writes. */
  readonly format: string;
  readonly compress: boolean;
  /** Devices that are taken out beside those that cannot be saved, by alias. */
  readonly detach: readonly string[];
  /** The guest runs on, on an overlay, while its disks are copied. */
  readonly shortOutage: boolean;
  /** Only of a guest that is shut off: one that is up is refused, not stopped. */
  readonly mustBeOff: boolean;
  /** How long a guest may take to let go of a device. */
  readonly deviceWaitMs: number;
}

const defaultInput = {
  disks: null,
  format: 'qcow2',
  compress: false,
  detach: [],
  shortOutage: false,
  mustBeOff: false,
  deviceWaitMs: 20_000,
  peerWaitMs: 60_000,
  breakClaims: [],
} as const satisfies Omit<ColdSnapshotInput, 'domain' | 'host' | keyof ImageTarget>;

type GivenInput = Pick<ColdSnapshotInput, 'domain' | 'host' | keyof ImageTarget> &
  Partial<ColdSnapshotInput>;

/** The input of the chart `cold-snapshot`: the root disk into a qcow2 image, copied while it is off. */
export function coldSnapshotInput(given: GivenInput): ColdSnapshotInput {
  return { ...defaultInput, ...given };
}

/** What is found out before anything is touched. */
export interface ColdSnapshotFacts extends OneHostFacts {
  readonly devices: readonly DeviceView[];
  /** The topmost files of the chosen disks, as qemu-img sees them. */
  readonly tops: readonly ImageInfo[];
  /** So many bytes an image of each chosen disk takes at most. */
  readonly imageBytes: readonly { readonly targetDev: string; readonly bytes: number }[];
  /** Of the file system that libvirt's managed save images go to by default; `null`: not known. */
  readonly memoryBytesAvailable: number | null;
  /** That the host's qemu-img writes. */
  readonly formats: readonly string[];
  readonly target: TargetFacts;
}

/**
 * Where a device is that was to be taken out. `asked`: from before the call until there is an answer,
 * since nothing takes it back. `kept`: the guest refused, or did not answer in time. `out`: seen gone.
 * `back`: seen there again. `lost`: it could not be put back.
 */
export interface TakenDevice {
  readonly device: DeviceView;
  readonly status: 'asked' | 'kept' | 'out' | 'back' | 'lost';
  /** Why it is lost. */
  readonly message: string | null;
}

/** One disk of the snapshot. */
export interface ColdDisk {
  readonly targetDev: string;
  readonly source: FormattedImage;
  /** The image before it is whole, and under its name. */
  readonly staged: FormattedImage;
  readonly image: FormattedImage;
  readonly overlay: DiskOverlay;
}

/** What qemu-img says of a whole image. */
export type CopiedImage = Pick<SnapshotImage, 'virtualSizeBytes' | 'allocationBytes'>;

/** What the guest has to be brought to: as it was, or running on overlays while its disks are copied. */
export type Goal = 'asBefore' | 'onOverlays';

export interface ColdSnapshotContext
  extends OneHostContext<ColdSnapshotFacts>, Omit<ColdSnapshotInput, 'disks'> {
  readonly disks: readonly string[] | null;
  readonly taken: readonly TakenDevice[];
  readonly plan: readonly ColdDisk[];
  readonly goal: Goal;
  /** Disks whose overlays both definitions name. */
  readonly laid: readonly string[];
  /** What was seen last. */
  readonly look: GuestLook | null;
  /** The guest is as it was, and nothing names an overlay any more. */
  readonly settled: boolean;
  /** Of the image that is being copied, until it has its name. */
  readonly copied: CopiedImage | null;
  /** It may have written to its overlays: from before the start on them. */
  readonly ranOnOverlays: boolean;
  /** Of an overlay that was asked to be pivoted away, by disk. */
  readonly pivotsAsked: readonly string[];
  /** How often a step of the way back was tried, done or not, by its name. */
  readonly failedSteps: Readonly<Record<string, number>>;
  /** What the last of them failed with. */
  readonly stepFailure: string | null;
  /** How long a job of the host has been waited for, in seconds; 0 once it is over. */
  readonly waitedS: number;
  /** The guest could not be brought back. */
  readonly stuck: boolean;
  /** By which step; `null`: the host is silent. */
  readonly stuckAt: Step | null;
  readonly images: readonly SnapshotImage[];
  /** When its vCPUs were seen to stop and to run again. */
  readonly stoppedAtEpochMs: number | null;
  readonly resumedAtEpochMs: number | null;
}

export const beforeColdSnapshot = {
  taken: [],
  plan: [],
  goal: 'asBefore',
  laid: [],
  look: null,
  settled: false,
  copied: null,
  ranOnOverlays: false,
  pivotsAsked: [],
  failedSteps: {},
  stepFailure: null,
  waitedS: 0,
  stuck: false,
  stuckAt: null,
  images: [],
  stoppedAtEpochMs: null,
  resumedAtEpochMs: null,
} as const;

export interface ColdSnapshotResult extends OneHostResult {
  /** Whole images under their names. */
  readonly images: readonly SnapshotImage[];
  /**
   * Of the disks alone: what was shut down has nothing open; with the memory of its managed save a guest
   * that was up would be whole. `null`: no image.
   */
  readonly consistency: Consistency | null;
  /** From when its vCPUs stopped to when they ran again; `null`: it did not run, or nobody saw it. */
  readonly outageMs: number | null;
  /** Devices that are not back in the guest, with what attaches them. */
  readonly lostDevices: readonly {
    readonly description: string;
    readonly xml: string;
    readonly message: string;
  }[];
}

/** The state it was found in, which it returns to. */
export function wasActive(domain: DomainView): boolean {
  return domain.state === 'running' || domain.state === 'blocked' || domain.state === 'paused';
}

export function wasPaused(domain: DomainView): boolean {
  return domain.state === 'paused';
}

/** Those that libvirt cannot save with the memory (qemuMigrationSrcIsAllowed), and those asked for. */
export function devicesToTake({ detach, facts }: ColdSnapshotContext): readonly DeviceView[] {
  return (facts?.devices ?? []).filter(
    ({ alias, passthrough }) =>
      detach.includes(alias) || (passthrough !== null && passthrough !== 'usb'),
  );
}

/** Every file of the run has its name: what stands at such a path is this run's. */
export function planDisks(context: ColdSnapshotContext): readonly ColdDisk[] {
  const { claim, directory, facts, format } = context;
  const domain = foundDomain(context);
  const chosen = chosenDisks(context, domain);
  const run = claim?.run ?? 'run';
  return chosen.flatMap((targetDev): ColdDisk[] => {
    const disk: DiskView | undefined = domain.disks.find((each) => each.targetDev === targetDev);
    if (facts === null || disk?.path == null) return [];
    const fileName = imageFileName(context, targetDev, chosen.length);
    const slash = disk.path.lastIndexOf('/') + 1;
    const overlay = `${disk.path.slice(0, slash)}.${disk.path.slice(slash)}.${run}.overlay`;
    const source = { path: disk.path, format: disk.format };
    return [
      {
        targetDev,
        source,
        staged: { path: `${directory}/.${fileName}.${run}.part`, format },
        image: { path: `${directory}/${fileName}`, format },
        overlay: { targetDev, base: source, overlay: { path: overlay, format: 'qcow2' } },
      },
    ];
  });
}

export function outageMsOf(context: ColdSnapshotContext): number | null {
  const { resumedAtEpochMs, stoppedAtEpochMs } = context;
  if (stoppedAtEpochMs === null || resumedAtEpochMs === null) return null;
  return Math.max(0, resumedAtEpochMs - stoppedAtEpochMs);
}

function consistencyAtRest({ reason, state }: DomainView): Consistency {
  return state === 'shutoff' && reason === 'shutdown' ? 'application' : 'crash';
}

export function coldSnapshotResult(context: ColdSnapshotContext): ColdSnapshotResult {
  const { artefacts, failure, images, taken } = context;
  return {
    failure,
    artefacts,
    images,
    consistency: images.length > 0 ? consistencyAtRest(foundDomain(context)) : null,
    outageMs: outageMsOf(context),
    lostDevices: taken
      .filter(({ status }) => status === 'lost')
      .map(({ device: { description, xml }, message }) => ({
        description,
        xml,
        message: message ?? '',
      })),
  };
}
