import { instanceSnapshot } from '../../machines/index.ts';
import { coldSnapshotVerdicts } from '../../machines/policy/cold-snapshot/checks.ts';
import { beforeColdSnapshot } from '../../machines/policy/cold-snapshot/cold-snapshot.ts';
import type {
  InstanceSnapshotFacts,
  InstanceSnapshotInput,
} from '../../machines/policy/instance-snapshot/instance-snapshot.ts';
import {
  coldInputAt,
  liveInputAt,
} from '../../machines/policy/instance-snapshot/instance-snapshot.ts';
import { liveSnapshotVerdicts } from '../../machines/policy/live-snapshot/checks.ts';
import { beforeLiveSnapshot } from '../../machines/policy/live-snapshot/live-snapshot.ts';
import { nothingYet } from '../../machines/policy/one-host/one-host.ts';
import type { BoundMachine, SlotsOf, Tools } from '../engine/slots.ts';
import { bind } from '../engine/slots.ts';
import { FailureError } from '../ports/failure.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import type { ImageStore, ImageStores } from '../ports/image-store.ts';
import { gatherColdSnapshot } from './cold-facts.ts';
import { doneAgain } from './done-again.ts';
import { gatherLiveSnapshot } from './live-snapshot-facts.ts';
import { aboutOneHost, gatherOneHost } from './one-host.ts';

/**
 * What both ways would be refused for, by their own checks. Reads only.
 *
 * @throws FailureError hostUnreachable
 */
export async function gatherInstanceSnapshot(
  hypervisors: Hypervisors,
  stores: ImageStores,
  input: InstanceSnapshotInput,
  tools: Tools,
): Promise<InstanceSnapshotFacts> {
  const { signal } = tools;
  const { format, host, name, store: place } = input;
  const [facts, store] = await Promise.all([
    gatherOneHost(hypervisors, input, tools),
    stores.open(place, host, signal),
  ]);
  const paths = pathsOf(store, name, format);
  if (paths.objection !== null || facts.domain === null)
    return {
      ...facts,
      verdicts: { live: [], cold: [] },
      nameObjection: paths.objection,
      staged: paths.staged,
      kept: paths.kept,
      taken: false,
    };
  const slash = paths.staged.lastIndexOf('/');
  const target = {
    directory: paths.staged.slice(0, slash),
    fileName: paths.staged.slice(slash + 1),
  };
  const live = liveInputAt(input, target);
  const cold = coldInputAt(input, target);
  const [standing, liveFacts, coldFacts] = await Promise.all([
    store.find(name, signal),
    gatherLiveSnapshot(hypervisors, live, tools),
    gatherColdSnapshot(hypervisors, cold, tools),
  ]);
  return {
    ...facts,
    verdicts: {
      live: liveSnapshotVerdicts({
        ...live,
        ...nothingYet,
        ...beforeLiveSnapshot,
        facts: liveFacts,
      }),
      cold: coldSnapshotVerdicts({
        ...cold,
        ...nothingYet,
        ...beforeColdSnapshot,
        facts: coldFacts,
      }),
    },
    nameObjection: null,
    staged: paths.staged,
    kept: paths.kept,
    taken: standing !== null,
  };
}

interface Paths {
  readonly objection: string | null;
  readonly staged: string;
  readonly kept: string;
}

/** A store refuses what cannot name an image in it. */
function pathsOf(store: ImageStore, name: string, format: string): Paths {
  try {
    const staged = store.stagingPath(name, format);
    return { objection: null, staged, kept: store.place(name, format) };
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    return { objection: error.message, staged: '', kept: '' };
  }
}

/** The chart `instance-snapshot` over a host and its image stores. */
export function instanceSnapshotSlots(
  hypervisors: Hypervisors,
  stores: ImageStores,
): SlotsOf<typeof instanceSnapshot> {
  return {
    gatherFacts: doneAgain(hypervisors, (hosts, input: InstanceSnapshotInput, tools) =>
      gatherInstanceSnapshot(hosts, stores, input, tools),
    ),
    keepImage: {
      kind: 'effect',
      recovery: 'rerun',
      run: async ({ host, metadata, store: place }, { signal }) => {
        const store = await stores.open(place, host, signal);
        return { image: await store.keep(metadata, signal) };
      },
    },
    removeImage: {
      kind: 'effect',
      recovery: 'rerun',
      run: async ({ format, host, name, store: place }, { signal }) => {
        const store = await stores.open(place, host, signal);
        await store.remove(name, format, signal);
      },
    },
  };
}

export function bindInstanceSnapshot(hypervisors: Hypervisors, stores: ImageStores): BoundMachine {
  return bind(instanceSnapshot, instanceSnapshotSlots(hypervisors, stores), {
    about: (input) => {
      const { host, name, store } = input;
      const about = aboutOneHost(input);
      const image = { name: `image ${name} in ${store.directory} on ${host}`, capacity: 1 };
      return { ...about, locks: [...about.locks, image] };
    },
  });
}
