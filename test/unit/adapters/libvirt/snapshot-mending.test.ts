import { describe, expect, test } from 'vitest';
import { parseSnapshot, withMerged } from '../../../../src/adapters/libvirt/snapshot-xml.ts';

const disk = (path: string, more = '') =>
  `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${path}'/>${more}<target dev='vda'/></disk>`;
const layer = `<backingStore type='file'><format type='qcow2'/><source file='/images/below'/><backingStore/></backingStore>`;

/** As libvirt 9.0 left it when its daemon was killed between two disks. */
const snapshot = (path: string, mark = '') =>
  `<domainsnapshot><name>one</name><state>disk-snapshot</state><disks><disk name='vda' snapshot='external' type='file'>${mark}<driver type='qcow2'/><source file='/images/one'/></disk></disks><domain type='kvm'><devices>${disk(path, layer)}<graphics type='vnc' passwd='secret'/></devices></domain><inactiveDomain type='kvm'><devices>${disk(path)}</devices></inactiveDomain></domainsnapshot>`;
const mark = '<snapshotDeleteInProgress/>';
const merged = [
  { targetDev: 'vda', from: '/images/gone', to: { path: '/images/raw', format: 'raw' } },
];

describe('a snapshot that is mended after a merge', () => {
  test('names what its layer was merged into, in both definitions, and keeps all else', () => {
    const mended = withMerged(snapshot('/images/gone'), merged) ?? '';
    expect(parseSnapshot(mended).frozenPaths).toEqual([{ targetDev: 'vda', path: '/images/raw' }]);
    expect(mended.match(/\/images\/raw/g)).toHaveLength(2);
    expect(mended.match(/type="raw"/g)).toHaveLength(2);
    expect(mended).not.toContain('/images/below');
    expect(mended).toContain('secret');
  });

  test("loses libvirt's note of an unfinished deletion", () => {
    const noted = snapshot('/images/base', mark);
    expect(parseSnapshot(noted).unfinishedDeletion).toEqual(['vda']);
    const mended = withMerged(noted, merged) ?? '';
    expect(parseSnapshot(mended).unfinishedDeletion).toEqual([]);
    expect(parseSnapshot(mended).frozenPaths).toEqual([{ targetDev: 'vda', path: '/images/base' }]);
  });

  test('stays as it is where nothing of that is found', () => {
    expect(withMerged(snapshot('/images/base'), merged)).toBeNull();
    expect(withMerged(snapshot('/images/gone', mark), [])).toBeNull();
  });
});
