import type { Hypervisor, Hypervisors } from '../../src/ports/hypervisor.ts';

/** When a process dies: with its n-th call of a host, before the host has heard of it or after it acted. */
export interface Death {
  readonly atCall: number;
  readonly when: 'before' | 'after';
}

/** What passes between a process and the hosts by streams or events is no call that could be lost. */
const notCalls = new Set(['watchDomain', 'readVolume', 'writeVolume']);

/** The hosts of a process that dies in the midst of an effect: nothing of it ever comes back. */
export class DyingHypervisors {
  /** How often a host was called. */
  calls = 0;
  readonly #death: Death | null;
  readonly #died = Promise.withResolvers<'died'>();

  /** `null`: it lives. */
  constructor(death: Death | null) {
    this.#death = death;
  }

  get died(): Promise<'died'> {
    return this.#died.promise;
  }

  readonly through = (plain: Hypervisors): Hypervisors => ({
    open: async (uri, signal) => this.#follow(await plain.open(uri, signal)),
    linkMigration: (ends, signal) => plain.linkMigration(ends, signal),
    close: () => plain.close(),
  });

  #follow(host: Hypervisor): Hypervisor {
    return new Proxy(host, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        const call = (...given: unknown[]): unknown => Reflect.apply(value, target, given);
        return notCalls.has(String(name)) ? call : (...given: unknown[]) => this.#call(call, given);
      },
    });
  }

  async #call(call: (...given: unknown[]) => unknown, given: unknown[]): Promise<unknown> {
    this.calls += 1;
    const dies = this.calls === this.#death?.atCall;
    if (dies && this.#death?.when === 'before') return this.#die();
    const answer = Promise.resolve(call(...given));
    if (!dies) return answer;
    await Promise.allSettled([answer]);
    return this.#die();
  }

  #die(): Promise<never> {
    this.#died.resolve('died');
    return Promise.withResolvers<never>().promise;
  }
}
