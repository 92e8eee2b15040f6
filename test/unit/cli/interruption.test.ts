import { expect, test, vi } from 'vitest';

import { liveMigrationInput } from '../../../machines/index.ts';
import { answerInterrupt, leavingWords } from '../../../src/cli/interruption.ts';
import { shownMigration } from '../../../src/cli/workflows/migration.ts';
import { shownOneHost } from '../../../src/cli/workflows/one-host.ts';

function runWith(tags: readonly string[], takes: boolean, states: readonly string[] = []) {
  const send = vi.fn<(event: { type: string }) => boolean>(() => takes);
  return { tags: () => new Set(tags), states: () => states, send };
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

test.each([[['abortable']], [[]]])(
  'a machine with %o that does not take the abort now is not said to',
  (tags) => {
    const words = answerInterrupt(runWith(tags, false));
    expect(words).toContain('nothing to be called off now');
    expect(words).not.toMatch(/asked to abort|point of no return/);
  },
);

test.each([
  ['working.pivoting.asking', 'web is being put onto its new volumes: it only goes forward'],
  ['working.pivoting.waiting', 'it only goes forward'],
  ['working.making.choosing', 'nothing to be called off now'],
])('a swap in %s that does not take the abort is told why', (state, words) => {
  const shown = shownOneHost('volumeSwap', { domain: 'web', host: 'qemu:///system' });
  expect(answerInterrupt(runWith([], false, [state]), shown)).toContain(words);
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
  const run = { id: 'run-1', tags: () => new Set<string>() };
  expect(leavingWords(run, shown)).toContain(words);
  expect(leavingWords(run, shown)).toContain('virtstate recover run-1 takes it up');
});

test.each([
  ['guestFrozen', "frozen: virsh -c 'qemu:///system' domfsthaw web thaws them"],
  ['guestPaused', 'web stands still, or is shut off'],
  ['abortable', 'nothing is undone'],
])('whoever leaves a snapshot with %s is told how its guest stands', (tag, words) => {
  const shown = shownOneHost('liveSnapshot', { domain: 'web', host: 'qemu:///system' });
  const run = { id: 'run-1', tags: () => new Set([tag]) };
  expect(leavingWords(run, shown)).toContain(words);
});
