import type { Hypervisor, Hypervisors } from '../../src/ports/hypervisor.ts';

/** Where a process dies: at its n-th call of that name, before a host heard of it, or after it acted. */
export interface Moment {
  readonly call: keyof Hypervisor;
  /** `amid`: one piece of a volume has been written. */
  readonly when: 'before' | 'amid' | 'after';
  readonly nth?: number;
}

/** A process that dies at its moment: from then on it asks for nothing and hears of nothing. */
export class MortalProcess {
  readonly #moment: Moment | null;
  readonly #onDeath: () => void;
  readonly #died = Promise.withResolvers<void>();
  #isDead = false;
  #seen = 0;

  /** `null`: it dies when it is told to. */
  constructor(moment: Moment | null, onDeath: () => void) {
    this.#moment = moment;
    this.#onDeath = onDeath;
  }

  get died(): Promise<void> {
    return this.#died.promise;
  }

  readonly through = (plain: Hypervisors): Hypervisors => ({
    open: async (uri, signal) =>
      this.#follow(await this.#whileAlive(() => plain.open(uri, signal))),
    linkMigration: (ends, signal) => this.#whileAlive(() => plain.linkMigration(ends, signal)),
    close: () => plain.close(),
  });

  #follow(host: Hypervisor): Hypervisor {
    return new Proxy(host, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        const bound = (...given: unknown[]): unknown => Reflect.apply(value, target, given);
        if (name === 'readVolume') return bound;
        if (name !== this.#moment?.call)
          return (...given: unknown[]) => this.#whileAlive(() => bound(...given));
        if (name === 'writeVolume') {
          const write: Hypervisor['writeVolume'] = (path, bytes, fileBytes, signal) =>
            this.#atMoment((amid) => target.writeVolume(path, amid(bytes), fileBytes, signal));
          return write;
        }
        return (...given: unknown[]) => this.#atMoment(() => bound(...given));
      },
    });
  }

  async #atMoment<T>(call: (amid: typeof this.firstPiece) => T): Promise<Awaited<T>> {
    this.#seen += 1;
    const { nth = 1, when = null } = this.#moment ?? {};
    if (this.#seen !== nth) return this.#whileAlive(() => call((bytes) => bytes));
    if (when === 'before') return this.die();
    if (when === 'amid') return this.#whileAlive(() => call(this.firstPiece));
    await this.#whileAlive(() => call((bytes) => bytes));
    return this.die();
  }

  /** Nothing comes after it: the process is gone. */
  readonly firstPiece = (bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> =>
    this.#upToFirst(bytes);

  async *#upToFirst(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of bytes) {
      yield piece;
      await this.die();
    }
  }

  async #whileAlive<T>(call: () => T): Promise<Awaited<T>> {
    if (this.#isDead) return Promise.withResolvers<never>().promise;
    const answer = await call();
    return this.#isDead ? Promise.withResolvers<never>().promise : answer;
  }

  die(): Promise<never> {
    this.#isDead = true;
    this.#onDeath();
    this.#died.resolve();
    return Promise.withResolvers<never>().promise;
  }
}
