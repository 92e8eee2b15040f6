import { expect, test } from 'vitest';
import { formatVolume, parseVolume } from '../../../../src/adapters/libvirt/volume-xml.ts';

test('a volume is read as its pool describes it', () => {
  const xml = `<volume type='file'>
    <name>overlay.qcow2</name>
    <capacity unit='bytes'>67108864</capacity>
    <allocation unit='bytes'>1056768</allocation>
    <physical unit='bytes'>1114112</physical>
    <target>
      <path>/images/overlay.qcow2</path>
      <format type='qcow2'/>
      <timestamps><atime>5.1</atime><mtime>1700000000.123456789</mtime><ctime>5.3</ctime></timestamps>
    </target>
    <backingStore><path>/images/base.qcow2</path><format type='qcow2'/></backingStore>
  </volume>`;
  expect(parseVolume(xml, '/images/overlay.qcow2')).toEqual({
    path: '/images/overlay.qcow2',
    format: 'qcow2',
    capacityBytes: 67_108_864,
    fileBytes: 1_114_112,
    backingPath: '/images/base.qcow2',
    changedAt: '1700000000.123456789',
  });
});

test('the mtime of a device says nothing of what was written to it', () => {
  const xml =
    "<volume type='block'><target><timestamps><mtime>1.2</mtime></timestamps></target></volume>";
  expect(parseVolume(xml, '/dev/vg/data').changedAt).toBeNull();
});

test('a volume without more is raw, and as large as what it holds', () => {
  const xml = '<volume><capacity>512</capacity><allocation>256</allocation></volume>';
  expect(parseVolume(xml, '/images/plain')).toMatchObject({
    format: 'raw',
    fileBytes: 256,
    backingPath: null,
    changedAt: null,
  });
});

test('a name with signs of XML in it stays a name', () => {
  expect(formatVolume('a<b>&"c', 512)).toBe(
    '<volume><name>a&lt;b&gt;&amp;"c</name><capacity unit="bytes">512</capacity>' +
      '<allocation unit="bytes">0</allocation><target><format type="raw"/></target></volume>',
  );
});
