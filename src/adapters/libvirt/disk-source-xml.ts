import { XMLSerializer, type Document, type Element } from '@xmldom/xmldom';
import { FailureError } from '../../ports/failure.ts';
import { placeOf } from '../../ports/disk-source.ts';
import type { DiskImage } from '../../ports/disk-source.ts';
import type { DiskChange, DiskOverlay } from '../../ports/disk-sources.ts';
import { isPlain, makeSource, readSource, sourceType } from './source-xml.ts';
import { attribute, child, children, parseRoot } from './xml.ts';

/** The file that the top layer of a disk is in a definition; `null`: no such disk, or no file. */
export function readDiskSource(xml: string, targetDev: string): string | null {
  const disk = diskOf(parseRoot(xml, 'domain'), targetDev);
  return attribute(child(disk, 'source'), 'file');
}

/**
 * The definition with the overlay as the disk's top layer; `null`: it is so already. Where the chain
 * was spelled out it is again, one layer longer: libvirt takes an empty `<backingStore>` for its end,
 * and would cut the overlay off from what it lies on.
 *
 * @throws FailureError `otherSource`
 */
export function withOverlay(xml: string, { base, overlay, targetDev }: DiskOverlay): string | null {
  const root = parseRoot(xml, 'domain');
  const disk = requireDisk(root, targetDev);
  const source = child(disk, 'source');
  const path = attribute(source, 'file');
  if (path === overlay.path) return null;
  if (source === null || path !== base.path) throw otherSource(targetDev, path);
  const below = child(disk, 'backingStore');
  if (below !== null) {
    const layer = element(disk, 'backingStore', { type: 'file' });
    layer.appendChild(element(disk, 'format', { type: base.format }));
    layer.appendChild(element(disk, 'source', { file: base.path }));
    disk.replaceChild(layer, below);
    layer.appendChild(below);
  }
  source.setAttribute('file', overlay.path);
  child(disk, 'driver')?.setAttribute('type', overlay.format);
  return new XMLSerializer().serializeToString(root);
}

/** The definition without the overlay that {@link withOverlay} put there; `null`: it is so already. */
export function withoutOverlay(
  xml: string,
  { base, overlay, targetDev }: DiskOverlay,
): string | null {
  const root = parseRoot(xml, 'domain');
  const disk = requireDisk(root, targetDev);
  const source = child(disk, 'source');
  const path = attribute(source, 'file');
  if (path === base.path) return null;
  if (source === null || path !== overlay.path) throw otherSource(targetDev, path);
  const layer = child(disk, 'backingStore');
  const below = child(layer, 'backingStore');
  if (layer !== null && below !== null) disk.replaceChild(below, layer);
  else if (layer !== null) disk.removeChild(layer);
  source.setAttribute('file', base.path);
  child(disk, 'driver')?.setAttribute('type', base.format);
  return new XMLSerializer().serializeToString(root);
}

/** The top layer of a disk in a definition; `null`: no such disk, or a source of another kind. */
export function readDiskImage(xml: string, targetDev: string): DiskImage | null {
  const disk = diskOf(parseRoot(xml, 'domain'), targetDev);
  const source = disk !== null && isPlain(disk) ? readSource(disk) : null;
  return source === null ? null : { source, format: formatOf(disk) };
}

const formatOf = (disk: Element | null): string =>
  attribute(child(disk, 'driver'), 'type') ?? 'raw';

/** What belongs to a place, and not to the disk that is there. */
const placeWords = ['auth', 'backingStore', 'mirror'] as const;

/**
 * The definition with another image as that disk; `null`: it is so already. What is below is left for
 * libvirt to find by the image itself. Words of the source that a place of the same kind can have, too
 * (`<seclabel>`, `index`), belonged to the old place, and go with it.
 *
 * @throws FailureError `otherSource`
 */
export function withDiskImage(xml: string, { from, targetDev, to }: DiskChange): string | null {
  const root = parseRoot(xml, 'domain');
  const disk = requireDisk(root, targetDev);
  const now = readSource(disk);
  const place = now === null ? null : placeOf(now);
  if (place === placeOf(to.source) && formatOf(disk) === to.format) return null;
  const source = child(disk, 'source');
  const isOld = place === placeOf(from.source) || place === placeOf(to.source);
  const document: Document | null = disk.ownerDocument;
  if (source === null || document === null || !isOld) throw otherSource(targetDev, place);
  for (const word of placeWords) {
    const old = child(disk, word);
    if (old !== null) disk.removeChild(old);
  }
  disk.setAttribute('type', sourceType(to.source));
  disk.replaceChild(makeSource(document, to.source), source);
  const driver = child(disk, 'driver');
  if (driver === null)
    disk.insertBefore(element(disk, 'driver', { type: to.format }), disk.firstChild);
  else driver.setAttribute('type', to.format);
  const cache = child(driver, 'metadata_cache');
  // libvirt refuses it for any other format.
  if (cache !== null && to.format !== 'qcow2') driver?.removeChild(cache);
  return new XMLSerializer().serializeToString(root);
}

function diskOf(root: Element, targetDev: string): Element | null {
  const disks = children(child(root, 'devices'), 'disk');
  return disks.find((disk) => attribute(child(disk, 'target'), 'dev') === targetDev) ?? null;
}

function requireDisk(root: Element, targetDev: string): Element {
  const disk = diskOf(root, targetDev);
  if (disk === null) throw otherSource(targetDev, null);
  return disk;
}

function element(beside: Element, name: string, attributes: Record<string, string>): Element {
  const document: Document | null = beside.ownerDocument;
  if (document === null) throw new Error('an element of a parsed text has its document');
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function otherSource(targetDev: string, path: string | null): FailureError {
  const message = `disk ${targetDev} is ${path ?? 'no file'} in this definition: somebody else has changed it`;
  return new FailureError({ code: 'otherSource', message, effect: 'none' });
}
