import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { z } from 'zod';

// Debian's own, to which python3-libvirt belongs.
const python = '/usr/bin/python3';

/** A script of `peers`, asked over its standard input: one JSON value a line each way. */
export class PythonPeer implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  readonly #complaints: string[] = [];

  constructor(script: string, args: readonly string[]) {
    const file = join(import.meta.dirname, 'peers', script);
    this.#child = spawn(python, [file, ...args]);
    this.#answers = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints.push(text);
    });
    // A script that ends early closes its input; what it said tells why.
    this.#child.stdin.on('error', () => undefined);
  }

  /** @throws when the script ends instead of answering, or answers something else. */
  async ask<T>(request: object, schema: z.ZodType<T>): Promise<T> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const { done, value } = await this.#answers.next();
    if (done === true) throw new Error(`the peer ended: ${this.#complaints.join('')}`);
    return schema.parse(JSON.parse(value));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'close');
    this.#child.stdin.end();
    await ended;
  }
}
