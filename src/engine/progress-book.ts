import type { StreamProgress } from '../ports/observation.ts';

/** The latest of each stream of one run and its children; it never goes backwards. */
export class ProgressBook {
  readonly #streams = new Map<string, StreamProgress>();
  #news = new Set<string>();

  constructor(known: readonly StreamProgress[] = []) {
    for (const stream of known) this.#streams.set(stream.stream, stream);
  }

  /** @returns the streams as they stand now */
  note(streams: readonly StreamProgress[]): StreamProgress[] {
    return streams.map((stream) => {
      const processedBytes = Math.max(
        stream.processedBytes,
        this.#streams.get(stream.stream)?.processedBytes ?? 0,
      );
      const noted = { ...stream, processedBytes };
      this.#streams.set(stream.stream, noted);
      this.#news.add(stream.stream);
      return noted;
    });
  }

  get hasNews(): boolean {
    return this.#news.size > 0;
  }

  /** What was noted since the last time that this was asked. */
  takeNews(): StreamProgress[] {
    const news = [...this.#news].flatMap((name) => this.#streams.get(name) ?? []);
    this.#news = new Set();
    return news;
  }
}
