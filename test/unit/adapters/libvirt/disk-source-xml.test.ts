import { describe, expect, test } from 'vitest';
import {
  readDiskSource,
  withOverlay,
  withoutOverlay,
} from '../../../../src/adapters/libvirt/disk-source-xml.ts';

const domain = (backingStore: string, format = 'qcow2') =>
  `<domain type="kvm"><devices><disk type="file" device="disk"><driver name="qemu" type="${format}" cache="none"/><source file="/images/base"/>${backingStore}<target dev="vda" bus="virtio"/></disk><graphics type="vnc" passwd="secret"/></devices></domain>`;

const disk = {
  targetDev: 'vda',
  base: { path: '/images/base', format: 'qcow2' },
  overlay: { path: '/images/overlay', format: 'qcow2' },
};
const put = (xml: string, how = disk): string => {
  const changed = withOverlay(xml, how);
  if (changed === null) throw new Error('nothing was changed');
  return changed;
};

describe('a definition that names an overlay', () => {
  test.each([
    ['none', ''],
    ['its end', '<backingStore/>'],
    [
      'one more layer',
      '<backingStore type="file"><format type="raw"/><source file="/images/below"/><backingStore/></backingStore>',
    ],
  ])('of a chain that tells %s, is what it was when the overlay is gone', (_, chain) => {
    const xml = domain(chain);
    const on = put(xml);
    expect(readDiskSource(on, 'vda')).toBe('/images/overlay');
    expect(on).toContain('passwd="secret"');
    expect(withoutOverlay(on, disk)).toBe(xml);
  });

  // Seen on libvirt 9.0: a guest on an overlay that is cut off from its base reads nothing but zeros.
  test('never cuts it off from its base', () => {
    expect(put(domain('<backingStore/>'))).toContain(
      '<source file="/images/overlay"/><backingStore type="file"><format type="qcow2"/><source file="/images/base"/><backingStore/></backingStore>',
    );
  });

  test('gives a raw disk its format back', () => {
    const raw = { ...disk, base: { path: '/images/base', format: 'raw' } };
    const on = put(domain('', 'raw'), raw);
    expect(on).toContain('type="qcow2"');
    expect(withoutOverlay(on, raw)).toBe(domain('', 'raw'));
  });

  test('is left alone when it names it already, or another file', () => {
    const on = put(domain(''));
    expect(withOverlay(on, disk)).toBeNull();
    expect(withoutOverlay(domain(''), disk)).toBeNull();
    const other = domain('').replace('/images/base', '/images/other');
    expect(() => withOverlay(other, disk)).toThrow('somebody else has changed it');
    expect(() => withoutOverlay(other, disk)).toThrow('somebody else has changed it');
  });
});
