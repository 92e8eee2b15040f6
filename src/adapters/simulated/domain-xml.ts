import { DOMImplementation, DOMParser, XMLSerializer } from '@xmldom/xmldom';
import { libvirtError } from './libvirt-error.ts';
import type { Definition, Domain } from './world.ts';

/** Definitions are replaced, never changed: each is written once for each domain that has it. */
const written = new WeakMap<Definition, Map<string, string>>();

/** As much of a domain's XML as the port's users read. */
export function writeDomainXml(domain: Domain): string {
  const { definition, name, uuid } = domain;
  const known = written.get(definition) ?? new Map<string, string>();
  written.set(definition, known);
  const key = `${uuid} ${name}`;
  const xml = known.get(key) ?? write(domain);
  known.set(key, xml);
  return xml;
}

function write({ uuid, name, definition }: Domain): string {
  const document = new DOMImplementation().createDocument(null, 'domain');
  const root = document.documentElement;
  if (root === null) throw new Error('a new document has no root');
  const add = (parent: typeof root, tag: string, attributes: Record<string, string>, text = '') => {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== '') element.appendChild(document.createTextNode(text));
    parent.appendChild(element);
    return element;
  };
  root.setAttribute('type', 'qemu');
  add(root, 'name', {}, name);
  add(root, 'uuid', {}, uuid);
  add(root, 'memory', { unit: 'b' }, String(definition.memoryBytes));
  add(add(root, 'os', {}), 'type', { arch: 'x86_64', machine: definition.machineType }, 'hvm');
  const devices = add(root, 'devices', {});
  for (const disk of definition.disks) {
    const element = add(devices, 'disk', { type: 'file', device: 'disk' });
    add(element, 'driver', { name: 'qemu', type: disk.format, cache: disk.cache });
    add(element, 'source', { file: disk.path });
    add(element, 'target', { dev: disk.targetDev });
    if (disk.readOnly) add(element, 'readonly', {});
  }
  for (const network of definition.networks)
    add(add(devices, 'interface', { type: 'network' }), 'source', { network });
  return new XMLSerializer().serializeToString(document);
}

type DiskPaths = ReadonlyMap<string, string>;

/** The same XML is read again and again in a migration. */
const read = new Map<string, DiskPaths>();
const readMax = 16;

/** Path of each disk by its `<target dev>`. @throws FailureError xmlError */
export function readDiskPaths(xml: string): DiskPaths {
  const known = read.get(xml);
  if (known !== undefined) return known;
  const paths = parsePaths(xml);
  if (read.size >= readMax) read.clear();
  read.set(xml, paths);
  return paths;
}

function parsePaths(xml: string): DiskPaths {
  const problems: string[] = [];
  const onError = (_level: string, message: string): void => void problems.push(message);
  const document = parse(xml, onError);
  if (document === null || problems.length > 0)
    throw libvirtError('xmlError', `XML error: ${problems[0] ?? 'not a document'}`);
  const disks = [...document.getElementsByTagName('disk')];
  return new Map(
    disks.flatMap((disk) => {
      const targetDev = disk.getElementsByTagName('target')[0]?.getAttribute('dev');
      const path = disk.getElementsByTagName('source')[0]?.getAttribute('file');
      return targetDev && path ? [[targetDev, path] as const] : [];
    }),
  );
}

function parse(xml: string, onError: (level: string, message: string) => void) {
  try {
    return new DOMParser({ onError }).parseFromString(xml, 'text/xml');
  } catch (error) {
    onError('fatalError', error instanceof Error ? error.message : String(error));
    return null;
  }
}
