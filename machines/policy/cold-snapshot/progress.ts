import type { DeviceView } from '../../../src/ports/devices.ts';
import type { Artefact } from '../artefact.ts';
import { withArtefact, withoutArtefact } from '../artefact.ts';
import type { ColdDisk, ColdSnapshotContext, TakenDevice } from './cold-snapshot.ts';
import { devicesToTake } from './cold-snapshot.ts';
import type { GuestLook, Step } from './steps.ts';
import { devicesSeen, isThere, nextStep, stepKey, triesMax } from './steps.ts';
import { readFailure } from '../failures.ts';
import { foundDomain } from '../one-host/one-host.ts';

/** What of the record changes when something has happened. */
type Changes = Partial<ColdSnapshotContext>;

export const itemOf = (
  { host }: ColdSnapshotContext,
  kind: Artefact['kind'],
  path: string,
): Omit<Artefact, 'status'> => ({ kind, host, path });

export function noted(
  context: ColdSnapshotContext,
  kind: Artefact['kind'],
  path: string,
  status: Artefact['status'],
): Pick<ColdSnapshotContext, 'artefacts'> {
  return { artefacts: withArtefact(context.artefacts, { ...itemOf(context, kind, path), status }) };
}

export function forgotten(
  context: ColdSnapshotContext,
  kind: Artefact['kind'],
  path: string,
): Pick<ColdSnapshotContext, 'artefacts'> {
  return { artefacts: withoutArtefact(context.artefacts, itemOf(context, kind, path)) };
}

/** The next device that is to be taken out; `null`: all are. */
export function nextDevice(context: ColdSnapshotContext): DeviceView | null {
  const known = new Set(context.taken.map(({ device }) => device.place));
  return devicesToTake(context).find(({ place }) => !known.has(place)) ?? null;
}

/** On record before it is asked for. */
export function deviceAsked(context: ColdSnapshotContext): Changes {
  const device = nextDevice(context);
  if (device === null) return {};
  return {
    taken: [...context.taken, { device, status: 'asked', message: null }],
    ...noted(context, 'device', device.alias, 'expected'),
  };
}

/** Those that were asked for and are seen gone. */
export function devicesOut(context: ColdSnapshotContext, look: GuestLook): Changes {
  return movedDevices(
    context,
    context.taken.map((each) =>
      each.status === 'asked' && !isThere(look, each.device) ? { ...each, status: 'out' } : each,
    ),
  );
}

/** The guest has said no, or nothing for long enough. */
export function devicesKept(context: ColdSnapshotContext): Changes {
  return movedDevices(
    context,
    context.taken.map((each) => (each.status === 'asked' ? { ...each, status: 'kept' } : each)),
  );
}

export function deviceBack(context: ColdSnapshotContext, device: DeviceView): Changes {
  return movedDevices(context, withStatus(context.taken, device, 'back', null));
}

/** It is tried again, but not for ever: the others wait for it. */
export function deviceFailed(
  context: ColdSnapshotContext,
  device: DeviceView,
  error: unknown,
): Changes {
  const { message } = readFailure(error);
  const failed = stepFailed(context, { name: 'attach', device }, error);
  const tries = failed.failedSteps[stepKey({ name: 'attach', device })] ?? 0;
  if (tries < triesMax) return failed;
  return {
    ...failed,
    ...movedDevices(context, withStatus(context.taken, device, 'lost', message)),
  };
}

function withStatus(
  taken: readonly TakenDevice[],
  { place }: DeviceView,
  status: TakenDevice['status'],
  message: string | null,
): TakenDevice[] {
  return taken.map((each) => (each.device.place === place ? { ...each, status, message } : each));
}

/** The record says of each device what its status says. */
function movedDevices(context: ColdSnapshotContext, taken: readonly TakenDevice[]): Changes {
  const artefacts = taken.reduce(
    (all, { device: { alias }, status }) => {
      const item = itemOf(context, 'device', alias);
      if (status === 'back' || status === 'kept') return withoutArtefact(all, item);
      if (status === 'asked') return all;
      return withArtefact(all, { ...item, status: status === 'out' ? 'made' : 'left' });
    },
    [...context.artefacts],
  );
  return { taken, artefacts };
}

/** What was seen on the way back; memory that has been loaded waits no more. */
export function seen(context: ColdSnapshotContext, look: GuestLook): Changes {
  const { uuid } = foundDomain(context);
  const moved = movedDevices(context, devicesSeen(context.taken, look));
  const isWaiting = look.domain === null || look.domain.managedSave || look.domain.job !== null;
  if (isWaiting) return { look, ...moved };
  const without = forgotten({ ...context, ...moved }, 'memory', uuid);
  return { look, ...moved, ...without };
}

export function stepFailed(
  context: ColdSnapshotContext,
  step: Step,
  error: unknown,
): Pick<ColdSnapshotContext, 'failedSteps' | 'stepFailure'> {
  const { message } = readFailure(error);
  return { ...stepTried(context, step), stepFailure: message };
}

/** Only if a look asks for it again did it come to nothing, whatever was answered. */
export function stepTried(
  { failedSteps }: ColdSnapshotContext,
  step: Step,
): Pick<ColdSnapshotContext, 'failedSteps'> {
  const key = stepKey(step);
  return { failedSteps: { ...failedSteps, [key]: (failedSteps[key] ?? 0) + 1 } };
}

/** The step that the last look asks for. Only states behind a look ask for it. */
export function stepNow(context: ColdSnapshotContext): Step {
  if (context.look === null) throw new Error('nothing has been looked at yet');
  return nextStep(context, context.look);
}

export function diskNow(context: ColdSnapshotContext): ColdDisk {
  const step = stepNow(context);
  if (!('disk' in step)) throw new Error(`${step.name} is about no disk`);
  return step.disk;
}

export function deviceNow(context: ColdSnapshotContext): DeviceView {
  const step = stepNow(context);
  if (!('device' in step)) throw new Error(`${step.name} is about no device`);
  return step.device;
}

/** The first disk for which `isDone` does not hold. */
export function diskWithout(
  { plan }: ColdSnapshotContext,
  isDone: (disk: ColdDisk) => boolean,
): ColdDisk | null {
  return plan.find((disk) => !isDone(disk)) ?? null;
}

/** The next disk whose image is not there under its name yet. */
export function diskToCopy(context: ColdSnapshotContext): ColdDisk | null {
  return diskWithout(context, ({ targetDev }) =>
    context.images.some((image) => image.targetDev === targetDev),
  );
}

/** The next disk that the guest is not to start on an overlay of yet. */
export function diskToLay(context: ColdSnapshotContext): ColdDisk | null {
  return diskWithout(context, ({ targetDev }) => context.laid.includes(targetDev));
}

/** The next file on record that is to go: drafts always, overlays and images only when they may. */
export function fileToRemove(context: ColdSnapshotContext): Artefact | null {
  const drafts = new Set(context.plan.map(({ staged }) => staged.path));
  const mayGo = ({ kind, path, status }: Artefact): boolean => {
    if (status === 'left') return false;
    if (kind === 'overlay') return context.settled;
    return kind === 'image' && (drafts.has(path) || context.failure !== null);
  };
  return context.artefacts.find(mayGo) ?? null;
}

/** How often the removal of a file is tried, a second apart: a daemon is back by then. */
const removalsMax = 10;
const removalKey = (context: ColdSnapshotContext): string =>
  `remove ${fileToRemove(context)?.path}`;

export function removalFailed(
  context: ColdSnapshotContext,
): Pick<ColdSnapshotContext, 'failedSteps'> {
  const key = removalKey(context);
  return { failedSteps: { ...context.failedSteps, [key]: (context.failedSteps[key] ?? 0) + 1 } };
}

export function mayRemoveYet(context: ColdSnapshotContext): boolean {
  return (context.failedSteps[removalKey(context)] ?? 0) + 1 < removalsMax;
}
