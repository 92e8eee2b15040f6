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
  ['liveMigration', 'concluding.verifying'],
  ['liveMigration', 'migrating'],
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
