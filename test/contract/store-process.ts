import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { RunStore } from '../../src/ports/run-store.ts';
import { StoreError } from '../../src/ports/run-store.ts';

export interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

export interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

/** A store on a SQLite file in a process of its own: what is called here happens there. */
export class StoreProcess {
  readonly process: ChildProcess;
  readonly store: RunStore;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  #calls = 0;

  private constructor(process_: ChildProcess) {
    this.process = process_;
    this.store = this.#proxy();
    process_.on('message', (reply: Reply) => this.#settle(reply));
    process_.once('exit', () => {
      for (const { reject } of this.#pending.values()) reject(new Error('the process has ended'));
    });
  }

  /** Resolves when it has opened the store. */
  static async start(path: string): Promise<StoreProcess> {
    const child = fork(join(import.meta.dirname, 'store-child.ts'), [path], {
      execArgv: ['--conditions=virtstate-source'],
    });
    const started = new StoreProcess(child);
    await once(child, 'message');
    return started;
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    const { process: child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  call(method: string, ...args: readonly unknown[]): Promise<unknown> {
    this.#calls += 1;
    const pending = Promise.withResolvers<unknown>();
    this.#pending.set(this.#calls, pending);
    this.process.send({ id: this.#calls, method, args } satisfies Call);
    return pending.promise;
  }

  #settle({ id, result, error }: Reply): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (error === undefined) pending?.resolve(result);
    else pending?.reject(new StoreError(error.code, error.message));
  }

  #proxy(): RunStore {
    return new Proxy({} as RunStore, {
      get: (_target, method) =>
        // An await looks for it: a store is no promise.
        method === 'then'
          ? undefined
          : (...args: readonly unknown[]) => this.call(String(method), ...args),
    });
  }
}
