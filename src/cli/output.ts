import type { Writable } from 'node:stream';

import { withFlags } from './options/flag-names.ts';

/**
 * Standard output and error. A reader that goes away (`| head`) is told of once and never an
 * error: a migration that has begun goes on to its end without one. Options that the machines speak
 * of go out as the flags that are typed for them.
 */
export class Output {
  readonly #stdout: Writable;
  readonly #stderr: Writable;
  #canPrint = true;
  #canSay = true;
  #above: (write: () => void) => void = (write) => write();
  #onClosed: () => void = () => undefined;

  constructor(streams: { readonly stdout: Writable; readonly stderr: Writable }) {
    this.#stdout = streams.stdout;
    this.#stderr = streams.stderr;
    this.#stdout.on('error', () => this.#lose());
    this.#stderr.on('error', () => {
      this.#canSay = false;
    });
  }

  get isOpen(): boolean {
    return this.#canPrint;
  }

  /** Called once, when nobody reads standard output any more. */
  onClosed(listener: () => void): void {
    this.#onClosed = listener;
    if (!this.#canPrint) listener();
  }

  /** While a picture is on the terminal, what is said goes above it. */
  placeAbove(above: ((write: () => void) => void) | null): void {
    this.#above = above ?? ((write) => write());
  }

  /** Result, on standard output. */
  print(line: string): void {
    this.#above(() => this.write(`${withFlags(line)}\n`));
  }

  /** Unframed text on standard output. */
  write(text: string): void {
    if (this.#canPrint) this.#stdout.write(text);
  }

  /** Notice or error, on standard error. */
  say(line: string): void {
    if (this.#canSay) this.#above(() => void this.#stderr.write(`${withFlags(line)}\n`));
  }

  /** Resolves when all of it has left this process, or cannot any more. */
  async drain(): Promise<void> {
    await Promise.all([drained(this.#stdout), drained(this.#stderr)]);
  }

  #lose(): void {
    if (!this.#canPrint) return;
    this.#canPrint = false;
    this.#onClosed();
  }
}

function drained(stream: Writable): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (stream.destroyed) resolve();
  else stream.write('', () => resolve());
  return promise;
}
