import { describe, expect, test } from 'vitest';

import type { LiveSnapshotInput } from '../../machines/index.ts';
import type { LiveSnapshotFacts } from '../../machines/policy/live-snapshot/live-snapshot.ts';
import type { DiskView, DomainView } from '../../src/ports/domain.ts';
import { fileLayer } from './facts.ts';
import { chainOf, diskOf, goodFacts, infoOf, SnapshotWalk } from './live-snapshot.ts';

const base = goodFacts.domain;
const domainWith = (more: Partial<DomainView>) => ({ domain: base && { ...base, ...more } });
const diskWith = (more: Partial<DiskView>) => domainWith({ disks: [diskOf('vda', more)] });
const target = (more: Partial<LiveSnapshotFacts['target']>) => ({
  target: { ...goodFacts.target, ...more },
});
/** Where it would have to be undefined. */
const onOld = (more: Partial<DomainView>, libvirtVersion = 3_004_000) => ({
  ...domainWith(more),
  host: { ...goodFacts.host, libvirtVersion },
});

type Case = readonly [
  what: string,
  check: string,
  facts: Partial<LiveSnapshotFacts>,
  input?: Partial<LiveSnapshotInput> | undefined,
];

const refused: readonly Case[] = [
  ['no such domain', 'domainExists', { domain: null }],
  ['a guest that is shut off', 'domainRuns', domainWith({ state: 'shutoff' })],
  ['a domain with a job', 'noOtherJob', domainWith({ job: { operation: 'save' } })],
  ['snapshots that an old libvirt would lose', 'undefinable', onOld({ snapshotCount: 1 })],
  ['saved memory that it would lose', 'undefinable', onOld({ managedSave: true })],
  ['a TPM that it would lose', 'undefinable', onOld({ emulatedTpm: true })],
  [
    'an NVRAM that a still older one would lose',
    'undefinable',
    onOld({ nvramPath: '/nvram/guest.fd' }, 2_002_000),
  ],
  ['a disk that it has not', 'disksKnown', {}, { disks: ['vdz'] }],
  ['a domain without disks', 'disksKnown', domainWith({ disks: [] })],
  ['a disk that is only read', 'disksCopyable', diskWith({ readOnly: true }), { disks: ['vda'] }],
  ['a transient disk', 'disksCopyable', diskWith({ transient: true })],
  ['a network disk', 'disksCopyable', diskWith({ source: 'network', path: null })],
  ['a disk of no known format', 'disksCopyable', diskWith({ format: 'unknown' })],
  [
    'a base on the network',
    'chainsKnown',
    {
      chains: [
        chainOf('vda', {
          layers: [
            fileLayer('/images/vda.qcow2', 'qcow2'),
            { origin: null, path: null, source: 'network', format: 'raw' },
          ],
        }),
      ],
    },
  ],
  [
    'an encrypted disk',
    'chainsKnown',
    { tops: [infoOf('/images/vda.qcow2', { encrypted: true })] },
  ],
  ["somebody else's job", 'noBlockJob', diskWith({ blockJob: 'commit' })],
  ['a copy that nothing does any more', 'noBlockJob', diskWith({ mirrored: true })],
  ['a name with a slash', 'nameValid', {}, { fileName: '../guest.qcow2' }],
  ['a name that is none', 'nameValid', {}, { fileName: '..' }],
  ['a name without end', 'nameValid', {}, { fileName: 'x'.repeat(200) }],
  ['an unknown format', 'formatWritable', {}, { format: 'floppy' }],
  ['a directory that is not there', 'targetFree', target({ availableBytes: null })],
  ['a path that is relative', 'targetFree', {}, { directory: 'images' }],
  ['a file that stands', 'targetFree', target({ standing: ['/snapshots/guest.qcow2'] })],
  ['the disk of a domain', 'targetFree', target({ users: ['other'] })],
  ["another domain's directory", 'targetFree', target({ neighbours: ['other'] })],
  ['too little space', 'spaceEnough', target({ availableBytes: 2 ** 30 })],
  ['no agent where one is required', 'canFreeze', { agent: 'none' }, { quiesce: 'required' }],
  ['a deaf agent', 'canFreeze', { agent: 'disconnected' }, { quiesce: 'required' }],
  ['a paused guest', 'canFreeze', domainWith({ state: 'paused' }), { quiesce: 'required' }],
];

describe('a live snapshot refuses, and touches nothing', () => {
  const cases = refused.map(([what, code, facts, input]) => ({ what, code, facts, input }));
  test.each(cases)('$what ($code)', ({ code, facts, input = {} }) => {
    const walk = new SnapshotWalk(input).done('gather', { ...goodFacts, ...facts });
    expect(walk.output()).toMatchObject({ outcome: 'refused', failure: { code }, artefacts: [] });
    expect(walk.started()).toEqual(['gatherFacts']);
  });
});

const allowed: readonly (readonly [
  string,
  Partial<LiveSnapshotFacts>,
  Partial<LiveSnapshotInput>,
])[] = [
  [
    'a transient domain on an old libvirt',
    {
      ...domainWith({ persistent: false }),
      host: { ...goodFacts.host, libvirtVersion: 3_004_000 },
    },
    {},
  ],
  [
    "somebody else's job on a disk that is not asked for",
    {
      ...domainWith({ disks: [diskOf('vda'), diskOf('vdb', { blockJob: 'pull' })] }),
    },
    {},
  ],
  ['a paused guest', domainWith({ state: 'paused' }), {}],
  ['no agent', { agent: 'none' }, { quiesce: 'try' }],
  [
    'what fits by what is held now',
    target({ availableBytes: 2.5 * 2 ** 30 }),
    {
      spaceWanted: 'allocation',
    },
  ],
];

describe('a live snapshot goes on with', () => {
  test.each(allowed)('%s', (_, facts, input) => {
    const walk = new SnapshotWalk(input).done('gather', { ...goodFacts, ...facts });
    expect(walk.isIn('claiming')).toBe(true);
  });
});
