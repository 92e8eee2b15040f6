import { spawnSync } from 'node:child_process';
import { constantFrom, sample, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toShellCommand } from '../../../../src/adapters/images/shell-words.ts';

/** What a POSIX shell makes of a command line, word by word. */
function readBack(command: string): string[] {
  const shown = spawnSync('sh', ['-c', `printf '%s\\0' ${command}`], { encoding: 'utf8' });
  expect(shown.stderr).toBe('');
  return shown.stdout.split('\0').slice(0, -1);
}

describe('words for a remote shell', () => {
  test('come back as they were, whatever stands in them', () => {
    const words = [
      "it's",
      '$(touch x)',
      '`id`',
      'a b',
      '',
      '*',
      '~',
      '\\',
      '"',
      'a\nb',
      '-n',
      "''",
    ];
    expect(readBack(toShellCommand(words))).toEqual(words);
  });

  test('come back as they were, whoever thought of them', () => {
    const unit = constantFrom(...Array.from(`'"\\$\`!;&|*?~#(<{[ \n\taé-=%😀`));
    const words = sample(string({ unit }), { numRuns: 1_000, seed: 5 });
    expect(readBack(toShellCommand(words))).toEqual(words);
  });

  test('no word holds a NUL', () => {
    expect(() => toShellCommand(['a\0b'])).toThrow(RangeError);
  });
});
