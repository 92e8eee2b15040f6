import { DOMImplementation, XMLSerializer, type Element } from '@xmldom/xmldom';
import type { CopyDestination, DiskChain, DiskLayer } from '../../ports/block-jobs.ts';
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
  const source = child(element, 'source');
  if (source === null) return null;
  return { ...readPlace(element, source), format: format ?? 'raw' };
}

function readPlace(element: Element, source: Element | null): Pick<DiskLayer, 'path' | 'source'> {
  switch (attribute(element, 'type')) {
    case 'file':
    case null:
      return { source: 'file', path: attribute(source, 'file') };
    case 'block':
      return { source: 'block', path: attribute(source, 'dev') };
    case 'network':
      return { source: 'network', path: null };
    default:
      return { source: 'other', path: null };
  }
}

const mirrorJobs: ReadonlyMap<string | null, NonNullable<DiskChain['mirror']>['job']> = new Map([
  ['copy', 'copy'],
  ['active-commit', 'activeCommit'],
]);

/** `ready='pivot'` and `ready='abort'` say that it is being ended already. */
function readMirror(mirror: Element | null): DiskChain['mirror'] {
  if (mirror === null) return null;
  return {
    job: mirrorJobs.get(attribute(mirror, 'job')) ?? 'unknown',
    path: readPlace(mirror, child(mirror, 'source')).path,
    format: attribute(child(mirror, 'format'), 'type'),
    ready: attribute(mirror, 'ready') === 'yes',
  };
}

const sourceAttributes = { file: 'file', block: 'dev' } as const;

/** The `<disk>` element that virDomainBlockCopy takes. */
export function formatCopyDestination({ format, path, source }: CopyDestination): string {
  const document = new DOMImplementation().createDocument(null, 'disk');
  const { documentElement: disk } = document;
  if (disk === null) throw new Error('a document without its root');
  disk.setAttribute('type', source);
  const driver = document.createElement('driver');
  driver.setAttribute('type', format);
  const place = document.createElement('source');
  place.setAttribute(sourceAttributes[source], path);
  disk.appendChild(driver);
  disk.appendChild(place);
  return new XMLSerializer().serializeToString(document);
}
