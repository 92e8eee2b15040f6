import type { Deed, Order, Script } from '../script.ts';

type Input = Extract<Order, { machine: 'liveMigration' }>['input'];

const move = (input: Input = {}): Order => ({ machine: 'liveMigration', input });
const copying = move({ options: { copyStorage: 'all' } });
const direct = move({ protocol: 'direct' });
const directCopying = move({ protocol: 'direct', options: { copyStorage: 'all' } });
const shared = { storage: 'shared' } as const;
const filled = { fillMiB: 48 } as const;
/** A shared guest's memory, or a disk of 48 MiB, takes seconds: whatever happens, happens meanwhile. */
const narrow = { linkMibPerS: 6 } as const;
/** When QEMU has said that it is at it. */
const precopying = (...deeds: readonly Deed[]) => ({
  in: 'perform3.precopying',
  deeds: [{ do: 'pass', ms: 500 } as const, ...deeds],
});
const mirroring = (...deeds: readonly Deed[]) => ({ in: 'perform3.mirroring', deeds });
const abort = { do: 'send', event: 'abort.requested' } as const;
const kill = (host: 'hostA' | 'hostB'): Deed => ({ do: 'killDaemon', host });
const start = (host: 'hostA' | 'hostB'): Deed => ({ do: 'startDaemon', host });

const peer2peerScripts: readonly Script[] = [
  { name: 'p2p', order: move(), guest: shared, isDaily: true },
  { name: 'p2p-copied', order: copying, guest: {} },
  { name: 'p2p-of-paused', order: move(), guest: { ...shared, state: 'paused' } },
  {
    name: 'p2p-of-transient',
    order: move(),
    guest: shared,
    first: [{ do: 'undefine', host: 'hostA' }],
  },
  { name: 'p2p-keeping-source', order: move({ options: { keepSource: true } }), guest: shared },
  {
    name: 'p2p-deleting-source-disk',
    order: move({ options: { copyStorage: 'all', sourceDisk: 'delete' } }),
    guest: {},
  },
  { name: 'p2p-unsafe', order: move({ options: { unsafe: false } }), guest: {} },
  {
    name: 'p2p-with-snapshot',
    order: move(),
    guest: shared,
    first: [{ machine: 'domainSnapshot', input: {} }],
  },
  {
    name: 'p2p-disk-unknown',
    order: move({ options: { copyStorage: 'all', copyDisks: ['vdz'] } }),
    guest: {},
  },
  {
    name: 'p2p-aborted-mirroring',
    order: copying,
    guest: filled,
    ...narrow,
    scenes: [mirroring(abort)],
  },
  {
    name: 'p2p-aborted-precopying',
    isDaily: true,
    order: move(),
    guest: shared,
    ...narrow,
    scenes: [precopying(abort)],
  },
];

const peer2peerFaults: readonly Script[] = [
  {
    name: 'p2p-link-cut',
    order: move(),
    guest: shared,
    ...narrow,
    scenes: [precopying({ do: 'cutLink' }, { do: 'pass', ms: 60_000 }, { do: 'restoreLink' })],
    isFault: true,
  },
  {
    name: 'p2p-source-daemon-killed',
    order: copying,
    guest: filled,
    ...narrow,
    scenes: [mirroring(kill('hostA')), { in: 'uncertain.waiting', deeds: [start('hostA')] }],
    isFault: true,
  },
  {
    name: 'p2p-source-daemon-killed-precopying',
    order: move(),
    guest: shared,
    ...narrow,
    scenes: [precopying(kill('hostA')), { in: 'uncertain.waiting', deeds: [start('hostA')] }],
    isFault: true,
  },
  {
    name: 'p2p-destination-daemon-killed',
    order: copying,
    guest: filled,
    ...narrow,
    scenes: [mirroring(kill('hostB')), { in: 'cleaningUp.waiting', deeds: [start('hostB')] }],
    isFault: true,
  },
  {
    name: 'p2p-process-dies',
    order: move(),
    guest: shared,
    ...narrow,
    dies: { in: 'perform3.precopying' },
    isFault: true,
  },
  {
    name: 'p2p-process-dies-mirroring',
    order: copying,
    guest: filled,
    ...narrow,
    dies: { in: 'perform3.mirroring' },
    isFault: true,
  },
  {
    name: 'p2p-guest-destroyed',
    order: move(),
    guest: shared,
    ...narrow,
    scenes: [precopying({ do: 'destroy', host: 'hostA' })],
    isFault: true,
  },
  {
    name: 'p2p-power-off',
    order: move(),
    guest: { ...shared, agent: true, dirtyMiBPerS: 20 },
    ...narrow,
    scenes: [precopying({ do: 'powerOff' })],
    isFault: true,
  },
];

const directScripts: readonly Script[] = [
  { name: 'direct', order: direct, guest: shared },
  { name: 'direct-copied', order: directCopying, guest: {} },
  { name: 'direct-of-paused', order: direct, guest: { ...shared, state: 'paused' } },
  { name: 'direct-aborted', order: direct, guest: shared, ...narrow, scenes: [precopying(abort)] },
  {
    name: 'direct-streams-broken',
    order: direct,
    guest: shared,
    ...narrow,
    scenes: [precopying({ do: 'breakStreams' })],
    isFault: true,
  },
  {
    name: 'direct-process-dies',
    order: direct,
    guest: shared,
    ...narrow,
    dies: { in: 'perform3.precopying', awayMs: 3_000 },
    isFault: true,
  },
  {
    name: 'direct-destination-daemon-killed',
    order: direct,
    guest: shared,
    ...narrow,
    scenes: [precopying(kill('hostB'), { do: 'pass', ms: 3_000 }, start('hostB'))],
    isFault: true,
  },
];

const offlineScripts: readonly Script[] = [
  { name: 'offline', order: move({ offline: true }), guest: { ...shared, state: 'shutOff' } },
  {
    name: 'offline-copied',
    order: move({ offline: true, options: { copyStorage: 'all' } }),
    guest: { state: 'shutOff' },
  },
  { name: 'offline-of-running', order: move({ offline: true }), guest: shared },
  { name: 'live-move-of-off', order: move(), guest: { ...shared, state: 'shutOff' } },
  {
    name: 'offline-process-dies',
    order: move({ offline: true, options: { copyStorage: 'all' } }),
    guest: { state: 'shutOff' },
    dies: { in: 'moving.copyingDisk' },
    isFault: true,
  },
];

export const migrationScripts = [
  ...peer2peerScripts,
  ...peer2peerFaults,
  ...directScripts,
  ...offlineScripts,
];
