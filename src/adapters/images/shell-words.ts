/**
 * One command line that a POSIX shell reads back as exactly these words: ssh knows no argument array
 * on the other side, only a text for the login shell there.
 *
 * @throws RangeError for a NUL, which no argument can hold
 */
export function toShellCommand(words: readonly string[]): string {
  return words.map(quote).join(' ');
}

/** Inside single quotes everything means itself, except the single quote. */
function quote(word: string): string {
  if (word.includes('\0')) throw new RangeError('an argument holds a NUL');
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
