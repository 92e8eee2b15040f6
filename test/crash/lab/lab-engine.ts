import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';

import type { LiveMigrationOutput } from '../../../machines/index.ts';
import type { Order, Told } from './engine-messages.ts';

const program = join(import.meta.dirname, 'engine-process.ts');

/** A real process that drives a migration of the lab, from its beginning to its end or its SIGKILL. */
export class LabEngine {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  readonly #told: Told[] = [];
  readonly #news = new EventEmitter();

  constructor(order: Order) {
    this.#child = fork(program, {
      execArgv: ['--conditions=virtstate-source', '--no-warnings'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#exit = once(this.#child, 'exit');
    this.#child.on('message', (told: Told) => {
      this.#told.push(told);
      this.#news.emit('told');
    });
    void this.#exit.then(() => this.#news.emit('told'));
    this.#child.send(order);
  }

  /** A state whose path ends so has been entered. */
  async entered(suffix: string): Promise<void> {
    await this.#find((told) => told.kind === 'entered' && told.state.endsWith(suffix));
  }

  /** It stands at the call that its order names. */
  async held(): Promise<void> {
    await this.#find(({ kind }) => kind === 'held');
  }

  /** `null`: there was nothing to go on with. */
  async end(): Promise<LiveMigrationOutput | null> {
    const last = await this.#find(({ kind }) => kind === 'ended' || kind === 'nothingLeft');
    return last.kind === 'ended' ? last.output : null;
  }

  /** SIGKILL; resolves when nothing of it is left. */
  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      this.#child.kill('SIGKILL');
    await this.#exit;
  }

  /** @throws Error when it has ended, or its process has, without having told so */
  async #find(isIt: (told: Told) => boolean): Promise<Told> {
    for (;;) {
      const found = this.#told.find(isIt);
      if (found !== undefined) return found;
      const last = this.#told.at(-1);
      const isOver = last !== undefined && last.kind !== 'entered' && last.kind !== 'held';
      if (isOver || this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(`the engine's process has ended: ${JSON.stringify(this.#told.slice(-5))}`);
      await once(this.#news, 'told');
    }
  }
}
