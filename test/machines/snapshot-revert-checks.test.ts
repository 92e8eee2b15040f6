import { describe, expect, test } from 'vitest';

import { guestView } from './facts.ts';
import { begun, external, factsOf, internal, ofExternal, working } from './snapshot-revert.ts';

const unkept = { keepBefore: false } as const;

describe('what is refused', () => {
  const shared = { ...external, name: 'after', parent: 'then' };
  const refusals: readonly [string, object, object][] = [
    ['snapshotKnown', { name: 'other' }, {}],
    ['stateFits', {}, { domain: { ...guestView, state: 'pmsuspended' } }],
    ['kindFits', {}, { snapshots: [{ ...external, memory: { kind: 'internal' } }] }],
    ['versionFits', {}, { snapshots: [external] }],
    ['definitionKept', unkept, { snapshots: [{ ...internal, hasDefinition: false }] }],
    ['notSaved', unkept, { domain: { ...guestView, managedSave: true } }],
    ['filesThere', {}, { ...ofExternal, missingPaths: ['/images/then.memory'] }],
    ['deletionEnded', {}, { snapshots: [{ ...internal, unfinishedDeletion: ['vda'] }] }],
    ['beforeKeepable', {}, { domain: { ...guestView, persistent: false } }],
    ['beforeKeepable', {}, { snapshots: [internal, { ...internal, name: 'before-then' }] }],
    [
      'beforeKeepable',
      {},
      {
        ...ofExternal,
        snapshots: [
          { ...external, current: false },
          { ...internal, name: 'inside' },
        ],
      },
    ],
    [
      'filesUnshared',
      {},
      {
        snapshots: [
          internal,
          { ...shared, frozenPaths: [{ targetDev: 'vda', path: '/images/guest.qcow2' }] },
        ],
      },
    ],
    [
      'filesUnshared',
      {},
      { snapshots: [{ ...internal, frozenPaths: [{ targetDev: 'vda', path: '/images/base' }] }] },
    ],
    [
      'transientFits',
      unkept,
      {
        domain: { ...guestView, persistent: false },
        snapshots: [{ ...internal, state: 'shutoff', memory: { kind: 'none' } }],
      },
    ],
    [
      'noBlockJob',
      {},
      { domain: { ...guestView, disks: guestView.disks.map((d) => ({ ...d, blockJob: 'copy' })) } },
    ],
    [
      'disksAreFiles',
      unkept,
      {
        ...ofExternal,
        domain: { ...guestView, disks: guestView.disks.map((d) => ({ ...d, source: 'block' })) },
      },
    ],
  ];

  test.each(refusals)('%s: %j %#', (code, asked, facts) => {
    const walk = begun(asked).done('gather', factsOf(facts));
    expect(walk.output()).toMatchObject({ outcome: 'refused', failure: { code }, artefacts: [] });
  });

  test('what cannot be kept is reverted all the same where that was said', () => {
    const transient = { domain: { ...guestView, persistent: false } };
    expect(working(unkept, transient).isIn('working.standing')).toBe(true);
  });
});
