import type { DefinitionPlace, DiskOverlay, DiskSources } from '../../ports/disk-sources.ts';
import { FailureError } from '../../ports/failure.ts';
import type { FormattedImage } from '../../ports/images.ts';
import { configureDisk, configuredDisk } from './configured-disks.ts';
import { pivotTo, type LayerFile } from './disk-chain.ts';
import { layerOf, sourceAt } from './disk-source.ts';
import { fileAt, putFile } from './host-files.ts';
import type { SavedState } from './saved-file.ts';
import { managedPath, savedFile, savedIn } from './saved-file.ts';
import type { SimulatedCaller } from './simulated-caller.ts';
import type { Domain } from './world.ts';

/** {@link DiskSources} of one simulated host. */
export function diskSourcesCalls(caller: SimulatedCaller): DiskSources {
  const { host, world } = caller;
  const saved = (domain: Domain): SavedState | null => {
    const file = fileAt(world, host, managedPath(domain));
    return file === undefined ? null : savedIn(file);
  };
  const definitionOf = (uuid: string, place: DefinitionPlace): Domain['definition'] | null => {
    const domain = host.domains.get(uuid);
    if (domain === undefined) return null;
    return place === 'managedSave' ? (saved(domain)?.definition ?? null) : domain.definition;
  };
  const imageOf = (uuid: string, place: DefinitionPlace, targetDev: string): LayerFile | null => {
    const domain = host.domains.get(uuid);
    if (domain !== undefined && place === 'configuration')
      return domain.persistent ? configuredDisk(domain, targetDev) : null;
    const disks = definitionOf(uuid, place)?.disks ?? [];
    return disks.find((disk) => disk.targetDev === targetDev) ?? null;
  };
  const pathOf = (uuid: string, place: DefinitionPlace, targetDev: string): string | null =>
    imageOf(uuid, place, targetDev)?.path ?? null;
  const point = (uuid: string, place: DefinitionPlace, { targetDev, from, to }: Turn): void => {
    const path = pathOf(uuid, place, targetDev);
    if (path === to.path) return;
    if (path !== from.path) throw otherSource(targetDev, path);
    const domain = caller.domain(uuid);
    const state = place === 'managedSave' ? saved(domain) : null;
    if (state === null && domain.qemu !== null) configureDisk(domain, targetDev, to);
    else if (state === null) pivotTo({ world, host, domain }, targetDev, to);
    else putFile(world, host, managedPath(domain), savedFile(pointed(state, targetDev, to)));
  };
  return {
    findDiskSource: (uuid, place, targetDev, signal) =>
      caller.ask('findDiskSource', signal, () => pathOf(uuid, place, targetDev)),
    putOverlay: (uuid, place, { targetDev, base, overlay }: DiskOverlay, signal) =>
      caller.ask('putOverlay', signal, () => {
        if (definitionOf(uuid, place) === null) throw noDefinition();
        point(uuid, place, { targetDev, from: base, to: overlay });
      }),
    takeOverlay: (uuid, place, { targetDev, base, overlay }: DiskOverlay, signal) =>
      caller.ask('takeOverlay', signal, () => {
        if (definitionOf(uuid, place) === null) return;
        point(uuid, place, { targetDev, from: overlay, to: base });
      }),
    findDiskImage: (uuid, place, targetDev, signal) =>
      caller.ask('findDiskImage', signal, () => {
        const image = imageOf(uuid, place, targetDev);
        return image === null ? null : { source: sourceAt(image.path), format: image.format };
      }),
    changeDiskImage: (uuid, place, { targetDev, from, to }, signal) =>
      caller.ask('changeDiskImage', signal, () => {
        if (imageOf(uuid, place, targetDev) === null) throw noDefinition();
        point(uuid, place, { targetDev, from: layerOf(from), to: layerOf(to) });
      }),
  };
}

interface Turn {
  readonly targetDev: string;
  readonly from: FormattedImage;
  readonly to: FormattedImage;
}

function pointed(state: SavedState, targetDev: string, to: FormattedImage): SavedState {
  const disks = state.definition.disks.map((disk) =>
    disk.targetDev === targetDev ? { ...disk, path: to.path, format: to.format } : disk,
  );
  return { ...state, definition: { ...state.definition, disks } };
}

function otherSource(targetDev: string, path: string | null): FailureError {
  const message = `disk ${targetDev} is ${path ?? 'no file'} in this definition: somebody else has changed it`;
  return new FailureError({ code: 'otherSource', message, effect: 'none' });
}

function noDefinition(): FailureError {
  const message = 'there is no such definition any more';
  return new FailureError({ code: 'noDefinition', message, effect: 'none' });
}
