import { describe, expect, test } from 'vitest';
import {
  formatCopyDestination,
  parseDiskChains,
} from '../../../../src/adapters/libvirt/disk-chain-xml.ts';

function domain(...disks: string[]): string {
  return `<domain type='qemu'><devices>${disks.join('')}</devices></domain>`;
}

/** As libvirt 9.0 and 11.3 tell it of a running guest. */
const overlaid = `<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2' cache='none'/>
  <source file='/images/top.qcow2' index='12'/>
  <backingStore type='file' index='11'>
    <format type='qcow2'/>
    <source file='/images/middle.qcow2'/>
    <backingStore type='block' index='10'>
      <format type='raw'/>
      <source dev='/dev/base'/>
      <backingStore/>
    </backingStore>
  </backingStore>
  <target dev='vda' bus='virtio'/>
</disk>`;

const layer = (source: 'file' | 'block', path: string, format: string) => ({
  origin: { kind: source, path },
  source,
  path,
  format,
});

function mirrored(mirror: string): string {
  return `<disk type='file' device='disk'>
    <driver name='qemu' type='qcow2'/><source file='/images/a.qcow2'/><backingStore/>
    ${mirror}<target dev='vda' bus='virtio'/></disk>`;
}

function mirrorIn(xml: string) {
  return parseDiskChains(domain(mirrored(xml)))[0]?.mirror;
}

describe('parseDiskChains', () => {
  test('reads the layers from the top down', () => {
    expect(parseDiskChains(domain(overlaid))).toEqual([
      {
        targetDev: 'vda',
        layers: [
          layer('file', '/images/top.qcow2', 'qcow2'),
          layer('file', '/images/middle.qcow2', 'qcow2'),
          layer('block', '/dev/base', 'raw'),
        ],
        mirror: null,
      },
    ]);
  });

  test('knows no path of a network image, and no layer of an empty drive', () => {
    const remoteImage = {
      kind: 'rbd',
      image: 'vms/a',
      monitors: [],
      auth: null,
      configPath: null,
    };
    const remote = `<disk type='network' device='disk'><driver type='raw'/>
      <source protocol='rbd' name='vms/a'/><target dev='vdb'/></disk>`;
    const empty = `<disk type='file' device='cdrom'><driver type='raw'/><target dev='sda'/></disk>`;
    expect(parseDiskChains(domain(remote, empty))).toEqual([
      {
        targetDev: 'vdb',
        layers: [{ origin: remoteImage, source: 'network', path: null, format: 'raw' }],
        mirror: null,
      },
      { targetDev: 'sda', layers: [], mirror: null },
    ]);
  });

  test('reads a copy with its format', () => {
    const copy = `<mirror type='file' file='/images/b.qcow2' format='qcow2' job='copy' ready='yes'>
      <format type='qcow2'/><source file='/images/b.qcow2' index='3'/><backingStore/></mirror>`;
    const path = '/images/b.qcow2';
    expect(mirrorIn(copy)).toEqual({
      job: 'copy',
      path,
      format: 'qcow2',
      ready: true,
      origin: { kind: 'file', path },
    });
  });

  test('reads an active commit', () => {
    const commit = `<mirror type='file' job='active-commit'>
      <format type='qcow2'/><source file='/images/base.qcow2' index='11'/></mirror>`;
    const path = '/images/base.qcow2';
    expect(mirrorIn(commit)).toEqual({
      job: 'activeCommit',
      path,
      format: 'qcow2',
      ready: false,
      origin: { kind: 'file', path },
    });
  });

  test.each(['pivot', 'abort'])('does not call one ready that is ended already: %s', (ready) => {
    const mirror = `<mirror type='block' job='copy' ready='${ready}'>
      <format type='raw'/><source dev='/dev/b'/></mirror>`;
    expect(mirrorIn(mirror)).toMatchObject({ path: '/dev/b', ready: false });
  });
});

describe('formatCopyDestination', () => {
  test('names the file and its format, whatever the name', () => {
    const path = `/images/a'&<b.qcow2`;
    const xml = formatCopyDestination({ source: { kind: 'file', path }, format: 'qcow2' });
    expect(parseDiskChains(domain(xml))[0]?.layers).toEqual([layer('file', path, 'qcow2')]);
  });

  test('names a device', () => {
    const xml = formatCopyDestination({ source: { kind: 'block', path: '/dev/b' }, format: 'raw' });
    expect(xml).toBe('<disk type="block"><driver type="raw"/><source dev="/dev/b"/></disk>');
  });
});
