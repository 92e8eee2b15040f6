import { DOMImplementation, XMLSerializer, type Document, type Element } from '@xmldom/xmldom';
import type {
  MergedLayer,
  SnapshotDisk,
  SnapshotRequest,
  SnapshotView,
} from '../../ports/snapshots.ts';
import { dropClaims } from './claims.ts';
import { readDisks } from './domain-xml.ts';
import { attribute, child, children, parseRoot, text } from './xml.ts';

/** What the text alone tells; what descends from what comes from the daemon's list. */
export type SnapshotDescription = Omit<SnapshotView, 'current' | 'children'>;

/**
 * Reads a `<domainsnapshot>` as libvirt formats it (https://libvirt.org/formatsnapshot.html).
 *
 * @throws FailureError `malformedXml`
 */
export function parseSnapshot(xml: string): SnapshotDescription {
  const root = parseRoot(xml, 'domainsnapshot');
  const diskElements = children(child(root, 'disks'), 'disk');
  const disks = diskElements.map(readDisk);
  const domain = child(root, 'domain');
  // An old record may hold no more than the domain's uuid.
  const hasDefinition = child(domain, 'devices') !== null;
  const held = new Set(disks.filter(({ kind }) => kind !== 'no').map((disk) => disk.targetDev));
  return {
    name: text(child(root, 'name')) ?? '',
    parent: text(child(child(root, 'parent'), 'name')),
    description: text(child(root, 'description')),
    createdAtEpochMs: readSeconds(child(root, 'creationTime')) * 1000,
    state: readState(text(child(root, 'state'))),
    memory: readMemory(child(root, 'memory')),
    disks,
    frozenPaths: readDisks(domain).flatMap(({ targetDev, path }) =>
      path !== null && held.has(targetDev) ? [{ targetDev, path }] : [],
    ),
    hasDefinition,
    unfinishedDeletion: diskElements
      .filter((disk) => child(disk, unfinishedMark) !== null)
      .map((disk) => attribute(disk, 'name') ?? ''),
  };
}

/** libvirt's note on a disk whose next layer is being merged (qemuSnapshotSetInvalid). */
const unfinishedMark = 'snapshotDeleteInProgress';

function readDisk(element: Element): SnapshotDisk {
  const source = child(element, 'source');
  return {
    targetDev: attribute(element, 'name') ?? '',
    kind: readKind(attribute(element, 'snapshot')),
    overlayPath: attribute(source, 'file') ?? attribute(source, 'dev'),
    format: attribute(child(element, 'driver'), 'type'),
  };
}

function readKind(value: string | null): SnapshotDisk['kind'] {
  switch (value) {
    case 'internal':
    case 'external':
    case 'manual':
      return value;
    default:
      return 'no';
  }
}

function readState(value: string | null): SnapshotView['state'] {
  switch (value) {
    case 'running':
    case 'paused':
    case 'shutoff':
      return value;
    case 'disk-snapshot':
      return 'diskSnapshot';
    default:
      return 'other';
  }
}

function readMemory(element: Element | null): SnapshotView['memory'] {
  const path = attribute(element, 'file');
  if (path !== null) return { kind: 'external', path };
  return { kind: attribute(element, 'snapshot') === 'internal' ? 'internal' : 'none' };
}

function readSeconds(element: Element | null): number {
  const seconds = Number(text(element));
  return Number.isSafeInteger(seconds) ? seconds : 0;
}

/** What virDomainSnapshotCreateXML takes; nothing is left for libvirt to choose but the backing file. */
export function toSnapshotXml(request: SnapshotRequest): string {
  const document = new DOMImplementation().createDocument(null, 'domainsnapshot');
  const root = document.documentElement;
  if (root === null) throw new Error('a new document has no root');
  append(root, 'name').textContent = request.name;
  if (request.description !== null) append(root, 'description').textContent = request.description;
  const { memory } = request;
  const memoryElement = append(root, 'memory');
  memoryElement.setAttribute('snapshot', memory.kind === 'none' ? 'no' : memory.kind);
  if (memory.kind === 'external') memoryElement.setAttribute('file', memory.path);
  const disks = append(root, 'disks');
  for (const disk of request.disks) describeDisk(append(disks, 'disk'), disk);
  return new XMLSerializer().serializeToString(document);
}

function describeDisk(element: Element, disk: SnapshotDisk): void {
  element.setAttribute('name', disk.targetDev);
  element.setAttribute('snapshot', disk.kind);
  if (disk.kind !== 'external') return;
  if (disk.format !== null) append(element, 'driver').setAttribute('type', disk.format);
  if (disk.overlayPath === null) return;
  element.setAttribute('type', 'file');
  append(element, 'source').setAttribute('file', disk.overlayPath);
}

function append(parent: Element, name: string): Element {
  const element = documentOf(parent).createElement(name);
  parent.appendChild(element);
  return element;
}

/**
 * The same without the claims in the definitions that it keeps, of what ran and of what was
 * configured; `null`: there are none.
 */
export function withoutClaims(snapshotXml: string): string | null {
  const root = parseRoot(snapshotXml, 'domainsnapshot');
  const dropped = ['domain', 'inactiveDomain']
    .flatMap((name) => children(root, name))
    .map(dropClaims);
  if (!dropped.includes(true)) return null;
  return new XMLSerializer().serializeToString(documentOf(root));
}

/** The same with each merged layer as what it was merged into; `null`: nothing of that is found. */
export function withMerged(snapshotXml: string, merged: readonly MergedLayer[]): string | null {
  const root = parseRoot(snapshotXml, 'domainsnapshot');
  const disks = ['domain', 'inactiveDomain']
    .flatMap((name) => children(root, name))
    .flatMap((domain) => children(child(domain, 'devices'), 'disk'));
  const moved = disks.map((disk) => moveDisk(disk, merged));
  const held = children(child(root, 'disks'), 'disk').filter((disk) =>
    merged.some(({ targetDev }) => targetDev === attribute(disk, 'name')),
  );
  const cleared = held.map(clearMark);
  if (![...moved, ...cleared].includes(true)) return null;
  return new XMLSerializer().serializeToString(documentOf(root));
}

function moveDisk(disk: Element, merged: readonly MergedLayer[]): boolean {
  const targetDev = attribute(child(disk, 'target'), 'dev');
  const source = child(disk, 'source');
  const path = attribute(source, 'file');
  const layer = merged.find((each) => each.targetDev === targetDev && each.from === path);
  if (layer === undefined || source === null) return false;
  source.setAttribute('file', layer.to.path);
  child(disk, 'driver')?.setAttribute('type', layer.to.format);
  // What was below the layer is not what is below now.
  const below = child(disk, 'backingStore');
  if (below !== null) disk.removeChild(below);
  return true;
}

function clearMark(disk: Element): boolean {
  const mark = child(disk, unfinishedMark);
  if (mark === null) return false;
  disk.removeChild(mark);
  return true;
}

function documentOf(element: Element): Document {
  const document = element.ownerDocument;
  if (document === null) throw new Error('an element stands in no document');
  return document;
}
