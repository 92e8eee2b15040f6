import { expect, test, vi } from 'vitest';

import { liveMigrationInput } from '../../../machines/index.ts';
import { answerInterrupt, leavingWords } from '../../../src/cli/interruption.ts';
import { shownMigration } from '../../../src/cli/workflows/migration.ts';

function runWith(tags: readonly string[], takes: boolean) {
  const send = vi.fn<(event: { type: string }) => boolean>(() => takes);
  return { tags: () => new Set(tags), send };
}

test('a run that can be aborted is asked to', () => {
  const run = runWith(['abortable'], true);
  expect(answerInterrupt(run)).toContain('waiting for the rollback');
  expect(run.send).toHaveBeenCalledWith({ type: 'abort.requested' });
});

test('past the point of no return nothing is sent, and the words say so', () => {
  const run = runWith(['pointOfNoReturn'], true);
  expect(answerInterrupt(run)).toContain('past the point of no return');
  expect(run.send).not.toHaveBeenCalled();
});

test('a run that rolls back already is waited for', () => {
  expect(answerInterrupt(runWith(['rollingBack'], false))).toContain('rolling back already');
});

test('a machine that does not take the abort now is not said to', () => {
  expect(answerInterrupt(runWith(['abortable'], false))).not.toContain('asked to abort');
});

test.each([
  ['peer2peer', 'the source daemon goes on by itself'],
  ['direct', 'both daemons undo what they hold'],
] as const)('whoever leaves %s is told who goes on with it', (protocol, words) => {
  const input = liveMigrationInput({
    domain: 'guest',
    source: 'simulated:///hostA',
    destination: 'simulated:///hostB',
    protocol,
    options: { destinationConnectUri: null },
  });
  const shown = shownMigration(input);
  expect(leavingWords('run-1', shown)).toContain(words);
  expect(leavingWords('run-1', shown)).toContain('virtstate recover run-1 takes it up');
});
