/** A device of a running domain that can be taken out of it and put back. */
export interface DeviceView {
  /** `<alias name>`, by which events name it. */
  readonly alias: string;
  /** The element's name, as `hostdev`, `interface`, `rng`, `redirdev`. */
  readonly element: string;
  /** Whether it is a host's device, and of which kind: such cannot be saved with the memory. */
  readonly passthrough: 'pci' | 'usb' | 'scsi' | 'mdev' | 'sriov' | null;
  /** For a person: where it is and what it is. */
  readonly description: string;
  /** What attaches it again: its element of the live definition, address and alias included. */
  readonly xml: string;
}

/** virDomainDetachDevice and its kin, of what runs only (AFFECT_LIVE). */
export interface Devices {
  /** In the order of the live definition; empty where it does not run. */
  findDevices(uuid: string, signal: AbortSignal): Promise<readonly DeviceView[]>;
  /**
   * virDomainDetachDeviceAlias: asks the guest to let it go; that it has gone is told by an event, or
   * seen in {@link findDevices}. Nothing to do where it is not there.
   */
  detachDevice(uuid: string, alias: string, signal: AbortSignal): Promise<void>;
  /**
   * virDomainAttachDeviceFlags. Nothing to do where a device of that alias is there already.
   */
  attachDevice(uuid: string, device: DeviceView, signal: AbortSignal): Promise<void>;
}
