import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';

import { createPresenter } from '../../../src/cli/display/presenters.ts';
import { Output } from '../../../src/cli/output.ts';

class FakeTerminal extends PassThrough {
  columns = 80;
  rows = 24;
}

const header = {
  domain: 'web',
  from: 'simulated:///hostA',
  to: 'simulated:///hostB',
  protocol: 'peer2peer',
  offline: false,
};

function firstWordsOn(term: string): string {
  const terminal = new FakeTerminal();
  const output = new Output({ stdout: terminal, stderr: new PassThrough() });
  const environment = { TERM: term };
  const presenter = createPresenter('words', header, {
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
