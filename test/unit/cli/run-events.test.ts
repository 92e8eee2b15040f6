import { expect, test } from 'vitest';

import { toStateEvent } from '../../../src/cli/display/run-events.ts';
import type { StateEntered } from '../../../src/engine/events.ts';

const entered = (more: Partial<StateEntered>): StateEntered => ({
  runId: 'r/protocol#1',
  rootRunId: 'r',
  machine: 'peer2peerMigration',
  atEpochMs: 5_000,
  state: 'migrating.phases.perform3.precopying',
  description: 'Memory is copied.',
  tags: ['abortable'],
  meta: { phase: 'PERFORM3', milestone: 'precopy' },
  context: { reached: [], suspendedAtEpochMs: null, resumedAtEpochMs: null },
  ...more,
});

test('a state that stands on evidence carries its kind and its time', () => {
  const reached = [{ milestone: 'precopy', evidence: 'inferred', atEpochMs: 4_990 }];
  expect(toStateEvent(entered({ context: { reached } }))).toMatchObject({
    phase: 'PERFORM3',
    evidence: 'inferred',
    atEpochMs: 4_990,
  });
});

test('the evidence of another milestone is not taken for its own', () => {
  const reached = [{ milestone: 'perform3', evidence: 'observed', atEpochMs: 4_000 }];
  expect(toStateEvent(entered({ context: { reached } }))).toMatchObject({
    evidence: null,
    atEpochMs: 5_000,
  });
});

test('the path of a state in a parallel region is that within the region', () => {
  expect(toStateEvent(entered({}))).toMatchObject({
    region: 'phases',
    state: 'perform3.precopying',
  });
});

test.each([
  ['directMigration', 'migrating.phases.perform3.precopying', 'phases', 'perform3.precopying'],
  [
    'directMigration',
    'migrating.convergence.measures.aborting',
    'convergence.measures',
    'aborting',
  ],
  ['peer2peerMigration', 'migrating.postcopy.postcopyActive', 'postcopy', 'postcopyActive'],
])('%s, %s is in the region %s', (machine, path, region, state) => {
  expect(toStateEvent(entered({ machine, state: path }))).toMatchObject({ region, state });
});

test.each([
  ['liveMigration', 'concluding.verifying'],
  ['liveMigration', 'migrating'],
  ['liveMigration', 'migrating.direct'],
  ['offlineMigration', 'copying.disks'],
  ['peer2peerMigration', 'completed'],
])('%s.%s has no region', (machine, state) => {
  expect(toStateEvent(entered({ machine, state }))).toMatchObject({ region: null, state });
});

test('a machine without phases, and with a context of its own, is shown too', () => {
  const event = toStateEvent(
    entered({ machine: 'liveMigration', state: 'gathering', meta: {}, context: { facts: null } }),
  );
  expect(event).toMatchObject({ phase: null, evidence: null, atEpochMs: 5_000 });
});

test('the pause of the guest comes from what the machine knows', () => {
  const context = { reached: [], suspendedAtEpochMs: 10, resumedAtEpochMs: 42 };
  expect(toStateEvent(entered({ context })).pause).toEqual({ fromEpochMs: 10, toEpochMs: 42 });
});

test('a phase that is our own call says so', () => {
  const reached = [{ milestone: 'precopy', evidence: 'ours', atEpochMs: 4_990 }];
  expect(toStateEvent(entered({ context: { reached } })).evidence).toBe('ours');
});

test('the passes tell how many more there are before something is done', () => {
  const passes = { completed: 2, leastRemainingBytes: 7, sinceLeast: 1 };
  const convergence = { stallPasses: 3, postcopyAfterPasses: 5 };
  expect(toStateEvent(entered({ context: { passes, convergence } })).passes).toEqual({
    completed: 2,
    leastRemainingBytes: 7,
    untilStall: 2,
    untilPostcopy: 3,
  });
  const none = { completed: 0, leastRemainingBytes: null, sinceLeast: 0 };
  expect(toStateEvent(entered({ context: { passes: none, convergence } })).passes).toBeNull();
});

test('a chart that keeps its phases itself proves them', () => {
  const phases = [{ phase: 'PREPARE', evidence: 'ours', atEpochMs: 4_100 }];
  const event = toStateEvent(
    entered({
      machine: 'offlineMigration',
      state: 'transferring.prepare',
      meta: { phase: 'PREPARE' },
      context: { phases },
    }),
  );
  expect(event).toMatchObject({ evidence: 'ours', atEpochMs: 4_100, region: null });
});
