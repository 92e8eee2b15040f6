import { expect, test } from 'vitest';

import { toPlainLines } from '../../../src/cli/display/plain-lines.ts';
import type { RunEvent, StateEvent } from '../../../src/cli/display/run-events.ts';
import { viewAfter, viewAtStart } from '../../../src/cli/display/run-view.ts';

const lines = (event: RunEvent) => toPlainLines(event, viewAfter(viewAtStart(1_000), event));

const begin3: StateEvent = {
  type: 'state.entered',
  atEpochMs: 1_012,
  machine: 'peer2peerMigration',
  region: 'phases',
  state: 'begin3',
  description: 'It connects.',
  phase: 'BEGIN3',
  evidence: 'observed',
  tags: [],
  pause: { fromEpochMs: null, toEpochMs: null },
  passes: null,
};

test('a phase is one line with its time and evidence', () => {
  expect(lines(begin3)).toEqual(['    +0.012 s  BEGIN3 (observed)  begin3: It connects.']);
});

test('a region that rests says nothing', () => {
  expect(lines({ ...begin3, region: 'oneCopy', state: 'trusting', phase: null })).toEqual([]);
});

test('a phase of our own, in which the guest stands still', () => {
  const event = { ...begin3, evidence: 'ours', tags: ['guestPaused'] } as const;
  expect(lines(event)).toEqual([
    '    +0.012 s  BEGIN3 (ours)  begin3 [guest paused]: It connects.',
  ]);
});

test('post-copy is told although it runs beside the phases', () => {
  const event = { ...begin3, region: 'postcopy', phase: null } as const;
  expect(lines({ ...event, state: 'notBegun' })).toEqual([]);
  expect(lines({ ...event, state: 'postcopyActive' })).toEqual([
    '    +0.012 s  postcopyActive: It connects.',
  ]);
});

test('progress tells share, amount, rate and time left', () => {
  const mib = 2 ** 20;
  const stream = {
    stream: 'memory',
    processedBytes: 64 * mib,
    totalBytes: 256 * mib,
    remainingBytes: 192 * mib,
    bytesPerS: 48 * mib,
  };
  expect(lines({ type: 'progress', atEpochMs: 3_000, machine: 'm', streams: [stream] })).toEqual([
    '    +2.000 s  memory 25 %, 64.0 MiB of 256.0 MiB, 48.0 MiB/s, ETA 4.0 s',
  ]);
});
