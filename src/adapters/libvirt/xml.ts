import { DOMParser, type Document, type Element, type Node } from '@xmldom/xmldom';
import { FailureError } from '../../ports/failure.ts';

/**
 * The root element of a document that must have that name.
 *
 * @throws FailureError `malformedXml`, which never repeats the text: it may hold secrets
 */
export function parseRoot(xml: string, rootName: string): Element {
  let document: Document;
  try {
    document = new DOMParser({ onError: refuse }).parseFromString(xml, 'text/xml');
  } catch (error) {
    throw malformed('not well formed', error);
  }
  const root = document.documentElement;
  if (root?.tagName !== rootName) throw malformed(`the root is not <${rootName}>`, null);
  return root;
}

/** The text of the element at that path, the root's name first; `null` when there is none. */
export function readElementText(xml: string, path: readonly [string, ...string[]]): string | null {
  const [rootName, ...rest] = path;
  let element: Element | null = parseRoot(xml, rootName);
  for (const name of rest) element = child(element, name);
  return text(element);
}

/** Children only, not descendants: the same names mean other things further down. */
export function children(parent: Element | null, name: string): Element[] {
  const found: Element[] = [];
  for (let node = parent?.firstChild ?? null; node !== null; node = node.nextSibling) {
    if (isElement(node) && node.tagName === name) found.push(node);
  }
  return found;
}

export function child(parent: Element | null, name: string): Element | null {
  return children(parent, name)[0] ?? null;
}

/** An empty attribute counts as none. */
export function attribute(element: Element | null, name: string): string | null {
  const value = element?.getAttribute(name) ?? '';
  return value === '' ? null : value;
}

export function text(element: Element | null): string | null {
  const content = element?.textContent?.trim() ?? '';
  return content === '' ? null : content;
}

export function isElement(node: Node): node is Element {
  return node.nodeType === node.ELEMENT_NODE;
}

function refuse(level: 'warning' | 'error' | 'fatalError', message: string): void {
  if (level !== 'warning') throw new Error(message);
}

function malformed(reason: string, cause: unknown): FailureError {
  const failure = { code: 'malformedXml', message: `XML: ${reason}`, effect: 'none' } as const;
  return new FailureError(failure, { cause });
}
