import { describe, expect, test } from 'vitest';

import type { VolumeSwapInput } from '../../machines/index.ts';
import type { VolumeSwapFacts } from '../../machines/policy/volume-swap/volume-swap.ts';
import { volumeSwapCheckNames } from '../../machines/policy/volume-swap/checks.ts';
import type { DiskView, DomainView } from '../../src/ports/domain.ts';
import { oneHostChecks } from '../../machines/policy/one-host/checks.ts';
import { chainOf, diskOf, infoOf } from './live-snapshot.ts';
import { factsOf, goodFacts, imageOf, oldOf, orderOf, SwapWalk } from './volume-swap.ts';

const gib = 2 ** 30;
const standing = (more: object = {}) =>
  infoOf('/new/vda.qcow2', { allocationBytes: 2 ** 20, ...more });
const there = { disks: [orderOf('vda', { create: false })] };
const domainWith = (more: Partial<DomainView>): Partial<VolumeSwapFacts> => ({
  domain: goodFacts.domain && { ...goodFacts.domain, ...more },
});
const diskWith = (more: Partial<DiskView>) => domainWith({ disks: [diskOf('vda', more)] });
const destination = (more: Parameters<typeof factsOf>[1]): Partial<VolumeSwapFacts> => ({
  disks: [factsOf('vda', more)],
});
const disk = (more: Parameters<typeof factsOf>[2]): Partial<VolumeSwapFacts> => ({
  disks: [factsOf('vda', {}, more)],
});
const rbd = {
  kind: 'rbd',
  image: 'volumes/vda',
  monitors: [],
  auth: null,
  configPath: null,
} as const;
const mirror = {
  job: 'copy',
  path: '/their/copy',
  origin: { kind: 'file', path: '/their/copy' },
  format: 'raw',
  ready: true,
} as const;
/** Where disks of transient domains alone are copied. */
const onOld = (facts: Partial<VolumeSwapFacts>): Partial<VolumeSwapFacts> => ({
  ...facts,
  host: { ...goodFacts.host, libvirtVersion: 3_004_000 },
});
const nbd = { kind: 'nbd', host: { transport: 'unix', socket: '/s' }, exportName: 'x' } as const;

type Case = readonly [
  what: string,
  check: string,
  says: RegExp,
  facts: Partial<VolumeSwapFacts>,
  input?: Partial<VolumeSwapInput> | undefined,
];

const cases: readonly Case[] = [
  ['a guest that is saved', 'stateFit', /is pmsuspended/, domainWith({ state: 'pmsuspended' })],
  ['no disk at all', 'disksNamed', /no disk is named/, {}, { disks: [] }],
  ['a disk twice', 'disksNamed', /named twice/, {}, { disks: [orderOf(), orderOf()] }],
  [
    'one volume for two disks',
    'disksNamed',
    /named twice/,
    {},
    { disks: [orderOf('vda'), orderOf('vdb', { to: orderOf('vda').to })] },
  ],
  ['an unknown disk', 'disksKnown', /no disk vdz, only vda, vdb/, {}, { disks: [orderOf('vdz')] }],
  ['a CD-ROM', 'disksSwappable', /\(cdrom\)/, diskWith({ device: 'cdrom' })],
  ['a read-only disk', 'disksSwappable', /\(read-only\)/, diskWith({ readOnly: true })],
  ['a transient disk', 'disksSwappable', /is transient/, diskWith({ transient: true })],
  ['a disk of unknown size', 'disksSwappable', /size .* not known/, diskWith({ capacityBytes: 0 })],
  ['a shared disk', 'disksSwappable', /other guests/, diskWith({ shareable: true })],
  [
    'a disk of another kind',
    'disksSwappable',
    /lies on something/,
    disk({
      chain: chainOf('vda', {
        layers: [{ origin: null, path: null, source: 'other', format: 'raw' }],
      }),
    }),
  ],
  [
    'a configuration of another volume',
    'configurationAgrees',
    /has \/other for vda/,
    disk({ configured: imageOf('/other') }),
  ],
  ["somebody else's job", 'noBlockJob', /\(commit\)/, diskWith({ blockJob: 'commit' })],
  ["somebody else's copy", 'noBlockJob', /\(copy\)/, disk({ chain: chainOf('vda', { mirror }) })],
  ['snapshots', 'noSnapshots', /has 2 snapshots/, domainWith({ snapshotCount: 2 })],
  [
    'a TPM that an old libvirt would lose',
    'undefinable',
    /would lose the state of its TPM .* swap it shut off/,
    onOld(domainWith({ emulatedTpm: true })),
  ],
  [
    'an export that an old libvirt cannot copy to',
    'libvirtReaches',
    /nbd\+unix:.* is neither: shut guest down/,
    onOld({}),
    { disks: [orderOf('vda', { create: false, to: { source: nbd, format: 'raw' } })] },
  ],
  [
    'an export that it could not copy back to',
    'libvirtReaches',
    /nbd\+unix:.* no way back/,
    onOld(
      disk({
        chain: chainOf('vda', {
          layers: [{ origin: nbd, path: null, source: 'network', format: 'raw' }],
        }),
        configured: { source: nbd, format: 'raw' },
      }),
    ),
    { oldVolume: 'confirm' },
  ],
  ['a saved memory', 'noSavedMemory', /managed save/, domainWith({ managedSave: true })],
  [
    'a format that nobody writes',
    'formatKnown',
    /floppy is no format/,
    {},
    { disks: [orderOf('vda', { to: { ...orderOf().to, format: 'floppy' } })] },
  ],
  ['nothing there', 'destinationThere', /there is no \/new\/vda/, {}, there],
  ['a file that stands', 'destinationThere', /stands already/, destination({ info: standing() })],
  [
    'an export that should be made',
    'destinationThere',
    /is no file, and only files are made/,
    {},
    { disks: [orderOf('vda', { to: { source: nbd, format: 'raw' } })] },
  ],
  ['no directory', 'destinationThere', /no directory/, destination({ availableBytes: null })],
  [
    'a layer of its own',
    'destinationFree',
    /is part of vda already/,
    destination({ info: infoOf(oldOf('vda')) }),
    { disks: [orderOf('vda', { create: false, to: imageOf(oldOf('vda')) })] },
  ],
  [
    "another guest's disk",
    'destinationFree',
    /is a disk of other/,
    destination({ info: standing(), users: ['other'] }),
    there,
  ],
  [
    'a file that somebody writes to',
    'destinationFree',
    /cannot be used \(locked\)/,
    destination({ unreadable: 'locked' }),
    there,
  ],
  [
    'an image of a cluster that lets nobody in',
    'destinationFree',
    /cannot be used \(no keyring\): see that the host's ceph.conf leads to .*admin/,
    destination({ unreadable: 'no keyring' }),
    { disks: [orderOf('vda', { create: false, to: { source: rbd, format: 'raw' } })] },
  ],
  [
    'an encrypted volume',
    'destinationFits',
    /is encrypted/,
    destination({ info: standing({ encrypted: true }) }),
    there,
  ],
  [
    'another format',
    'destinationFits',
    /is raw, and not qcow2/,
    destination({ info: standing({ format: 'raw' }) }),
    there,
  ],
  [
    'a smaller volume',
    'destinationFits',
    /no smaller/,
    destination({ info: standing({ virtualSizeBytes: gib }) }),
    there,
  ],
  [
    'a larger volume for a disk that stays as it is',
    'destinationFits',
    /\(`resizeBytes`\)/,
    destination({ info: standing({ virtualSizeBytes: 4 * gib }) }),
    there,
  ],
  [
    'a volume with a backing file',
    'destinationFits',
    /which the guest would read/,
    destination({ info: standing({ backingPath: '/b' }) }),
    there,
  ],
  [
    'another base for the top layer',
    'destinationFits',
    /with `shallow` both/,
    destination({ info: standing({ backingPath: '/b' }) }),
    { ...there, shallow: true },
  ],
  [
    'a smaller size',
    'sizeFits',
    /would cut it off/,
    {},
    { disks: [orderOf('vda', { resizeBytes: gib })] },
  ],
  [
    'another size on an export',
    'sizeFits',
    /cannot grow on an NBD export/,
    destination({ info: standing({ format: 'raw' }) }),
    {
      disks: [
        orderOf('vda', {
          create: false,
          resizeBytes: 4 * gib,
          to: { source: nbd, format: 'raw' },
        }),
      ],
    },
  ],
  ['too little room', 'spaceEnough', /left for/, destination({ availableBytes: gib })],
  [
    'an old volume that is no file',
    'oldRemovable',
    /is no file/,
    disk({
      chain: chainOf('vda', {
        layers: [
          {
            origin: { kind: 'block', path: '/dev/b' },
            path: '/dev/b',
            source: 'block',
            format: 'raw',
          },
        ],
      }),
      configured: { source: { kind: 'block', path: '/dev/b' }, format: 'raw' },
    }),
    { oldVolume: 'delete' },
  ],
];

describe('a swap is refused', () => {
  const named = cases.map(([what, check, says, facts, input]) => ({
    what,
    check,
    says,
    facts,
    input,
  }));
  test.each(named)('for $what ($check)', ({ check, facts, input, says }) => {
    const walk = new SwapWalk(input).done('gather', { ...goodFacts, ...facts });
    expect(walk.output()).toMatchObject({
      outcome: 'refused',
      failure: { code: check, effect: 'none', message: expect.stringMatching(says) },
      swapped: [],
    });
    expect(walk.started()).toEqual(['gatherFacts']);
  });

  test('for each of its own reasons, all of which are shown here', () => {
    const shown = new Set(cases.map(([, check]) => check));
    const ofAll = ['domainExists', ...Object.keys(oneHostChecks)];
    expect(
      volumeSwapCheckNames.filter((name) => !ofAll.includes(name) && !shown.has(name)),
    ).toEqual([]);
  });
});

describe('a swap is not refused', () => {
  test.each([
    ['where nothing stands and it shall be made', {}, {}],
    ['where the volume stands', destination({ info: standing() }), there],
    [
      'where the volume is as large as the disk shall be',
      destination({ info: standing({ virtualSizeBytes: 4 * gib }) }),
      { disks: [orderOf('vda', { create: false, resizeBytes: 4 * gib })] },
    ],
    ['of a guest that is off', domainWith({ state: 'shutoff' }), {}],
    [
      'of a guest that is off, by an old libvirt, to an export',
      {
        ...onOld(domainWith({ state: 'shutoff', emulatedTpm: true })),
        ...destination({ info: infoOf('nbd', { format: 'raw' }) }),
      },
      { disks: [orderOf('vda', { create: false, to: { source: nbd, format: 'raw' } })] },
    ],
    ['of a transient domain, which has no configuration', domainWith({ persistent: false }), {}],
  ] as const)('%s', (_, facts, input) => {
    const walk = new SwapWalk(input).done('gather', { ...goodFacts, ...facts });
    expect(walk.isIn('claiming')).toBe(true);
  });
});
