import { FailureError } from '../../../src/ports/failure.ts';
import type { Hypervisor, Hypervisors, WatchRequest } from '../../../src/ports/hypervisor.ts';
import type { MigrationLink } from '../../../src/ports/migration.ts';
import type { Loss, Result, Target, ToEngine, ToWorld } from './messages.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The far end of one run's dealings with its hosts: what is called here happens in the world's process. */
export class FarEnd {
  readonly #send: (message: ToWorld) => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #watches = new Map<number, WatchRequest>();
  readonly #written = new Map<number, AsyncIterator<Uint8Array>>();
  readonly #losses = new Map<number, (loss: Loss) => void>();
  readonly #functions = new Map<number, (...args: readonly unknown[]) => unknown>();
  #calls = 0;

  constructor(send: (message: ToWorld) => void) {
    this.#send = send;
  }

  readonly hypervisors: Hypervisors = {
    open: async (uri, signal) => {
      await this.#call({ kind: 'hypervisors' }, 'open', [uri, signal]).reply;
      return this.#hypervisor(uri);
    },
    linkMigration: async (ends, signal) => {
      const { call, reply } = this.#call({ kind: 'hypervisors' }, 'linkMigration', [ends, signal]);
      const { promise: lost, resolve } = Promise.withResolvers<Loss>();
      this.#losses.set(call, resolve);
      await reply;
      return through<MigrationLink>(
        { lost },
        (name, args) => this.#call({ kind: 'link', call }, name, args).reply,
      );
    },
    close: () => Promise.resolve(),
  };

  receive(message: Exclude<ToEngine, { kind: 'begin' | 'send' | 'withhold' }>): void {
    switch (message.kind) {
      case 'reply': {
        const waiting = this.#waiting.get(message.call);
        this.#waiting.delete(message.call);
        const { result } = message;
        if (result.ok) waiting?.resolve(result.value);
        else waiting?.reject(new FailureError(result.failure));
        return;
      }
      case 'observed':
        this.#watches.get(message.call)?.observe(message.observation);
        return;
      case 'progressed':
        this.#watches.get(message.call)?.progress(message.streams);
        return;
      case 'linkLost':
        this.#losses.get(message.call)?.(message.loss);
        return;
      case 'pull':
        void this.#bring(message.call);
        return;
      case 'called':
        this.#functions.get(message.call)?.(...message.args);
        return;
    }
  }

  #hypervisor(uri: string): Hypervisor {
    const host = { kind: 'host', uri } as const;
    const special: Pick<Hypervisor, 'uri' | 'watchDomain' | 'readVolume' | 'writeVolume'> = {
      uri,
      watchDomain: async (request, signal) => {
        const { observe: _, progress: __, ...watched } = request;
        const { call, reply } = this.#call(host, 'watchDomain', [watched, signal]);
        this.#watches.set(call, request);
        await reply;
      },
      readVolume: (path, signal) => this.#read(host, path, signal),
      writeVolume: async (path, bytes, fileBytes, signal) => {
        const { call, reply } = this.#call(host, 'writeVolume', [path, fileBytes, signal]);
        this.#written.set(call, bytes[Symbol.asyncIterator]());
        await reply;
      },
    };
    return through<Hypervisor>(special, (name, args) => this.#call(host, name, args).reply);
  }

  async *#read(host: Target, path: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const { call, reply } = this.#call(host, 'readVolume', [path, signal]);
    await reply;
    for (;;) {
      const piece = await this.#call({ kind: 'volume', call }, 'next', []).reply;
      const { done, value } = piece as IteratorResult<Uint8Array>;
      if (done === true) return;
      yield value;
    }
  }

  /** The next piece of a volume that is written. */
  async #bring(call: number): Promise<void> {
    const next = this.#written.get(call)?.next();
    if (next === undefined) return;
    const result = await next.then(
      (value): Result<IteratorResult<Uint8Array>> => ({ ok: true, value }),
      (error: unknown): Result<never> => {
        const message = error instanceof Error ? error.message : String(error);
        return { ok: false, failure: { code: 'readFailed', message, effect: 'unknown' } };
      },
    );
    this.#send({ kind: 'piece', call, result });
  }

  #call(on: Target, name: string, args: readonly unknown[]) {
    const call = (this.#calls += 1);
    const { promise: reply, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(call, { resolve, reject });
    const signal = args.find((arg) => arg instanceof AbortSignal);
    const given = args.filter((arg) => arg !== signal);
    const at = given.findIndex((arg) => typeof arg === 'function');
    const called = given[at];
    if (isFunction(called)) this.#functions.set(call, called);
    const plain = given.map((arg) => (arg === called && at !== -1 ? null : arg));
    this.#send({ kind: 'call', call, on, name, functionAt: at === -1 ? null : at, args: plain });
    const abort = (): void => this.#send({ kind: 'abort', call });
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    return { call, reply };
  }
}

function isFunction(value: unknown): value is (...args: readonly unknown[]) => unknown {
  return typeof value === 'function';
}

/** An object whose every other method is a call, whatever its name. */
function through<Port extends object>(
  known: Partial<Port>,
  call: (name: string, args: readonly unknown[]) => Promise<unknown>,
): Port {
  return new Proxy(known as Port, {
    get: (target, name) => {
      // A port is handed out by async functions, which look whether it is a promise.
      if (name in target || name === 'then') return Reflect.get(target, name) as unknown;
      return (...args: readonly unknown[]) => call(String(name), args);
    },
  });
}
