import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';

/**
 * Hosts that are asked each question once: many who look at the same moment see the same, and a host
 * behind ssh starts no process twice. Only for what reads.
 */
export function askedOnce(plain: Hypervisors): Hypervisors {
  const hosts = new Map<string, Promise<Hypervisor>>();
  return {
    open: (uri, signal) => {
      const known = hosts.get(uri) ?? plain.open(uri, signal).then(remembering);
      hosts.set(uri, known);
      return known;
    },
    linkMigration: (ends, signal) => plain.linkMigration(ends, signal),
    close: () => plain.close(),
  };
}

function remembering(host: Hypervisor): Hypervisor {
  const answers = new Map<string, unknown>();
  return new Proxy(host, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]): unknown => {
        const question = given.filter((one) => !(one instanceof AbortSignal));
        const key = JSON.stringify([name.toString(), ...question]);
        if (!answers.has(key)) answers.set(key, Reflect.apply(value, target, given));
        return answers.get(key);
      };
    },
  });
}
