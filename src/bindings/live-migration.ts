import { liveMigration } from '../../machines/index.ts';
import type { BoundMachine, SlotsOf } from '../engine/slots.ts';
import { bind } from '../engine/slots.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import { destroyIncoming } from './destroy-incoming.ts';
import { effectOnDomain } from './effect-on-domain.ts';
import { gatherFacts } from './gather-facts.ts';
import { inspectPeers } from './peers.ts';

/** The chart `live-migration` over the port `Hypervisor`. */
export function liveMigrationSlots(hypervisors: Hypervisors): SlotsOf<typeof liveMigration> {
  const on = (act: (host: Hypervisor, uuid: string, signal: AbortSignal) => Promise<void>) =>
    effectOnDomain(hypervisors, act);

  return {
    gatherFacts: {
      kind: 'effect',
      recovery: 'rerun',
      run: (input, tools) => gatherFacts(hypervisors, input, tools),
    },
    inspectPeers: {
      kind: 'effect',
      recovery: 'rerun',
      run: (peers, tools) => inspectPeers(hypervisors, peers, tools),
    },
    persistOnDestination: on((host, uuid, signal) => host.persist(uuid, signal)),
    undefineOnSource: on((host, uuid, signal) => host.undefine(uuid, signal)),
    destroyIncoming: destroyIncoming(hypervisors),
    removeVolumes: {
      kind: 'effect',
      recovery: 'rerun',
      run: async ({ volumes }, { signal }) => {
        const removed: string[] = [];
        for (const { host, path } of volumes) {
          const hypervisor = await hypervisors.open(host, signal);
          if ((await hypervisor.findVolume(path, signal)) === null) continue;
          await hypervisor.deleteVolume(path, signal);
          removed.push(path);
        }
        return { removed };
      },
    },
  };
}

export function bindLiveMigration(hypervisors: Hypervisors): BoundMachine {
  return bind(liveMigration, liveMigrationSlots(hypervisors));
}
