import { XMLSerializer, type Document, type Element } from '@xmldom/xmldom';
import type { SavedDisk, SavedGuest } from '../../ports/saving.ts';
import { dropClaims } from './claims.ts';
import { readDisks } from './domain-xml.ts';
import { attribute, child, isElement, parseRoot, text } from './xml.ts';

/** What is noted beside a guest's memory stands in its definition, as metadata in this namespace. */
export const notesNamespace = 'urn:virtstate:saved';
const prefix = 'virtstate';

/** Reads the definition that lies beside a guest's memory. @throws FailureError `malformedXml` */
export function parseSaved(xml: string): SavedGuest {
  const domain = parseRoot(xml, 'domain');
  return {
    domainUuid: text(child(domain, 'uuid')) ?? '',
    domainName: text(child(domain, 'name')) ?? '',
    disks: readDisks(domain).flatMap(({ path, readOnly, targetDev }) =>
      path === null || readOnly ? [] : [{ targetDev, path }],
    ),
    noted: readNotes(notesIn(domain)),
  };
}

/** The same definition with these notes, and without any claim. @throws FailureError `malformedXml` */
export function withNotes(xml: string, disks: readonly SavedDisk[]): string {
  const { document, domain } = cleaned(xml);
  const metadata = child(domain, 'metadata') ?? document.createElement('metadata');
  domain.appendChild(metadata);
  const notes = document.createElementNS(notesNamespace, `${prefix}:saved`);
  metadata.appendChild(notes);
  for (const { targetDev, path, changedAt } of disks) {
    const disk = document.createElementNS(notesNamespace, `${prefix}:disk`);
    disk.setAttribute('target', targetDev);
    disk.setAttribute('path', path);
    if (changedAt !== null) disk.setAttribute('changed', changedAt);
    notes.appendChild(disk);
  }
  return new XMLSerializer().serializeToString(document);
}

/** A definition for a guest that goes on: neither notes nor claims. @throws FailureError `malformedXml` */
export function withoutTraces(xml: string): string {
  return new XMLSerializer().serializeToString(cleaned(xml).document);
}

function cleaned(xml: string): { readonly document: Document; readonly domain: Element } {
  const domain = parseRoot(xml, 'domain');
  const document = domain.ownerDocument;
  if (document === null) throw new Error('an element that was read stands in no document');
  dropClaims(domain);
  const notes = notesIn(domain);
  notes?.parentNode?.removeChild(notes);
  return { document, domain };
}

function notesIn(domain: Element): Element | null {
  return childrenOf(child(domain, 'metadata')).find(isOurs) ?? null;
}

function readNotes(notes: Element | null): SavedDisk[] | null {
  if (notes === null) return null;
  return childrenOf(notes)
    .filter((element) => isOurs(element) && element.localName === 'disk')
    .map((disk) => ({
      targetDev: attribute(disk, 'target') ?? '',
      path: attribute(disk, 'path') ?? '',
      changedAt: attribute(disk, 'changed'),
    }));
}

const isOurs = ({ namespaceURI }: Element): boolean => namespaceURI === notesNamespace;

function childrenOf(parent: Element | null): Element[] {
  return Array.from(parent?.childNodes ?? []).filter(isElement);
}
