/** A device of a running domain that can be taken out of it and put back. */
export interface DeviceView {
  /** `<alias name>`, by which events name it; another one each time it is attached, or its domain started. */
  readonly alias: string;
  /** Element and address in the guest, as `rng pci 0000:05:00.0`: what it keeps when it is put back. */
  readonly place: string;
  /** The element's name, as `hostdev`, `interface`, `rng`, `redirdev`. */
  readonly element: string;
  /** Whether it is a host's device, and of which kind: such cannot be saved with the memory, but for `usb`. */
  readonly passthrough: 'pci' | 'usb' | 'scsi' | 'mdev' | 'sriov' | null;
  /**
   * Only the guest's own system lets go of it (PCI): never while its vCPUs stand, and what was asked
   * for then waits, also over a save, until they run.
   */
  readonly needsGuest: boolean;
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
   * seen in {@link findDevices}. Nothing to do where nothing is in its place.
   */
  detachDevice(uuid: string, device: DeviceView, signal: AbortSignal): Promise<void>;
  /**
   * virDomainAttachDeviceFlags. Nothing to do where a device like it is in its place already. What a
   * daemon that was killed over it left in QEMU goes first.
   *
   * @throws FailureError `deviceLeft` where that stays
   */
  attachDevice(uuid: string, device: DeviceView, signal: AbortSignal): Promise<void>;
}
