import { domainSnapshot } from '../../machines/index.ts';
import type { BoundMachine, SlotsOf } from '../engine/slots.ts';
import { bind } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import {
  abortSnapshot,
  configureDisks,
  createSnapshot,
  lookAtSnapshot,
  mergeOverlays,
  removeSnapshotFiles,
} from './domain-snapshot-effects.ts';
import { gatherDomainSnapshot } from './domain-snapshot-facts.ts';
import { domainSnapshotUpgrades } from './domain-snapshot-upgrades.ts';
import { doneAgain } from './done-again.ts';
import { doneOnce } from './done-once.ts';
import { effectOnlyWhile } from './effect-on-domain.ts';
import { askAgent, askFreeze, freezeGuest, thawGuest } from './live-snapshot-effects.ts';
import { aboutOneHost, frameSlots, watchesDomain } from './one-host.ts';

/** The chart `domain-snapshot` over the ports of a host: snapshots, block jobs, guest agent and files. */
export function domainSnapshotSlots(hypervisors: Hypervisors): SlotsOf<typeof domainSnapshot> {
  return {
    ...frameSlots(hypervisors),
    gatherFacts: doneAgain(hypervisors, gatherDomainSnapshot),
    watchDomain: watchesDomain(hypervisors),
    askAgent: doneAgain(hypervisors, askAgent),
    // The guest may have stood still all the while: it is thawed first.
    freezeGuest: doneOnce(hypervisors, freezeGuest),
    askFreeze: doneAgain(hypervisors, askFreeze),
    thawGuest: doneAgain(hypervisors, thawGuest),
    createSnapshot: doneOnce(hypervisors, createSnapshot),
    // A job that begins after a crash may be somebody else's.
    abortSnapshot: doneOnce(hypervisors, abortSnapshot),
    lookAtSnapshot: doneAgain(hypervisors, lookAtSnapshot),
    // Whoever pauses the guest meanwhile wants it paused.
    resumeAfterSnapshot: effectOnlyWhile(
      ({ reason, state }, { cutOff }) => state === 'paused' && (reason !== 'user' || cutOff),
      hypervisors,
      (host, uuid, signal) => host.resume(uuid, signal),
    ),
    mergeOverlays: doneAgain(hypervisors, mergeOverlays),
    configureDisks: doneAgain(hypervisors, configureDisks),
    clearSnapshotClaims: doneAgain(
      hypervisors,
      async (_, { domainUuid, host, name }, { signal }) => {
        const hypervisor = await hypervisors.open(host, signal);
        await hypervisor.clearSnapshotClaims(domainUuid, name, signal);
      },
    ),
    redefineSnapshot: doneAgain(
      hypervisors,
      async (_, { domainUuid, host, redefine }, { signal }) => {
        const hypervisor = await hypervisors.open(host, signal);
        await hypervisor.redefineSnapshot(domainUuid, redefine.xml, redefine, signal);
      },
    ),
    removeSnapshotFiles: doneAgain(hypervisors, removeSnapshotFiles),
  };
}

export function bindDomainSnapshot(hypervisors: Hypervisors): BoundMachine {
  return bind(domainSnapshot, domainSnapshotSlots(hypervisors), {
    about: aboutOneHost,
    upgrades: domainSnapshotUpgrades,
  });
}
