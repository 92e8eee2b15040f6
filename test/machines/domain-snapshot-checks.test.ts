import { describe, expect, test } from 'vitest';

import { domainSnapshot } from '../../machines/index.ts';
import type { DomainSnapshotInput } from '../../machines/index.ts';
import type {
  DomainSnapshotFacts,
  TargetFact,
} from '../../machines/policy/domain-snapshot/domain-snapshot.ts';
import { domainSnapshotCheckNames } from '../../machines/policy/domain-snapshot/checks.ts';
import type { DiskView, DomainView } from '../../src/ports/domain.ts';
import type { SnapshotView } from '../../src/ports/snapshots.ts';
import { factsOf, inputOf, overlayPath } from './domain-snapshot.ts';
import { fileLayer, guestView } from './facts.ts';
import { Walk } from './walk.ts';

const memoryPath = '/images/memory';
const off = { state: 'shutoff', reason: 'shutdown' } as const;
const target: TargetFact = {
  path: overlayPath,
  standing: null,
  image: null,
  availableBytes: 2 ** 34,
  users: [],
  neighbours: [],
};
const memory: TargetFact = { ...target, path: memoryPath };
const disk = guestView.disks[0] ?? expect.fail('the guest has a disk');

interface Case {
  readonly asked?: Partial<DomainSnapshotInput>;
  readonly domain?: Partial<DomainView>;
  readonly disk?: Partial<DiskView>;
  readonly facts?: Partial<DomainSnapshotFacts>;
}

function gathered({ asked, domain, disk: other, facts }: Case): Walk {
  const found = { ...guestView, disks: [{ ...disk, ...other }], ...domain };
  const walk = new Walk(domainSnapshot, inputOf(asked));
  return walk.done('gather', factsOf({ domain: found, ...facts }));
}

const snapshotNamed = (name: string): SnapshotView => ({
  name,
  parent: null,
  children: [],
  current: true,
  description: null,
  createdAtEpochMs: 1,
  state: 'diskSnapshot',
  memory: { kind: 'none' },
  disks: [],
  frozenPaths: [],
  hasDefinition: true,
  unfinishedDeletion: [],
});

const image = {
  path: overlayPath,
  format: 'qcow2',
  virtualSizeBytes: 1,
  allocationBytes: 1,
  backingPath: '/images/other.qcow2',
  backingFormat: 'qcow2',
  encrypted: false,
};

/** Every refusal that libvirt gives late or not at all, by the check that gives it first. */
const refusals: readonly [string, string, Case][] = [
  ['noOtherJob', 'another job', { domain: { job: { operation: 'save' } } }],
  ['nameValid', 'a slash', { asked: { name: 'a/b' } }],
  ['nameValid', 'a leading dot', { asked: { name: '.a' } }],
  ['nameValid', 'an empty name', { asked: { name: '' } }],
  ['nameValid', 'a line break', { asked: { name: 'a\nb' } }],
  ['nameValid', '248 letters', { asked: { name: 'n'.repeat(248) } }],
  ['nameValid', '248 bytes in 124 letters', { asked: { name: 'ü'.repeat(124) } }],
  ['nameFree', 'a name that is taken', { facts: { snapshots: [snapshotNamed('before')] } }],
  ['stateFits', 'a guest that sleeps', { domain: { state: 'pmsuspended' } }],
  ['stateFits', 'a guest that has crashed', { domain: { state: 'crashed' } }],
  ['memoryFits', 'a file for internal memory', { asked: { kind: 'internal', memoryPath } }],
  ['memoryFits', 'memory of what is shut off', { asked: { memoryPath }, domain: off }],
  ['liveFits', 'live without a memory file', { asked: { live: true } }],
  ['liveFits', 'live and internal', { asked: { live: true, kind: 'internal' } }],
  [
    'disksAllThere',
    'an internal one of some disks',
    { asked: { kind: 'internal', disks: [{ targetDev: 'vda', overlayPath: null }] } },
  ],
  ['reuseFits', 'internal overlays', { asked: { kind: 'internal', reuseExternal: true } }],
  ['freezeFits', 'a freeze with memory', { asked: { quiesce: 'required', memoryPath } }],
  ['freezeFits', 'an internal freeze', { asked: { quiesce: 'required', kind: 'internal' } }],
  ['freezeFits', 'a freeze of what is shut off', { asked: { quiesce: 'required' }, domain: off }],
  [
    'haltFits',
    'the halt of a transient domain',
    { asked: { halt: true }, domain: { persistent: false } },
  ],
  ['haltFits', 'the halt of what is shut off', { asked: { halt: true }, domain: off }],
  [
    'redefinitionFits',
    'a redefinition that halts',
    { asked: { redefine: { xml: '<x/>', current: false }, halt: true } },
  ],
  [
    'redefinitionFits',
    'a redefinition without metadata',
    { asked: { redefine: { xml: '<x/>', current: false }, noMetadata: true } },
  ],
  ['notSaved', 'a managed save image', { domain: { ...off, managedSave: true } }],
  [
    'disksKnown',
    'an unknown disk',
    { asked: { disks: [{ targetDev: 'vdq', overlayPath: null }] } },
  ],
  ['disksKnown', 'no disk at all', { domain: { disks: [] } }],
  ['disksFit', 'a transient disk', { disk: { transient: true } }],
  ['disksFit', 'a LUN', { disk: { device: 'lun', source: 'block' } }],
  ['disksFit', 'a network disk', { disk: { source: 'network', path: null } }],
  [
    'disksFit',
    'an internal one of a raw disk',
    { asked: { kind: 'internal' }, disk: { format: 'raw' } },
  ],
  [
    'firmwareFits',
    'an internal one with UEFI settings',
    { asked: { kind: 'internal' }, domain: { nvramPath: '/nvram/guest.fd' } },
  ],
  ['noBlockJob', 'a block job', { disk: { blockJob: 'copy' } }],
  [
    'noBlockJob',
    'a block job on a disk that is left out, where memory is taken',
    {
      asked: { memoryPath, disks: [{ targetDev: 'vda', overlayPath: null }] },
      domain: { disks: [disk, { ...disk, targetDev: 'vdb', blockJob: 'copy' }] },
      facts: { targets: [target, memory] },
    },
  ],
  [
    'targetsDistinct',
    'one file for disk and memory',
    { asked: { memoryPath: overlayPath }, facts: { targets: [target] } },
  ],
  [
    'targetsDistinct',
    'a file of the chain',
    {
      asked: { disks: [{ targetDev: 'vda', overlayPath: '/images/base' }] },
      facts: {
        chains: [
          {
            targetDev: 'vda',
            mirror: null,
            layers: [fileLayer('/images/base', 'qcow2')],
          },
        ],
      },
    },
  ],
  ['targetsDistinct', 'a relative path', { asked: { memoryPath: 'memory' } }],
  [
    'targetsUnused',
    "another domain's disk",
    { facts: { targets: [{ ...target, users: ['u-2'] }] } },
  ],
  [
    'targetsUnused',
    "among another domain's disks",
    { facts: { targets: [{ ...target, neighbours: ['u-2'] }] } },
  ],
  [
    'targetsVisible',
    'a memory file that nobody sees',
    { asked: { memoryPath }, facts: { filesVisible: false, targets: [] } },
  ],
  [
    'targetsFree',
    'an overlay that stands',
    { facts: { targets: [{ ...target, standing: 'file' }] } },
  ],
  [
    'targetsFree',
    'a memory file that stands',
    { asked: { memoryPath }, facts: { targets: [target, { ...memory, standing: 'file' }] } },
  ],
  [
    'directoriesThere',
    'a missing directory',
    { facts: { targets: [{ ...target, availableBytes: null }] } },
  ],
  ['overlaysFit', 'a missing overlay', { asked: { reuseExternal: true } }],
  [
    'overlaysFit',
    'an overlay over another base',
    {
      asked: { reuseExternal: true },
      facts: { targets: [{ ...target, standing: 'file', image }] },
    },
  ],
  [
    'spaceEnough',
    'too little room for the memory',
    { asked: { memoryPath }, facts: { targets: [target, { ...memory, availableBytes: 2 ** 29 }] } },
  ],
  [
    'canFreeze',
    'no channel for an agent',
    { asked: { quiesce: 'required' }, facts: { agent: 'none' } },
  ],
  [
    'canFreeze',
    'a dead agent',
    { asked: { quiesce: 'required' }, facts: { agent: 'disconnected' } },
  ],
  ['canFreeze', 'a paused guest', { asked: { quiesce: 'required' }, domain: { state: 'paused' } }],
];

describe('before anything is touched', () => {
  test.each(refusals)('%s refuses %s', (check, _, given) => {
    const walk = gathered(given);
    const { failure, outcome } = Object(walk.output());
    expect(outcome).toBe('refused');
    expect(failure).toMatchObject({ code: check, effect: 'none' });
    expect(walk.started()).toEqual(['gatherFacts']);
  });

  test('every check of its own refuses something here', () => {
    const proven = new Set([...refusals.map(([check]) => check), 'domainExists', 'unclaimed']);
    expect(domainSnapshotCheckNames.filter((name) => !proven.has(name))).toEqual([]);
  });

  test.each<[string, Case]>([
    ['disks of what runs', {}],
    ['disks of what is paused', { domain: { state: 'paused', reason: 'user' } }],
    ['disks of what is shut off', { domain: off }],
    [
      'an overlay that stands, as it is',
      {
        asked: { reuseExternal: true },
        facts: {
          targets: [
            {
              ...target,
              standing: 'file',
              image: { ...image, backingPath: '/images/guest.qcow2' },
            },
          ],
        },
      },
    ],
    [
      'memory in a file',
      { asked: { memoryPath, live: true }, facts: { targets: [target, memory] } },
    ],
    ['all inside the disks', { asked: { kind: 'internal' }, facts: { targets: [] } }],
    ['an internal one of what is shut off', { asked: { kind: 'internal' }, domain: off }],
    ['an external one with UEFI settings', { domain: { nvramPath: '/nvram/guest.fd' } }],
    ['a halt', { asked: { halt: true } }],
    ['247 bytes of name', { asked: { name: 'n'.repeat(247) } }],
    [
      'one disk beside a job on another',
      {
        asked: { disks: [{ targetDev: 'vda', overlayPath: null }] },
        domain: { disks: [disk, { ...disk, targetDev: 'vdb', blockJob: 'copy' }] },
      },
    ],
    [
      'a name that libvirt is to forget',
      {
        asked: { noMetadata: true },
        facts: { snapshots: [snapshotNamed('before')] },
      },
    ],
  ])('nothing speaks against %s', (_, given) => {
    expect(gathered(given).isIn('claiming')).toBe(true);
  });
});
