import { imageDirectory } from '../play-world.ts';
import type { Order, Script } from '../script.ts';

type LiveInput = Extract<Order, { machine: 'liveSnapshot' }>['input'];
type ColdInput = Extract<Order, { machine: 'coldSnapshot' }>['input'];

const live = (input: LiveInput): Order => ({ machine: 'liveSnapshot', input });
const cold = (input: ColdInput): Order => ({ machine: 'coldSnapshot', input });
const small = `${imageDirectory}/small`;
/** Copies of 48 MiB take most of a minute, or some seconds: whatever happens, happens while they go on. */
const filled = { fillMiB: 48 } as const;
const slowly = live({ bandwidthMibPerS: 1 });
const restartDaemon = [
  { do: 'killDaemon', host: 'hostA' },
  { do: 'startDaemon', host: 'hostA' },
] as const;

const liveScripts: readonly Script[] = [
  { name: 'live', order: live({}), guest: {} },
  { name: 'live-frozen', order: live({ quiesce: 'required' }), guest: { agent: true } },
  { name: 'live-of-two-disks', order: live({ disks: ['vda', 'vdb'] }), guest: { twoDisks: true } },
  { name: 'live-of-paused', order: live({}), guest: { state: 'paused' } },
  { name: 'live-of-off', order: live({}), guest: { state: 'shutOff' } },
  {
    name: 'live-aborted',
    order: slowly,
    guest: filled,
    scenes: [{ in: 'awaitingReady.waiting', deeds: [{ do: 'send', event: 'abort.requested' }] }],
  },
  {
    name: 'live-daemon-killed',
    order: live({ bandwidthMibPerS: 4 }),
    guest: filled,
    scenes: [{ in: 'awaitingReady.waiting', deeds: restartDaemon }],
    isFault: true,
  },
  {
    name: 'live-power-off',
    order: slowly,
    guest: { ...filled, agent: true },
    scenes: [{ in: 'awaitingReady.waiting', deeds: [{ do: 'powerOff' }] }],
    isFault: true,
  },
  {
    name: 'live-without-space',
    order: live({ directory: small }),
    guest: filled,
    small: { path: small, mib: 8 },
    isFault: true,
  },
  {
    name: 'live-process-dies',
    order: live({ bandwidthMibPerS: 4 }),
    guest: filled,
    dies: { in: 'awaitingReady.waiting' },
    isFault: true,
  },
];

const coldScripts: readonly Script[] = [
  { name: 'cold', order: cold({}), guest: {} },
  { name: 'cold-of-off', order: cold({}), guest: { state: 'shutOff' } },
  { name: 'cold-of-paused', order: cold({}), guest: { state: 'paused' } },
  { name: 'cold-with-short-outage', order: cold({ shortOutage: true }), guest: {} },
  { name: 'cold-with-device', order: cold({ detach: ['rng0'] }), guest: { device: true } },
  {
    name: 'cold-without-space',
    order: cold({ directory: small }),
    guest: {},
    small: { path: small, mib: 1 },
    isFault: true,
  },
  {
    name: 'cold-process-dies',
    order: cold({ shortOutage: true }),
    guest: {},
    dies: { in: 'laying.pointing' },
    isFault: true,
  },
];

export const imageScripts = [...liveScripts, ...coldScripts];
