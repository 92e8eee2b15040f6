import { PassThrough } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';

import type { CommandAnswer } from '../../../../src/cli/display/command-answer.ts';
import { answerToLine, answerToWords } from '../../../../src/cli/display/command-answer.ts';
import { followCommands } from '../../../../src/cli/tuning/follow-commands.ts';
import { parseCommand } from '../../../../src/cli/tuning/parse-command.ts';
import { lineLengthMax, readLines } from '../../../../src/cli/tuning/read-lines.ts';

describe('a line as a command', () => {
  test.each([
    ['abort', { type: 'abort.requested' }],
    ['confirm', { type: 'confirm.requested' }],
    ['undo', { type: 'undo.requested' }],
    ['  postcopy.start ', { type: 'postcopy.start' }],
    ['force.complete', { type: 'force.complete' }],
    ['postcopy.recover', { type: 'postcopy.recover' }],
    ['postcopy.giveUp', { type: 'postcopy.giveUp' }],
    ['bandwidth.set 100', { type: 'bandwidth.set', mibPerS: 100 }],
    ['bandwidth.set\t0', { type: 'bandwidth.set', mibPerS: 0 }],
    ['downtime.set 500', { type: 'downtime.set', downtimeMs: 500 }],
  ])('%j', (line, command) => {
    expect(parseCommand(line)).toEqual({ understood: true, command });
  });

  test.each([
    ['stop', 'there is abort, postcopy.start'],
    ['abort.requested', 'there is abort'],
    ['constructor', 'there is abort'],
    ['abort now', 'abort takes no value'],
    ['bandwidth.set', 'bandwidth.set takes one whole number from 0 to 1000000 (MiB/s'],
    ['bandwidth.set 1e3', 'takes one whole number'],
    ['bandwidth.set -1', 'takes one whole number'],
    ['downtime.set 0', 'takes one whole number from 1 to 2000000 (ms)'],
    ['downtime.set 5 6', 'takes one whole number'],
  ])('%j is not understood', (line, words) => {
    expect(parseCommand(line)).toEqual({
      understood: false,
      reason: expect.stringContaining(words),
    });
  });
});

/** The lines that a stream of these chunks tells, to its end. */
async function linesOf(...chunks: readonly (string | Buffer)[]): Promise<string[]> {
  const input = new PassThrough();
  const told: string[] = [];
  readLines(input, (line) => told.push(line));
  const ended = new Promise((resolve) => {
    input.once('end', resolve);
  });
  for (const chunk of chunks) input.write(chunk);
  input.end();
  await ended;
  return told;
}

describe('the lines of a stream', () => {
  test('come whole, however the stream is cut', async () => {
    await expect(linesOf('ab', 'ort\nforce.', 'complete\r\n')).resolves.toEqual([
      'abort',
      'force.complete\r',
    ]);
  });

  test('a character that is cut in two is one', async () => {
    const bytes = Buffer.from('ü\n');
    await expect(linesOf(bytes.subarray(0, 1), bytes.subarray(1))).resolves.toEqual(['ü']);
  });

  test('empty ones are passed over; the last one needs no end', async () => {
    await expect(linesOf('\n\n  \nabort')).resolves.toEqual(['abort']);
  });

  test('a line without end is told once and held no longer than a command is', async () => {
    const long = 'x'.repeat(100_000);
    const told = await linesOf(long, long, '\nabort\n');
    expect(told.map((line) => line.length)).toEqual([lineLengthMax + 1, 'abort'.length]);
  });

  test('a stream that fails tells nothing more, and throws nothing', () => {
    const input = new PassThrough();
    const tell = vi.fn<(line: string) => void>();
    readLines(input, tell);
    input.destroy(new Error('EIO'));
    expect(() => input.emit('error', new Error('EIO'))).not.toThrow();
    expect(tell).not.toHaveBeenCalled();
  });

  test('whoever stops reading hears nothing more', () => {
    const input = new PassThrough();
    const tell = vi.fn<(line: string) => void>();
    readLines(input, tell)();
    input.emit('data', 'abort\n');
    expect(tell).not.toHaveBeenCalled();
    expect(input.isPaused()).toBe(true);
  });
});

function answerTo(
  line: string,
  takes: boolean,
): { answer: CommandAnswer | undefined; sent: object[] } {
  const input = new PassThrough();
  const answers: CommandAnswer[] = [];
  const sent: object[] = [];
  const send = (event: { type: string }): boolean => {
    sent.push(event);
    return takes;
  };
  followCommands({ send }, input, {
    now: () => 7,
    state: () => 'perform3.precopying',
    answer: (answer) => answers.push(answer),
  });
  input.emit('data', `${line}\n`);
  return { answer: answers[0], sent };
}

describe('a command for a run', () => {
  const about = { atEpochMs: 7, state: 'perform3.precopying', reason: null };

  test('that the machine allows is taken', () => {
    expect(answerTo('downtime.set 500', true)).toEqual({
      answer: { ...about, command: 'downtime.set 500', answer: 'taken' },
      sent: [{ type: 'downtime.set', downtimeMs: 500 }],
    });
  });

  test('that it does not allow now is told so, with the state', () => {
    const { answer } = answerTo('postcopy.start', false);
    expect(answer).toEqual({ ...about, command: 'postcopy.start', answer: 'notAllowed' });
  });

  test('that nobody understands is not sent', () => {
    const { answer, sent } = answerTo('faster', true);
    expect(sent).toEqual([]);
    expect(answer).toMatchObject({ command: 'faster', answer: 'notUnderstood' });
  });
});

describe('the answer', () => {
  const answer = { atEpochMs: 7, command: 'abort', state: 'finish3', reason: null } as const;

  test.each([
    [{ ...answer, answer: 'taken' } as const, 'virtstate: abort: taken'],
    [
      { ...answer, answer: 'notAllowed' } as const,
      'virtstate: abort: not allowed in the state finish3',
    ],
    [
      { ...answer, command: 'a\u001b[2J', answer: 'notUnderstood', reason: 'there is x' } as const,
      'virtstate: a [2J: not understood: there is x',
    ],
  ])('%o in words', (given, words) => {
    expect(answerToWords(given)).toBe(words);
  });

  test('as a line of NDJSON', () => {
    expect(answerToLine({ ...answer, answer: 'notAllowed' })).toEqual({
      type: 'command',
      at: 7,
      command: 'abort',
      answer: 'notAllowed',
      state: 'finish3',
      reason: null,
    });
  });
});
