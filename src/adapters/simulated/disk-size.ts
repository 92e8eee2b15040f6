import { dirname } from 'node:path/posix';
import type { LayerFile } from './disk-chain.ts';
import { flatten } from './disk-chain.ts';
import type { Place } from './domain-life.ts';
import { fileAt, freeBytes, isShared, putFile } from './host-files.ts';
import { libvirtError } from './libvirt-error.ts';
import { cutTo, grownTo, headOf, lengthOf, withHead } from './volume-file.ts';

type Site = Pick<Place, 'world' | 'host'>;

/**
 * A larger disk in that file, for every guest that has it. Nothing to do where it is as large already.
 *
 * @throws FailureError where the file is missing, would be smaller, or finds no room
 */
export function growFile(site: Site, path: string, sizeBytes: number): void {
  const { host, world } = site;
  const file = fileAt(world, host, path);
  if (file === undefined)
    throw libvirtError('systemError', `Cannot access storage file '${path}': No such file`);
  const head = headOf(file);
  if (sizeBytes < head.capacityBytes)
    throw libvirtError('operationFailed', `${path}: shrinking is not supported`);
  const missingBytes = head.format === 'raw' ? sizeBytes - lengthOf(file.content) : 0;
  if (missingBytes > (freeBytes(world, host, dirname(path)) ?? 0))
    throw libvirtError('operationFailed', `${path}: No space left on device`);
  const grown =
    head.format === 'raw'
      ? grownTo(file, sizeBytes)
      : withHead(file, { ...head, capacityBytes: sizeBytes });
  putFile(world, host, path, { ...grown, capacityBytes: sizeBytes });
  tellGuests(site, path, sizeBytes);
}

/** What lies behind is lost. Nothing to do where it is as small already. */
export function cutFile(site: Site, path: string, sizeBytes: number): void {
  const { host, world } = site;
  const file = fileAt(world, host, path);
  if (file === undefined || headOf(file).capacityBytes <= sizeBytes) return;
  const head = { ...headOf(file), capacityBytes: sizeBytes };
  const cut = head.format === 'raw' ? cutTo(file, sizeBytes) : withHead(file, head);
  putFile(world, host, path, { ...cut, capacityBytes: sizeBytes });
}

function tellGuests({ host, world }: Site, path: string, capacityBytes: number): void {
  const seers = isShared(world, host, path) ? [...world.hosts.values()] : [host];
  for (const domain of seers.flatMap(({ domains }) => [...domains.values()])) {
    const { definition } = domain;
    const disks = definition.disks.map((disk) =>
      disk.path === path ? { ...disk, capacityBytes } : disk,
    );
    domain.definition = { ...definition, disks };
  }
}

/** As {@link flatten}, into a file that stands and stays as large as it is. */
export function flattenInto(site: Site, fromPath: string, to: LayerFile): void {
  const { host, world } = site;
  const standing = fileAt(world, host, to.path);
  const sizeBytes = standing === undefined ? 0 : headOf(standing).capacityBytes;
  flatten(site, fromPath, to);
  const made = fileAt(world, host, to.path);
  if (made !== undefined && headOf(made).capacityBytes < sizeBytes)
    growFile(site, to.path, sizeBytes);
}
