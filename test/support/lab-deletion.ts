import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect } from 'vitest';

import type { GuestOptions, Lab, LabGuest, LabHost } from '../../lab/index.ts';
import { labUp } from '../../lab/index.ts';
import type { SnapshotDeleteInput, SnapshotDeleteOutput } from '../../machines/index.ts';
import { snapshotDeleteInput } from '../../machines/index.ts';
import { bindSnapshotDelete } from '../../src/bindings/snapshot-delete.ts';
import type { Hypervisors } from '../../src/index.ts';
import { expectTicking, labRuns, openLabHosts } from './lab-runs.ts';
import type { OnTheWay } from './lab-runs.ts';
import { labNameFor } from './needs.ts';

export { expectTicking };

/** Where the guests' disks are, as the host sees it. */
export const diskDirectory = '/var/lib/libvirt/images';

export interface LabDeletion extends OnTheWay {
  readonly domain?: string;
  readonly what: Partial<SnapshotDeleteInput['what']> & object;
  readonly input?: Partial<SnapshotDeleteInput>;
}

/** A lab of its own for a test file, with one guest of two disks that outlives every test. */
export function useDeletionLab(
  purpose: string,
  on = 'hostA',
  guestOptions: Partial<GuestOptions> = {},
) {
  let opened: { lab: Lab; hypervisors: Hypervisors; guest: LabGuest } | null = null;
  const manifest: string[] = [];
  const current = () => {
    if (opened === null) throw new Error('the lab is not up yet');
    return opened;
  };
  const host = (): LabHost => current().lab.host(on);
  beforeAll(async () => {
    const lab = await labUp({ name: labNameFor(purpose), hosts: on === 'hostC' ? 3 : 2 });
    const guest = await lab.guest('guest', { on, extraDisk: '16M', ...guestOptions });
    opened = { lab, hypervisors: openLabHosts(lab), guest };
  }, 180_000);
  afterAll(async () => {
    await opened?.hypervisors.close();
    await opened?.lab.down();
    if (manifest.length > 0)
      console.log(`machine x state x fault x outcome\n${manifest.join('\n')}`);
  }, 60_000);
  const files = () => readdir(host().paths.imagesDir);
  return {
    get lab() {
      return current().lab;
    },
    get host() {
      return host();
    },
    get guest() {
      return current().guest;
    },
    /** For the table that is printed at the end. */
    note: (state: string, fault: string, { outcome }: { readonly outcome: string }): void => {
      manifest.push(`snapshotDelete x ${state} x ${fault} x ${outcome}`);
    },
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
        await host().virsh(['snapshot-create-as', domain, name, ...options, ...disks], {
          timeoutMs: 60_000,
        });
      }
    },
    remove: async (request: LabDeletion): Promise<SnapshotDeleteOutput> => {
      const { hypervisors, lab } = current();
      const what = {
        kind: 'snapshot',
        name: 'none',
        children: 'keep',
        metadataOnly: false,
        by: 'auto',
        ...request.what,
      } as SnapshotDeleteInput['what'];
      const { domain = 'guest' } = request;
      const input = snapshotDeleteInput({ domain, host: host().uri, what, ...request.input });
      return driven({ hypervisors, lab }, input, request);
    },
    /** All that a deletion may change of a domain and beside it. */
    picture: async (domain = 'guest') => {
      const { domains } = await host().listing();
      const listed = domains?.find(({ name }) => name === domain);
      const live = await host().virsh(['dumpxml', domain]);
      const names = words(await host().virsh(['snapshot-list', domain, '--name']));
      const kept = await Promise.all(
        names.map((name) => host().virsh(['snapshot-dumpxml', domain, name])),
      );
      const blockList = async (...more: readonly string[]) =>
        words(await host().virsh(['domblklist', domain, ...more])).filter((word) =>
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
  };
}

export type DeletionStage = ReturnType<typeof useDeletionLab>;
export type Picture = Awaited<ReturnType<DeletionStage['picture']>>;

export const overlay = (name: string, disk: string): string => `${diskDirectory}/${name}.${disk}`;
const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

const driven = labRuns<SnapshotDeleteOutput>(bindSnapshotDelete);

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
