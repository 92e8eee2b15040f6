import { describe, expect, test } from 'vitest';
import { plainLine, skippedLines, summarise } from './report.ts';
import type { Report } from './report.ts';

type FileResult = Report['testResults'][number];

function file(name: string, over: Partial<FileResult>): FileResult {
  return {
    name: `/repo/${name}`,
    status: 'passed',
    startTime: 0,
    endTime: 0,
    assertionResults: [],
    ...over,
  };
}

const skip = (fullName: string, skipReason?: string): FileResult['assertionResults'][number] => ({
  fullName,
  status: 'skipped',
  meta: { skipReason },
});

function summaryOf(...testResults: FileResult[]) {
  return summarise({ testResults }, '/repo');
}

describe('summary of a test run', () => {
  test('counts passed, failed and skipped tests of all files', () => {
    const summary = summaryOf(
      file('test/unit/a.test.ts', {
        status: 'failed',
        assertionResults: [
          { fullName: 'a', status: 'passed' },
          { fullName: 'b', status: 'failed' },
        ],
      }),
      file('test/lab/b.test.ts', { assertionResults: [skip('c', 'no lab')] }),
    );
    expect(plainLine(summary)).toBe('1 passed, 1 failed, 1 skipped');
  });

  test('a file that cannot be loaded is a failure though it has no test', () => {
    const summary = summaryOf(file('test/unit/a.test.ts', { status: 'failed' }));
    expect(plainLine(summary)).toBe('0 passed, 1 failed, 0 skipped');
  });

  test('a failing hook of a file whose tests passed is a failure', () => {
    const assertionResults = [{ fullName: 'a', status: 'passed' } as const];
    const summary = summaryOf(file('test/lab/a.test.ts', { status: 'failed', assertionResults }));
    expect(plainLine(summary)).toBe('1 passed, 1 failed, 0 skipped');
  });

  test('skips of one file and reason share a line, and a missing reason is told', () => {
    const summary = summaryOf(
      file('test/lab/a.test.ts', { assertionResults: [skip('a', 'no lab'), skip('b', 'no lab')] }),
      file('test/unit/b.test.ts', { assertionResults: [skip('c'), skip('d (skipped: cold) e')] }),
    );
    expect(skippedLines(summary.skipped)).toEqual([
      '  2 x test/lab/a.test.ts: no lab',
      '  1 x test/unit/b.test.ts: no reason given',
      '  1 x test/unit/b.test.ts: cold',
    ]);
  });

  test("a tier's time goes from its first start to its last end", () => {
    const assertionResults = [{ fullName: 'a', status: 'passed' } as const];
    const { times } = summaryOf(
      file('test/lab/a.test.ts', { assertionResults, startTime: 1000, endTime: 5000 }),
      file('test/lab/b.test.ts', { assertionResults, startTime: 2000, endTime: 9000 }),
      file('test/lab/skipped.test.ts', { assertionResults: [skip('b')], startTime: 0 }),
      file('test/unit/c.test.ts', { assertionResults, startTime: 0, endTime: 1 }),
    );
    expect(times).toEqual([
      { tier: 'lab', files: 2, tests: 2, wallMs: 8000 },
      { tier: 'unit', files: 1, tests: 1, wallMs: 1 },
    ]);
  });
});
