import { DOMImplementation, XMLSerializer } from '@xmldom/xmldom';
import type { Document, Element } from '@xmldom/xmldom';

/** An XML element as data. */
export interface XmlElement {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string | number>>;
  readonly children?: readonly (XmlElement | string)[];
}

function fill(document: Document, element: Element, tree: XmlElement): void {
  for (const [name, value] of Object.entries(tree.attributes ?? {})) {
    element.setAttribute(name, String(value));
  }
  for (const child of tree.children ?? []) {
    if (typeof child === 'string') {
      element.appendChild(document.createTextNode(child));
      continue;
    }
    const node = document.createElement(child.name);
    fill(document, node, child);
    element.appendChild(node);
  }
}

/** The element as text; names and values are escaped by the XML library. */
export function toXml(tree: XmlElement): string {
  const document = new DOMImplementation().createDocument(null, tree.name);
  const root = document.documentElement;
  if (root === null) throw new TypeError(`no XML element can be called '${tree.name}'`);
  fill(document, root, tree);
  return new XMLSerializer().serializeToString(document);
}
