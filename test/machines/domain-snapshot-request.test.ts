import { describe, expect, test } from 'vitest';

import type { DomainSnapshotInput } from '../../machines/index.ts';
import type { DomainSnapshotFacts } from '../../machines/policy/domain-snapshot/domain-snapshot.ts';
import type { DomainView } from '../../src/ports/domain.ts';
import { working } from './domain-snapshot.ts';
import { guestView } from './facts.ts';

interface Case {
  readonly asked?: Partial<DomainSnapshotInput>;
  readonly domain?: Partial<DomainView>;
  readonly facts?: Partial<DomainSnapshotFacts>;
}

const off = { state: 'shutoff', reason: 'shutdown' } as const;
const disk = guestView.disks[0] ?? expect.fail('the guest has a disk');

/** What the call that takes the snapshot is given. */
function requestOf({ asked, domain, facts }: Case): unknown {
  const walk = working(asked, { domain: { ...guestView, ...domain }, ...facts });
  const [id = ''] = [...walk.inFlight.keys()].filter((each) => each.startsWith('take'));
  return Object(walk.inFlight.get(id)?.input).request;
}

describe('what libvirt is asked', () => {
  const second = { ...disk, targetDev: 'vdb', path: '/images/second.qcow2' };

  test('names every disk that the guest writes to, also those that stay out', () => {
    const cdrom = { ...disk, targetDev: 'sda', device: 'cdrom', readOnly: true } as const;
    const asked = { disks: [{ targetDev: 'vdb', overlayPath: '/images/there' }] };
    const given = { asked, domain: { disks: [disk, second, cdrom] } };
    expect(requestOf(given)).toMatchObject({
      diskOnly: true,
      quiesce: false,
      memory: { kind: 'none' },
      disks: [
        { targetDev: 'vda', kind: 'no', overlayPath: null },
        { targetDev: 'vdb', kind: 'external', overlayPath: '/images/there', format: 'qcow2' },
      ],
    });
  });

  test('has the memory inside the disks of what runs, and none of what is shut off', () => {
    const asked = { kind: 'internal' } as const;
    const internal = { disks: [{ kind: 'internal' }], diskOnly: false };
    const facts = { targets: [] };
    expect(requestOf({ asked, facts })).toMatchObject({
      ...internal,
      memory: { kind: 'internal' },
    });
    const shutOff = requestOf({ asked, domain: off, facts });
    expect(shutOff).toMatchObject({ ...internal, memory: { kind: 'none' } });
  });

  // libvirt 9.0 takes it for an internal one otherwise.
  test('is disks alone for an external one of what is shut off', () => {
    expect(requestOf({ domain: off })).toMatchObject({ diskOnly: true, memory: { kind: 'none' } });
  });
});
