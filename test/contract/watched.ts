import type { Hypervisor } from '../../src/ports/hypervisor.ts';
import type { DomainObservation, StreamProgress } from '../../src/ports/observation.ts';

/** All that a watch has told so far, and a way to wait for more. */
export class Watched {
  readonly observations: DomainObservation[] = [];
  readonly progress: (readonly StreamProgress[])[] = [];
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  readonly #waiting = new Set<() => void>();

  constructor(
    hypervisor: Hypervisor,
    uuid: string,
    role: 'source' | 'destination' | 'alone',
    resumed = false,
  ) {
    const observe = (observation: DomainObservation): void => {
      this.observations.push(observation);
      for (const check of this.#waiting) check();
    };
    const progress = (streams: readonly StreamProgress[]): void => {
      this.progress.push(streams);
      for (const check of this.#waiting) check();
    };
    const request = { uuid, role, resumed, observe, progress };
    this.#ended = hypervisor.watchDomain(request, this.#stop.signal);
  }

  /** Resolves when an observation has been told that reads so, as in {@link Watched.events}. */
  async sees(event: string): Promise<void> {
    await this.#until(() => this.observations.some((each) => inOneLine(each) === event));
  }

  /** Resolves when it has been told how far that stream is: a short one may be over before. */
  async measures(stream: string): Promise<void> {
    await this.#until(() => this.progress.flat().some((each) => each.stream === stream));
  }

  async #until(isTold: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = (): void => {
      if (isTold()) resolve();
    };
    this.#waiting.add(check);
    check();
    await promise;
    this.#waiting.delete(check);
  }

  /** What events told, in their order, without what had to be read. */
  get events(): string[] {
    const told = this.observations.filter(
      ({ kind }) => kind !== 'state' && kind !== 'migrationJob',
    );
    return told.map(inOneLine);
  }

  /** What was read, in the order of the reading. */
  get reads(): string[] {
    const read = this.observations.filter(
      ({ kind }) => kind === 'state' || kind === 'migrationJob',
    );
    return read.map(inOneLine);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

/** An observation in one line: its kind and what it says; how much a pass found is no matter. */
export function inOneLine(observation: DomainObservation): string {
  if (observation.kind === 'iteration') return `iteration ${observation.iteration}`;
  const { atEpochMs: _, ...told } = observation;
  return Object.values(told).join(' ');
}
