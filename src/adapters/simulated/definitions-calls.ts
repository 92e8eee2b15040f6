import type { Definitions } from '../../ports/definitions.ts';
import { FailureError } from '../../ports/failure.ts';
import { untilNoJob } from './domain-job.ts';
import { writeDomainXml } from './domain-xml.ts';
import { libvirtError } from './libvirt-error.ts';
import type { SimulatedCaller } from './simulated-caller.ts';
import { newSnapshotBook } from './snapshot-book.ts';
import type { Domain, World } from './world.ts';

/** What every text says that was read in a world: the text itself is not as exact. */
const readIn = new WeakMap<World, Map<string, Pick<Domain, 'uuid' | 'name' | 'definition'>>>();

/** {@link Definitions} of one simulated host, which starts no domain by itself. */
export function definitionsCalls(caller: SimulatedCaller): Definitions {
  const { host, world } = caller;
  return {
    readDefinition: (uuid, signal) =>
      caller.ask('readDefinition', signal, () => {
        const domain = caller.domain(uuid);
        if (!domain.persistent) throw noDefinition(domain.name);
        const { definition, name } = domain;
        const text = writeDomainXml(domain);
        const read = readIn.get(world) ?? new Map();
        readIn.set(world, read.set(text, { uuid, name, definition }));
        return { text, autostart: false };
      }),

    defineAgain: (uuid, { text }, signal) =>
      caller.ask('defineAgain', signal, async () => {
        const known = host.domains.get(uuid);
        if (known?.persistent === true) return;
        const told = readIn.get(world)?.get(text);
        if (told === undefined) throw libvirtError('xmlError', 'XML error: not a definition');
        if (known === undefined) {
          host.domains.set(uuid, { ...told, ...shutOff, snapshots: newSnapshotBook() });
          return;
        }
        await untilNoJob(world, host, known);
        if (host.libvirtVersion < definesCopiedSince && (known.qemu?.blockJobs.size ?? 0) > 0)
          throw libvirtError('operationInvalid', 'domain has active block job');
        known.persistent = true;
      }),
  };
}

/** Before, libvirt refused it: its definition would have nothing of the copy. */
const definesCopiedSince = 4_000_000;

const shutOff = {
  persistent: true,
  state: 'shutoff',
  reason: 'unknown',
  qemu: null,
  job: null,
  work: null,
} as const;

function noDefinition(name: string): FailureError {
  const message = `${name} has no definition any more: somebody has undefined it`;
  return new FailureError({ code: 'noDefinition', message, effect: 'none' });
}
