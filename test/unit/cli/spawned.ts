import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterAll, onTestFinished } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..');
const program = ['--conditions=virtstate-source', join(root, 'src/cli/bin.ts')];

/** How a process of the command line ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const scratch = mkdtempSync(join(tmpdir(), 'virtstate-cli-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));
let places = 0;

/** Where a store may be made that nobody else knows. */
export function newStorePlace(): string {
  places += 1;
  return join(scratch, `${places}`, 'runs.db');
}

/** The command line as a process of its own, from the sources. */
export class Spawned {
  readonly process: ChildProcessByStdio<Writable, Readable, Readable>;
  #stdout = '';
  #stderr = '';

  constructor(words: readonly string[], node: readonly [string, ...string[]] = [process.execPath]) {
    const [command, ...before] = node;
    this.process = spawn(command, [...before, ...program, ...words], {
      cwd: root,
      // No test reads or leaves runs where the user of this machine has theirs.
      env: { ...process.env, VIRTSTATE_STORE: newStorePlace() },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    onTestFinished(() => void this.process.kill('SIGKILL'));
    this.process.stdout.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString()));
    this.process.stderr.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
  }

  /** All that it has printed so far. */
  get printed(): string {
    return this.#stdout;
  }

  /** Writes a line to its standard input. */
  type(line: string): void {
    this.process.stdin.write(`${line}\n`);
  }

  /** Resolves when these words have been printed. */
  async untilPrinted(words: string, where: 'stdout' | 'stderr' = 'stdout'): Promise<void> {
    const said = (): string => (where === 'stdout' ? this.#stdout : this.#stderr);
    while (!said().includes(words)) await once(this.process[where], 'data');
  }

  async ended(): Promise<Ended> {
    if (this.process.exitCode === null) await once(this.process, 'close');
    return { status: this.process.exitCode, stdout: this.#stdout, stderr: this.#stderr };
  }
}

export function virtstate(...words: string[]): Promise<Ended> {
  return new Spawned(words).ended();
}

/** The lines of NDJSON; throws on any that is not an object. */
export function readLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const parsed: unknown = JSON.parse(line);
      if (typeof parsed !== 'object' || parsed === null) throw new Error(`no object: ${line}`);
      return { ...parsed };
    });
}
