import { describe, expect, test } from 'vitest';
import { progressReader } from '../../../../src/adapters/images/progress.ts';

/** What is reported of output that comes in these pieces. */
function read(...pieces: readonly string[]): number[] {
  const fractions: number[] = [];
  const reader = progressReader((fraction) => fractions.push(fraction));
  for (const piece of pieces) reader(piece);
  return fractions;
}

describe('the progress that qemu-img prints', () => {
  test('is a fraction of what is to be done', () => {
    const printed = '    (0.00/100%)\r';
    expect(read(printed, '    (12.50/100%)\r', '    (100.00/100%)\r\n')).toEqual([0, 0.125, 1]);
  });

  test('may be cut anywhere', () => {
    expect(read('    (1', '2.5', '0/100', '%)\r    (2', '5.00/100%)\r')).toEqual([0.125, 0.25]);
  });

  test('is the latest of what comes together', () => {
    expect(read('    (1.00/100%)\r    (2.00/100%)\r    (3.00/100%)\r')).toEqual([0.03]);
  });

  test('never goes back, and is not told twice', () => {
    expect(read('(50.00/100%)', '(50.00/100%)', '(0.00/100%)', '(75.00/100%)')).toEqual([
      0.5, 0.75,
    ]);
  });

  test('is nothing else', () => {
    expect(read('Image committed.\n', 'x'.repeat(100_000), '(nan/100%)', '(1234.00/100%)')).toEqual(
      [],
    );
  });
});
