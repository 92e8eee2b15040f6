import type { Hypervisor, Hypervisors } from '../../src/index.ts';

/** A copy of disks through this process, in a test's hand: it stops after the first piece. */
export class HeldCopy {
  readonly #path: string | null;
  readonly #held = Promise.withResolvers<void>();
  readonly #gate = Promise.withResolvers<void>();

  /** `null`: whichever disk comes first is held; those before a named one are copied whole. */
  constructor(path: string | null = null) {
    this.#path = path;
  }

  /** The same hosts, whose volumes are read as far as that. */
  readonly through = (plain: Hypervisors): Hypervisors => ({
    open: async (uri, signal) => this.#hold(await plain.open(uri, signal)),
    linkMigration: (ends, signal) => plain.linkMigration(ends, signal),
    close: () => plain.close(),
  });

  /** Resolves when a piece has been written, and the next one is due. */
  get held(): Promise<void> {
    return this.#held.promise;
  }

  letGo(): void {
    this.#gate.resolve();
  }

  #hold(host: Hypervisor): Hypervisor {
    const readVolume: Hypervisor['readVolume'] = (path, signal) =>
      this.#path === null || this.#path === path
        ? this.#pieces(host.readVolume(path, signal))
        : host.readVolume(path, signal);
    return new Proxy(host, {
      get: (target, name) => {
        if (name === 'readVolume') return readVolume;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  async *#pieces(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of bytes) {
      yield piece;
      this.#held.resolve();
      await this.#gate.promise;
    }
  }
}
