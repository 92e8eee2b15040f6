import { DOMImplementation, XMLSerializer, type Document, type Element } from '@xmldom/xmldom';
import type { VolumeView } from '../../ports/migration.ts';
import { attribute, child, parseRoot, text } from './xml.ts';

/**
 * Reads a `<volume>` element as libvirt formats it (https://libvirt.org/formatstorage.html): sizes in
 * bytes always. Without `<physical>`, which an older libvirt left out, the file is as large as what
 * it holds.
 *
 * @throws FailureError `malformedXml`
 */
export function parseVolume(xml: string, path: string): VolumeView {
  const volume = parseRoot(xml, 'volume');
  return {
    path,
    format: attribute(child(child(volume, 'target'), 'format'), 'type') ?? 'raw',
    capacityBytes: readBytes(child(volume, 'capacity')),
    fileBytes: readBytes(child(volume, 'physical') ?? child(volume, 'allocation')),
    backingPath: text(child(child(volume, 'backingStore'), 'path')),
    changedAt: readChange(volume),
  };
}

/** Only of a file: the mtime of a device is that of its node, which no write changes. */
function readChange(volume: Element): string | null {
  if (attribute(volume, 'type') !== 'file') return null;
  return text(child(child(child(volume, 'target'), 'timestamps'), 'mtime'));
}

function readBytes(element: Element | null): number {
  const bytes = Number(text(element));
  return Number.isSafeInteger(bytes) ? bytes : 0;
}

/** A raw volume of that many bytes, none of them written. */
export function formatVolume(name: string, sizeBytes: number): string {
  const document = new DOMImplementation().createDocument(null, 'volume');
  const { documentElement: volume } = document;
  if (volume === null) throw new Error('a document without its root');
  append(document, volume, 'name', { text: name });
  append(document, volume, 'capacity', { unit: 'bytes', text: String(sizeBytes) });
  append(document, volume, 'allocation', { unit: 'bytes', text: '0' });
  const target = append(document, volume, 'target', {});
  append(document, target, 'format', { type: 'raw' });
  return new XMLSerializer().serializeToString(document);
}

function append(
  document: Document,
  parent: Element,
  name: string,
  { text: content, ...attributes }: Readonly<Record<string, string>>,
): Element {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (content !== undefined) element.appendChild(document.createTextNode(content));
  parent.appendChild(element);
  return element;
}
