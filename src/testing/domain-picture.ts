import type { DomainStatus, DomainView } from '../ports/domain.ts';
import type { DeviceView } from '../ports/devices.ts';
import type { DomainDetails, DomainPicture } from './picture.ts';

export function pictureOfStatus(status: DomainStatus): DomainPicture {
  const { uuid, name, state, reason, persistent, job } = status;
  const operation = job?.operation ?? null;
  return { uuid, name, state, reason, persistent, job: operation, vcpus: null, details: null };
}

/** What is known of a domain beside its view. */
export interface SeenBeside {
  /** The runs that claim it. */
  readonly claims: readonly string[];
  readonly devices: readonly DeviceView[] | null;
  readonly frozen: boolean | null;
}

export function pictureOfView(
  view: DomainView,
  { claims, devices, frozen }: SeenBeside,
): DomainPicture {
  const known = devices?.map(({ alias, place }) => ({ alias, place })) ?? null;
  const details = { ...detailsOf(view), claims, devices: known, frozen };
  return { ...pictureOfStatus(view), details };
}

/** What belongs to the configuration; sizes of disks, paths of firmware and emulator are a host's. */
function detailsOf(view: DomainView): Omit<DomainDetails, keyof SeenBeside> {
  const { memoryBytes, arch, machineType, virtType, hostDevices, networks, emulatedTpm } = view;
  const { managedSave, snapshotCount } = view;
  const disks = view.disks.map((disk) => {
    const { targetDev, device, source, path, format, readOnly, shareable, transient, cache } = disk;
    return { targetDev, device, source, path, format, readOnly, shareable, transient, cache };
  });
  const machine = { memoryBytes, arch, machineType, virtType };
  const devices = { disks, hostDevices, networks, hasNvram: view.nvramPath !== null, emulatedTpm };
  return {
    definition: { ...machine, ...devices },
    blockJobs: view.disks.flatMap(({ targetDev, blockJob }) =>
      blockJob === null ? [] : targetDev,
    ),
    managedSave,
    snapshotCount,
  };
}
