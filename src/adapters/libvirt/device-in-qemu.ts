import type { Element } from '@xmldom/xmldom';
import { attribute, child, children, isElement, parseRoot } from './xml.ts';

/** Where QEMU has a device: the bus on which it is, and its property that says where on that. */
export interface PlaceOnBus {
  readonly bus: string;
  readonly property: 'addr' | 'port';
  readonly value: number | string;
}

/**
 * The alias that libvirt gives to the next device like the one that had this one: the number after the
 * highest of its kind (qemuAssignDeviceAliases), or a person's own, which begins with `ua-`. `null`:
 * another device has that.
 */
export function nextAlias(domain: Element, alias: string): string | null {
  const taken = aliasesIn(domain);
  const kind = alias.startsWith('ua-') ? null : /^(.*\D)\d+$/.exec(alias)?.[1];
  if (kind == null) return taken.includes(alias) ? null : alias;
  const numbers = taken.flatMap((each) => {
    const rest = each.startsWith(kind) ? each.slice(kind.length) : '';
    return /^\d+$/.test(rest) ? [Number(rest)] : [];
  });
  return `${kind}${Math.max(-1, ...numbers) + 1}`;
}

function aliasesIn(domain: Element): readonly string[] {
  const found: string[] = [];
  const devices = child(domain, 'devices');
  for (let node = devices?.firstChild ?? null; node !== null; node = node.nextSibling) {
    const alias = isElement(node) ? attribute(child(node, 'alias'), 'name') : null;
    if (alias !== null) found.push(alias);
  }
  return found;
}

/** Of a device by its own element, on the buses of that domain; `null`: it is on none that is told here. */
export function placeOnBus(domain: Element, deviceXml: string, element: string): PlaceOnBus | null {
  const address = child(parseRoot(deviceXml, element), 'address');
  const type = attribute(address, 'type');
  const number = (part: string): number => Number(attribute(address, part) ?? 0);
  const bus = busOf(domain, type, number('bus'));
  if (bus === null) return null;
  const port = attribute(address, 'port');
  if (type === 'usb')
    return port === null ? null : { bus: `${bus}.0`, property: 'port', value: port };
  return { bus, property: 'addr', value: number('slot') * 8 + number('function') };
}

/** QEMU's buses have the aliases of what controls them. */
function busOf(domain: Element, type: string | null, index: number): string | null {
  if (type !== 'pci' && type !== 'usb') return null;
  const controller = children(child(domain, 'devices'), 'controller').find(
    (each) => attribute(each, 'type') === type && Number(attribute(each, 'index')) === index,
  );
  return attribute(child(controller ?? null, 'alias'), 'name');
}
