import { diskDirectory, memoryDirectory } from '../play-world.ts';
import type { Order, Script } from '../script.ts';

const file = `${diskDirectory}/guest.mem`;
const order = (action: 'save' | 'start' | 'removeManagedSave'): Order => ({
  machine: 'managedSave',
  input: { action },
});
const saveTo: Order = { machine: 'managedSave', input: { action: 'saveTo', file } };
const untilSaving = { do: 'untilJob', job: 'save', host: 'hostA' } as const;
const restartDaemon = [
  { do: 'killDaemon', host: 'hostA' },
  { do: 'startDaemon', host: 'hostA' },
] as const;

export const savingScripts: readonly Script[] = [
  { name: 'save', order: order('save'), guest: {}, isDaily: true },
  { name: 'save-of-paused', order: order('save'), guest: { state: 'paused' } },
  { name: 'save-of-off', order: order('save'), guest: { state: 'shutOff' } },
  { name: 'save-to-file', order: saveTo, guest: {} },
  { name: 'start-from-save', order: order('start'), guest: {}, first: [order('save')] },
  {
    name: 'start-from-save-of-paused',
    order: order('start'),
    guest: { state: 'paused' },
    first: [order('save')],
  },
  {
    name: 'restore-from-file',
    order: { machine: 'managedSave', input: { action: 'restore', file } },
    guest: {},
    first: [saveTo],
  },
  {
    name: 'save-thrown-away',
    order: order('removeManagedSave'),
    guest: {},
    first: [order('save')],
  },
  {
    name: 'save-aborted',
    order: order('save'),
    guest: {},
    slowSave: true,
    scenes: [
      {
        in: 'saving.writing',
        deeds: [untilSaving, { do: 'send', event: 'abort.requested' }],
      },
    ],
  },
  {
    name: 'save-daemon-killed',
    isDaily: true,
    order: order('save'),
    guest: {},
    slowSave: true,
    scenes: [{ in: 'saving.writing', deeds: [untilSaving, ...restartDaemon] }],
    isFault: true,
  },
  {
    name: 'save-process-dies',
    order: order('save'),
    guest: {},
    slowSave: true,
    dies: { in: 'saving.writing', once: [untilSaving] },
    isFault: true,
  },
  {
    name: 'save-without-space',
    order: order('save'),
    guest: {},
    small: { path: memoryDirectory, mib: 2 },
    isFault: true,
  },
];
