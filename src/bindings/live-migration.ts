import { liveMigration } from '../../machines/index.ts';
import { isActive } from '../../machines/policy/peers.ts';
import type { BoundMachine, SlotsOf } from '../engine/slots.ts';
import { bind } from '../engine/slots.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import { aboutLiveMigration } from './about-live-migration.ts';
import { claimDomain, releaseClaims } from './claims.ts';
import { compareCopies } from './copy-disk.ts';
import { destroyIncoming } from './destroy-incoming.ts';
import { doneAgain } from './done-again.ts';
import { effectOnDomain, effectOnlyWhile } from './effect-on-domain.ts';
import { gatherFacts } from './gather-facts.ts';
import { liveMigrationUpgrades } from './live-migration-upgrades.ts';
import { inspectPeers } from './peers.ts';
import { removeVolumes } from './remove-volumes.ts';

/** The chart `live-migration` over the port `Hypervisor`. */
export function liveMigrationSlots(hypervisors: Hypervisors): SlotsOf<typeof liveMigration> {
  const on = (act: (host: Hypervisor, uuid: string, signal: AbortSignal) => Promise<void>) =>
    effectOnDomain(hypervisors, act);

  return {
    gatherFacts: doneAgain(hypervisors, gatherFacts),
    inspectPeers: doneAgain(hypervisors, inspectPeers),
    persistOnDestination: on((host, uuid, signal) => host.persist(uuid, signal)),
    undefineOnSource: effectOnlyWhile(
      (status) => !isActive(status),
      hypervisors,
      (host, uuid, signal) => host.undefine(uuid, signal),
    ),
    destroyIncoming: destroyIncoming(hypervisors),
    claimDomain: doneAgain(hypervisors, claimDomain),
    releaseClaims: doneAgain(hypervisors, releaseClaims),
    compareCopies: doneAgain(hypervisors, compareCopies),
    removeVolumes: doneAgain(hypervisors, removeVolumes),
  };
}

export function bindLiveMigration(hypervisors: Hypervisors): BoundMachine {
  return bind(liveMigration, liveMigrationSlots(hypervisors), {
    about: aboutLiveMigration,
    upgrades: liveMigrationUpgrades,
  });
}
