import type { DiskSource, NetworkHost } from '../../ports/disk-source.ts';

/** What is wrong with a place, as the rest of a sentence that begins with it. */
export type ReadPlace =
  | { readonly ok: true; readonly source: DiskSource }
  | { readonly ok: false; readonly wrong: string };

const lengthMax = 4_096;
const hostPath = /^\/[^\p{Cc}]+$/u;
/** Devices have their nodes there; what lies in /dev/shm is a file. */
const devicePath = /^\/dev\/(?!shm\/)/;
const rbdImage = /^[\w.+-]+(\/[\w.+-]+){1,2}$/;
const hostName = /^[A-Za-z0-9._-]{1,253}$/;

const wrong = (words: string): ReadPlace => ({ ok: false, wrong: words });

/**
 * Where a disk shall be, as one word: a path of the host (below /dev a block device), `nbd://HOST[:PORT]/EXPORT`,
 * `nbd+unix:///EXPORT?socket=PATH` or `rbd:POOL/IMAGE`.
 */
export function readPlace(text: string): ReadPlace {
  if (text.length > lengthMax) return wrong('is too long');
  if (hostPath.test(text))
    return { ok: true, source: { kind: devicePath.test(text) ? 'block' : 'file', path: text } };
  if (text.startsWith('rbd:')) return readRbd(text.slice('rbd:'.length));
  if (/^nbd(\+unix)?:/.test(text)) return readNbd(text);
  return wrong(
    'is no place of a disk: give a path as the host sees it, nbd://HOST:PORT/EXPORT, nbd+unix:///EXPORT?socket=PATH, rbd:POOL/IMAGE, or a FILE.json',
  );
}

function readRbd(image: string): ReadPlace {
  if (!rbdImage.test(image))
    return wrong('is no rbd:POOL/IMAGE (monitors and a user are named in a FILE.json)');
  return { ok: true, source: { kind: 'rbd', image, monitors: [], auth: null, configPath: null } };
}

function readNbd(text: string): ReadPlace {
  const url = URL.parse(text);
  if (url === null) return wrong('is no URI');
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    return wrong('must name nothing but a host or socket and an export');
  const exportName = decoded(url.pathname.slice(1));
  if (exportName === null) return wrong('has an export that cannot be decoded');
  const host = url.protocol === 'nbd:' ? tcpOf(url) : unixOf(url);
  return typeof host === 'string'
    ? wrong(host)
    : { ok: true, source: { kind: 'nbd', host, exportName } };
}

function tcpOf({ hostname, port, search }: URL): NetworkHost | string {
  const name = hostname.replace(/^\[(.*)\]$/, '$1');
  if (search !== '') return 'takes no parameters';
  if (!hostName.test(name) && !/^[0-9a-f:.]+$/i.test(name))
    return 'must name a host: nbd://HOST:PORT/EXPORT';
  return { transport: 'tcp', name, port: port === '' ? null : Number(port) };
}

function unixOf({ hostname, searchParams }: URL): NetworkHost | string {
  const [[name, socket] = [], ...others] = [...searchParams];
  const isOnly = hostname === '' && others.length === 0 && name === 'socket';
  if (!isOnly || socket === undefined || !hostPath.test(socket))
    return 'must name its socket, and nothing else: nbd+unix:///EXPORT?socket=/PATH';
  return { transport: 'unix', socket };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
