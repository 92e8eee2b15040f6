import { watch } from 'node:fs';
import { open } from 'node:fs/promises';
import { LabError } from './lab-error.ts';
import { tellStanding } from './standing-guest.ts';

/** One number that the guest counted. */
export interface Tick {
  readonly n: number;
  /** Line of the serial log, from 0. */
  readonly line: number;
}

/** A tick seen the moment it was written. */
export interface SeenTick extends Tick {
  /** When it was read from the log, milliseconds since the epoch. */
  readonly atEpochMs: number;
}

/** What a row of ticks proves. */
export interface Continuity {
  readonly count: number;
  readonly first: number | null;
  readonly last: number | null;
  /** Numbers that were left out: a copy ran whose output is lost. */
  readonly gaps: readonly { readonly after: number; readonly next: number }[];
  /** Numbers that came more than once: memory was lost, or two copies ran. */
  readonly repeats: readonly number[];
  /** Places where the count went back: a revert, a restart from an older disk, or two copies. */
  readonly backwards: readonly { readonly from: number; readonly to: number }[];
  /** Whether two counts ran interleaved, as two running copies make them. */
  readonly twoWriters: boolean;
  /** One count, without gap, repetition or step back. */
  readonly continuous: boolean;
}

function parseTicks(lines: readonly string[], firstLine: number): Tick[] {
  return lines.flatMap((text, index) => {
    const n = /^tick (\d{1,15})$/.exec(text.trimEnd())?.[1];
    return n === undefined ? [] : [{ n: Number(n), line: firstLine + index }];
  });
}

/** Reads a serial log piece by piece; a last line without its end waits for the next piece. */
class TickReader {
  readonly #path: string;
  #offset = 0;
  #line = 0;
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  async next(): Promise<Tick[]> {
    const file = await open(this.#path, 'r');
    try {
      const chunk = Buffer.alloc(65_536);
      const found: Tick[] = [];
      for (;;) {
        const { bytesRead } = await file.read(chunk, 0, chunk.length, this.#offset);
        if (bytesRead === 0) return found;
        this.#offset += bytesRead;
        const lines = (this.#rest + chunk.toString('latin1', 0, bytesRead)).split('\n');
        this.#rest = lines.pop() ?? '';
        found.push(...parseTicks(lines, this.#line));
        this.#line += lines.length;
      }
    } finally {
      await file.close();
    }
  }
}

/** All ticks of a serial log so far. */
export function readTicks(path: string): Promise<Tick[]> {
  return new TickReader(path).next();
}

/**
 * The ticks of a serial log from its beginning, then each new one as it is written, until the
 * signal aborts.
 */
export async function* followTicks(path: string, signal: AbortSignal): AsyncGenerator<SeenTick> {
  const reader = new TickReader(path);
  let changed = Promise.withResolvers<void>();
  const watcher = watch(path, () => changed.resolve());
  const stop = (): void => changed.resolve();
  signal.addEventListener('abort', stop);
  try {
    while (!signal.aborted) {
      const seen = await reader.next();
      const atEpochMs = Date.now();
      for (const tick of seen) yield { ...tick, atEpochMs };
      if (seen.length > 0) continue;
      await changed.promise;
      changed = Promise.withResolvers();
    }
  } finally {
    signal.removeEventListener('abort', stop);
    watcher.close();
  }
}

/** The last tick in the log; null when there is none yet. */
export async function lastTick(path: string): Promise<number | null> {
  return (await readTicks(path)).at(-1)?.n ?? null;
}

/**
 * Waits until the guest has counted beyond `n` and gives the first tick that did.
 * @throws {LabError} when it has not within `timeoutMs`; with what can be seen of the guest.
 */
export async function waitForTick(
  path: string,
  n: number,
  options: { readonly timeoutMs: number },
): Promise<SeenTick> {
  for await (const tick of followTicks(path, AbortSignal.timeout(options.timeoutMs))) {
    if (tick.n > n) return tick;
  }
  const late = `no tick beyond ${n} within ${options.timeoutMs} ms in ${path}`;
  throw new LabError(`${late}\n${await tellStanding(path)}`);
}

/** Judges whether a row of ticks is the work of one guest that never stopped existing. */
export function continuity(ticks: readonly { readonly n: number }[]): Continuity {
  const gaps: { after: number; next: number }[] = [];
  const backwards: { from: number; to: number }[] = [];
  const seen = new Set<number>();
  const repeats = new Set<number>();
  let previous: number | null = null;
  for (const { n } of ticks) {
    if (seen.has(n)) repeats.add(n);
    seen.add(n);
    if (previous !== null && n > previous + 1) gaps.push({ after: previous, next: n });
    if (previous !== null && n <= previous) backwards.push({ from: previous, to: n });
    previous = n;
  }
  return {
    count: ticks.length,
    first: ticks[0]?.n ?? null,
    last: previous,
    gaps,
    repeats: [...repeats],
    backwards,
    twoWriters: interleaved(ticks.map(({ n }) => n)),
    continuous: gaps.length === 0 && repeats.size === 0 && backwards.length === 0,
  };
}

/**
 * Splits the row into counts that each go up by one. One guest ends a count before it begins
 * another; two copies go on with the older count after the younger has begun.
 */
function interleaved(numbers: readonly number[]): boolean {
  const counts: { next: number; lastAt: number; firstAt: number }[] = [];
  for (const [at, n] of numbers.entries()) {
    const count = counts.findLast((candidate) => candidate.next === n);
    if (count === undefined) {
      counts.push({ next: n + 1, firstAt: at, lastAt: at });
      continue;
    }
    count.next = n + 1;
    count.lastAt = at;
  }
  return counts.some((older, index) =>
    counts.slice(index + 1).some((younger) => older.lastAt > younger.firstAt),
  );
}
