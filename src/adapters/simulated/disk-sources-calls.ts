import type { DiskOverlay, DiskSources } from '../../ports/disk-sources.ts';
import { FailureError } from '../../ports/failure.ts';
import type { FormattedImage } from '../../ports/images.ts';
import { pivotTo } from './disk-chain.ts';
import type { SimulatedCaller } from './simulated-caller.ts';

/** {@link DiskSources}: a simulated domain has one definition, which its saved image shares. */
export function diskSourcesCalls(caller: SimulatedCaller): DiskSources {
  const pathOf = (uuid: string, targetDev: string): string | null => {
    const disks = caller.host.domains.get(uuid)?.definition.disks ?? [];
    return disks.find((disk) => disk.targetDev === targetDev)?.path ?? null;
  };
  const point = (
    uuid: string,
    { targetDev }: DiskOverlay,
    from: FormattedImage,
    to: FormattedImage,
  ): void => {
    const { host, world } = caller;
    const path = pathOf(uuid, targetDev);
    if (path === to.path) return;
    if (path !== from.path) throw otherSource(targetDev, path);
    pivotTo({ world, host, domain: caller.domain(uuid) }, targetDev, to);
  };
  return {
    findDiskSource: (uuid, _place, targetDev, signal) =>
      caller.ask('findDiskSource', signal, () => pathOf(uuid, targetDev)),
    putOverlay: (uuid, _place, disk, signal) =>
      caller.ask('putOverlay', signal, () => point(uuid, disk, disk.base, disk.overlay)),
    takeOverlay: (uuid, _place, disk, signal) =>
      caller.ask('takeOverlay', signal, () => point(uuid, disk, disk.overlay, disk.base)),
  };
}

function otherSource(targetDev: string, path: string | null): FailureError {
  const message = `disk ${targetDev} is ${path ?? 'no file'} in this definition: somebody else has changed it`;
  return new FailureError({ code: 'otherSource', message, effect: 'none' });
}
