import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { usesDisk } from '../../../../src/adapters/libvirt/disk-users.ts';
import {
  parseDomainDefinition,
  readDiskParts,
} from '../../../../src/adapters/libvirt/domain-xml.ts';
import { readElementText } from '../../../../src/adapters/libvirt/xml.ts';

function definition(name: string) {
  const file = new URL(`../../../fixtures/domains/${name}.xml`, import.meta.url);
  return parseDomainDefinition(readFileSync(file, 'utf8'));
}

describe('a domain definition', () => {
  test('tells machine, memory and emulator', () => {
    expect(definition('disks')).toMatchObject({
      memoryBytes: 1024 ** 3,
      arch: 'x86_64',
      machineType: 'pc-q35-7.2',
      virtType: 'kvm',
      emulator: '/usr/bin/qemu-system-x86_64',
    });
  });

  test('tells each disk by its target, and backing files are no disks', () => {
    const kept = {
      readOnly: false,
      shareable: false,
      transient: false,
      mirrored: false,
      cache: 'default',
    };
    expect(definition('disks').disks).toEqual([
      {
        ...kept,
        targetDev: 'vda',
        device: 'disk',
        source: 'file',
        path: '/var/lib/libvirt/images/a&b.qcow2',
        format: 'qcow2',
        cache: 'none',
      },
      {
        ...kept,
        targetDev: 'sda',
        device: 'lun',
        source: 'block',
        path: '/dev/vg/data',
        format: 'raw',
        cache: 'directsync',
        shareable: true,
      },
      {
        ...kept,
        targetDev: 'vdb',
        device: 'disk',
        source: 'network',
        path: null,
        format: 'raw',
      },
      {
        ...kept,
        targetDev: 'vdc',
        device: 'disk',
        source: 'volume',
        path: null,
        format: 'qcow2',
        transient: true,
      },
      {
        ...kept,
        targetDev: 'hda',
        device: 'cdrom',
        source: 'none',
        path: null,
        format: 'raw',
        readOnly: true,
      },
    ]);
  });

  test('gives the CPU as text where it names a model', () => {
    const cpu = definition('disks').customCpuXml;
    expect(cpu).toContain('<model fallback="forbid">Skylake-Client</model>');
    expect(cpu).toContain('<feature policy="disable" name="hle"/>');
  });

  test('has no CPU to compare where it names none', () => {
    expect(definition('host-devices').customCpuXml).toBeNull();
    expect(definition('bare').customCpuXml).toBeNull();
  });

  test('names host devices for a person, and networks once', () => {
    expect(definition('host-devices')).toMatchObject({
      hostDevices: [
        'hostdev pci 0x0000:0x3b:0x00:0x1',
        'hostdev mdev c2177883-f1bb-47f0-914d-32a22e3a8804',
        'interface 52:54:00:6d:90:02',
      ],
      networks: ['default'],
    });
  });

  test.each([
    ["<backend type='emulator' version='2.0'/>", true],
    ["<backend type='passthrough'><device path='/dev/tpm0'/></backend>", false],
  ])('with the TPM %s: is its state kept in a directory of the host?', (backend, emulatedTpm) => {
    const xml = `<domain><devices><tpm model='tpm-crb'>${backend}</tpm></devices></domain>`;
    expect(parseDomainDefinition(xml).emulatedTpm).toBe(emulatedTpm);
  });

  test('may do without devices', () => {
    expect(definition('bare')).toMatchObject({
      memoryBytes: 64 * 1024 ** 2,
      emulator: null,
      disks: [],
      hostDevices: [],
      networks: [],
      emulatedTpm: false,
    });
  });
});

describe('what is no definition', () => {
  test.each([
    ['nothing', ''],
    ['text', 'secret'],
    ['another element', '<network><name>secret</name></network>'],
    ['an open element', '<domain><name>secret</name>'],
    ['two roots', '<domain/><domain/>'],
  ])('%s is refused without being repeated', (_, xml) => {
    expect(() => parseDomainDefinition(xml)).toThrow(
      expect.objectContaining({
        message: expect.not.stringContaining('secret') as string,
        failure: expect.objectContaining({ code: 'malformedXml', effect: 'none' }) as object,
      }),
    );
  });
});

describe('what disks are made of', () => {
  const disks = `
    <disk type='file'><source file='/images/top.qcow2'/><target dev='vda'/>
      <backingStore type='file'><format type='qcow2'/><source file='/images/middle.qcow2'/>
        <backingStore type='block'><source dev='/dev/vg/base'/><backingStore/></backingStore>
      </backingStore>
      <mirror type='file'><source file='/images/copy.raw'/></mirror>
    </disk>
    <disk type='volume'><source pool='images' volume='data.raw'/><target dev='vdb'/></disk>
    <disk type='network'><source protocol='nbd' name='vol'><host name='store' port='10810'/></source>
      <target dev='vdc'/></disk>
    <disk type='file' device='cdrom'><target dev='sda'/></disk>`;
  const parts = readDiskParts(`<domain><devices>${disks}</devices></domain>`);
  const clone = { parts };
  const none = { parts: [] };

  test.each(['top.qcow2', 'middle.qcow2', 'copy.raw', '/top.qcow2'])('%s is used', (file) => {
    expect(usesDisk(clone, `/images/${file}`, null)).toBe(true);
    expect(usesDisk(none, `/images/${file}`, null)).toBe(false);
  });

  test('so is a device below an image, and nothing else', () => {
    expect(usesDisk(clone, '/dev/vg/base', null)).toBe(true);
    expect(usesDisk(clone, '/images/other.raw', null)).toBe(false);
  });

  test('so is an image on a network, by its place', () => {
    expect(usesDisk(clone, 'nbd://store:10810/vol', null)).toBe(true);
    expect(usesDisk(clone, 'nbd://store:10809/vol', null)).toBe(false);
  });

  test('a volume may be named as its pool names it', () => {
    const data = { pool: 'images', name: 'data.raw' };
    expect(usesDisk(clone, '/images/data.raw', data)).toBe(true);
    expect(usesDisk(clone, '/other/data.raw', { ...data, pool: 'other' })).toBe(false);
    expect(usesDisk(clone, '/images/data.raw', null)).toBe(false);
  });
});

describe('the text at a path', () => {
  const xml = '<capabilities><host><uuid> 1-2 </uuid></host></capabilities>';

  test('is found below the root', () => {
    expect(readElementText(xml, ['capabilities', 'host', 'uuid'])).toBe('1-2');
  });

  test('is null where there is no such element', () => {
    expect(readElementText(xml, ['capabilities', 'guest', 'uuid'])).toBeNull();
  });
});
