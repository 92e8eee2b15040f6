import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { LiveScreen } from '../../../src/cli/display/live-screen.ts';
import { Output } from '../../../src/cli/output.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Exactly what a screen asks of a terminal. */
class FakeTerminal extends PassThrough {
  columns = 20;
  rows = 10;
}

function stage(lines: () => readonly string[]) {
  const terminal = new FakeTerminal();
  const stderr = new PassThrough();
  const output = new Output({ stdout: terminal, stderr });
  const written = (): string => String(terminal.read() ?? '');
  const screen = new LiveScreen({ terminal, output, intervalMs: 100, render: lines });
  return { terminal, output, screen, written };
}

test('the picture is drawn over the last one', () => {
  const { screen, written } = stage(() => ['one', 'two']);
  screen.draw();
  expect(written()).toBe('\u001b[?25l\r\u001b[Jone\ntwo\n');
  screen.draw();
  expect(written()).toBe('\u001b[2A\r\u001b[Jone\ntwo\n');
});

test('time alone redraws it', () => {
  const { written } = stage(() => ['one']);
  written();
  vi.advanceTimersByTime(100);
  expect(written()).toContain('one');
});

test('lines that a narrower terminal has wrapped are taken into account', () => {
  const { terminal, screen, written } = stage(() => ['x'.repeat(20), 'y']);
  screen.draw();
  written();
  terminal.columns = 10;
  terminal.emit('resize');
  expect(written().startsWith('\u001b[3A')).toBe(true);
});

test('a low terminal shows the top only, so that it can still be redrawn', () => {
  const { terminal, screen, written } = stage(() => ['1', '2', '3', '4']);
  terminal.rows = 3;
  screen.draw();
  expect(written()).toContain('1\n2\n');
});

test('what is said meanwhile stands above the picture', () => {
  const { output, screen, written } = stage(() => ['picture']);
  screen.draw();
  written();
  output.print('news');
  expect(written()).toBe('\u001b[1A\r\u001b[Jnews\n\r\u001b[Jpicture\n');
});

test('the cursor comes back at the end, and nothing is drawn any more', () => {
  const { screen, terminal, written } = stage(() => ['last']);
  screen.close();
  expect(written().endsWith('last\n\u001b[?25h')).toBe(true);
  vi.advanceTimersByTime(1_000);
  terminal.emit('resize');
  expect(written()).toBe('');
});

test('the cursor comes back when the process ends in between', () => {
  const before = new Set(process.listeners('exit'));
  const { screen, written } = stage(() => ['last']);
  const [restore] = process.listeners('exit').filter((listener) => !before.has(listener));
  written();
  restore?.call(process, 75);
  expect(written()).toBe('\u001b[?25h');
  screen.close();
  expect(process.listeners('exit').filter((listener) => !before.has(listener))).toEqual([]);
});
