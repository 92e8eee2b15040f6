import type { Devices, DeviceView } from '../../ports/devices.ts';
import { libvirtError } from './libvirt-error.ts';
import type { SimulatedCaller } from './simulated-caller.ts';
import type { DeviceSpec } from './world-spec.ts';
import { CarrierDied, type Domain } from './world.ts';

/** How long a guest takes to let go of a device; about what a lab guest took. */
const letGoMs = 100;

/** {@link Devices} of a simulated guest: what its definition has, less what was taken out of it. */
export function devicesCalls(caller: SimulatedCaller): Devices {
  return {
    findDevices: (uuid, signal) =>
      caller.ask('findDevices', signal, () => {
        const domain = caller.host.domains.get(uuid);
        return domain === undefined ? [] : devicesIn(domain);
      }),

    detachDevice: (uuid, { place }, signal) =>
      caller.ask('detachDevice', signal, () => {
        const domain = active(caller, uuid);
        const device = present(domain).find((each) => placeOf(each) === place);
        if (device !== undefined) void letGo(caller, domain, device);
      }),

    attachDevice: (uuid, { place }, signal) =>
      caller.ask('attachDevice', signal, () => {
        const domain = active(caller, uuid);
        const device = domain.definition.devices.find((each) => placeOf(each) === place);
        if (device === undefined || device.lost === true)
          throw libvirtError('internalError', `${place}: the host has no such device any more`);
        domain.qemu?.plug(place);
      }),
  };
}

/** The guest answers in its own time, and only while it runs; nobody waits for it here. */
async function letGo(caller: SimulatedCaller, domain: Domain, device: DeviceSpec): Promise<void> {
  const { host, world } = caller;
  const { qemu } = domain;
  const whileAlive = (): boolean => qemu?.alive === true;
  if (qemu === null || device.removal === 'neverAnswered') return;
  try {
    const until = (): boolean => device.needsGuest !== true || qemu.vcpus === 'running';
    await world.wait({ until, whileAlive });
    await world.pass(letGoMs, whileAlive);
    const { alias } = device;
    if (device.removal === undefined) qemu.unplug(placeOf(device));
    const kind = device.removal === undefined ? 'deviceRemoved' : 'deviceRemovalFailed';
    world.tell(host, domain.uuid, { kind, alias });
  } catch (error) {
    if (!(error instanceof CarrierDied)) throw error;
  }
}

function active(caller: SimulatedCaller, uuid: string): Domain {
  const domain = caller.domain(uuid);
  if (domain.qemu === null) throw libvirtError('operationInvalid', 'domain is not running');
  return domain;
}

export function devicesIn(domain: Domain): DeviceView[] {
  return present(domain).map(viewOf);
}

function present({ definition, qemu }: Domain): DeviceSpec[] {
  if (qemu === null) return [];
  const { unplugged } = qemu.memory;
  return definition.devices.filter((device) => !unplugged.includes(placeOf(device)));
}

function placeOf({ alias, element, needsGuest }: DeviceSpec): string {
  return `${element} ${needsGuest === true ? 'pci' : 'usb'} ${alias}`;
}

function viewOf(device: DeviceSpec): DeviceView {
  const { alias, element, needsGuest = false, passthrough = null } = device;
  const place = placeOf(device);
  const description = `${alias} (${place})`;
  const xml = `<${element}><alias name="${alias}"/></${element}>`;
  return { alias, place, element, passthrough, needsGuest, description, xml };
}
