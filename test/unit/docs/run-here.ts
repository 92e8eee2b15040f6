import { Readable, Writable } from 'node:stream';

import { Output } from '../../../src/cli/output.ts';
import { runCommand } from '../../../src/cli/program.ts';
import type { Words } from './shell.ts';

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

class Kept extends Writable {
  text = '';

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** A command of the command line, in this process. */
export async function runHere(words: Words, store: string): Promise<Ran> {
  const [stdout, stderr] = [new Kept(), new Kept()];
  const status = await runCommand(words, '0.0.0', {
    output: new Output({ stdout, stderr }),
    terminal: null,
    environment: { VIRTSTATE_STORE: store, PATH: process.env['PATH'] },
    now: () => Date.now(),
    input: () => Readable.from([]),
  });
  return { status, stdout: stdout.text, stderr: stderr.text };
}
