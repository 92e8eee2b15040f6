import type { Hypervisor, Hypervisors } from '../../../src/ports/hypervisor.ts';

/** A call at which our process is brought to a stand. */
export interface Hold {
  /** A method of the ports, on a host or on a link. */
  readonly call: string;
  /** `before`: it is never made. `after`: it was answered, and nobody hears of the answer. */
  readonly when: 'before' | 'after';
}

/** The same hosts, with one call that never comes to its end. */
export function holding(plain: Hypervisors, hold: Hold, onHeld: () => void): Hypervisors {
  const held = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        if (name !== hold.call) return member.bind(target) as unknown;
        return async (...args: readonly unknown[]) => {
          if (hold.when === 'after') await Reflect.apply(member, target, args);
          onHeld();
          return never;
        };
      },
    });
  return {
    open: async (uri, signal): Promise<Hypervisor> => held(await plain.open(uri, signal)),
    linkMigration: async (ends, signal) => held(await plain.linkMigration(ends, signal)),
    close: () => plain.close(),
  };
}

const never = new Promise<never>(() => undefined);
