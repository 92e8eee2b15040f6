import { deviceModifyFlags, errorCodes, isLibvirtError, type Domain } from 'node-libvirt';
import type { Clock } from '../../ports/clock.ts';
import type { Devices, DeviceView } from '../../ports/devices.ts';
import { readDevices } from './device-xml.ts';
import { isActiveState, domainStateName } from './domain-names.ts';
import { dropHalfAttached } from './half-attached.ts';
import type { Bounded, HostCaller } from './host-caller.ts';

/** {@link Devices} by virDomainDetachDeviceAlias and virDomainAttachDeviceFlags, with AFFECT_LIVE. */
export function devicesCalls(caller: HostCaller, clock: Clock): Devices {
  return {
    async findDevices(uuid, signal) {
      return (await caller.askDomain(uuid, signal, liveDevices)) ?? [];
    },

    async detachDevice(uuid, { place }, signal) {
      await caller.withDomain(uuid, signal, async (domain, options) => {
        const found = (await liveDevices(domain, options)).find((each) => each.place === place);
        if (found === undefined) return;
        try {
          await domain.detachDeviceAlias(found.alias, {
            ...options,
            flags: deviceModifyFlags.LIVE,
          });
        } catch (error) {
          // The guest let go of it between the look and the call, as it was asked before.
          if (!isLibvirtError(error, errorCodes.DEVICE_MISSING)) throw error;
        }
      });
    },

    async attachDevice(uuid, device, signal) {
      await caller.withDomain(uuid, signal, async (domain, options) => {
        // Its alias may be another's by now, and another may be in its place.
        const found = (await liveDevices(domain, options)).find((each) => isLike(each, device));
        if (found !== undefined) return;
        const attach = (): Promise<void> =>
          domain.attachDeviceFlags(device.xml, { ...options, flags: deviceModifyFlags.LIVE });
        try {
          await attach();
        } catch (error) {
          // So libvirt hands on what QEMU refused. Only then is QEMU asked, which taints the domain.
          if (!isLibvirtError(error, errorCodes.INTERNAL_ERROR)) throw error;
          if (!(await dropHalfAttached(domain, device, { clock, ...options }))) throw error;
          await attach();
        }
      });
    },
  };
}

async function liveDevices(domain: Domain, options: Bounded): Promise<DeviceView[]> {
  const { state } = await domain.getState(options);
  if (!isActiveState(domainStateName(state))) return [];
  return readDevices(await domain.getXMLDesc(options));
}

function isLike(one: DeviceView, other: DeviceView): boolean {
  return one.place === other.place && one.passthrough === other.passthrough;
}
