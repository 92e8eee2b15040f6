import { describe, expect, test } from 'vitest';

import { renderFrame, wrap } from '../../../src/cli/display/live-frame.ts';
import { noPaint } from '../../../src/cli/display/paint.ts';
import type { RunView } from '../../../src/cli/display/run-view.ts';

const mib = 2 ** 20;

const precopying: RunView = {
  startedAtEpochMs: 1_000,
  current: {
    state: 'perform3.precopying',
    description: 'Memory is copied pass by pass; pages written meanwhile are sent again.',
    tags: ['abortable'],
  },
  beside: new Map([
    [
      'convergence.measures',
      { state: 'aborting', description: 'It is asked to cancel.', tags: ['rollingBack'] },
    ],
  ]),
  phases: [
    { phase: 'BEGIN3', evidence: 'observed', atEpochMs: 1_012 },
    { phase: 'PREPARE', evidence: 'inferred', atEpochMs: 1_040 },
    { phase: 'PERFORM3', evidence: 'observed', atEpochMs: 1_502 },
  ],
  streams: [
    {
      stream: 'vda',
      processedBytes: 64 * mib,
      totalBytes: 64 * mib,
      remainingBytes: 0,
      bytesPerS: 0,
      fraction: 1,
    },
    {
      stream: 'memory',
      processedBytes: 64 * mib,
      totalBytes: 256 * mib,
      remainingBytes: 192 * mib,
      bytesPerS: 48 * mib,
      fraction: 0.25,
    },
  ],
  pause: null,
  passes: null,
  notice: 'asked to abort; waiting for the rollback',
};

const frame = (view: RunView, columns: number) =>
  renderFrame(view, {
    title: 'web: qemu:///system -> qemu+tcp://hostB/system',
    expectedPhases: ['BEGIN3', 'PREPARE', 'PERFORM3', 'PERFORM3_DONE', 'FINISH3', 'CONFIRM3'],
    columns,
    nowEpochMs: 3_500,
    paint: noPaint,
  });

test('at 80 columns', () => {
  expect(frame(precopying, 80)).toEqual([
    'web: qemu:///system -> qemu+tcp://hostB/system                             2.5 s',
    'perform3.precopying',
    '  Memory is copied pass by pass; pages written meanwhile are sent again.',
    'aborting: It is asked to cancel.',
    '',
    '  BEGIN3                +0.012 s  observed',
    '  PREPARE               +0.040 s  inferred',
    '  PERFORM3              +0.502 s  observed',
    '  PERFORM3_DONE              -',
    '  FINISH3                    -',
    '  CONFIRM3                   -',
    '',
    'vda     [##################################]  100 %  64.0 MiB sent, 0.0 MiB left',
    'memory  [########..........................]   25 %  ETA 4.0 s  48.0 MiB/s',
    'asked to abort; waiting for the rollback',
  ]);
});

test('at 200 columns there is room for everything', () => {
  const lines = frame(precopying, 200);
  expect(lines[0]).toHaveLength(200);
  expect(lines[1]).toBe(
    'perform3.precopying: Memory is copied pass by pass; pages written meanwhile are sent again.',
  );
  expect(lines.find((line) => line.startsWith('memory'))).toBe(
    `memory  [${'#'.repeat(20)}${'.'.repeat(60)}]   25 %  ETA 4.0 s  48.0 MiB/s  64.0 MiB sent, 192.0 MiB left`,
  );
});

test('a stream with a longer name keeps it, and all bars begin below each other', () => {
  const [one, other] = precopying.streams;
  if (one === undefined || other === undefined) throw new Error('there are two streams');
  const streams = [{ ...one, stream: 'vda image' }, other];
  const lines = frame({ ...precopying, streams }, 80).filter((line) => line.includes('['));
  expect(lines.map((line) => line.slice(0, 11))).toEqual(['vda image [', 'memory    [']);
});

describe('no line is wider than the terminal', () => {
  const long: RunView = {
    ...precopying,
    notice: `${'word '.repeat(60)}${'x'.repeat(300)}`,
    pause: { fromEpochMs: 3_000, toEpochMs: null },
  };
  test.each([1, 5, 20, 40, 79, 80, 81, 120, 200])('%i columns', (columns) => {
    const widest = Math.max(...frame(long, columns).map((line) => line.length));
    expect(widest).toBeLessThanOrEqual(columns);
  });
});

test('the downtime grows while the guest is paused and stands still afterwards', () => {
  const paused = { ...precopying, pause: { fromEpochMs: 3_380, toEpochMs: null } };
  expect(frame(paused, 80)).toContain('downtime so far 120 ms');
  const resumed = { ...precopying, pause: { fromEpochMs: 3_380, toEpochMs: 3_432 } };
  expect(frame(resumed, 80)).toContain('downtime 52 ms');
});

test('a phase beyond the usual ones is listed too', () => {
  const phases = [{ phase: 'CONFIRM3_CANCELLED', evidence: 'inferred', atEpochMs: 2_000 } as const];
  expect(frame({ ...precopying, phases }, 80)).toContain(
    '  CONFIRM3_CANCELLED    +1.000 s  inferred',
  );
});

test('text from outside cannot move the cursor', () => {
  const notice = 'bad\u001b[2J\r\nworse';
  expect(frame({ ...precopying, notice }, 80).at(-1)).toBe('bad [2J worse');
});

test('words are wrapped between words, and cut where one is too long', () => {
  expect(wrap('aa bb cc', 5)).toEqual(['aa bb', 'cc']);
  expect(wrap('aaaaaaa b', 3)).toEqual(['aaa', 'aaa', 'a b']);
});

test('where the guest stands still, the state says so', () => {
  const beside = new Map([
    ['postcopy', { state: 'postcopyPaused', description: 'It is broken.', tags: ['guestPaused'] }],
  ]);
  expect(frame({ ...precopying, beside }, 80)).toContain(
    'postcopyPaused [guest paused]: It is broken.',
  );
});

test('the passes have a line of their own', () => {
  const passes = {
    completed: 3,
    leastRemainingBytes: 12 * mib,
    untilStall: 2,
    untilPostcopy: null,
  };
  expect(frame({ ...precopying, passes }, 100)).toContain(
    '3 passes over the memory done, at best 12.0 MiB left; a stall after 2 more without gain',
  );
});

test('what a state is for is told to its end where it is narrow', () => {
  const lines = frame(precopying, 46);
  expect(lines.slice(1, 4)).toEqual([
    'perform3.precopying',
    '  Memory is copied pass by pass; pages written',
    '  meanwhile are sent again.',
  ]);
});

test('a workflow without phases leaves no room for them', () => {
  const options = { title: 'swap', expectedPhases: [], columns: 120, nowEpochMs: 1_000 };
  const view = { ...precopying, phases: [], beside: new Map(), notice: null };
  const [, state, gap, stream] = renderFrame(view, { ...options, paint: noPaint });
  expect(state).toContain('perform3.precopying: ');
  expect(gap).toBe('');
  expect(stream).toMatch(/^vda /);
});
