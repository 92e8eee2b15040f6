import { expect, test } from 'vitest';
import { assign, setup } from 'xstate';

import { replayFamily } from '../../../src/inspector/index.ts';
import type { JournalRow, StoredRun } from '../../../src/ports/run-store.ts';

const machine = setup({
  types: { context: {} as { name: string; secret: string; count: number } },
  actors: { work: setup({}).createMachine({ id: 'inner' }) },
  actions: { add: assign({ count: ({ context }) => context.count + 1 }) },
}).createMachine({
  id: 'toy',
  version: '2',
  context: { name: 'a', secret: 'sealed:r/secret#1', count: 0 },
  initial: 'idle',
  states: {
    idle: { on: { go: { target: 'working', actions: 'add' } } },
    working: {
      invoke: { id: 'work', src: 'work', onDone: 'over', onError: 'over' },
      on: { go: 'over' },
    },
    over: { type: 'final' },
  },
});

const record = (version: string): StoredRun => ({
  timers: [],
  record: {
    id: 'r',
    rootId: 'r',
    machine: 'toy',
    version,
    parent: null,
    subject: null,
    snapshot: null,
    entries: {},
    startedAtEpochMs: 0,
    finishedAtEpochMs: null,
    outcome: null,
  },
});

const row = (type: string, from: readonly string[], to: readonly string[]): JournalRow => ({
  runId: 'r',
  atEpochMs: 0,
  event: { type },
  from,
  to,
  effectKey: null,
});

const rows = [
  row('xstate.init', [], ['idle']),
  row('go', ['idle'], ['working']),
  row('go', ['working'], ['over']),
];

const read = (version: string) =>
  replayFamily(
    async () => [record(version)],
    (_, wanted) => (wanted === machine.version ? machine : null),
  );

test('each step tells what it changed, started and ended, without what is sealed', async () => {
  const [begun, gone, over] = await read('2')(rows);
  expect(begun).toMatchObject({ states: ['idle'], started: [], over: false });
  expect(begun?.changes).toContainEqual({ path: ['secret'], value: '(kept secret)' });
  expect(gone?.changes).toEqual([{ path: ['count'], value: 1 }]);
  expect(gone?.started).toMatchObject([{ key: 'r/work#1', src: 'work', machine: 'inner' }]);
  expect(over).toMatchObject({ changes: [], ended: ['r/work#1'], over: true });
});

test('a log that comes in pieces is told as in one', async () => {
  const whole = await read('2')(rows);
  const inPieces = read('2');
  const pieces = [];
  for (const one of rows) pieces.push(...(await inPieces([one])));
  expect(pieces).toEqual(whole);
});

test('of a machine that is not here only the record is told', async () => {
  const frames = await read('1')(rows);
  expect(frames.map(({ states }) => states)).toEqual([['idle'], ['working'], ['over']]);
  expect(frames.map(({ changes }) => changes)).toEqual([null, null, null]);
});

test('from where machine and record part nothing is made up', async () => {
  const other = [rows[0], row('go', ['idle'], ['elsewhere']), rows[2]].flatMap((one) => one ?? []);
  const frames = await read('2')(other);
  expect(frames.map(({ changes }) => changes === null)).toEqual([false, true, true]);
  expect(frames.map(({ states }) => states)).toEqual([['idle'], ['elsewhere'], ['over']]);
});
