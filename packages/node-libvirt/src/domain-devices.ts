import type { FlagOptions } from './call-options.ts';
import { DomainDisks } from './domain-disks.ts';
import { deviceProcedures as procedures } from './protocol/index.ts';

/** {@link Domain}: its devices, with `deviceModifyFlags`. All wait for the domain's job lock. */
export abstract class DomainDevices extends DomainDisks {
  /** virDomainAttachDeviceFlags: plugs in what the XML element describes. It may hold secrets. */
  attachDeviceFlags(xml: string, options?: FlagOptions): Promise<void> {
    const args = { ...this.with(options), xml };
    return this.caller.call(procedures.domainAttachDeviceFlags, args, options?.signal);
  }

  /**
   * virDomainDetachDeviceFlags: asks a running guest to let go of the device that the XML element describes. It may still
   * be there when this resolves: the event `deviceRemoved` or `deviceRemovalFailed` tells what became of it.
   */
  detachDeviceFlags(xml: string, options?: FlagOptions): Promise<void> {
    const args = { ...this.with(options), xml };
    return this.caller.call(procedures.domainDetachDeviceFlags, args, options?.signal);
  }

  /** virDomainDetachDeviceAlias: the same by alias, without waiting for the guest at all. */
  detachDeviceAlias(alias: string, options?: FlagOptions): Promise<void> {
    const args = { ...this.with(options), alias };
    return this.caller.call(procedures.domainDetachDeviceAlias, args, options?.signal);
  }

  /** virDomainUpdateDeviceFlags: changes a device to what the XML element describes. */
  updateDeviceFlags(xml: string, options?: FlagOptions): Promise<void> {
    const args = { ...this.with(options), xml };
    return this.caller.call(procedures.domainUpdateDeviceFlags, args, options?.signal);
  }
}
