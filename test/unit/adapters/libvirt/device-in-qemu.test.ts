import { describe, expect, test } from 'vitest';

import { nextAlias, placeOnBus } from '../../../../src/adapters/libvirt/device-in-qemu.ts';
import { readNetdevs } from '../../../../src/adapters/libvirt/half-attached.ts';
import { parseRoot } from '../../../../src/adapters/libvirt/xml.ts';

const domain = parseRoot(
  `<domain><devices>
    <controller type="pci" index="0"><alias name="pcie.0"/></controller>
    <controller type="pci" index="10"><alias name="pci.10"/></controller>
    <controller type="usb" index="0"><alias name="usb"/></controller>
    <interface><alias name="net1"/></interface>
    <interface><alias name="ua-net7"/></interface>
    <interface><alias name="network9"/></interface>
  </devices></domain>`,
  'domain',
);

describe('the alias that libvirt gives next', () => {
  test.each([
    ['net0', 'net2'],
    ['rng3', 'rng0'],
    ['ua-mine5', 'ua-mine5'],
    ['ua-net7', null],
  ])('to a device that was %s is %s', (alias, next) => {
    expect(nextAlias(domain, alias)).toBe(next);
  });
});

describe('the place of a device in QEMU', () => {
  test.each([
    [
      '<address type="pci" bus="0x0a" slot="0x00" function="0x0"/>',
      { bus: 'pci.10', property: 'addr', value: 0 },
    ],
    [
      '<address type="pci" bus="0x00" slot="0x1f" function="0x2"/>',
      { bus: 'pcie.0', property: 'addr', value: 250 },
    ],
    ['<address type="usb" bus="0" port="1.2"/>', { bus: 'usb.0', property: 'port', value: '1.2' }],
    ['<address type="pci" bus="0x01" slot="0x00" function="0x0"/>', null],
    ['<address type="drive" controller="0" bus="0" target="0" unit="0"/>', null],
    ['', null],
  ])('with %s', (address, place) => {
    expect(placeOnBus(domain, `<rng>${address}</rng>`, 'rng')).toEqual(place);
  });
});

test('of what cards have on the host, each is told with the card that uses it', () => {
  const text = [
    'net1: index=0,type=nic,model=virtio-net-pci,macaddr=52:54:00:e2:9b:15',
    ' \\ hostnet1: index=0,type=tap,fd=32',
    'hostnet0: index=0,type=tap,fd=33',
    '',
  ].join('\r\n');
  expect([...readNetdevs(text)]).toEqual([
    ['hostnet1', 'net1'],
    ['hostnet0', null],
  ]);
});
