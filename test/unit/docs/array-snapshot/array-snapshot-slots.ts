import type { BoundMachine, Hypervisors, SlotsOf } from '../../../../src/index.ts';
import { bind } from '../../../../src/index.ts';
import { arraySnapshot } from './array-snapshot.machine.ts';

/** Your storage's own client. */
export interface StorageArray {
  take(volume: string, name: string, signal: AbortSignal): Promise<void>;
  find(volume: string, name: string, signal: AbortSignal): Promise<boolean>;
}

function arraySnapshotSlots(
  hypervisors: Hypervisors,
  array: StorageArray,
): SlotsOf<typeof arraySnapshot> {
  return {
    findGuest: {
      kind: 'effect',
      recovery: 'rerun',
      run: async ({ domain, host }, { signal }) =>
        (await hypervisors.open(host, signal)).findDomain(domain, signal),
    },
    suspendGuest: {
      kind: 'effect',
      recovery: 'rerun',
      run: async ({ host, uuid }, { signal }) =>
        (await hypervisors.open(host, signal)).suspend(uuid, signal),
    },
    takeSnapshot: {
      kind: 'effect',
      // Done again it would make a second one: the chart is told that nobody knows, and looks.
      recovery: 'unknown',
      run: ({ name, volume }, { signal }) => array.take(volume, name, signal),
    },
    findSnapshot: {
      kind: 'effect',
      recovery: 'rerun',
      run: async ({ name, volume }, { signal }) => ({
        found: await array.find(volume, name, signal),
      }),
    },
    resumeGuest: {
      kind: 'effect',
      recovery: 'rerun',
      run: async ({ host, uuid }, { signal }) => {
        const hypervisor = await hypervisors.open(host, signal);
        // It looks before it acts: done again after a crash, it does no harm.
        const state = await hypervisor.findState(uuid, signal);
        if (state === 'paused') await hypervisor.resume(uuid, signal);
      },
    },
    watchGuest: {
      kind: 'watch',
      run: async ({ host, uuid }, { resumed, send, signal }) => {
        const hypervisor = await hypervisors.open(host, signal);
        // It subscribes first, then tells the present state: nothing falls between.
        await hypervisor.watchDomain(
          {
            uuid,
            role: 'alone',
            resumed: resumed === true,
            observe: ({ kind }) => {
              if (kind === 'stopped') send({ type: 'guest.ended' });
            },
            progress: () => undefined,
          },
          signal,
        );
      },
    },
  };
}

export function bindArraySnapshot(hypervisors: Hypervisors, array: StorageArray): BoundMachine {
  return bind(arraySnapshot, arraySnapshotSlots(hypervisors, array), {
    about: ({ domain, host }) => ({
      subject: domain,
      locks: [{ name: `domain ${domain} on ${host}`, capacity: 1 }],
      hosts: [host],
    }),
  });
}
