import { describe, expect, test } from 'vitest';

import { parseClaims, withClaim } from '../../../../src/adapters/libvirt/claims.ts';
import {
  parseSaved,
  withNotes,
  withoutTraces,
} from '../../../../src/adapters/libvirt/saving-xml.ts';

const definition = `<domain type='qemu'>
  <name>guest</name>
  <uuid>2bdfec1d-9e3e-4c69-b56b-df0e83beb449</uuid>
  <metadata><app:own xmlns:app='urn:app'>kept &amp; whole</app:own></metadata>
  <devices>
    <disk type='file' device='disk'><source file='/images/a &amp; b'/><target dev='vda'/></disk>
    <disk type='file' device='cdrom'><source file='/images/cd'/><target dev='sda'/><readonly/></disk>
    <disk type='network' device='disk'><source protocol='rbd' name='x'/><target dev='vdb'/></disk>
    <graphics type='vnc' passwd='secret'/>
  </devices>
</domain>`;
const claim = { run: 'run-1', engine: 'here:1', sinceEpochMs: 0 };
const disk = { targetDev: 'vda', path: '/images/a & b', changedAt: '17.25' };

describe('the definition beside a saved memory', () => {
  test('names the guest and the disks that it writes to', () => {
    expect(parseSaved(definition)).toEqual({
      domainUuid: '2bdfec1d-9e3e-4c69-b56b-df0e83beb449',
      domainName: 'guest',
      disks: [{ targetDev: 'vda', path: '/images/a & b' }],
      noted: null,
    });
  });

  test('takes notes, the last ones only, and loses its claims', () => {
    const unknown = { targetDev: 'vdb', path: '/dev/b', changedAt: null };
    const first = withNotes(withClaim(definition, claim), [unknown]);
    const second = withNotes(first, [disk, unknown]);
    expect(parseClaims(second)).toEqual([]);
    expect(parseSaved(second).noted).toEqual([disk, unknown]);
  });

  test('keeps all that is not ours', () => {
    const cleaned = withoutTraces(withNotes(withClaim(definition, claim), [disk]));
    expect(cleaned).not.toContain('urn:virtstate');
    expect(cleaned).toContain('kept &amp; whole');
    expect(cleaned).toContain('passwd="secret"');
  });

  test('takes notes where there was no metadata', () => {
    const bare = definition.replace(/<metadata>.*<\/metadata>/, '');
    expect(parseSaved(withNotes(bare, [disk])).noted).toEqual([disk]);
  });
});
