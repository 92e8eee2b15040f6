import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import type { Parcel, ToEngine, ToWorld } from './messages.ts';

const program = join(import.meta.dirname, 'engine-process.ts');

/** A real process that drives runs, from its beginning to its SIGKILL. */
export class EngineHandle {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor() {
    this.#child = fork(program, {
      execArgv: ['--conditions=virtstate-source', '--no-warnings'],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#ended = once(this.#child, 'exit');
  }

  /** Hands it what the worlds have to say, and waits until it has nothing left to do. @throws when it died */
  async exchange(parcels: readonly Parcel<ToEngine>[]): Promise<readonly Parcel<ToWorld>[]> {
    const answer = once(this.#child, 'message') as Promise<[readonly Parcel<ToWorld>[]]>;
    this.#child.send([...parcels]);
    const died = this.#ended.then(() => {
      throw new Error('the process with the engines died by itself');
    });
    const [back] = await Promise.race([answer, died]);
    return back;
  }

  /** SIGKILL; resolves when nothing of it is left. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
