import { diskDirectory } from '../play-world.ts';
import type { Order, Script } from '../script.ts';

type Input = Extract<Order, { machine: 'domainSnapshot' }>['input'];
type Task = Extract<Order, { machine: 'snapshotDelete' }>['input']['what'];

const take = (input: Input): Order => ({ machine: 'domainSnapshot', input });
const withMemory = take({ memoryPath: `${diskDirectory}/guest.memory` });
const internal = take({ kind: 'internal' });
const revert: Order = { machine: 'snapshotRevert', input: {} };
const remove = (task: Partial<Extract<Task, { kind: 'snapshot' }>>): Order => ({
  machine: 'snapshotDelete',
  input: {
    what: {
      kind: 'snapshot',
      name: 'one',
      children: 'keep',
      metadataOnly: false,
      by: 'auto',
      ...task,
    },
  },
});
const merge = { kind: 'merge', targetDev: 'vda', base: null, top: null } as const;
const pull = (bandwidthMibPerS: number): Order => ({
  machine: 'snapshotDelete',
  input: { what: { ...merge, how: 'pull' }, bandwidthMibPerS },
});
const twoDisks = { twoDisks: true } as const;
const restartDaemon = [
  { do: 'killDaemon', host: 'hostA' },
  { do: 'startDaemon', host: 'hostA' },
] as const;
const small = `${diskDirectory}/small`;

const takingScripts: readonly Script[] = [
  { name: 'snapshot', order: take({}), guest: twoDisks, isDaily: true },
  { name: 'snapshot-with-memory', order: withMemory, guest: {} },
  { name: 'snapshot-internal', order: internal, guest: twoDisks },
  {
    name: 'snapshot-of-one-disk',
    order: take({ disks: [{ targetDev: 'vda', overlayPath: `${diskDirectory}/top.qcow2` }] }),
    guest: twoDisks,
  },
  { name: 'snapshot-quiesced', order: take({ quiesce: 'required' }), guest: { agent: true } },
  { name: 'snapshot-without-agent', order: take({ quiesce: 'required' }), guest: {} },
  { name: 'snapshot-that-halts', order: take({ halt: true }), guest: {} },
  { name: 'snapshot-without-metadata', order: take({ noMetadata: true }), guest: {} },
  { name: 'snapshot-of-off', order: take({}), guest: { state: 'shutOff' } },
  { name: 'snapshot-of-off-internal', order: internal, guest: { state: 'shutOff' } },
  { name: 'snapshot-of-paused', order: withMemory, guest: { state: 'paused' } },
  { name: 'snapshot-name-taken', order: take({}), guest: {}, first: [take({})] },
  {
    name: 'snapshot-without-space',
    order: take({ memoryPath: `${small}/guest.memory` }),
    guest: {},
    small: { path: small, mib: 4 },
    isFault: true,
  },
  {
    name: 'snapshot-daemon-killed',
    order: withMemory,
    guest: { dirtyMiBPerS: 20 },
    scenes: [{ in: 'withMemory.writing.paused', deeds: restartDaemon }],
    isFault: true,
  },
];

const revertingScripts: readonly Script[] = [
  { name: 'revert-internal', order: revert, guest: {}, first: [internal] },
  {
    name: 'revert-internal-of-off',
    order: revert,
    guest: { state: 'shutOff' },
    first: [internal],
  },
  { name: 'revert-external', order: revert, guest: {}, first: [withMemory] },
  {
    name: 'revert-to-nothing',
    order: { machine: 'snapshotRevert', input: { name: 'none' } },
    guest: {},
  },
];

const deletingScripts: readonly Script[] = [
  { name: 'delete-newest', order: remove({}), guest: twoDisks, first: [take({})] },
  {
    name: 'delete-newest-by-hand',
    order: remove({ by: 'manual' }),
    guest: {},
    first: [take({})],
  },
  {
    name: 'delete-inner',
    order: remove({}),
    guest: twoDisks,
    first: [take({}), take({ name: 'two' })],
  },
  {
    name: 'delete-inner-by-hand',
    order: remove({ by: 'manual' }),
    guest: {},
    first: [take({}), take({ name: 'two' })],
  },
  { name: 'delete-internal', order: remove({}), guest: {}, first: [internal] },
  {
    name: 'delete-metadata',
    order: remove({ metadataOnly: true }),
    guest: {},
    first: [take({})],
  },
  {
    name: 'delete-of-off',
    order: remove({ by: 'manual' }),
    guest: { state: 'shutOff' },
    first: [take({})],
  },
  { name: 'pull', order: pull(0), guest: {}, first: [take({})] },
  {
    name: 'pull-aborted',
    order: pull(1),
    guest: { fillMiB: 48 },
    first: [take({})],
    scenes: [{ in: '.awaiting', deeds: [{ do: 'send', event: 'abort.requested' }] }],
  },
  {
    name: 'pull-daemon-killed',
    order: pull(4),
    guest: { fillMiB: 48 },
    first: [take({})],
    scenes: [{ in: '.awaiting', deeds: restartDaemon }],
    isFault: true,
  },
  {
    name: 'pull-qemu-killed',
    order: pull(1),
    guest: { fillMiB: 48 },
    first: [take({})],
    scenes: [{ in: '.awaiting', deeds: [{ do: 'killQemu' }] }],
    isFault: true,
  },
];

export const snapshotScripts = [...takingScripts, ...revertingScripts, ...deletingScripts];
