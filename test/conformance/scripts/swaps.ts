import { diskDirectory } from '../play-world.ts';
import type { Deed, Order, Script } from '../script.ts';

type Input = Extract<Order, { machine: 'volumeSwap' }>['input'];

const place = `${diskDirectory}/new.qcow2`;
const to = (targetDev = 'vda', path = place) =>
  ({
    targetDev,
    to: { source: { kind: 'file', path }, format: 'qcow2' },
    create: true,
    resizeBytes: null,
  }) as const;
const swap = (input: Input = {}): Order => ({
  machine: 'volumeSwap',
  input: { disks: [to()], ...input },
});
const filled = { fillMiB: 48 } as const;
const slowly = swap({ bandwidthMibPerS: 1 });
const asked = swap({ oldVolume: 'confirm' });
const send = (event: string): Deed => ({ do: 'send', event });
const whileCopied = (...deeds: readonly Deed[]) => [{ in: 'awaitingReady.waiting', deeds }];
const restartDaemon = [
  { do: 'killDaemon', host: 'hostA' },
  { do: 'startDaemon', host: 'hostA' },
] as const;
const small = `${diskDirectory}/small`;

export const swapScripts: readonly Script[] = [
  { name: 'swap', order: swap(), guest: {}, isDaily: true },
  { name: 'swap-and-delete', order: swap({ oldVolume: 'delete' }), guest: {} },
  {
    name: 'swap-two-disks',
    order: swap({ disks: [to(), to('vdb', `${diskDirectory}/new-extra.qcow2`)] }),
    guest: { twoDisks: true },
  },
  { name: 'swap-of-paused', order: swap(), guest: { state: 'paused' } },
  { name: 'swap-of-off', order: swap(), guest: { state: 'shutOff' } },
  {
    name: 'swap-of-transient',
    order: swap(),
    guest: {},
    first: [{ do: 'undefine', host: 'hostA' }],
  },
  {
    name: 'swap-confirmed',
    order: asked,
    guest: {},
    scenes: [{ in: 'awaitingConfirmation', deeds: [send('confirm.requested')] }],
  },
  {
    name: 'swap-undone',
    order: asked,
    guest: {},
    scenes: [{ in: 'awaitingConfirmation', deeds: [send('undo.requested')] }],
  },
  {
    name: 'swap-aborted',
    order: slowly,
    guest: filled,
    scenes: whileCopied(send('abort.requested')),
  },
  {
    name: 'swap-paused-meanwhile',
    order: swap({ bandwidthMibPerS: 8 }),
    guest: filled,
    scenes: whileCopied({ do: 'suspend', host: 'hostA' }),
  },
  {
    name: 'swap-daemon-killed',
    order: swap({ bandwidthMibPerS: 4 }),
    guest: filled,
    scenes: whileCopied(...restartDaemon),
    isFault: true,
  },
  {
    name: 'swap-qemu-killed',
    order: slowly,
    guest: filled,
    scenes: whileCopied({ do: 'killQemu' }),
    isFault: true,
  },
  {
    name: 'swap-power-off',
    order: slowly,
    guest: { ...filled, agent: true },
    scenes: whileCopied({ do: 'powerOff' }),
    isFault: true,
  },
  {
    name: 'swap-destination-removed',
    order: swap({ bandwidthMibPerS: 8 }),
    guest: filled,
    scenes: whileCopied({ do: 'removeFile', host: 'hostA', path: place }),
    isFault: true,
  },
  {
    name: 'swap-without-space',
    order: swap({ disks: [to('vda', `${small}/new.qcow2`)] }),
    guest: filled,
    small: { path: small, mib: 8 },
    isFault: true,
  },
  {
    name: 'swap-process-dies',
    order: swap({ bandwidthMibPerS: 4 }),
    guest: filled,
    dies: { in: 'awaitingReady.waiting' },
    isFault: true,
  },
];
