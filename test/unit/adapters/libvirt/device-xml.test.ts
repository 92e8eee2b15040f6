import { describe, expect, test } from 'vitest';
import { readDevices } from '../../../../src/adapters/libvirt/device-xml.ts';

const pci = (bus: string) =>
  `<address type='pci' domain='0x0000' bus='${bus}' slot='0x00' function='0x0'/>`;

/** As libvirt formats a running domain (https://libvirt.org/formatdomain.html#host-device-assignment). */
const domain = `<domain type='kvm'><devices>
  <disk type='file' device='disk'><target dev='vda' bus='virtio'/><alias name='virtio-disk0'/>${pci('0x04')}</disk>
  <controller type='pci' model='pcie-root-port'><alias name='pci.1'/>${pci('0x00')}</controller>
  <interface type='hostdev' managed='yes'>
    <mac address='52:54:00:6d:90:02'/>
    <source><address type='pci' domain='0x0000' bus='0x05' slot='0x10' function='0x2'/></source>
    <alias name='hostdev0'/>${pci('0x01')}
  </interface>
  <interface type='bridge'><mac address='52:54:00:00:00:01'/><alias name='net1'/>${pci('0x02')}</interface>
  <input type='tablet' bus='usb'><alias name='input0'/><address type='usb' bus='0' port='1'/></input>
  <input type='mouse' bus='ps2'><alias name='input1'/></input>
  <hostdev mode='subsystem' type='pci' managed='yes'>
    <source><address domain='0x0000' bus='0x06' slot='0x02' function='0x0'/></source>
    <alias name='hostdev1'/>${pci('0x03')}
  </hostdev>
  <hostdev mode='subsystem' type='mdev' model='vfio-pci'>
    <source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source>
    <alias name='ua-vgpu'/>${pci('0x05')}
  </hostdev>
  <hostdev mode='subsystem' type='usb'>
    <source><address bus='1' device='2'/></source>
    <alias name='hostdev3'/><address type='usb' bus='0' port='2'/>
  </hostdev>
  <hostdev mode='subsystem' type='scsi'>
    <source><adapter name='scsi_host0'/><address bus='0' target='0' unit='0'/></source>
    <alias name='hostdev4'/><address type='drive' controller='0' bus='0' target='0' unit='0'/>
  </hostdev>
</devices></domain>`;

describe('devices of a live definition', () => {
  test('are those that can be taken out, with what kind of host device each is', () => {
    const found = readDevices(domain).map(({ alias, needsGuest, passthrough }) => ({
      alias,
      passthrough,
      needsGuest,
    }));
    expect(found).toEqual([
      { alias: 'hostdev0', passthrough: 'sriov', needsGuest: true },
      { alias: 'net1', passthrough: null, needsGuest: true },
      { alias: 'input0', passthrough: null, needsGuest: false },
      { alias: 'hostdev1', passthrough: 'pci', needsGuest: true },
      { alias: 'ua-vgpu', passthrough: 'mdev', needsGuest: true },
      { alias: 'hostdev3', passthrough: 'usb', needsGuest: false },
      { alias: 'hostdev4', passthrough: 'scsi', needsGuest: false },
    ]);
  });

  test('have places of their own, which no alias changes', () => {
    const devices = readDevices(domain);
    expect(new Set(devices.map(({ place }) => place)).size).toBe(devices.length);
    const renamed = readDevices(domain.replace('input0', 'input7'));
    expect(renamed.map(({ place }) => place)).toEqual(devices.map(({ place }) => place));
  });

  test('carry what attaches them, and tell a person which they are', () => {
    const vgpu = readDevices(domain).find(({ alias }) => alias === 'ua-vgpu');
    expect(vgpu?.xml).toMatch(/^<hostdev [^]*c2177883[^]*<\/hostdev>$/);
    expect(vgpu?.description).toContain("the host's c2177883-f1bb-47f0-914d-32a22e3a8804");
  });
});
