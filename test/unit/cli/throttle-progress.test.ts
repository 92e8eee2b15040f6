import { expect, test } from 'vitest';

import type { RunEvent } from '../../../src/cli/display/run-events.ts';
import { throttleProgress } from '../../../src/cli/display/throttle-progress.ts';

const progress = (atEpochMs: number, ...names: string[]): RunEvent => ({
  type: 'progress',
  atEpochMs,
  machine: 'm',
  streams: names.map((stream) => ({
    stream,
    processedBytes: atEpochMs,
    totalBytes: 1_000,
    remainingBytes: 0,
    bytesPerS: null,
  })),
});

function told(events: readonly RunEvent[]): string[] {
  const lines: string[] = [];
  const pass = throttleProgress(250, (event) => {
    if (event.type !== 'progress') lines.push(event.type);
    else for (const { stream } of event.streams) lines.push(`${stream}@${event.atEpochMs}`);
  });
  events.forEach(pass);
  return lines;
}

test('each stream is told at most four times a second', () => {
  const eager = Array.from({ length: 1_000 }, (_, atEpochMs) => progress(atEpochMs, 'memory'));
  expect(told(eager)).toEqual(['memory@0', 'memory@250', 'memory@500', 'memory@750']);
});

test('one stream does not hold another one back', () => {
  expect(told([progress(0, 'vda'), progress(10, 'vda', 'memory')])).toEqual(['vda@0', 'memory@10']);
});

test('everything else passes at once', () => {
  const start = { type: 'run.started', atEpochMs: 1, run: 'r' } as const;
  expect(told([progress(0, 'vda'), start, start])).toEqual(['vda@0', 'run.started', 'run.started']);
});
