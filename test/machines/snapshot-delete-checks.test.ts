import { describe, expect, test } from 'vitest';

import type { SnapshotDeleteInput } from '../../machines/index.ts';
import type { SnapshotDeleteFacts } from '../../machines/policy/snapshot-delete/snapshot-delete.ts';
import {
  byHand,
  chainsOf,
  DeletionWalk,
  file,
  goodFacts,
  snapshotOf,
} from './snapshot-deletion.ts';

type What = SnapshotDeleteInput['what'];
type Facts = Partial<SnapshotDeleteFacts>;

const { domain } = goodFacts;
const auto = (more: object = {}): What => ({ ...byHand, by: 'auto', ...more });
const byLibvirt = (more: object = {}): What => ({ ...byHand, by: 'libvirt', ...more });
const merge = (more: object = {}): What => ({
  kind: 'merge',
  targetDev: 'vda',
  base: null,
  top: null,
  how: 'commit',
  ...more,
});
const domainWith = (more: object): Facts => ({
  domain: { ...domain, ...more } as SnapshotDeleteFacts['domain'],
});
const hostWith = (libvirtVersion: number): Facts => ({
  host: { ...goodFacts.host, libvirtVersion },
});
const inside = (name: string) =>
  snapshotOf(name, null, {
    disks: [{ targetDev: 'vda', kind: 'internal', overlayPath: null, format: null }],
    frozenPaths: [{ targetDev: 'vda', path: file('vda', 'base') }],
  });
const diskViews = (more: object) => (domain?.disks ?? []).map((disk) => ({ ...disk, ...more }));

test.each([
  [merge({ targetDev: 'vdx' }), {}, /^guest has no disk vdx: it has [a-z, ]+$/],
  [merge(), { chains: chainsOf('base') }, /^disk vda has one layer only/],
  [auto({ name: 'none' }), {}, /^guest has no snapshot none: it has one, two/],
])('a refusal says what there is, and nothing twice: %#', (what, facts, words) => {
  const message: unknown = expect.stringMatching(words);
  const output = new DeletionWalk(what).judged(facts).output();
  expect(output).toMatchObject({ outcome: 'refused', failure: { message } });
});

describe('what speaks against a deletion', () => {
  const cases: readonly (readonly [why: string, check: string, what: What, facts: Facts])[] = [
    ['no domain', 'domainExists', auto(), { domain: null }],
    ['another job of libvirt', 'noOtherJob', auto(), domainWith({ job: { operation: 'save' } })],
    ['no such snapshot', 'snapshotExists', auto({ name: 'none' }), {}],
    ['no such disk', 'diskExists', merge({ targetDev: 'vdx' }), {}],
    ['no such base', 'layersExist', merge({ base: '/none' }), {}],
    ['no such top', 'layersExist', merge({ top: '/none' }), {}],
    [
      'a base above the top',
      'layersExist',
      merge({ base: file('vda', 'two'), top: file('vda', 'one') }),
      {},
    ],
    [
      'a pull that ends below the top',
      'layersExist',
      merge({ how: 'pull', top: file('vda', 'one') }),
      {},
    ],
    ['one layer only', 'layersExist', merge(), { chains: chainsOf('base') }],
    [
      "somebody else's block job",
      'noBlockJob',
      auto(),
      domainWith({ disks: diskViews({ blockJob: 'pull' }) }),
    ],
    [
      'a copy that nothing does any more',
      'noBlockJob',
      auto(),
      domainWith({ disks: diskViews({ mirrored: true }) }),
    ],
    ['children of external ones', 'childrenAllowed', auto({ name: 'one', children: 'only' }), {}],
    [
      'memory that was saved with the disks',
      'noManagedSave',
      auto(),
      domainWith({ managedSave: true }),
    ],
    [
      'no configuration',
      'isPersistent',
      auto(),
      domainWith({ state: 'shutoff', persistent: false }),
    ],
    ['an old libvirt', 'wayIsOpen', byLibvirt(), hostWith(8_010_000)],
    [
      'a tree of both kinds on libvirt before 11.0',
      'wayIsOpen',
      byLibvirt(),
      { snapshots: [inside('old'), ...goodFacts.snapshots] },
    ],
    [
      'more than one child',
      'wayIsOpen',
      auto({ name: 'one' }),
      {
        snapshots: [
          snapshotOf('one', null, { children: ['two', 'three'] }),
          snapshotOf('two', 'one'),
        ],
      },
    ],
    [
      'the current one, with a child beside what the guest writes to',
      'wayIsOpen',
      auto({ name: 'one' }),
      {
        snapshots: [
          snapshotOf('one', null, { children: ['two'], current: true }),
          snapshotOf('two', 'one'),
        ],
        chains: chainsOf('new', 'base'),
      },
    ],
    [
      'another image over the base',
      'wayIsOpen',
      { ...byHand },
      { overlays: [{ path: '/images/x', backingPath: file('vda', 'one') }] },
    ],
    [
      'another domain on the base',
      'wayIsOpen',
      { ...byHand },
      { users: [{ path: file('vda', 'one'), domainUuid: 'another' }] },
    ],
    [
      'an internal one by hand',
      'wayIsOpen',
      { ...byHand, name: 'old' },
      { snapshots: [inside('old')] },
    ],
    [
      'half deleted, by libvirt',
      'wayIsOpen',
      byLibvirt(),
      { chains: chainsOf('one', 'base'), standing: [] },
    ],
    [
      'noted as unfinished, by libvirt',
      'wayIsOpen',
      byLibvirt(),
      {
        snapshots: [snapshotOf('two', null, { unfinishedDeletion: ['vda'] })],
        chains: chainsOf('two', 'base'),
      },
    ],
    ['what a snapshot keeps in the base', 'baseIsFree', merge(), {}],
    [
      'no image tools for what is shut off',
      'hasImageTools',
      auto(),
      { ...domainWith({ state: 'shutoff' }), hasTools: false },
    ],
  ];
  test.each(cases)('%s: %s', (_, check, what, facts) => {
    const run = new DeletionWalk(what).judged(facts);
    expect(run.output()).toMatchObject({ outcome: 'refused', failure: { code: check } });
    expect(run.started()).toEqual(['gatherFacts']);
  });
});

describe('who deletes', () => {
  const ways: readonly (readonly [why: string, state: string, what: What, facts: Facts])[] = [
    ['libvirt, where it can', 'deleting', auto(), {}],
    ['we, where libvirt is too old', 'preparing', auto(), hostWith(8_010_000)],
    [
      'we, where libvirt may do harm',
      'preparing',
      auto(),
      { snapshots: [inside('old'), ...goodFacts.snapshots] },
    ],
    [
      'we, what is half deleted',
      'mending',
      auto(),
      { chains: chainsOf('one', 'base'), standing: [] },
    ],
    ['libvirt, what a revert left behind', 'deleting', auto(), { chains: chainsOf('one', 'base') }],
    ['libvirt, an internal one', 'deleting', auto({ name: 'old' }), { snapshots: [inside('old')] }],
    ['libvirt, metadata', 'deleting', { ...byHand, metadataOnly: true }, hostWith(8_010_000)],
    ['we, layers that no snapshot keeps', 'preparing', merge(), { snapshots: [] }],
    ['we, layers by a pull whatever is kept', 'preparing', merge({ how: 'pull' }), {}],
  ];
  test.each(ways)('%s: %s', (_, state, what, facts) => {
    expect(new DeletionWalk(what).claimed(facts).isIn(`working.${state}`)).toBe(true);
  });
});
