import type { Document, Element } from '@xmldom/xmldom';
import type { DiskSource, NetworkHost } from '../../ports/disk-source.ts';
import { attribute, child, children } from './xml.ts';

/**
 * What an element with `type` and `<source>` (a disk, a layer below it, a mirror) says of its place;
 * `null`: none, or of a kind that has no name here.
 */
export function readSource(element: Element): DiskSource | null {
  const source = child(element, 'source');
  switch (attribute(element, 'type')) {
    case 'file':
    case null:
      return local('file', attribute(source, 'file'));
    case 'block':
      return local('block', attribute(source, 'dev'));
    case 'network':
      return source === null ? null : readNetwork(element, source);
    default:
      return null;
  }
}

const local = (kind: 'file' | 'block', path: string | null): DiskSource | null =>
  path === null ? null : { kind, path };

function readNetwork(element: Element, source: Element): DiskSource | null {
  const hosts = children(source, 'host').map(readHost);
  const name = attribute(source, 'name');
  const [host] = hosts;
  switch (attribute(source, 'protocol')) {
    case 'nbd':
      // What it would take to reach it again has no name here.
      if (attribute(source, 'tls') === 'yes' || host == null) return null;
      return { kind: 'nbd', host, exportName: name ?? '' };
    case 'rbd':
      return name === null
        ? null
        : {
            kind: 'rbd',
            image: name,
            monitors: hosts.filter((each) => each !== null),
            auth: readAuth(child(source, 'auth') ?? child(element, 'auth')),
            configPath: attribute(child(source, 'config'), 'file'),
          };
    default:
      return null;
  }
}

function readHost(host: Element): NetworkHost | null {
  const transport = attribute(host, 'transport') ?? 'tcp';
  const socket = attribute(host, 'socket');
  if (transport === 'unix') return socket === null ? null : { transport, socket };
  if (transport !== 'tcp') return null;
  const port = attribute(host, 'port');
  return {
    transport: 'tcp',
    name: attribute(host, 'name') ?? '',
    port: port === null ? null : Number(port),
  };
}

function readAuth(auth: Element | null) {
  const [user, secretUuid] = [
    attribute(auth, 'username'),
    attribute(child(auth, 'secret'), 'uuid'),
  ];
  return user === null || secretUuid === null ? null : { user, secretUuid };
}

/** Words of a place by which its bytes are other than those that a guest reads: a key, a cut, a snapshot. */
const alteringWords = ['encryption', 'slices', 'snapshot'] as const;

/** Its bytes are what the guest reads, once the format is known. */
export function isPlain(element: Element): boolean {
  const source = child(element, 'source');
  return (
    child(element, 'encryption') === null &&
    alteringWords.every((word) => child(source, word) === null)
  );
}

/** `<disk type>` of a source. */
export const sourceType = ({ kind }: DiskSource): string =>
  kind === 'nbd' || kind === 'rbd' ? 'network' : kind;

/** `<source>` with all that belongs to the place, and nothing else. */
export function makeSource(document: Document, source: DiskSource): Element {
  const element = (name: string, attributes: Record<string, string>): Element => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const host = (given: NetworkHost): Element =>
    given.transport === 'unix'
      ? element('host', { transport: 'unix', socket: given.socket })
      : element('host', {
          name: given.name,
          ...(given.port === null ? {} : { port: `${given.port}` }),
        });
  switch (source.kind) {
    case 'file':
      return element('source', { file: source.path });
    case 'block':
      return element('source', { dev: source.path });
    case 'nbd': {
      const made = element('source', { protocol: 'nbd', name: source.exportName });
      made.appendChild(host(source.host));
      return made;
    }
    case 'rbd': {
      const made = element('source', { protocol: 'rbd', name: source.image });
      for (const monitor of source.monitors) made.appendChild(host(monitor));
      if (source.configPath !== null)
        made.appendChild(element('config', { file: source.configPath }));
      if (source.auth !== null) {
        const auth = element('auth', { username: source.auth.user });
        auth.appendChild(element('secret', { type: 'ceph', uuid: source.auth.secretUuid }));
        made.appendChild(auth);
      }
      return made;
    }
  }
}
