import { toFailure } from '../../../src/ports/failure.ts';
import type { Mutant, Wrong } from './mutant.ts';
import { wrongCall, wrongChart, wrongLink, wrongSlot } from './mutant.ts';

const unending = new AbortController().signal;

/** Told as done, and not done. */
const told =
  (answer?: unknown): Wrong =>
  () =>
    Promise.resolve(answer);

const inFailure = async (work: unknown, then: () => unknown): Promise<unknown> => {
  try {
    return await work;
  } catch {
    return then();
  }
};

/** Deliberate bugs. Each has to be caught by some seed. */
export const allMutants: readonly Mutant[] = [
  wrongCall('lock not released', 'managedSave', { releaseClaim: told() }),
  wrongChart('a claim that stays is not told', 'domainSnapshot', 'domainSnapshot', {
    forgets: ['recordClaimsLeft'],
  }),
  wrongChart("another run's claim is not respected", 'managedSave', 'managedSave', {
    guards: { hasRivals: false },
  }),

  wrongLink('source resumed on a lost Finish reply', (link) => ({
    finish: async (call, cancelled, signal) => {
      try {
        return await link.finish(call, cancelled, signal);
      } catch (error) {
        if (!cancelled) await inFailure(link.confirm(call, true, signal), () => undefined);
        throw error;
      }
    },
  })),
  wrongLink('a failed Finish is confirmed', (link) => ({
    finish: async (call, cancelled, signal) => {
      try {
        return await link.finish(call, cancelled, signal);
      } catch (error) {
        await inFailure(link.confirm(call, false, signal), () => undefined);
        throw error;
      }
    },
  })),
  wrongLink('a migration that is given up is confirmed', (link) => ({
    confirm: (call, _cancelled, signal) => link.confirm(call, false, signal),
  })),
  wrongLink('a lost Perform is taken for done', (link) => ({
    perform: async (call, signal) => {
      try {
        await link.perform(call, signal);
      } catch (error) {
        if (toFailure(error).effect !== 'unknown') throw error;
      }
    },
  })),
  wrongLink('the source is not told the end', (link) => ({
    confirm: (call, cancelled, signal) =>
      cancelled ? Promise.resolve() : link.confirm(call, cancelled, signal),
  })),
  wrongLink('the source is not told that the guest runs elsewhere', (link) => ({
    confirm: (call, cancelled, signal) =>
      cancelled ? link.confirm(call, cancelled, signal) : Promise.resolve(),
  })),
  wrongCall('the definition stays on the source', 'liveMigration', { undefine: told() }),
  wrongCall('a volume that was made is not taken back', 'liveMigration', { deleteVolume: told() }),
  wrongSlot(
    "the source's disk goes with every migration",
    'liveMigration',
    { of: 'liveMigration', slot: 'removeVolumes' },
    (slot) => ({
      ...slot,
      run: (input, tools) => slot.run(unwantedEverywhere(input), tools),
    }),
  ),
  wrongCall('an abort that is not asked of the daemon', 'liveMigration', {
    abortJob: told('aborted'),
  }),

  wrongCall('thaw forgotten', 'liveSnapshot', { thaw: told({ thawed: 1 }) }),
  wrongChart('thaw left out after a failure', 'domainSnapshot', 'domainSnapshot', {
    guards: { mayBeFrozen: false },
  }),
  wrongChart('pivot retried after success', 'snapshotDelete', 'snapshotDelete', {
    guards: { allMerged: false, hasReady: true },
  }),
  wrongCall('a copy is pivoted to instead of ended', 'liveSnapshot', {
    endBlockJob: (call, [uuid, targetDev, , signal]) => call(uuid, targetDev, 'pivot', signal),
  }),
  wrongCall('a copy goes on after it is said to be ended', 'liveSnapshot', {
    endBlockJob: told('ended'),
  }),
  wrongChart('job gone taken for success', 'liveSnapshot', 'liveSnapshot', {
    guards: { hasLost: false, allReady: true, allEnded: true },
  }),
  wrongCall('define skipped on error', 'liveSnapshot', {
    defineAgain: (call, given) => inFailure(call(...given), () => undefined),
  }),
  wrongCall('the definition is not put back', 'liveSnapshot', { defineAgain: told() }),

  wrongCall('a save that is told and not made', 'coldSnapshot', { managedSave: told() }),
  wrongCall('a device is not put back', 'coldSnapshot', { attachDevice: told() }),
  wrongCall('a guest starts paused', 'coldSnapshot', {
    start: (call, [uuid, options, signal]) =>
      call(uuid, { ...Object(options), paused: true }, signal),
    resume: told(),
  }),
  wrongCall('files of a failed image stay', 'coldSnapshot', { removeFile: told() }),
  wrongChart('memory that was saved is not on record', 'managedSave', 'managedSave', {
    forgets: ['noteMade'],
  }),
  wrongCall('a snapshot that is told and not taken', 'domainSnapshot', { createSnapshot: told() }),
  wrongCall('a revert that is told and not made', 'snapshotRevert', { revertToSnapshot: told() }),
  wrongCall('a layer goes before it is merged', 'snapshotDelete', {
    commitBlock: async (call, given, host) => {
      const [uuid] = given;
      for (const file of (await host.findDiskFiles(String(uuid), unending)) ?? [])
        await host.removeFile(file, unending);
      return call(...given);
    },
  }),
  wrongCall('a base goes with its layer', 'snapshotDelete', {
    removeFile: async (call, given, host) => {
      await call(...given);
      const [path] = given;
      await host.removeFile(String(path).replace(/\.before$/, '.qcow2'), unending);
    },
  }),
  wrongCall("libvirt's books are not kept", 'snapshotDelete', { deleteSnapshot: told() }),
  wrongCall('what was kept for a way back stays', 'snapshotRevert', { deleteSnapshot: told() }),
  wrongChart('a pivot is asked for again after it succeeded', 'volumeSwap', 'volumeSwap', {
    guards: { allPivoted: false, hasReady: true },
  }),
  wrongCall('a swap is not persisted, and its error skipped', 'volumeSwap', {
    changeDiskImage: (call, given) => inFailure(call(...given), () => undefined),
  }),
  wrongCall('a swap is told as persisted, and is not', 'volumeSwap', { changeDiskImage: told() }),
  wrongChart(
    'a copy that is gone is taken for one that became the disk',
    'volumeSwap',
    'volumeSwap',
    {
      guards: { hasLost: false, allReady: true, allPivoted: true },
    },
  ),
  wrongChart('a pivot before the copies are in step', 'volumeSwap', 'volumeSwap', {
    guards: { allReady: true },
  }),
  wrongCall('a copy of a swap that is called off goes on', 'volumeSwap', {
    endBlockJob: (call, given) =>
      given[2] === 'pivot' ? call(...given) : Promise.resolve('ended'),
  }),
  wrongChart('an image is told that was taken away', 'instanceSnapshot', 'instanceSnapshot', {
    forgets: ['recordRemoved'],
  }),
];

/** As if the run's own record named every volume on both hosts. */
function unwantedEverywhere(input: unknown): unknown {
  const { volumes = [], ...rest }: { readonly volumes?: readonly object[] } = Object(input);
  const hosts = ['hostA', 'hostB', 'hostC'].map((name) => `simulated:///${name}`);
  return {
    ...rest,
    volumes: volumes.flatMap((volume) =>
      hosts.map((host) => ({ ...volume, host, status: 'unwanted' })),
    ),
  };
}
