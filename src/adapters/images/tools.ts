import type { FailureEffect } from '../../ports/failure.ts';
import { FailureError } from '../../ports/failure.ts';
import type { ReportFraction } from '../../ports/images.ts';
import type { Launch } from './launch.ts';
import { progressReader } from './progress.ts';
import { questionTimeoutMs, runTool } from './run-tool.ts';

type Words = readonly [string, ...string[]];

/** The tools of one host. What they are called in messages is their first word or two. */
export class Tools {
  readonly uri: string;
  readonly #launch: Launch;

  constructor(uri: string, launch: Launch) {
    this.uri = uri;
    this.#launch = launch;
  }

  /** Changes nothing, and answers at once. */
  ask(words: Words, signal: AbortSignal): Promise<string> {
    return this.#run(words, signal, { timeoutMs: questionTimeoutMs, effect: 'none' });
  }

  /** As {@link ask}; `null` where the file or the directory is not there. */
  async askAbout(words: Words, signal: AbortSignal): Promise<string | null> {
    try {
      return await this.ask(words, signal);
    } catch (error) {
      if (error instanceof FailureError && error.failure.code === 'noSuchImage') return null;
      throw error;
    }
  }

  /** Changes something, at once. */
  change(words: Words, signal: AbortSignal, input?: string): Promise<string> {
    const how = { timeoutMs: questionTimeoutMs, effect: 'unknown' } as const;
    return this.#run(words, signal, input === undefined ? how : { ...how, input });
  }

  /** Reads a whole file, as long as it takes. */
  read(words: Words, signal: AbortSignal): Promise<string> {
    return this.#run(words, signal, { timeoutMs: null, effect: 'none' });
  }

  /** Writes a whole image, as long as it takes; prints its progress as qemu-img does. */
  async work(words: Words, report: ReportFraction, signal: AbortSignal): Promise<void> {
    const onOutput = progressReader(report);
    await this.#run(words, signal, { timeoutMs: null, effect: 'unknown', onOutput });
  }

  /** A failure that we tell before any tool does. */
  refusal(code: string, message: string): FailureError {
    return new FailureError({ code, message: `${this.uri}: ${message}`, effect: 'none' });
  }

  #run(
    words: Words,
    signal: AbortSignal,
    how: {
      readonly timeoutMs: number | null;
      readonly effect: FailureEffect;
      readonly input?: string;
      readonly onOutput?: (text: string) => void;
    },
  ): Promise<string> {
    const what = words[0] === 'qemu-img' ? words.slice(0, 2).join(' ') : words[0];
    return runTool(this.uri, this.#launch, { what, words, signal, ...how });
  }
}

/**
 * Tools would take anything else for an option, for a protocol (`nbd:...`), or for a place that
 * depends on where they were started.
 *
 * @throws FailureError `invalidArgument`
 */
export function requirePaths(tools: Tools, ...paths: readonly string[]): void {
  const wrong = paths.find((path) => !path.startsWith('/') || path.includes('\0'));
  if (wrong !== undefined)
    throw tools.refusal('invalidArgument', `${JSON.stringify(wrong)} is not an absolute path`);
}

/** What qemu-img opens without a file of the host: an NBD export or an RBD image, as `toolPlaceOf` names it. */
const networkPlace = /^(?:nbd(?:\+unix)?:\/\/|rbd:)[\w./?=%:[\]@+~-]+$/;

/** As {@link requirePaths}, for what may be on a network. @throws FailureError `invalidArgument` */
export function requirePlaces(tools: Tools, ...places: readonly string[]): void {
  requirePaths(tools, ...places.filter((place) => !networkPlace.test(place)));
}
