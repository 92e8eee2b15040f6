import { liveSnapshot } from '../../machines/index.ts';
import type { BoundMachine, SlotsOf } from '../engine/slots.ts';
import { bind } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import { doneAgain } from './done-again.ts';
import { doneOnce } from './done-once.ts';
import { DraftsInWriting } from './drafts-in-writing.ts';
import {
  askAgent,
  askFreeze,
  beginCopy,
  dropCopies,
  endCopies,
  flattenDelta,
  freezeGuest,
  lookAtCopies,
  makeDelta,
  nameImage,
  removeFiles,
  thawGuest,
} from './live-snapshot-effects.ts';
import { gatherLiveSnapshot } from './live-snapshot-facts.ts';
import { liveSnapshotUpgrades } from './live-snapshot-upgrades.ts';
import { aboutOneHost, frameSlots, watchesDomain } from './one-host.ts';
import { undefinedMeanwhileSlots } from './undefined-meanwhile.ts';

/** The chart `live-snapshot` over the ports of a host: block jobs, guest agent and image files. */
export function liveSnapshotSlots(hypervisors: Hypervisors): SlotsOf<typeof liveSnapshot> {
  const drafts = new DraftsInWriting();
  return {
    ...frameSlots(hypervisors),
    gatherFacts: doneAgain(hypervisors, gatherLiveSnapshot),
    watchDomain: watchesDomain(hypervisors),
    ...undefinedMeanwhileSlots(hypervisors),
    makeDelta: doneAgain(hypervisors, makeDelta),
    // A copy that failed meanwhile is not begun again into the same file.
    beginCopy: doneOnce(hypervisors, beginCopy),
    lookAtCopies: doneAgain(hypervisors, lookAtCopies),
    askAgent: doneAgain(hypervisors, askAgent),
    // The guest may have stood still all the while: it is thawed first.
    freezeGuest: doneOnce(hypervisors, freezeGuest),
    endCopies: doneOnce(hypervisors, endCopies),
    askFreeze: doneAgain(hypervisors, askFreeze),
    thawGuest: doneAgain(hypervisors, thawGuest),
    flattenDelta: doneAgain(hypervisors, (hosts, request, tools) =>
      drafts.whileWriting(request.to.path, flattenDelta(hosts, request, tools)),
    ),
    inspectImage: doneAgain(hypervisors, async (_, { format, host, path }, { signal }) => ({
      info: await (await hypervisors.open(host, signal)).inspectImage(path, format, signal),
    })),
    nameImage: doneAgain(hypervisors, nameImage),
    dropCopies: doneAgain(hypervisors, dropCopies),
    removeFiles: doneAgain(hypervisors, async (hosts, request, tools) => {
      await drafts.allWritten(request.paths);
      return removeFiles(hosts, request, tools);
    }),
  };
}

export function bindLiveSnapshot(hypervisors: Hypervisors): BoundMachine {
  return bind(liveSnapshot, liveSnapshotSlots(hypervisors), {
    about: aboutOneHost,
    upgrades: liveSnapshotUpgrades,
  });
}
