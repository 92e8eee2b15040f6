import { expect } from 'vitest';

import { managedSave } from '../../machines/index.ts';
import { createSimulatedWorld, VirtualClock } from '../../src/adapters/simulated/index.ts';
import { bindManagedSave } from '../../src/bindings/managed-save.ts';
import type { BoundMachine, Clock } from '../../src/index.ts';
import type { Path } from '../../src/testing/index.ts';
import {
  alphabets,
  describePaths,
  findPaths,
  hostWorld,
  simplePaths,
} from '../../src/testing/index.ts';

/** A guest that runs on a host, for one path. */
export interface GuestOnHost {
  readonly machines: readonly BoundMachine[];
  readonly clock: Clock;
  /** Where the guest is called otherwise than in the alphabet. */
  readonly asked?: { readonly domain: string; readonly host: string };
  /** As the host itself shows it. */
  readonly look: () => Promise<{ readonly runs: boolean; readonly isSaved: boolean }>;
  readonly close?: () => Promise<unknown>;
}

const { actors, inputs } = alphabets.managedSave;
const only = <Value>(letters: Readonly<Record<string, Value>>, ...names: string[]) =>
  Object.fromEntries(Object.entries(letters).filter(([name]) => names.includes(name)));

/** What a host says of which nobody else wants anything. */
export const savingLetters = {
  ...alphabets.managedSave,
  inputs: only(inputs, 'save'),
  actors: {
    ...actors,
    gatherFacts: { done: only(actors.gatherFacts.done, 'runs') },
    claimDomain: { done: only(actors.claimDomain.done, 'ours') },
    releaseClaims: { done: only(actors.releaseClaims.done, 'all') },
    lookAtSaved: { done: only(actors.lookAtSaved.done, 'saved', 'runsOn') },
    watchDomain: { sends: [] },
  },
  events: [],
};

const isSaved = (made: Path['steps']): boolean =>
  made.some(
    (step) =>
      (step.kind === 'done' && step.call.id === 'save') ||
      (step.kind === 'failed' && step.call.id === 'save' && step.failure.effect === 'unknown'),
  );

/** A look sees a memory where the save was made, whether its reply came or not, and nowhere else. */
const isTrue = ({ steps }: Path): boolean =>
  steps.every(
    ({ name }, index) =>
      !name.startsWith('look: ') ||
      name === `look: ${isSaved(steps.slice(0, index)) ? 'saved' : 'runsOn'}`,
  );

/** Each state, transition and failure that a save comes to on a host that is left alone. */
export const savePaths = findPaths(managedSave, savingLetters, { gaps: 'report' }).paths.filter(
  isTrue,
);

const unfailing = Object.fromEntries(
  Object.entries(savingLetters.actors)
    .filter(([src]) => src !== 'saveGuest')
    .map(([src, of]) => [src, { ...of, fails: {} }]),
);
/** To the end: saved, not saved, and saved without a reply. */
export const mainSavePaths = simplePaths(managedSave, {
  ...savingLetters,
  actors: { ...savingLetters.actors, ...unfailing },
}).filter(
  (path) => isTrue(path) && path.steps.every(({ kind }) => kind === 'done' || kind === 'failed'),
);

/** Drives a save through these paths, on a guest of its own each. */
export function describeSaves(
  paths: readonly Path[],
  openGuest: () => Promise<GuestOnHost> | GuestOnHost,
): void {
  describePaths(managedSave, {
    paths,
    world: async (script, path) => {
      const { asked, clock, close, look, machines } = await openGuest();
      return {
        ...hostWorld(script, path, { machines, clock }),
        start: (input: object) => script.start({ ...input, ...asked }),
        look,
        ...(close && { close }),
      };
    },
    onState: async ({ path, step, world }) => {
      const made = step === null ? [] : path.steps.slice(0, path.steps.indexOf(step) + 1);
      expect(await world.look()).toEqual({ runs: !isSaved(made), isSaved: isSaved(made) });
    },
  });
}

const mib = 2 ** 20;

/** The guest of the alphabets, on a simulated host. */
export function openSimulatedGuest() {
  const clock = new VirtualClock({ startEpochMs: 1_700_000_000_000, pace: 'asFastAsPossible' });
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [
      {
        name: 'hostA',
        libvirtVersion: 9_000_000,
        directories: [{ path: '/var/lib/libvirt/qemu/save', capacityBytes: 1_024 * mib }],
        pools: [{ name: 'images', targetPath: '/images', capacityBytes: 1_024 * mib }],
      },
    ],
    domains: [
      {
        name: 'guest',
        uuid: '11111111-2222-3333-4444-555555555555',
        host: 'hostA',
        memoryBytes: 64 * mib,
        disks: [
          {
            targetDev: 'vda',
            path: '/images/guest.img',
            capacityBytes: 64 * mib,
            storage: 'private',
          },
        ],
      },
    ],
    link: { bandwidthBytesPerS: 100 * mib },
    faults: [],
  });
  return {
    machines: [bindManagedSave(world.hypervisors)],
    clock,
    look: () => {
      const guest = world.listing()[0]?.domains[0];
      return Promise.resolve({
        runs: guest?.state === 'running',
        isSaved: guest?.managedSave === true,
      });
    },
  };
}
