import { readdir } from 'node:fs/promises';
import { afterEach, expect } from 'vitest';

import type { GuestOptions } from '../../lab/index.ts';
import type { SnapshotDeleteInput, SnapshotDeleteOutput } from '../../machines/index.ts';
import { snapshotDeleteInput } from '../../machines/index.ts';
import { bindSnapshotDelete } from '../../src/bindings/snapshot-delete.ts';
import { useOneHostLab } from './lab-one-host.ts';
import type { OnTheWay } from './lab-runs.ts';
import { expectTicking, labRuns } from './lab-runs.ts';

/** Where the guests' disks are, as the host sees it. */
export const diskDirectory = '/var/lib/libvirt/images';

export interface LabDeletion extends OnTheWay {
  readonly domain?: string;
  readonly what: Partial<SnapshotDeleteInput['what']> & object;
  readonly input?: Partial<SnapshotDeleteInput>;
}

const runs = labRuns<SnapshotDeleteOutput>(bindSnapshotDelete);

/** A lab of its own for a test file, with one guest of two disks that outlives every test. */
export function useDeletionLab(
  purpose: string,
  on: 'hostA' | 'hostC' = 'hostA',
  guestOptions: Partial<GuestOptions> = {},
) {
  const guest = { extraDisk: '16M', ...guestOptions };
  const stage = useOneHostLab({ purpose, machine: 'snapshotDelete', on, guest });
  const files = () => readdir(stage.host.paths.imagesDir);
  // The next one finds its guest as it shall be.
  afterEach(({ task }) => (task.result?.state === 'fail' ? stage.renew() : undefined), 240_000);
  return Object.assign(stage, {
    /** By libvirt: overlays of both disks, each snapshot over the one before. */
    take: async (
      names: readonly string[],
      options: readonly string[] = ['--disk-only'],
      domain = 'guest',
    ) => {
      for (const name of names) {
        const disks = ['vda', 'vdb'].flatMap((disk) => [
          '--diskspec',
          `${disk},snapshot=external,file=${overlay(name, disk)}`,
        ]);
        await stage.host.virsh(['snapshot-create-as', domain, name, ...options, ...disks], {
          timeoutMs: 60_000,
        });
      }
    },
    remove: (request: LabDeletion): Promise<SnapshotDeleteOutput> => {
      const what = {
        kind: 'snapshot',
        name: 'none',
        children: 'keep',
        metadataOnly: false,
        by: 'auto',
        ...request.what,
      } as SnapshotDeleteInput['what'];
      const { domain = 'guest' } = request;
      const input = snapshotDeleteInput({ domain, host: stage.host.uri, what, ...request.input });
      return runs.drive(stage, input, request);
    },
    /** All that a deletion may change of a domain and beside it. */
    picture: async (domain = 'guest') => {
      const { domains } = await stage.host.listing();
      const listed = domains?.find(({ name }) => name === domain);
      const live = await stage.host.virsh(['dumpxml', domain]);
      const names = words(await stage.host.virsh(['snapshot-list', domain, '--name']));
      const kept = await Promise.all(
        names.map((name) => stage.host.virsh(['snapshot-dumpxml', domain, name])),
      );
      const blockList = async (...more: readonly string[]) =>
        words(await stage.host.virsh(['domblklist', domain, ...more])).filter((word) =>
          word.startsWith('/'),
        );
      return {
        files: (await files()).toSorted(),
        disks: await blockList(),
        configured: await blockList('--inactive'),
        snapshots: names.toSorted(),
        claimed: [live, ...kept].filter((xml) => xml.includes('virtstate:claim')).length,
        unfinished: kept.filter((xml) => xml.includes('DeleteInProgress')).length,
        state: listed?.state,
        persistent: listed?.persistent,
        job: listed?.job,
        blockJobs: listed?.blockJobs,
      };
    },
  });
}

export type DeletionStage = ReturnType<typeof useDeletionLab>;
export type Picture = Awaited<ReturnType<DeletionStage['picture']>>;

/** What a person does after a run that was not completed, as told: then the same again. */
export async function deletedAgain(stage: DeletionStage, what: LabDeletion['what']): Promise<void> {
  await stage.releaseClaims();
  const again = await stage.remove({ what });
  expect(again).toMatchObject({ outcome: 'completed', failure: null, artefacts: [] });
  const state = (await stage.host.virsh(['domstate', 'guest'])).trim();
  if (state !== 'running') await stage.host.virsh(['start', 'guest'], { timeoutMs: 60_000 });
}

export const overlay = (name: string, disk: string): string => `${diskDirectory}/${name}.${disk}`;
const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** Snapshots and files that are left, what the guest writes to, and that nothing of ours is. */
export function expectLeft(
  after: Picture,
  before: Picture,
  {
    files,
    snapshots,
    top,
  }: {
    /** That are gone, without their directory. */
    readonly files: readonly string[];
    readonly snapshots: readonly string[];
    readonly top: readonly string[];
  },
): void {
  expect(after).toMatchObject({
    snapshots: snapshots.toSorted(),
    disks: top,
    configured: top,
    claimed: 0,
    unfinished: 0,
    persistent: true,
    job: null,
    blockJobs: [],
    state: before.state,
  });
  expect(after.files).toEqual(before.files.filter((file) => !files.includes(file)));
}

export const bases = [`${diskDirectory}/guest.qcow2`, `${diskDirectory}/guest-extra.qcow2`];
export const tops = (name: string): string[] => [overlay(name, 'vda'), overlay(name, 'vdb')];
export const filesOf = (...names: readonly string[]): string[] =>
  names.flatMap((name) => [`${name}.vda`, `${name}.vdb`]);

/** The guest goes on with snapshot `two`, which lies over `one`. @returns what there is then */
export async function twoDeep(stage: DeletionStage): Promise<Picture> {
  const { snapshots } = await stage.picture();
  await stage.take(['one', 'two'].filter((name) => !snapshots.includes(name)));
  return stage.picture();
}

/** Of {@link twoDeep}: `two` is gone with its files, and the guest ticks on. */
export async function expectTwoDeleted(stage: DeletionStage, before: Picture): Promise<void> {
  expectLeft(await stage.picture(), before, {
    files: filesOf('two'),
    snapshots: ['one'],
    top: tops('one'),
  });
  await expectTicking(stage);
}
