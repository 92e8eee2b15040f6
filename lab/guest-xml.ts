import type { BootFiles } from './guest-image.ts';
import { guestBridge } from './network.ts';
import { toXml } from './xml-tree.ts';
import type { XmlElement } from './xml-tree.ts';

/** A disk of a guest, as its hosts see it. */
export interface GuestDisk {
  readonly path: string;
  readonly targetDev: 'vda' | 'vdb';
  /**
   * `none` where the file system allows O_DIRECT: any other mode makes libvirt call a migration
   * unsafe.
   */
  readonly cache: 'none' | 'writeback';
}

/** Memory that a guest writes again and again. */
export interface DirtyMemory {
  readonly rateMiBPerS: number;
  readonly areaMiB: number;
}

/** What a domain of the lab is made of. */
export interface GuestDesign {
  readonly name: string;
  readonly uuid: string;
  readonly memoryMiB: number;
  /** For example `pc-q35-7.2`. */
  readonly machine: string;
  /** The ticking guest, or null for a domain that only sits in its firmware. */
  readonly boot: (BootFiles & { readonly dirty: DirtyMemory }) | null;
  readonly firmware: 'bios' | 'uefi';
  readonly disks: readonly GuestDisk[];
  readonly serialFile: string | null;
  readonly agent: 'present' | 'absent';
  /** Where the guest takes requests, see `tellGuest`; null for one without that port. */
  readonly controlSocket: string | null;
  /** Where its QEMU has a second monitor, which only tells; null for one without. */
  readonly eventSocket: string | null;
  readonly networkCards: 0 | 1;
  readonly pluggedDevices: readonly PluggedDevice[];
}

/** A device that can be taken out of a running guest. */
export type PluggedDevice = 'rng' | 'usbTablet';

/** The newest machine type that both generations of QEMU have. */
export const commonMachine = 'pc-q35-7.2';
/** One that only the newer generation has: the older refuses a guest with it. */
export const newerMachine = 'pc-q35-10.0';
/** Free slots into which later tests may plug devices. */
const spareSlots = 4;

function element(
  name: string,
  attributes: Record<string, string | number> = {},
  ...children: (XmlElement | string)[]
): XmlElement {
  return { name, attributes, children };
}

function operatingSystem(design: GuestDesign): XmlElement {
  const firmware =
    design.firmware === 'bios'
      ? []
      : [
          element('loader', { readonly: 'yes', type: 'pflash' }, '/usr/share/OVMF/OVMF_CODE_4M.fd'),
          element('nvram', { template: '/usr/share/OVMF/OVMF_VARS_4M.fd' }),
        ];
  const boot =
    design.boot === null
      ? []
      : [
          element('kernel', {}, design.boot.kernel),
          element('initrd', {}, design.boot.initramfs),
          element('cmdline', {}, commandLine(design.boot.dirty)),
        ];
  const type = element('type', { arch: 'x86_64', machine: design.machine }, 'hvm');
  return element('os', {}, type, ...firmware, ...boot);
}

function commandLine({ rateMiBPerS, areaMiB }: DirtyMemory): string {
  // Spares an emulated guest a quarter of its kernel's start: self-tests and probes that only real hardware
  // needs.
  const fast = 'cryptomgr.notests no_timer_check mitigations=off nokaslr edd=off';
  const dirty = `virtstate.dirty=${rateMiBPerS} virtstate.dirty-area=${areaMiB}`;
  return `console=ttyS0 quiet panic=-1 ${dirty} ${fast}`;
}

function disk({ path, targetDev, cache }: GuestDisk): XmlElement {
  return element(
    'disk',
    { type: 'file', device: 'disk' },
    element('driver', { name: 'qemu', type: 'qcow2', cache }),
    element('source', { file: path }),
    element('target', { dev: targetDev, bus: 'virtio' }),
  );
}

function pluggedDevice(kind: PluggedDevice): XmlElement {
  if (kind === 'usbTablet') return element('input', { type: 'tablet', bus: 'usb' });
  return element(
    'rng',
    { model: 'virtio' },
    element('backend', { model: 'random' }, '/dev/urandom'),
  );
}

function devices(design: GuestDesign): XmlElement {
  const tablet = design.pluggedDevices.includes('usbTablet');
  const ports = Array.from({ length: spareSlots }, () =>
    element('controller', { type: 'pci', model: 'pcie-root-port' }),
  );
  const cards = Array.from({ length: design.networkCards }, () =>
    element(
      'interface',
      { type: 'bridge' },
      element('source', { bridge: guestBridge }),
      element('model', { type: 'virtio' }),
    ),
  );
  // Both copies of a migrating guest append to one file, so that nobody's output is lost.
  const source = { path: design.serialFile ?? '', append: 'on' };
  const serial =
    design.serialFile === null
      ? []
      : [element('serial', { type: 'file' }, element('source', source), element('target'))];
  const agentPort = { type: 'virtio', name: 'org.qemu.guest_agent.0' };
  const agent =
    design.agent === 'absent'
      ? []
      : [element('channel', { type: 'unix' }, element('target', agentPort))];
  const control =
    design.controlSocket === null
      ? []
      : [
          element(
            'channel',
            { type: 'unix' },
            element('source', { mode: 'bind', path: design.controlSocket }),
            element('target', { type: 'virtio', name: 'virtstate.control.0' }),
          ),
        ];
  return element(
    'devices',
    {},
    element('emulator', {}, '/usr/bin/qemu-system-x86_64'),
    ...design.disks.map(disk),
    element('controller', { type: 'usb', model: tablet ? 'qemu-xhci' : 'none' }),
    element('controller', { type: 'pci', index: 0, model: 'pcie-root' }),
    ...ports,
    ...cards,
    ...serial,
    ...agent,
    ...control,
    ...design.pluggedDevices.map(pluggedDevice),
    element('video', {}, element('model', { type: 'none' })),
    element('memballoon', { model: 'none' }),
  );
}

/** A monitor beside libvirt's own: QEMU connects it at its start, so that no event comes before. */
function secondMonitor(socket: string): XmlElement {
  const words = [
    '-chardev',
    `socket,id=witness,path=${socket}`,
    '-mon',
    'chardev=witness,mode=control',
  ];
  return element(
    'qemu:commandline',
    { 'xmlns:qemu': 'http://libvirt.org/schemas/domain/qemu/1.0' },
    ...words.map((value) => element('qemu:arg', { value })),
  );
}

/** The definition of a domain that runs on every host of a lab, emulated. */
export function domainXml(design: GuestDesign): string {
  const model = element('model', { fallback: 'forbid' }, 'qemu64');
  return toXml(
    element(
      'domain',
      { type: 'qemu' },
      element('name', {}, design.name),
      element('uuid', {}, design.uuid),
      element('memory', { unit: 'MiB' }, String(design.memoryMiB)),
      element('vcpu', {}, '1'),
      operatingSystem(design),
      element('features', {}, element('acpi'), element('apic')),
      element('cpu', { mode: 'custom', match: 'exact', check: 'none' }, model),
      element('on_poweroff', {}, 'destroy'),
      element('on_reboot', {}, 'restart'),
      element('on_crash', {}, 'destroy'),
      devices(design),
      ...(design.eventSocket === null ? [] : [secondMonitor(design.eventSocket)]),
    ),
  );
}
