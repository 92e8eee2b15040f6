import type { DeviceView } from '../../../src/ports/devices.ts';
import type { DefinitionPlace, DiskOverlay } from '../../../src/ports/disk-sources.ts';
import { awaitedDevice } from './failures.ts';
import { deviceNow, diskNow, diskToCopy, diskToLay, fileToRemove } from './progress.ts';
import type {
  ColdDisk,
  ColdSnapshotContext,
  ColdSnapshotInput,
  CopiedImage,
  Goal,
} from './cold-snapshot.ts';
import { wasPaused } from './cold-snapshot.ts';
import type { GuestLook, StepName } from './steps.ts';
import type { DomainOnHost } from '../domain-on-host.ts';
import { foundDomain, onHost } from '../one-host/one-host.ts';

type Of = { readonly context: ColdSnapshotContext };
type Failed = { readonly event: { readonly error: unknown } };

/** What the effects of the chart `cold-snapshot` are asked, and what its states hand to actions and guards. */
export type DeviceOnHost = DomainOnHost & { readonly device: DeviceView };
export type DiskOnHost = DomainOnHost & { readonly disk: DiskOverlay };
export type PlacedDisk = DiskOnHost & { readonly place: DefinitionPlace };
export type CopyOrder = DomainOnHost & {
  readonly disk: ColdDisk;
  readonly compress: boolean;
  /** A guest that runs has it open below its overlay. */
  readonly shared: boolean;
};
export type FileOnHost = { readonly host: string; readonly path: string };
export type StartOrder = DomainOnHost & { readonly paused: boolean };
export type LookOrder = DomainOnHost & {
  readonly disks: readonly string[];
  /** Of these their daemon may not know what the guest writes to. */
  readonly pivotsAsked: readonly string[];
};

const errorOf = ({ event }: Failed) => ({ error: event.error });
export const lookOf = ({ event }: { readonly event: { readonly output: GuestLook } }) => ({
  look: event.output,
});
export const copiedOf = ({ event }: { readonly event: { readonly output: CopiedImage } }) =>
  event.output;
/** The device that an event is about. */
export const isThis = ({ event }: { readonly event: { readonly alias: string } }) => ({
  alias: event.alias,
});
export const failsWith = { type: 'recordFailure', params: errorOf } as const;
export const failsStep = { type: 'noteStepFailed', params: errorOf } as const;
export const failsLook = { type: 'noteLookFailed', params: errorOf } as const;
/** It may have taken effect: only a look tells. */
export const isUnknown = { type: 'isUnknown', params: errorOf } as const;
export const failsDevice = { type: 'noteDeviceFailed', params: errorOf } as const;
export const aims = (goal: Goal) => ({ type: 'aim', params: { goal } }) as const;
export const stepIs = (...steps: StepName[]) => ({ type: 'stepIs', params: { steps } }) as const;
export const seesLook = { type: 'noteLook', params: lookOf } as const;

/** What only states ask for that are entered because there is one. */
export const need = <T>(found: T | null): T => {
  if (found === null) throw new Error('this state is only entered where there is one left');
  return found;
};

export const requestOf = ({ context }: Of): ColdSnapshotInput => context;
export const lookOrder = ({ context }: Of): LookOrder => ({
  ...onHost({ context }),
  disks: context.shortOutage ? context.plan.map(({ targetDev }) => targetDev) : [],
  pivotsAsked: context.pivotsAsked,
});
export const askedDevice = ({ context }: Of): DeviceOnHost => ({
  ...onHost({ context }),
  device: need(awaitedDevice(context)).device,
});
export const deviceOrder = ({ context }: Of): DeviceOnHost => ({
  ...onHost({ context }),
  device: deviceNow(context),
});
export const diskOrder = ({ context }: Of): DiskOnHost => ({
  ...onHost({ context }),
  disk: diskNow(context).overlay,
});
export const placedOrder =
  (place: DefinitionPlace) =>
  ({ context }: Of): PlacedDisk => ({ ...diskOrder({ context }), place });
export const layOrder = ({ context }: Of): DiskOnHost => ({
  ...onHost({ context }),
  disk: need(diskToLay(context)).overlay,
});
export const placedLayOrder =
  (place: DefinitionPlace) =>
  ({ context }: Of): PlacedDisk => ({ ...layOrder({ context }), place });
export const copyOrder = ({ context }: Of): CopyOrder => ({
  ...onHost({ context }),
  disk: need(diskToCopy(context)),
  compress: context.compress,
  shared: context.ranOnOverlays,
});
export const fileOrder = ({ context }: Of): FileOnHost => ({
  host: context.host,
  path: need(fileToRemove(context)).path,
});
export const startOrder = ({ context }: Of): StartOrder => ({
  ...onHost({ context }),
  paused: wasPaused(foundDomain(context)),
});
