import { readFile } from 'node:fs/promises';
import type { HostPaths } from './paths.ts';

/** A line of a daemon's debug log, and what it tells. */
export type LogReader<Entry> = readonly [
  pattern: RegExp,
  entry: (atEpochMs: number, first: string, second: string) => Entry,
];

/** The text of a file; null where there is none. */
export async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function parseLine<Entry>(line: string, readers: readonly LogReader<Entry>[]): Entry[] {
  const stamp = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3})\+0000: /.exec(line);
  if (stamp === null) return [];
  const atEpochMs = Date.parse(`${stamp[1]}T${stamp[2]}Z`);
  for (const [pattern, entry] of readers) {
    const match = pattern.exec(line);
    if (match !== null) return [entry(atEpochMs, match[1] ?? '', match[2] ?? '')];
  }
  return [];
}

/** What the host's daemon has logged since the last reset, as the readers understand it, oldest first. */
export async function readDaemonLog<Entry>(
  host: HostPaths,
  readers: readonly LogReader<Entry>[],
): Promise<Entry[]> {
  const text = (await readIfThere(host.debugLog)) ?? '';
  return text.split('\n').flatMap((line) => parseLine(line, readers));
}
