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

test('a dumb terminal gets plain lines', () => {
  expect(firstWordsOn('dumb')).toBe('web: simulated:///hostA -> simulated:///hostB\n');
});

test('another terminal gets a picture', () => {
  expect(firstWordsOn('xterm')).toContain('\u001b[');
});
