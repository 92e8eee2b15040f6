import { expect, test } from 'vitest';

import { toJsonLines, toLastLine } from '../../../src/cli/display/json-lines.ts';
import type { RunEvent } from '../../../src/cli/display/run-events.ts';
import type { RunResult } from '../../../src/cli/display/run-result.ts';

const header = {
  domain: 'web',
  from: 'qemu:///system',
  to: 'qemu+tcp://hostB/system',
  protocol: 'direct',
  offline: false,
};
const lines = (event: RunEvent) => toJsonLines(event, header);

test('the first line says what was asked for', () => {
  expect(lines({ type: 'run.started', atEpochMs: 7, run: 'r1' })).toEqual([
    { type: 'run.started', at: 7, run: 'r1', ...header },
  ]);
});

const state = {
  type: 'state.entered',
  atEpochMs: 8,
  machine: 'peer2peerMigration',
  region: 'phases',
  state: 'perform3.precopying',
  description: 'Memory is copied.',
  phase: 'PERFORM3',
  evidence: 'observed',
  tags: ['abortable'],
  pause: { fromEpochMs: null, toEpochMs: null },
  passes: null,
} as const;

test('a state tells machine, region, phase and evidence', () => {
  expect(lines(state)).toEqual([
    {
      type: 'state.entered',
      at: 8,
      machine: 'peer2peerMigration',
      region: 'phases',
      state: 'perform3.precopying',
      phase: 'PERFORM3',
      evidence: 'observed',
      tags: ['abortable'],
    },
  ]);
});

test('what a state does not have is left out', () => {
  const [line] = lines({ ...state, region: null, phase: null, evidence: null });
  expect(Object.keys(line ?? {})).toEqual(['type', 'at', 'machine', 'state', 'tags']);
});

test('what the passes have come to is told with the state', () => {
  const passes = { completed: 2, leastRemainingBytes: 5, untilStall: 3, untilPostcopy: null };
  expect(lines({ ...state, passes })).toMatchObject([{ type: 'state.entered', passes }]);
});

test('progress is one line a stream', () => {
  const bytes = { processedBytes: 1, totalBytes: 4, remainingBytes: 3, bytesPerS: null };
  const streams = [
    { stream: 'memory', ...bytes },
    { stream: 'vda', ...bytes },
  ];
  const event = { type: 'progress', atEpochMs: 9, machine: 'm', streams } as const;
  expect(lines(event)).toEqual([
    { type: 'progress', at: 9, stream: 'memory', ...bytes },
    { type: 'progress', at: 9, stream: 'vda', ...bytes },
  ]);
});

const finished = {
  ended: 'finished',
  outcome: 'rolledBack',
  failure: { code: 'abortRequested', message: 'aborted', effect: 'none' },
  phases: [
    { phase: 'BEGIN3', evidence: 'observed', atEpochMs: 1_010 },
    { phase: 'PERFORM3_DONE', evidence: 'inferred', atEpochMs: 1_300 },
    { phase: 'CONFIRM3_CANCELLED', evidence: 'inferred', atEpochMs: 1_400 },
  ],
  downtimeMs: null,
  artefacts: [{ kind: 'volume', host: 'h', path: '/p', status: 'removed' }],
  told: { consistency: 'crash' },
  startedAtEpochMs: 1_000,
  finishedAtEpochMs: 1_500,
} as const satisfies RunResult;

test('the last line has outcome, failure, phases, times and artefacts', () => {
  expect(toLastLine(finished)).toEqual({
    type: 'run.finished',
    at: 1_500,
    outcome: 'rolledBack',
    failure: finished.failure,
    phases: [
      { phase: 'BEGIN3', state: 'begin3', evidence: 'observed', at: 1_010, elapsedMs: 10 },
      {
        phase: 'PERFORM3_DONE',
        state: 'perform3Done',
        evidence: 'inferred',
        at: 1_300,
        elapsedMs: 300,
      },
      {
        phase: 'CONFIRM3_CANCELLED',
        state: 'confirm3Cancelled',
        evidence: 'inferred',
        at: 1_400,
        elapsedMs: 400,
      },
    ],
    downtimeMs: null,
    totalMs: 500,
    artefacts: finished.artefacts,
    consistency: 'crash',
  });
});

test('a run that broke ends with a line of its own', () => {
  const failure = { code: 'storeFailed', message: 'disk full', effect: 'none' } as const;
  expect(toLastLine({ ended: 'broken', atEpochMs: 3, failure })).toEqual({
    type: 'run.broken',
    at: 3,
    failure,
  });
});
