import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { continuity, readTicks, waitForTick } from '../../lab/index.ts';

const ticks = (...numbers: number[]) => numbers.map((n) => ({ n }));

describe('continuity of ticks', () => {
  test('one unbroken count is continuous', () => {
    expect(continuity(ticks(3, 4, 5))).toEqual({
      count: 3,
      first: 3,
      last: 5,
      gaps: [],
      repeats: [],
      backwards: [],
      twoWriters: false,
      continuous: true,
    });
  });

  test('no tick at all proves nothing wrong', () => {
    expect(continuity([])).toMatchObject({ count: 0, first: null, last: null, continuous: true });
  });

  test('a number left out is a gap', () => {
    expect(continuity(ticks(1, 2, 5))).toMatchObject({
      gaps: [{ after: 2, next: 5 }],
      twoWriters: false,
      continuous: false,
    });
  });

  test('a revert goes back once and repeats, with one writer', () => {
    expect(continuity(ticks(1, 2, 3, 2, 3, 4))).toMatchObject({
      repeats: [2, 3],
      backwards: [{ from: 3, to: 2 }],
      twoWriters: false,
      continuous: false,
    });
  });

  test('two copies that both run are two writers', () => {
    expect(continuity(ticks(1, 2, 3, 4, 3, 5, 4, 6, 5))).toMatchObject({
      twoWriters: true,
      continuous: false,
    });
  });
});

describe('reading a serial log', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ticks-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  test('takes whole tick lines only', async () => {
    const log = join(directory, 'whole.log');
    await writeFile(log, 'SeaBIOS\r\ntick 1\r\n[ 3.1] tick 7 of another\r\ntick 2\r\ntick 3');
    expect(await readTicks(log)).toEqual([
      { n: 1, line: 1 },
      { n: 2, line: 3 },
    ]);
  });

  test('waiting ends with the first tick beyond the number, even when it comes in two pieces', async () => {
    const log = join(directory, 'pieces.log');
    await writeFile(log, 'tick 1\r\nti');
    const waiting = waitForTick(log, 1, { timeoutMs: 5000 });
    await appendFile(log, 'ck 2\r\ntick 3\r\n');
    expect(await waiting).toMatchObject({ n: 2, line: 1 });
  });

  test('waiting for a guest that does not tick ends with an error', async () => {
    const log = join(directory, 'silent.log');
    await writeFile(log, 'tick 1\r\n');
    await expect(waitForTick(log, 1, { timeoutMs: 50 })).rejects.toThrow('no tick beyond 1');
  });
});
