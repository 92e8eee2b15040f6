import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Longer than any command; what is longer is told once and thrown away up to its end. */
export const lineLengthMax = 256;

/**
 * Tells each line of a stream that anybody may write to. Its end, or its failure (a terminal that
 * has hung up), ends the lines and nothing else.
 *
 * @returns stops reading
 */
export function readLines(input: Readable, tell: (line: string) => void): () => void {
  const decoder = new StringDecoder('utf8');
  let begun = '';
  let isTooLong = false;
  const finishLine = (rest: string): void => {
    const line = begun + rest;
    begun = '';
    if (!isTooLong && line.trim() !== '') tell(line.slice(0, lineLengthMax + 1));
    isTooLong = false;
  };
  const onData = (chunk: Buffer | string): void => {
    const text = typeof chunk === 'string' ? chunk : decoder.write(chunk);
    const lines = text.split('\n');
    const unfinished = lines.pop() ?? '';
    for (const line of lines) finishLine(line);
    if (!isTooLong) begun += unfinished;
    if (begun.length <= lineLengthMax) return;
    tell(begun.slice(0, lineLengthMax + 1));
    begun = '';
    isTooLong = true;
  };
  const stop = (): void => {
    input.off('data', onData);
    input.off('end', onEnd);
    input.pause();
  };
  const onEnd = (): void => {
    finishLine('');
    stop();
  };
  input.on('data', onData);
  input.once('end', onEnd);
  // It stays for good: a stream that fails after the run is nobody's business either.
  input.on('error', stop);
  return stop;
}
