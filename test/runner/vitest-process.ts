import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const packageFile = createRequire(import.meta.url).resolve('vitest/package.json');
const vitestProgram = join(dirname(packageFile), 'vitest.mjs');

/** How vitest ended. */
export interface Ending {
  readonly code: number | null;
  /** Its standard output where that was piped. */
  readonly output: string;
}

/**
 * Runs vitest in a process group of its own: an interruption ends the whole group, workers
 * included, while this process lives on to clean up after it.
 */
export class VitestProcess {
  #running: ChildProcess | null = null;
  #wasInterrupted = false;

  get wasInterrupted(): boolean {
    return this.#wasInterrupted;
  }

  /** Ends vitest and all its workers, now or as soon as it is started. */
  interrupt(): void {
    this.#wasInterrupted = true;
    const pid = this.#running?.pid;
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  }

  /** @throws when the run has been interrupted. */
  async run(
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
    stdout: 'inherit' | 'pipe',
  ): Promise<Ending> {
    if (this.#wasInterrupted) throw new Error('interrupted');
    const child = spawn(process.execPath, [vitestProgram, ...args], {
      detached: true,
      stdio: ['ignore', stdout, 'inherit'],
      env: { ...process.env, ...environment },
    });
    this.#running = child;
    const output: string[] = [];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => output.push(text));
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => (this.#running = null));
      child.once('close', (code) => resolve({ code, output: output.join('') }));
    });
  }
}
