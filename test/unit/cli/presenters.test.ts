import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';

import { liveMigrationInput } from '../../../machines/index.ts';
import { createPresenter } from '../../../src/cli/display/presenters.ts';
import { Output } from '../../../src/cli/output.ts';
import { shownMigration } from '../../../src/cli/workflows/migration.ts';

class FakeTerminal extends PassThrough {
  columns = 80;
  rows = 24;
}

const shown = shownMigration(
  liveMigrationInput({
    domain: 'web',
    source: 'simulated:///hostA',
    destination: 'simulated:///hostB',
    options: { destinationConnectUri: null },
  }),
);

function firstWordsOn(term: string): string {
  const terminal = new FakeTerminal();
  const output = new Output({ stdout: terminal, stderr: new PassThrough() });
  const environment = { TERM: term };
  const presenter = createPresenter('words', shown, {
    output,
    terminal,
    environment,
    now: () => 0,
  });
  const words = String(terminal.read() ?? '');
  const failure = { code: 'internal', message: 'the end', effect: 'unknown' } as const;
  presenter.close({ ended: 'broken', atEpochMs: 0, failure }, []);
  return words;
}

test('a picture is as wide as its terminal, also when that changes', () => {
  const terminal = new FakeTerminal();
  const output = new Output({ stdout: terminal, stderr: new PassThrough() });
  const presenter = createPresenter('words', shown, {
    output,
    terminal,
    environment: { TERM: 'xterm', NO_COLOR: '1' },
    now: () => 0,
  });
  const bytes = { processedBytes: 5, totalBytes: 10, remainingBytes: 5, bytesPerS: 1 };
  presenter.show({
    type: 'progress',
    machine: 'liveMigration',
    atEpochMs: 0,
    streams: [{ stream: 'memory', ...bytes }],
  });
  for (const columns of [200, 80, 30, 200]) {
    terminal.columns = columns;
    terminal.read();
    terminal.emit('resize');
    const drawn = String(terminal.read() ?? '');
    // Of the colours that NO_COLOR forbids there is none.
    expect(drawn.split('\u001b[').filter((part) => /^[0-9;]*m/.test(part))).toEqual([]);
    const lines = (drawn.split('\u001b[J').at(-1) ?? '').trimEnd().split('\n');
    expect(lines[0]).toHaveLength(columns);
    expect(Math.max(...lines.map((line) => line.length))).toBe(columns);
    expect(lines.at(-1)).toMatch(/^memory +\[#+\.+\] +50 %/);
  }
  const failure = { code: 'internal', message: 'the end', effect: 'unknown' } as const;
  presenter.close({ ended: 'broken', atEpochMs: 0, failure }, []);
});

test('a dumb terminal gets plain lines', () => {
  expect(firstWordsOn('dumb')).toBe('web: simulated:///hostA -> simulated:///hostB\n');
});

test('another terminal gets a picture', () => {
  expect(firstWordsOn('xterm')).toContain('\u001b[');
});
