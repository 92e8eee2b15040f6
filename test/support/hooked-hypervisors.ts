import type { Hypervisor, Hypervisors } from '../../src/ports/hypervisor.ts';

/** Gets the call as it would be made: to let something happen before it, after it, or in its place. */
export type Hook = (call: () => Promise<unknown>, given: readonly unknown[]) => Promise<unknown>;

/** Leads some calls of every host through something of the test's. */
export function hooked(
  hooks: Partial<Readonly<Record<keyof Hypervisor, Hook>>>,
): (plain: Hypervisors) => Hypervisors {
  const follow = (host: Hypervisor): Hypervisor =>
    new Proxy(host, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        const hook = Object.entries(hooks).find(([call]) => call === name)?.[1];
        if (typeof value !== 'function') return value;
        const call = (...given: unknown[]): unknown => Reflect.apply(value, target, given);
        if (hook === undefined) return call;
        return (...given: unknown[]) => hook(async () => call(...given), given);
      },
    });
  return (plain) => ({
    open: async (uri, signal) => follow(await plain.open(uri, signal)),
    linkMigration: (ends, signal) => plain.linkMigration(ends, signal),
    close: () => plain.close(),
  });
}
