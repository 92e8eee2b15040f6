import { XMLSerializer, type Element } from '@xmldom/xmldom';
import { placeOf } from '../../ports/disk-source.ts';
import type { DiskView } from '../../ports/domain.ts';
import { readSource } from './source-xml.ts';
import { attribute, child, children, parseRoot, text } from './xml.ts';

/** What the definition alone tells of a disk; sizes and jobs come from the daemon. */
export type DiskDefinition = Omit<DiskView, 'capacityBytes' | 'allocationBytes' | 'blockJob'>;

/** The parts of a domain's definition that the port speaks of. */
export interface DomainDefinition {
  readonly memoryBytes: number;
  readonly arch: string;
  readonly machineType: string;
  readonly virtType: string;
  readonly emulator: string | null;
  readonly disks: readonly DiskDefinition[];
  readonly hostDevices: readonly string[];
  readonly networks: readonly string[];
  readonly nvramPath: string | null;
  readonly emulatedTpm: boolean;
  /** `<cpu>` as text, only where it names a model by itself (mode `custom`). */
  readonly customCpuXml: string | null;
}

/**
 * Reads a `<domain>` element as libvirt formats it (https://libvirt.org/formatdomain.html).
 *
 * @throws FailureError `malformedXml`
 */
export function parseDomainDefinition(xml: string): DomainDefinition {
  const domain = parseRoot(xml, 'domain');
  const osType = child(child(domain, 'os'), 'type');
  const devices = child(domain, 'devices');
  return {
    memoryBytes: readMemoryBytes(child(domain, 'memory')),
    arch: attribute(osType, 'arch') ?? '',
    machineType: attribute(osType, 'machine') ?? '',
    virtType: attribute(domain, 'type') ?? '',
    emulator: text(child(devices, 'emulator')),
    disks: readDisks(domain),
    hostDevices: [
      ...children(devices, 'hostdev').map(nameHostDevice),
      ...children(devices, 'interface')
        .filter((element) => attribute(element, 'type') === 'hostdev')
        .map((element) => `interface ${attribute(child(element, 'mac'), 'address') ?? ''}`.trim()),
    ],
    networks: readNetworks(devices),
    nvramPath: readNvramPath(child(child(domain, 'os'), 'nvram')),
    emulatedTpm: children(devices, 'tpm').some(
      (tpm) => attribute(child(tpm, 'backend'), 'type') === 'emulator',
    ),
    customCpuXml: readCustomCpu(child(domain, 'cpu')),
  };
}

const disksByDevice = new Set<string>(['disk', 'cdrom', 'floppy', 'lun']);

function isDiskDevice(value: string): value is DiskView['device'] {
  return disksByDevice.has(value);
}

/** Where each kind of disk source keeps its path; the others have none on this host. */
const pathAttributes = { file: 'file', block: 'dev', dir: 'dir' } as const;
const sourceTypes = new Set<string>([
  'file',
  'block',
  'network',
  'volume',
  'dir',
  'nvme',
  'vhostuser',
]);

function isSourceType(value: string): value is Exclude<DiskView['source'], 'none'> {
  return sourceTypes.has(value);
}

/** Of a `<domain>` element, wherever it stands. */
export function readDisks(domain: Element | null): DiskDefinition[] {
  return children(child(domain, 'devices'), 'disk').map(readDisk);
}

function readDisk(element: Element): DiskDefinition {
  const type = attribute(element, 'type') ?? 'file';
  const device = attribute(element, 'device') ?? 'disk';
  const driver = child(element, 'driver');
  const source = child(element, 'source');
  const pathAttribute =
    type === 'file' || type === 'block' || type === 'dir' ? pathAttributes[type] : null;
  return {
    targetDev: attribute(child(element, 'target'), 'dev') ?? '',
    device: isDiskDevice(device) ? device : 'disk',
    source: source !== null && isSourceType(type) ? type : 'none',
    path: pathAttribute === null ? null : attribute(source, pathAttribute),
    format: attribute(driver, 'type') ?? 'raw',
    readOnly: child(element, 'readonly') !== null,
    shareable: child(element, 'shareable') !== null,
    transient: child(element, 'transient') !== null,
    mirrored: child(element, 'mirror') !== null,
    cache: attribute(driver, 'cache') ?? 'default',
  };
}

/**
 * What a disk is made of: a file or device of the host, an image on a network by the name of its
 * place ({@link placeOf}), or a volume by the name that its pool has for it.
 */
export type DiskPart =
  | { readonly kind: 'path' | 'network'; readonly path: string }
  | { readonly kind: 'volume'; readonly pool: string; readonly name: string };

/** Of all disks of the domain, with the images below them as far as its definition names them. */
export function readDiskParts(xml: string): DiskPart[] {
  const devices = child(parseRoot(xml, 'domain'), 'devices');
  return children(devices, 'disk').flatMap(readParts);
}

/** libvirt nests what lies below, and the copy that a block job is making, in the same form. */
function readParts(element: Element): DiskPart[] {
  const source = child(element, 'source');
  const paths = Object.values(pathAttributes).flatMap((name) => attribute(source, name) ?? []);
  const [pool, name] = [attribute(source, 'pool'), attribute(source, 'volume')];
  const others = ['backingStore', 'mirror'].flatMap((below) => children(element, below));
  const remote = attribute(element, 'type') === 'network' ? readSource(element) : null;
  return [
    ...paths.map((path) => ({ kind: 'path', path }) as const),
    ...(remote === null ? [] : [{ kind: 'network', path: placeOf(remote) } as const]),
    ...(pool === null || name === null ? [] : [{ kind: 'volume', pool, name } as const]),
    ...others.flatMap(readParts),
  ];
}

/** A name by which a person finds the device: its kind and its address on the host. */
function nameHostDevice(element: Element): string {
  const kind = attribute(element, 'type') ?? attribute(element, 'mode') ?? 'device';
  const address = child(child(element, 'source'), 'address');
  const parts = ['uuid', 'domain', 'bus', 'slot', 'function', 'device', 'target', 'unit'].flatMap(
    (name) => attribute(address, name) ?? [],
  );
  return parts.length === 0 ? `hostdev ${kind}` : `hostdev ${kind} ${parts.join(':')}`;
}

function readNetworks(devices: Element | null): string[] {
  const names = children(devices, 'interface')
    .filter((element) => attribute(element, 'type') === 'network')
    .flatMap((element) => attribute(child(element, 'source'), 'network') ?? []);
  return [...new Set(names)];
}

/** As text where it is a plain file, else as a source of its own (since libvirt 8.5). */
function readNvramPath(nvram: Element | null): string | null {
  return attribute(child(nvram, 'source'), 'file') ?? text(nvram);
}

/** host-passthrough and maximum name no model, so that there is nothing to compare. */
function readCustomCpu(cpu: Element | null): string | null {
  if (cpu === null || child(cpu, 'model') === null) return null;
  const mode = attribute(cpu, 'mode') ?? 'custom';
  return mode === 'custom' ? new XMLSerializer().serializeToString(cpu) : null;
}

/** libvirt always writes KiB, whatever unit the definition had. */
function readMemoryBytes(memory: Element | null): number {
  const kibibytes = Number(text(memory));
  return Number.isSafeInteger(kibibytes) ? kibibytes * 1024 : 0;
}
