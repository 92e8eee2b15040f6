import type { AnyStateNode } from 'xstate';
import { expect, test } from 'vitest';

import { directMigration, peer2peerMigration } from '../../../machines/index.ts';
import { parallelStates, placeOf, protocolMachines } from '../../../src/cli/display/run-events.ts';
import type { RunEvent, StateEvent } from '../../../src/cli/display/run-events.ts';
import type { RunView } from '../../../src/cli/display/run-view.ts';
import { etaMs, restingStates, viewAfter, viewAtStart } from '../../../src/cli/display/run-view.ts';

const after = (events: readonly RunEvent[]): RunView => events.reduce(viewAfter, viewAtStart(0));

const state = (more: Partial<StateEvent>): StateEvent => ({
  type: 'state.entered',
  atEpochMs: 100,
  machine: 'peer2peerMigration',
  region: 'phases',
  state: 'begin3',
  description: 'words',
  phase: null,
  evidence: null,
  tags: [],
  pause: { fromEpochMs: null, toEpochMs: null },
  passes: null,
  ...more,
});

const memory = (processedBytes: number, remainingBytes: number): RunEvent => ({
  type: 'progress',
  atEpochMs: 1,
  machine: 'm',
  streams: [{ stream: 'memory', processedBytes, totalBytes: 100, remainingBytes, bytesPerS: 10 }],
});

test('the phases are what the run is in; a resting region is not shown beside them', () => {
  const view = after([
    state({ state: 'requesting' }),
    state({ region: 'oneCopy', state: 'trusting' }),
    state({ region: 'convergence.budget', state: 'unbounded' }),
    state({ region: 'convergence.tuning.ramp', state: 'over' }),
    state({ region: 'convergence.tuning.setting', state: 'idle' }),
    state({ region: 'postcopy', state: 'notBegun' }),
  ]);
  expect(view.current?.state).toBe('requesting');
  expect([...view.beside]).toEqual([]);
});

const protocols = [directMigration, peer2peerMigration];
const pathsOf = (node: AnyStateNode): AnyStateNode[] => [
  node,
  ...Object.values(node.states).flatMap(pathsOf),
];

test.each(protocols.map((machine) => [machine.id, machine.root] as const))(
  'the regions of %s are those of its chart',
  (id, root) => {
    const parallel = pathsOf(root).filter(({ type }) => type === 'parallel');
    expect(protocolMachines).toContain(id);
    expect(parallel.map(({ path }) => path.join('.'))).toEqual(parallelStates);
  },
);

test('every state that counts as rest is one of a chart', () => {
  const places = protocols.flatMap(({ id, root }) =>
    pathsOf(root).map(({ path }) => placeOf(id, path.join('.'))),
  );
  for (const [region, states] of Object.entries(restingStates))
    for (const name of states) expect(places).toContainEqual({ region, state: name });
});

test('what a region does is shown beside the phase, until it rests again', () => {
  const region = 'convergence.measures';
  const aborting = [state({}), state({ region, state: 'aborting' })];
  expect([...after(aborting).beside.keys()]).toEqual([region]);
  const rested = [...aborting, state({ region, state: 'letting' })];
  expect([...after(rested).beside.keys()]).toEqual([]);
});

test('with the state around all regions, all that ran beside has ended', () => {
  const view = after([
    state({ region: 'execution', state: 'uncertain.inspecting' }),
    state({ region: null, state: 'rolledBack' }),
  ]);
  expect(view.current?.state).toBe('rolledBack');
  expect(view.beside.size).toBe(0);
});

test('regions of one region are shown beside each other', () => {
  const view = after([
    state({ region: 'convergence.budget', state: 'spent' }),
    state({ region: 'convergence.measures', state: 'dueToPostcopy' }),
    state({ region: 'postcopy', state: 'postcopyActive' }),
  ]);
  expect([...view.beside.values()].map((each) => each.state)).toEqual([
    'spent',
    'dueToPostcopy',
    'postcopyActive',
  ]);
});

test('what the passes have come to is kept over states that know of none', () => {
  const passes = { completed: 2, leastRemainingBytes: 5, untilStall: null, untilPostcopy: null };
  expect(after([state({ passes }), state({ state: 'finish3' })]).passes).toEqual(passes);
});

test('where we drive, what we execute is where the run stands', () => {
  const direct = { machine: 'directMigration', region: 'execution' } as const;
  const view = after([state({ ...direct, state: 'perform3.precopying' })]);
  expect(view.current?.state).toBe('perform3.precopying');
  expect(view.beside.size).toBe(0);
});

test('a phase whose call is under way is proven when it ends', () => {
  const finish = { phase: 'FINISH3', state: 'finish3.starting' } as const;
  const view = after([
    state({ ...finish, atEpochMs: 500 }),
    state({ ...finish, atEpochMs: 600, evidence: 'ours' }),
  ]);
  expect(view.phases).toEqual([{ phase: 'FINISH3', evidence: 'ours', atEpochMs: 500 }]);
});

test('a phase keeps the time at which it was first reached', () => {
  const perform = { phase: 'PERFORM3', evidence: 'observed' } as const;
  const view = after([
    state({ ...perform, state: 'perform3.mirroring', atEpochMs: 200 }),
    state({ ...perform, state: 'perform3.precopying', atEpochMs: 900 }),
  ]);
  expect(view.phases).toEqual([{ ...perform, atEpochMs: 200 }]);
});

test('the share that is done never goes back, although a new pass adds to the rest', () => {
  const view = after([memory(90, 10), memory(100, 60)]);
  expect(view.streams).toMatchObject([{ processedBytes: 100, fraction: 0.9 }]);
});

test('the guest counts as paused from the first state that says so', () => {
  const paused = state({ state: 'perform3.switchingOver', tags: ['guestPaused'], atEpochMs: 500 });
  expect(after([paused]).pause).toEqual({ fromEpochMs: 500, toEpochMs: null });
  const known = state({ state: 'finish3', pause: { fromEpochMs: 495, toEpochMs: 540 } });
  expect(after([paused, known]).pause).toEqual({ fromEpochMs: 495, toEpochMs: 540 });
});

test('without a rate there is no time left to tell', () => {
  const stream = { stream: 'vda', processedBytes: 0, totalBytes: 100, remainingBytes: 100 };
  expect(etaMs({ ...stream, bytesPerS: null })).toBeNull();
  expect(etaMs({ ...stream, bytesPerS: 0 })).toBeNull();
  expect(etaMs({ ...stream, bytesPerS: 50 })).toBe(2_000);
});
