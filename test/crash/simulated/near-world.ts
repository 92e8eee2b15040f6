import type { SimulatedWorld } from '../../../src/adapters/simulated/index.ts';
import { FailureError, toFailure } from '../../../src/ports/failure.ts';
import type { Hypervisor, WatchRequest } from '../../../src/ports/hypervisor.ts';
import type { MigrationEnds, MigrationLink } from '../../../src/ports/migration.ts';
import type { PortCall, Result, ToEngine, ToWorld } from './messages.ts';

/** Asked around each call of the engine's process. */
export interface Gate {
  /** `false`: the call never arrives. */
  readonly arrives: (call: PortCall) => boolean;
  /** `false`: the daemon has acted, and its reply never arrives. */
  readonly replies: (call: PortCall) => boolean;
}

/** The near end of one run's dealings with its hosts: a client of the daemons of one world. */
export class NearEnd {
  readonly #world: SimulatedWorld;
  readonly #send: (message: ToEngine) => void;
  readonly #gate: Gate;
  readonly #hosts = new Map<string, Hypervisor>();
  readonly #links = new Map<number, MigrationLink>();
  readonly #read = new Map<number, AsyncIterator<Uint8Array>>();
  readonly #written = new Map<number, (piece: Result<IteratorResult<Uint8Array>>) => void>();
  readonly #aborts = new Map<number, AbortController>();
  #isGone = false;

  constructor(world: SimulatedWorld, send: (message: ToEngine) => void, gate: Gate) {
    this.#world = world;
    this.#gate = gate;
    this.#send = (message) => {
      if (!this.#isGone) send(message);
    };
  }

  receive(message: Extract<ToWorld, { kind: 'call' | 'abort' | 'piece' }>): void {
    switch (message.kind) {
      case 'call':
        if (this.#gate.arrives(message)) void this.#answer(message);
        return;
      case 'abort':
        this.#aborts.get(message.call)?.abort();
        return;
      case 'piece':
        this.#written.get(message.call)?.(message.result);
        return;
    }
  }

  /** The client's process is dead: its sockets close, and nobody waits for anything any more. */
  hangUp(): void {
    this.#isGone = true;
    this.#world.dropClient();
    for (const abort of this.#aborts.values()) abort.abort();
    const failure = {
      code: 'connectionLost',
      message: 'client is gone',
      effect: 'unknown',
    } as const;
    for (const bring of this.#written.values()) bring({ ok: false, failure });
  }

  async #answer(call: PortCall): Promise<void> {
    const abort = new AbortController();
    this.#aborts.set(call.call, abort);
    const result = await this.#act(call, abort.signal).then(
      (value): Result => ({ ok: true, value }),
      (error: unknown): Result => ({ ok: false, failure: toFailure(error) }),
    );
    this.#aborts.delete(call.call);
    if (this.#isGone || !this.#gate.replies(call)) return;
    this.#send({ kind: 'reply', call: call.call, result });
  }

  async #act(
    { call, on, name, functionAt, args: plain }: PortCall,
    signal: AbortSignal,
  ): Promise<unknown> {
    const report = (...told: readonly unknown[]): void =>
      this.#send({ kind: 'called', call, args: told });
    const args = functionAt === null ? plain : plain.with(functionAt, report);
    switch (on.kind) {
      case 'hypervisors':
        return name === 'open'
          ? this.#open(String(args[0]), signal)
          : this.#link(call, args[0] as MigrationEnds, signal);
      case 'host': {
        const host = this.#hosts.get(on.uri);
        if (host === undefined) throw new Error(`${on.uri} was never opened`);
        if (name === 'watchDomain') return this.#watch(call, host, args[0] as Watched, signal);
        if (name === 'readVolume') {
          this.#read.set(call, host.readVolume(String(args[0]), signal)[Symbol.asyncIterator]());
          return null;
        }
        if (name === 'writeVolume') {
          const bytes = { [Symbol.asyncIterator]: () => ({ next: () => this.#pull(call) }) };
          return host.writeVolume(String(args[0]), bytes, Number(args[1]), signal);
        }
        return invoke(host, name, [...args, signal]);
      }
      case 'link': {
        const link = this.#links.get(on.call);
        if (link === undefined) throw new Error(`link ${on.call} was never opened`);
        return invoke(link, name, [...args, signal]);
      }
      case 'volume':
        return this.#read.get(on.call)?.next();
    }
  }

  async #open(uri: string, signal: AbortSignal): Promise<null> {
    this.#hosts.set(uri, await this.#world.hypervisors.open(uri, signal));
    return null;
  }

  async #link(call: number, ends: MigrationEnds, signal: AbortSignal): Promise<null> {
    const link = await this.#world.hypervisors.linkMigration(ends, signal);
    this.#links.set(call, link);
    void link.lost.then((loss) => this.#send({ kind: 'linkLost', call, loss }));
    return null;
  }

  #watch(call: number, host: Hypervisor, watched: Watched, signal: AbortSignal): Promise<void> {
    const request: WatchRequest = {
      ...watched,
      observe: (observation) => this.#send({ kind: 'observed', call, observation }),
      progress: (streams) => this.#send({ kind: 'progressed', call, streams }),
    };
    return host.watchDomain(request, signal);
  }

  /** The next piece of a volume that the engine's process reads for us. */
  async #pull(call: number): Promise<IteratorResult<Uint8Array>> {
    const { promise, resolve } = Promise.withResolvers<Result<IteratorResult<Uint8Array>>>();
    this.#written.set(call, resolve);
    this.#send({ kind: 'pull', call });
    const piece = await promise;
    if (!piece.ok) throw new FailureError(piece.failure);
    return piece.value;
  }
}

type Watched = Omit<WatchRequest, 'observe' | 'progress'>;

async function invoke(port: object, name: string, args: readonly unknown[]): Promise<unknown> {
  const method: unknown = Reflect.get(port, name);
  if (typeof method !== 'function') throw new Error(`the port has no ${name}`);
  return Reflect.apply(method, port, args) as unknown;
}
