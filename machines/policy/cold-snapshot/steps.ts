import type { BlockJobType } from '../../../src/ports/block-jobs.ts';
import type { DeviceView } from '../../../src/ports/devices.ts';
import type { DomainView } from '../../../src/ports/domain.ts';
import type { ColdDisk, ColdSnapshotContext, TakenDevice } from './cold-snapshot.ts';
import { wasPaused } from './cold-snapshot.ts';
import { foundDomain, isCutOff } from '../one-host/one-host.ts';

/** What definitions and QEMU say of one disk of the snapshot. */
export interface DiskLook {
  readonly targetDev: string;
  /** Its file in the configuration, and in the managed save image; `null`: there is none. */
  readonly configuration: string | null;
  readonly managedSave: string | null;
  /** The file that a guest that runs writes to. */
  readonly live: string | null;
  /** What QEMU does to it; `ready`: it may be pivoted. */
  readonly job: { readonly type: BlockJobType; readonly ready: boolean } | null;
  /** By QEMU's own word it is on a lower layer: its daemon died over the pivot, and does not know. */
  readonly isStale: boolean;
}

/** Everything that decides what comes next. */
export interface GuestLook {
  readonly atEpochMs: number;
  /** `null`: the host has no such domain. */
  readonly domain: DomainView | null;
  readonly devices: readonly DeviceView[];
  readonly disks: readonly DiskLook[];
}

/** What is still to be done until the guest is as the goal wants it. */
export type Step =
  | {
      readonly name: 'wait' | 'reached' | 'start' | 'resume' | 'dropSave' | 'unknownLayer' | 'gone';
    }
  | {
      readonly name:
        | 'staleLayer'
        | 'merge'
        | 'takeFromSave'
        | 'takeFromConfiguration'
        | 'commit'
        | 'awaitCommit'
        | 'pivot';
      readonly disk: ColdDisk;
    }
  | { readonly name: 'attach' | 'awaitRelease'; readonly device: DeviceView };

export type StepName = Step['name'];

/** How often one step of the way back is tried. */
export const triesMax = 3;

/** Paused by libvirt in the course of a save or its failure, not by a person. */
const ownPauses = new Set(['apiError', 'save', 'migration', 'startingUp']);

export function isActive(domain: DomainView): boolean {
  return domain.state !== 'shutoff' && domain.state !== 'crashed' && domain.state !== 'nostate';
}

/** By what was seen, never by what should have come of a call. */
export function nextStep(context: ColdSnapshotContext, look: GuestLook): Step {
  const { domain } = look;
  if (domain === null) return { name: 'gone' };
  if (domain.job !== null) return { name: 'wait' };
  return isActive(domain)
    ? stepOfRunning(context, look, domain)
    : stepOfShutOff(context, look, domain);
}

/** An overlay on record is in the way, unless the guest is to run on it. */
function overlaysInTheWay({ goal, plan, shortOutage }: ColdSnapshotContext): readonly ColdDisk[] {
  return shortOutage && goal === 'asBefore' ? plan : [];
}

const lookAt = (look: GuestLook, { targetDev }: ColdDisk): DiskLook | undefined =>
  look.disks.find((disk) => disk.targetDev === targetDev);

const isOn = (path: string | null | undefined, { overlay }: ColdDisk): boolean =>
  path === overlay.overlay.path;

/**
 * The saved image is turned back before the configuration: until it is, a start could run on the
 * base alone, and a configuration that names an empty overlay over it still holds everything.
 */
function stepOfShutOff(context: ColdSnapshotContext, look: GuestLook, domain: DomainView): Step {
  for (const disk of overlaysInTheWay(context)) {
    const seen = lookAt(look, disk);
    const named = isOn(seen?.managedSave, disk) || isOn(seen?.configuration, disk);
    if (!named) continue;
    if (context.ranOnOverlays) {
      // Pivoted or not: nobody can tell which of the two files is the newer one.
      if (context.pivotsAsked.includes(disk.targetDev)) return { name: 'unknownLayer' };
      if (!isMerged(context, disk)) return { name: 'merge', disk };
    }
    if (isOn(seen?.managedSave, disk)) return { name: 'takeFromSave', disk };
    return { name: 'takeFromConfiguration', disk };
  }
  return domain.managedSave ? { name: 'start' } : { name: 'reached' };
}

function stepOfRunning(context: ColdSnapshotContext, look: GuestLook, domain: DomainView): Step {
  const isOurs = ownPauses.has(domain.reason) || (domain.reason === 'user' && isCutOff(context));
  const stands = domain.state === 'paused' && isOurs;
  if (stands && !wasPaused(foundDomain(context))) return { name: 'resume' };
  // Half a save that its daemon did not outlive, or a whole one that the guest has left behind: loaded
  // once more, it would meet disks that have gone on.
  if (domain.managedSave && hasSaved(context)) return { name: 'dropSave' };
  const device = missingDevice(context, look);
  if (device !== null) return { name: 'attach', device };
  // It may let go at any time, and would be missing for good if nobody waited.
  const asked = context.taken.find(({ status }) => status === 'asked');
  if (asked !== undefined) return { name: 'awaitRelease', device: asked.device };
  for (const disk of overlaysInTheWay(context)) {
    const seen = lookAt(look, disk);
    const isStale = seen?.isStale === true;
    if (isOn(seen?.live, disk) && !isStale) return stepOfOverlay(disk, seen);
    if (isOn(seen?.configuration, disk)) return { name: 'takeFromConfiguration', disk };
    if (isStale) return { name: 'staleLayer', disk };
  }
  return { name: 'reached' };
}

function stepOfOverlay(disk: ColdDisk, seen: DiskLook | undefined): Step {
  const job = seen?.job ?? null;
  if (job === null) return { name: 'commit', disk };
  // Somebody else's copy or pull is waited for, never ended.
  if (job.type !== 'activeCommit') return { name: 'wait' };
  return job.ready ? { name: 'pivot', disk } : { name: 'awaitCommit', disk };
}

function hasSaved({ artefacts }: ColdSnapshotContext): boolean {
  return artefacts.some(({ kind }) => kind === 'memory');
}

/** The first that is out and was not given up, in the order in which they were taken. */
function missingDevice({ taken }: ColdSnapshotContext, look: GuestLook): DeviceView | null {
  const missing = taken.find(
    ({ device, status }) => status !== 'back' && status !== 'lost' && !isThere(look, device),
  );
  return missing?.device ?? null;
}

export function isThere(look: GuestLook, { place }: DeviceView): boolean {
  return look.devices.some((device) => device.place === place);
}

/** What was seen of the devices: those that are there again are done with. */
export function devicesSeen(taken: readonly TakenDevice[], look: GuestLook): TakenDevice[] {
  const bootsAnew = look.domain !== null && isOff(look.domain) && !look.domain.managedSave;
  return taken.map((each) => {
    if (each.status === 'out' && (bootsAnew || isThere(look, each.device)))
      return { ...each, status: 'back' };
    return each.status === 'asked' && bootsAnew ? { ...each, status: 'kept' } : each;
  });
}

/** Of a guest that ended by itself: devices are taken out of what runs, and its configuration has them. */
function isOff(domain: DomainView): boolean {
  return !isActive(domain) && domain.job === null;
}

/** The overlay of a guest that is off has been written into its base by this run. */
export function isMerged({ artefacts }: ColdSnapshotContext, { overlay }: ColdDisk): boolean {
  return artefacts.some(
    ({ kind, path, status }) =>
      kind === 'overlay' && path === overlay.overlay.path && status === 'unwanted',
  );
}

/** By name alone or with what it is about: what has failed too often is not tried again. */
export const stepKey = (step: Step): string => {
  if ('disk' in step) return `${step.name} ${step.disk.targetDev}`;
  return 'device' in step ? `${step.name} ${step.device.place}` : step.name;
};

export function isGivenUp({ failedSteps }: ColdSnapshotContext, step: Step): boolean {
  return (failedSteps[stepKey(step)] ?? 0) >= triesMax;
}
