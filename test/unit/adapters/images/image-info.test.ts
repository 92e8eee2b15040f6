import { describe, expect, test } from 'vitest';
import {
  readFormats,
  readImageInfo,
  readMeasure,
} from '../../../../src/adapters/images/image-info.ts';

describe('what qemu-img answers', () => {
  test('an overlay, as QEMU 7.2 tells it', () => {
    const json = `{
      "backing-filename-format": "qcow2", "virtual-size": 67108864, "filename": "/d/b.qcow2",
      "cluster-size": 65536, "format": "qcow2", "actual-size": 200704,
      "format-specific": { "type": "qcow2", "data": { "compat": "1.1" } },
      "full-backing-filename": "/d/a.qcow2", "backing-filename": "a.qcow2", "dirty-flag": false }`;
    expect(readImageInfo('/d/b.qcow2', json)).toEqual({
      path: '/d/b.qcow2',
      format: 'qcow2',
      virtualSizeBytes: 67_108_864,
      allocationBytes: 200_704,
      backingPath: '/d/a.qcow2',
      backingFormat: 'qcow2',
      encrypted: false,
    });
  });

  test('a raw file, and one that is encrypted', () => {
    const raw = readImageInfo('/d/r', '{"virtual-size":1,"format":"raw","actual-size":0}');
    expect(raw).toMatchObject({ backingPath: null, backingFormat: null, encrypted: false });
    const json = '{"virtual-size":1,"format":"luks","encrypted":true}';
    expect(readImageInfo('/d/l', json)).toMatchObject({ encrypted: true, allocationBytes: 0 });
  });

  test.each(['', 'null', '[]', '{"format":"raw"}', '{"format":1,"virtual-size":1}'])(
    '%j is no answer',
    (json) => {
      expect(() => readImageInfo('/d/x', json)).toThrow(Error);
    },
  );

  test('so much a converted image takes', () => {
    expect(readMeasure('{"bitmaps":0,"required":393216,"fully-allocated":67436544}')).toBe(393_216);
    expect(() => readMeasure('{"required":-1}')).toThrow(Error);
  });

  test('formats of whole images, and neither protocols nor what is only read', () => {
    const help =
      'usage\n\nSupported formats: blkdebug bochs dmg file luks nbd qcow2 raw vvfat\n\nSee';
    expect(readFormats(help)).toEqual(['raw', 'qcow2']);
    expect(readFormats('no such line')).toEqual([]);
  });
});
