import { el, say } from './dom.ts';
import type { Panel } from './picture.ts';
import { bytes, span } from './words.ts';
import type { RunDetails, Stream } from './wire.ts';

/** One bar for each stream, with its rate and how long it may still take. */
export function progressPanel(): Panel {
  const bars = new Map<string, Bar>();
  const element = el('div', { class: 'progress' });
  return {
    element,
    show: ({ details, isLive, streams }) => {
      element.hidden = !isLive || streams.length === 0;
      if (element.hidden) return;
      const standing = standingOf(details);
      for (const stream of streams) {
        const bar = bars.get(stream.stream) ?? new Bar(stream.stream);
        if (!bars.has(stream.stream)) element.append(bar.element);
        bars.set(stream.stream, bar);
        bar.show(stream, standing);
      }
    },
  };
}

/** `unknown`: it was left, and what goes on nobody knows. */
type Standing = 'goesOn' | 'unknown' | 'ended' | 'completed';

function standingOf(details: RunDetails | null): Standing {
  if (details?.drivenBy?.alive === true) return 'goesOn';
  if (details === null || details.finishedAt === null) return 'unknown';
  return details.outcome === 'completed' ? 'completed' : 'ended';
}

class Bar {
  readonly element: HTMLElement;
  readonly #bar: HTMLProgressElement;
  readonly #words = el('span', { class: 'quiet' });
  /** A pass that finds more to send does not take back what was done. */
  #most = 0;

  constructor(name: string) {
    this.#bar = el('progress', { max: 1, 'aria-label': name });
    this.element = el('div', { class: 'bar' }, el('strong', {}, name), this.#bar, this.#words);
  }

  show(stream: Stream, standing: Standing): void {
    // What was last told was told before the end.
    const share = standing === 'completed' ? 1 : shareOf(stream);
    this.#most = Math.max(this.#most, share);
    if (this.#bar.value !== this.#most) this.#bar.value = this.#most;
    say(this.#words, progressWords(stream, standing));
  }
}

/** Of all that was sent and is still to be sent: a page of zeros is never sent. */
export function shareOf({ processedBytes, remainingBytes }: Stream): number {
  const all = processedBytes + remainingBytes;
  return all === 0 ? 0 : processedBytes / all;
}

export function progressWords(stream: Stream, standing: Standing): string {
  const { bytesPerS, processedBytes, remainingBytes } = stream;
  if (standing === 'completed') return `${bytes(processedBytes)} sent`;
  const done = `${bytes(processedBytes)} sent, ${bytes(remainingBytes)} left`;
  if (standing === 'ended') return `${done} when it ended`;
  if (standing === 'unknown') return `${done} when last heard of`;
  if (bytesPerS === null || bytesPerS <= 0) return done;
  const left = remainingBytes === 0 ? '' : `, about ${span((remainingBytes / bytesPerS) * 1_000)}`;
  return `${done}, ${bytes(bytesPerS)}/s${left}`;
}
