import { XMLSerializer, type Element } from '@xmldom/xmldom';
import type { DeviceView } from '../../ports/devices.ts';
import { attribute, child, isElement, parseRoot } from './xml.ts';

/** Elements that libvirt unplugs from a running domain, but for disks and memory: the guest stands on those. */
const unpluggable = new Set(['hostdev', 'interface', 'input', 'redirdev', 'rng', 'shmem', 'vsock']);

/** The parts of an address that tell where the guest sees a device, by address type. */
const addressParts: Readonly<Record<string, readonly string[]>> = {
  pci: ['domain', 'bus', 'slot', 'function'],
  usb: ['bus', 'port'],
  drive: ['controller', 'bus', 'target', 'unit'],
  ccw: ['cssid', 'ssid', 'devno'],
};

/** Buses from which QEMU takes a device at once; from any other the guest's own system lets it go. */
const takenAtOnce = new Set(['usb', 'drive']);

/**
 * Devices of a live definition that can be taken out, in its order.
 *
 * @throws FailureError `malformedXml`
 */
export function readDevices(xml: string): DeviceView[] {
  const found: DeviceView[] = [];
  const devices = child(parseRoot(xml, 'domain'), 'devices');
  for (let node = devices?.firstChild ?? null; node !== null; node = node.nextSibling) {
    const device = isElement(node) && unpluggable.has(node.tagName) ? readDevice(node) : null;
    if (device !== null) found.push(device);
  }
  return found;
}

/** `null`: it has no address of its own (a PS/2 mouse), or runs under no alias. */
function readDevice(element: Element): DeviceView | null {
  const alias = attribute(child(element, 'alias'), 'name');
  const address = child(element, 'address');
  const bus = attribute(address, 'type');
  const parts = addressParts[bus ?? ''];
  if (alias === null || bus === null || parts === undefined) return null;
  const at = parts.map((part) => (attribute(address, part) ?? '0').replace(/^0x/, ''));
  const place = `${element.tagName} ${bus} ${at.join(':')}`;
  return {
    alias,
    place,
    element: element.tagName,
    passthrough: passthroughOf(element),
    needsGuest: !takenAtOnce.has(bus),
    description: `${alias} (${place}${describeSource(element)})`,
    xml: new XMLSerializer().serializeToString(element),
  };
}

function passthroughOf(element: Element): DeviceView['passthrough'] {
  const type = attribute(element, 'type');
  if (element.tagName === 'interface')
    return type === 'hostdev' || type === 'vdpa' ? 'sriov' : null;
  if (element.tagName !== 'hostdev') return null;
  if (type === 'pci' || type === 'usb' || type === 'mdev') return type;
  return 'scsi';
}

function describeSource(element: Element): string {
  const mac = attribute(child(element, 'mac'), 'address');
  if (mac !== null) return `, ${mac}`;
  const host = child(child(element, 'source'), 'address');
  if (host === null) return '';
  const names = ['uuid', 'domain', 'bus', 'slot', 'function', 'device', 'target', 'unit'];
  const parts = names.flatMap((name) => attribute(host, name) ?? []);
  return parts.length === 0 ? '' : `, the host's ${parts.join(':')}`;
}
