import { setTop } from './configured-disks.ts';
import type { Place } from './domain-life.ts';
import { fileAt, isShared, putFile } from './host-files.ts';
import { libvirtError } from './libvirt-error.ts';
import type { LostGuest } from './lost-guest.ts';
import { writtenBy } from './lost-guest.ts';
import type { VolumeFile } from './volume-file.ts';
import {
  emptyLayerBytes,
  fileOfDisk,
  filledFile,
  grownTo,
  headOf,
  identityOf,
  tickIn,
} from './volume-file.ts';
import { withHead, withTick } from './volume-file.ts';
import type { Domain, Host, World } from './world.ts';

/**
 * What the disks of simulated guests hold. A guest that runs writes its ticks to the topmost file of
 * each writable disk; every other file keeps the last tick that was written to it. A chain tells the
 * tick of its topmost file that has one. Nothing here takes time, and nothing is refused that QEMU
 * would do: callers wait, and look first.
 */

/** A file with its format. */
export interface LayerFile {
  readonly path: string;
  readonly format: string;
}

/** One file of a chain. */
export interface Layer extends LayerFile {
  readonly virtualSizeBytes: number;
  readonly backing: { readonly path: string; readonly format: string | null } | null;
  /** Of this file alone, also while a guest writes to it; `null`: none was written to it. */
  readonly lastTick: number | null;
}

type Site = Pick<Place, 'world' | 'host'>;

/** The chain from that file down; a file that is missing ends it, and `[]` is no file at all. */
export function chainFrom({ world, host }: Site, topPath: string): Layer[] {
  const layers: Layer[] = [];
  let next: string | null = topPath;
  while (next !== null && !layers.some(({ path }) => path === next)) {
    const file = fileAt(world, host, next);
    if (file === undefined) break;
    const head = headOf(file);
    const { backingPath } = head;
    layers.push({
      path: next,
      format: head.format,
      virtualSizeBytes: head.capacityBytes,
      backing: backingPath === null ? null : { path: backingPath, format: head.backingFormat },
      lastTick: ownTick({ world, host }, next, file),
    });
    next = backingPath;
  }
  return layers;
}

/** The chain of a domain's disk. @throws FailureError for a disk that it has not, and where its file is missing */
export function chainOf(place: Place, targetDev: string): Layer[] {
  const { path } = diskOf(place.domain, targetDev);
  requireFile(place, path);
  return chainFrom(place, path);
}

/** The file that the guest writes to, or would. @throws FailureError as {@link chainOf} */
export function topOf(place: Place, targetDev: string): Layer {
  const [top] = chainOf(place, targetDev);
  if (top === undefined) throw new Error(`${targetDev} has no layers`);
  return top;
}

/** What a guest that boots from that file would count on from; `null`: no tick, or no file. */
export function lastTickOn(site: Site, path: string): number | null {
  return tickOf(chainFrom(site, path));
}

/**
 * A new, empty layer over the disk's top, which the guest writes to from now on (an external
 * snapshot). What stood at that path is replaced; with `reuse` it is taken as it is.
 */
export function addOverlay(
  place: Place,
  targetDev: string,
  overlay: LayerFile,
  how: 'create' | 'reuse' = 'create',
): void {
  const top = topOf(place, targetDev);
  if (how === 'create') createLayer(place, overlay, top.virtualSizeBytes, top);
  pivotTo(place, targetDev, overlay);
}

/**
 * From now on the guest writes to that file; its old top keeps what it has. Both definitions name it,
 * as libvirt has it after a pivot. Also for a domain that is shut off.
 */
export function pivotTo(place: Place, targetDev: string, to: LayerFile): void {
  const { world, host, domain } = place;
  diskOf(domain, targetDev);
  requireFile(place, to.path);
  if (domain.qemu !== null) settleTick(world, host, domain.uuid, domain.qemu.lastTick);
  setTop(domain, targetDev, to);
  world.changed();
}

/** A layer without data of its own; what stood there is replaced. */
export function createLayer(
  { world, host }: Site,
  file: LayerFile,
  virtualSizeBytes: number,
  backing: LayerFile | null,
): void {
  const head = {
    format: file.format,
    capacityBytes: virtualSizeBytes,
    backingPath: backing?.path ?? null,
    backingFormat: backing?.format ?? null,
  };
  putFile(world, host, file.path, filledFile(`${host.name}${file.path}`, head));
}

/**
 * What one layer holds by now, into a file that stands (a mirror with SHALLOW, to be called when it
 * ends): its backing file is its own business.
 */
export function copyLayer(site: Site, fromPath: string, toPath: string): void {
  const [layer] = chainFrom(site, fromPath);
  requireFile(site, fromPath);
  writeTick(site, toPath, layer?.lastTick ?? null);
}

/**
 * All that a chain holds by now, into a file that stands alone: a mirror without SHALLOW when it
 * ends, and qemu-img convert. What stood there is replaced. It takes {@link flatBytes}.
 */
export function flatten(site: Site, fromPath: string, to: LayerFile): void {
  const { world, host } = site;
  const from = requireFile(site, fromPath);
  const chain = chainFrom(site, fromPath);
  const { capacityBytes, format } = headOf(from);
  if (to.format === 'raw' && format === 'raw') putFile(world, host, to.path, { ...from });
  else {
    const bottom = fileAt(world, host, chain.at(-1)?.path ?? fromPath) ?? from;
    const head = { format: to.format, capacityBytes, backingPath: null, backingFormat: null };
    const disk = fileOfDisk(identityOf(bottom), head);
    const file = grownTo(disk, flatBytes(to.format, capacityBytes));
    putFile(world, host, to.path, file);
  }
  writeTick(site, to.path, tickOf(chain));
}

/** So much a file takes that holds a whole disk. */
export function flatBytes(format: string, virtualSizeBytes: number): number {
  return format === 'raw' ? virtualSizeBytes : virtualSizeBytes + emptyLayerBytes;
}

/**
 * Data of the layers from `topPath` down to above `basePath` into the base (a commit, active or not);
 * the files above the base stay as they are. Then {@link pivotTo} the base for the active layer, or
 * {@link setBacking} of the layer above `topPath`.
 */
export function commitInto(site: Site, topPath: string, basePath: string): void {
  requireFile(site, basePath);
  const chain = chainFrom(site, topPath);
  const depth = chain.findIndex(({ path }) => path === basePath);
  if (depth === -1) throw invalid(`${basePath} is not in the chain of ${topPath}`);
  writeTick(site, basePath, tickOf(chain.slice(0, depth)));
}

/** Data of the layers between into the top, which is over `basePath` then (a pull); `null`: over none. */
export function pullInto(site: Site, topPath: string, basePath: string | null): void {
  requireFile(site, topPath);
  const chain = chainFrom(site, topPath);
  const depth = basePath === null ? chain.length : chain.findIndex(({ path }) => path === basePath);
  if (depth === -1) throw invalid(`${basePath} is not in the chain of ${topPath}`);
  writeTick(site, topPath, tickOf(chain.slice(0, depth)));
  const base = chain[depth];
  setBacking(site, topPath, base === undefined ? null : { path: base.path, format: base.format });
}

/** Another backing file for a layer, without a look at the data (rebase -u, and after an inner commit). */
export function setBacking(site: Site, path: string, backing: LayerFile | null): void {
  const file = requireFile(site, path);
  const head = headOf(file);
  const backingPath = backing?.path ?? null;
  if (head.format === 'raw') throw invalid(`${path} is raw, and has no backing file`);
  const changed = withHead(file, { ...head, backingPath, backingFormat: backing?.format ?? null });
  putFile(site.world, site.host, path, changed);
}

/** How QEMUs have that file open: `write` for the top of a disk, `read` below it; `null`: none has. */
export function lockOn({ world, host }: Site, path: string): 'write' | 'read' | null {
  const tops = qemusSeeing(world, host, path)
    .filter(({ qemu }) => qemu.holdsImages)
    .flatMap(({ disks, host: each }) => disks.map((disk) => ({ host: each, disk })));
  if (tops.some(({ disk }) => disk.path === path && !disk.readOnly)) return 'write';
  const isOpen = tops.some((top) =>
    chainFrom({ world, host: top.host }, top.disk.path).some((layer) => layer.path === path),
  );
  return isOpen ? 'read' : null;
}

/** The guest's last tick stands on the disks that it writes to; before it stops, or writes elsewhere. */
export function settleTick(world: World, host: Host, domainUuid: string, tick: number): void {
  if (tick === 0) return;
  const lost = world.lostGuests.find(({ qemu, uuid }) => uuid === domainUuid && qemu.alive);
  const domain = host.domains.get(domainUuid);
  const disks = lost?.disks ?? (domain === undefined ? [] : writtenBy(domain));
  for (const { path, readOnly } of disks) if (!readOnly) writeTick({ world, host }, path, tick);
}

function writeTick({ world, host }: Site, path: string, tick: number | null): void {
  const file = fileAt(world, host, path);
  if (file !== undefined && tick !== null) putFile(world, host, path, withTick(file, tick));
}

/** A guest that runs has written to the file itself by now. */
function ownTick({ world, host }: Site, path: string, file: VolumeFile): number | null {
  const live = qemusSeeing(world, host, path)
    .filter(({ disks, qemu }) => {
      const writes = disks.some((disk) => disk.path === path && !disk.readOnly);
      return writes && qemu.vcpus === 'running';
    })
    .map(({ qemu }) => qemu.lastTick);
  const tick = Math.max(0, ...live);
  return tick === 0 ? tickIn(file) : tick;
}

function tickOf(layers: readonly Layer[]): number | null {
  return layers.find(({ lastTick }) => lastTick !== null)?.lastTick ?? null;
}

/** With the files that each of them writes to. */
function qemusSeeing(world: World, host: Host, path: string): Omit<LostGuest, 'uuid'>[] {
  const hosts = seers(world, host, path);
  const known = hosts.flatMap((each) =>
    [...each.domains.values()].flatMap((domain) =>
      domain.qemu === null ? [] : [{ host: each, qemu: domain.qemu, disks: writtenBy(domain) }],
    ),
  );
  return [...known, ...world.lostGuests.filter((lost) => hosts.includes(lost.host))];
}

/** Hosts that see the same file there. */
function seers(world: World, host: Host, path: string): Host[] {
  return isShared(world, host, path) ? [...world.hosts.values()] : [host];
}

/** @throws FailureError invalidArgument */
export function diskOf(domain: Domain, targetDev: string): Domain['definition']['disks'][number] {
  const disk = domain.definition.disks.find((each) => each.targetDev === targetDev);
  if (disk === undefined) throw libvirtError('invalidArg', `disk '${targetDev}' not found`);
  return disk;
}

function requireFile({ world, host }: Site, path: string): VolumeFile {
  const file = fileAt(world, host, path);
  if (file === undefined)
    throw libvirtError('systemError', `Cannot access storage file '${path}': No such file`);
  return file;
}

function invalid(message: string) {
  return libvirtError('invalidArg', message);
}
