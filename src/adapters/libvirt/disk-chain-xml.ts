import { DOMImplementation, XMLSerializer, type Element } from '@xmldom/xmldom';
import type { DiskChain, DiskLayer } from '../../ports/block-jobs.ts';
import type { DiskImage } from '../../ports/disk-source.ts';
import { isPlain, makeSource, readSource, sourceType } from './source-xml.ts';
import { attribute, child, children, parseRoot } from './xml.ts';

/**
 * The chains of all disks as the live definition nests them, and `<mirror>`
 * (https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms). A definition of what does
 * not run names the top alone.
 *
 * @throws FailureError `malformedXml`
 */
export function parseDiskChains(xml: string): DiskChain[] {
  const devices = child(parseRoot(xml, 'domain'), 'devices');
  return children(devices, 'disk').map((disk) => ({
    targetDev: attribute(child(disk, 'target'), 'dev') ?? '',
    layers: readLayers(disk),
    mirror: readMirror(child(disk, 'mirror')),
  }));
}

function readLayers(disk: Element): DiskLayer[] {
  const top = readLayer(disk, attribute(child(disk, 'driver'), 'type'));
  const layers = top === null ? [] : [top];
  // An empty <backingStore/> ends the chain; none at all: nobody has looked what is below.
  for (
    let below = child(disk, 'backingStore');
    below !== null;
    below = child(below, 'backingStore')
  ) {
    const layer = readLayer(below, attribute(child(below, 'format'), 'type'));
    if (layer !== null) layers.push(layer);
  }
  return layers;
}

function readLayer(element: Element, format: string | null): DiskLayer | null {
  if (child(element, 'source') === null) return null;
  return { ...readPlace(element), format: format ?? 'raw' };
}

function readPlace(element: Element): Pick<DiskLayer, 'origin' | 'path' | 'source'> {
  const place = readSource(element);
  const origin = isPlain(element) ? place : null;
  switch (place?.kind) {
    case 'file':
    case 'block':
      return { origin, source: place.kind, path: place.path };
    case 'nbd':
    case 'rbd':
      return { origin, source: 'network', path: null };
    case undefined:
      return { origin, source: kindOf(attribute(element, 'type')), path: null };
  }
}

const kinds: ReadonlyMap<string | null, DiskLayer['source']> = new Map([
  [null, 'file'],
  ['file', 'file'],
  ['block', 'block'],
  ['network', 'network'],
]);
const kindOf = (type: string | null): DiskLayer['source'] => kinds.get(type) ?? 'other';

const mirrorJobs: ReadonlyMap<string | null, NonNullable<DiskChain['mirror']>['job']> = new Map([
  ['copy', 'copy'],
  ['active-commit', 'activeCommit'],
]);

/** `ready='pivot'` and `ready='abort'` say that it is being ended already. */
function readMirror(mirror: Element | null): DiskChain['mirror'] {
  if (mirror === null) return null;
  return {
    job: mirrorJobs.get(attribute(mirror, 'job')) ?? 'unknown',
    path: readPlace(mirror).path,
    origin: readSource(mirror),
    format: attribute(child(mirror, 'format'), 'type'),
    ready: attribute(mirror, 'ready') === 'yes',
  };
}

/** The `<disk>` element that virDomainBlockCopy takes. */
export function formatCopyDestination({ format, source }: DiskImage): string {
  const document = new DOMImplementation().createDocument(null, 'disk');
  const { documentElement: disk } = document;
  if (disk === null) throw new Error('a document without its root');
  disk.setAttribute('type', sourceType(source));
  const driver = document.createElement('driver');
  driver.setAttribute('type', format);
  disk.appendChild(driver);
  disk.appendChild(makeSource(document, source));
  return new XMLSerializer().serializeToString(document);
}
