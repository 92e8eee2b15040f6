import { hostname } from 'node:os';
import { expect, test } from 'vitest';

import {
  holderAtLength,
  holderInShort,
  isDriven,
} from '../../../../src/cli/display/records/holder-words.ts';
import { mainStateOf } from '../../../../src/cli/display/records/main-state.ts';
import { nextSteps } from '../../../../src/cli/display/records/next-steps.ts';
import { undoWords } from '../../../../src/cli/display/records/undo-words.ts';
import { gravest } from '../../../../src/cli/exit-status.ts';
import { timeSpan } from '../../../../src/cli/options/time-span.ts';
import { shortIdLengthOf } from '../../../../src/cli/records/resolve-run.ts';
import type { RunSummary } from '../../../../src/ports/run-store.ts';

const engine = {
  id: 'e',
  pid: 42,
  hostname: hostname(),
  startedAtEpochMs: 0,
  heartbeatAtEpochMs: 9_000,
  alive: true,
};
const running: RunSummary = {
  id: 'r1',
  machine: 'liveMigration',
  version: '3',
  subject: 'db1',
  startedAtEpochMs: 0,
  finishedAtEpochMs: null,
  outcome: null,
  states: ['gathering'],
  holder: engine,
  parked: null,
};
const failure = { code: 'unfitSnapshot', message: 'it fits nothing', effect: 'unknown' } as const;
const dead = { ...running, holder: { ...engine, alive: false } };
const left = { ...running, holder: null };
const parked = { ...left, parked: { failure, atEpochMs: 1 } };
const ended = { ...left, finishedAtEpochMs: 5_000, outcome: 'completed' };

test('who drives a run, and whether that process lives', () => {
  expect(holderInShort(running)).toBe('pid 42');
  expect(holderAtLength(running, 10_000)).toBe('pid 42, which lives (heard of 1.0 s ago)');
  const elsewhere = { ...running, holder: { ...engine, hostname: 'far' } };
  expect(holderInShort(elsewhere)).toBe('pid 42 on far');
  expect(holderInShort(dead)).toBe('nobody: pid 42 is gone');
  expect(holderAtLength(dead, 10_000)).toBe('nobody: pid 42 is gone since 1.0 s');
  expect(holderInShort(left)).toBe('nobody: left to recover');
  expect(holderInShort(parked)).toBe('nobody: needs an operator');
  expect(holderInShort(ended)).toBe('-');
  expect([running, dead, left].map(isDriven)).toEqual([true, false, false]);
});

test('what may be done about it', () => {
  expect(nextSteps(running)).toEqual([]);
  expect(nextSteps(ended)).toEqual([]);
  expect(nextSteps(dead)).toEqual([expect.stringContaining('virtstate recover r1')]);
  expect(nextSteps(parked).join('\n')).toContain('virtstate recover --give-up r1');
});

test.each([
  [['abortable', 'guestPaused'], 'everything'],
  [['pointOfNoReturn'], 'past the point of no return'],
  [['rollingBack', 'abortable'], 'being undone already'],
  [['waitingForOperator', 'pointOfNoReturn'], 'waits for an operator'],
  [[], 'not now'],
])('%j: what can be undone', (tags, words) => {
  expect(undoWords(running, new Set(tags))).toContain(words);
});

test('what can be undone of a run that has ended, or that no machine fits', () => {
  expect(undoWords(ended, null)).toContain('it has completed');
  expect(undoWords(parked, null)).toContain('unknown');
});

test('what can be undone of a run that nobody drives is not asked of it', () => {
  expect(undoWords({ ...running, holder: null }, new Set())).toContain('when it is recovered');
});

test.each([
  [['gathering'], 'gathering'],
  [['migrating.peer2peer'], 'migrating.peer2peer'],
  [
    ['migrating.peer2peer', 'migrating.phases.prepare', 'migrating.execution.performing'],
    'prepare',
  ],
  [['migrating.direct', 'migrating.link.holding', 'migrating.execution.finish'], 'finish'],
  [['migrating.peer2peer', 'uncertain.inspecting'], 'uncertain.inspecting'],
  [[], '-'],
])('%j: one of them tells where the run stands', (states, expected) => {
  expect(mainStateOf(states)).toBe(expected);
});

test('ids are as short as they can be told apart, and no shorter than eight', () => {
  expect(shortIdLengthOf([])).toBe(8);
  expect(shortIdLengthOf(['aaaaaaaaaa1', 'b', 'aaaaaaaaaa2'])).toBe(11);
});

test.each([
  [[], 0],
  [[0, 0], 0],
  [[0, 130], 1],
  [[2], 1],
  [[1, 75], 75],
  [[75, 3, 0], 3],
  [[3, 70], 70],
])('%j: the gravest is %i', (statuses, expected) => {
  expect(gravest(statuses)).toBe(expected);
});

test.each([
  ['30d', 2_592_000_000],
  ['12h', 43_200_000],
  ['90min', 5_400_000],
  ['0s', 0],
])('%s is %i ms', (text, expected) => {
  expect(timeSpan.parse(text)).toBe(expected);
});

test.each(['', '30', 'd', '-1d', '1.5h', '1w', '1d2h'])('%j is no span', (text) => {
  expect(timeSpan.safeParse(text).success).toBe(false);
});
