import type { Definitions } from '../../ports/definitions.ts';
import { FailureError } from '../../ports/failure.ts';
import { configuredDefinition, configureDisk } from './configured-disks.ts';
import { untilNoJob } from './domain-job.ts';
import { writeDomainXml } from './domain-xml.ts';
import { libvirtError } from './libvirt-error.ts';
import type { SimulatedCaller } from './simulated-caller.ts';
import { transientDomain } from './transient-domain.ts';
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
        const { name } = domain;
        const definition = configuredDefinition(domain);
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
          host.domains.set(uuid, { ...transientDomain(told), persistent: true });
          return;
        }
        await untilNoJob(world, host, known);
        if (host.libvirtVersion < definesCopiedSince && isCopied(known))
          throw libvirtError('blockCopyActive', 'domain has active block job');
        known.persistent = true;
        // What runs may have other volumes by now.
        for (const disk of told.definition.disks) configureDisk(known, disk.targetDev, disk);
      }),
  };
}

const isCopied = ({ qemu }: Domain): boolean =>
  [...(qemu?.blockJobs.values() ?? [])].some(({ work }) => work.type === 'copy');

/** Before, libvirt refused it with VIR_ERR_BLOCK_COPY_ACTIVE (its commit 5ea24bbb54 of January 2019). */
const definesCopiedSince = 5_001_000;

function noDefinition(name: string): FailureError {
  const message = `${name} has no definition any more: somebody has undefined it`;
  return new FailureError({ code: 'noDefinition', message, effect: 'none' });
}
