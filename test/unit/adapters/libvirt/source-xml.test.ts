import { describe, expect, test } from 'vitest';
import {
  formatCopyDestination,
  parseDiskChains,
} from '../../../../src/adapters/libvirt/disk-chain-xml.ts';
import { readDiskImage, withDiskImage } from '../../../../src/adapters/libvirt/disk-source-xml.ts';
import type { DiskImage, DiskSource } from '../../../../src/ports/disk-source.ts';

const uuid = '0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0';

const sources: Readonly<Record<string, DiskSource>> = {
  'a file': { kind: 'file', path: `/images/it's <one> & "two".raw` },
  'a device': { kind: 'block', path: '/dev/disk/by-id/one' },
  'an export by TCP': {
    kind: 'nbd',
    host: { transport: 'tcp', name: '192.0.2.7', port: 10_909 },
    exportName: 'vol/a b',
  },
  'an export of no name, at the usual port': {
    kind: 'nbd',
    host: { transport: 'tcp', name: 'store', port: null },
    exportName: '',
  },
  'an export by a socket': {
    kind: 'nbd',
    host: { transport: 'unix', socket: '/run/nbd.sock' },
    exportName: 'vol',
  },
  'an RBD image': {
    kind: 'rbd',
    image: 'vms/disk',
    monitors: [
      { transport: 'tcp', name: 'mon1', port: 6789 },
      { transport: 'tcp', name: 'mon2', port: null },
    ],
    auth: { user: 'libvirt', secretUuid: uuid },
    configPath: '/etc/ceph/ceph.conf',
  },
  'an RBD image of the host’s own cluster': {
    kind: 'rbd',
    image: 'vms/disk',
    monitors: [],
    auth: null,
    configPath: null,
  },
};

const chainOf = (disk: string) => parseDiskChains(`<domain><devices>${disk}</devices></domain>`)[0];

describe('a place as XML', () => {
  test.each(Object.entries(sources))('is read as it was written: %s', (_, source) => {
    const disk = formatCopyDestination({ source, format: 'raw' });
    expect(chainOf(disk)?.layers).toMatchObject([{ origin: source, format: 'raw' }]);
  });

  // As libvirt 9.0 writes it of a running guest.
  test('of a copy is known with what libvirt adds to it', () => {
    const mirror = `<mirror type='network' job='copy' ready='yes'><format type='raw'/>
      <source protocol='nbd' name='vol' tls='no' index='2'><host name='127.0.0.1' port='10909'/></source>
      <backingStore/></mirror>`;
    const disk = `<disk type='file' device='disk'><driver type='qcow2'/><source file='/images/a'/>
      ${mirror}<target dev='vda'/></disk>`;
    expect(chainOf(disk)?.mirror).toEqual({
      job: 'copy',
      path: null,
      origin: {
        kind: 'nbd',
        host: { transport: 'tcp', name: '127.0.0.1', port: 10_909 },
        exportName: 'vol',
      },
      format: 'raw',
      ready: true,
    });
  });

  test.each([
    ['with a key', '<source file="/images/a"><encryption format="luks"/></source>'],
    ['with a key of the old form', '<encryption format="luks"/><source file="/images/a"/>'],
    ['of which a part is used', '<source file="/images/a"><slices/></source>'],
  ])('is no plain image: %s', (_, source) => {
    const disk = `<disk type="file"><driver type="raw"/>${source}<target dev="vda"/></disk>`;
    expect(chainOf(disk)?.layers).toEqual([
      { origin: null, path: '/images/a', source: 'file', format: 'raw' },
    ]);
    expect(readDiskImage(`<domain><devices>${disk}</devices></domain>`, 'vda')).toBeNull();
  });

  test.each([
    ['sheepdog', '<source protocol="sheepdog" name="a"/>'],
    ['TLS', '<source protocol="nbd" name="a" tls="yes"><host name="b" port="1"/></source>'],
    ['RDMA', '<source protocol="nbd" name="a"><host name="b" transport="rdma"/></source>'],
  ])('has no name here: %s', (_, source) => {
    const disk = `<disk type="network"><driver type="raw"/>${source}<target dev="vda"/></disk>`;
    expect(chainOf(disk)?.layers).toEqual([
      { origin: null, path: null, source: 'network', format: 'raw' },
    ]);
  });
});

const before = `<driver name="qemu" type="qcow2" cache="none" io="native"/>`;
const definition = (disk: string): string => `<domain type="kvm" id="3">
  <name>a</name>
  <metadata><x:own xmlns:x="urn:x" note="&lt;&amp;"/></metadata>
  <devices>
    <disk type="file" device="disk"><source file="/images/other"/><target dev="vdb"/></disk>
    ${disk}
    <graphics type="vnc" port="-1" passwd="secret"/>
  </devices>
  <qemu:commandline xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0"><qemu:arg value="-x"/></qemu:commandline>
</domain>`;
const rest = `<target dev="vda" bus="virtio"/><serial>old</serial><boot order="1"/><alias name="ua-root"/><address type="pci" bus="0x02"/>`;

const file = (path: string, format = 'qcow2'): DiskImage => ({
  source: { kind: 'file', path },
  format,
});

describe('a definition with another image for one disk', () => {
  test('is as it was in everything else', () => {
    const old = `<disk type="file" device="disk" snapshot="no">${before}<source file="/images/a" startupPolicy="optional"><seclabel model="dac" relabel="no"/></source><backingStore type="file"><format type="raw"/><source file="/images/below"/><backingStore/></backingStore>${rest}</disk>`;
    const changed = `<disk type="file" device="disk" snapshot="no">${before}<source file="/images/b"/>${rest}</disk>`;
    const change = { targetDev: 'vda', from: file('/images/a'), to: file('/images/b') };
    expect(withDiskImage(definition(old), change)).toBe(definition(changed));
  });

  test.each(Object.entries(sources))('names any kind of place, and goes back: %s', (_, source) => {
    const disk = `<disk type="file" device="disk">${before}<source file="/images/a"/>${rest}</disk>`;
    const [from, to] = [file('/images/a'), { source, format: 'raw' }];
    const there = withDiskImage(definition(disk), { targetDev: 'vda', from, to });
    expect(readDiskImage(there ?? '', 'vda')).toEqual(to);
    expect(withDiskImage(there ?? '', { targetDev: 'vda', from, to })).toBeNull();
    const back = withDiskImage(there ?? '', { targetDev: 'vda', from: to, to: from });
    expect(back).toBe(definition(disk));
  });

  test('loses what belonged to the old place and to its format', () => {
    const old = `<disk type="network" device="disk"><driver name="qemu" type="qcow2"><metadata_cache><max_size unit="bytes">1024</max_size></metadata_cache></driver><auth username="me"><secret type="ceph" uuid="${uuid}"/></auth><source protocol="rbd" name="vms/a"/>${rest}</disk>`;
    const changed = `<disk type="file" device="disk"><driver name="qemu" type="raw"/><source file="/images/b"/>${rest}</disk>`;
    const from = readDiskImage(definition(old), 'vda');
    expect(from).toMatchObject({ source: { auth: { user: 'me', secretUuid: uuid } } });
    const change = { targetDev: 'vda', from: from ?? file(''), to: file('/images/b', 'raw') };
    expect(withDiskImage(definition(old), change)).toBe(definition(changed));
  });

  test('is left alone when it names it already, or something that nobody asked for', () => {
    const disk = `<disk type="file" device="disk">${before}<source file="/images/b"/>${rest}</disk>`;
    const change = { targetDev: 'vda', from: file('/images/a'), to: file('/images/b') };
    expect(withDiskImage(definition(disk), change)).toBeNull();
    const other = definition(disk.replace('/images/b', '/images/c'));
    expect(() => withDiskImage(other, change)).toThrow('somebody else has changed it');
    const gone = definition(disk.replace('vda', 'vdz'));
    expect(() => withDiskImage(gone, change)).toThrow('somebody else has changed it');
  });
});
