import { snapshotDeleteInput } from '../../machines/index.ts';
import type { DiskMerge } from '../../machines/policy/snapshot-delete/snapshot-delete.ts';
import type { Fixture } from '../contract/fixture.ts';
import { unending } from '../contract/fixture.ts';
import type { RerunCase } from './rerun-cases.ts';
import { about, withSnapshot } from './rerun-snapshot-cases.ts';

const name = 'before';
const snapshot = { kind: 'snapshot', name, children: 'keep', metadataOnly: false } as const;

/** Effects of `snapshot-delete`, on a guest whose files everybody sees. */
export const rerunDeletionCases: Readonly<Record<string, RerunCase>> = {
  'snapshotDelete.gatherFacts': {
    prepare: async (fixture) => {
      const { guest } = await withSnapshot(fixture, { noMetadata: false });
      const what = { ...snapshot, by: 'auto' } as const;
      const input = snapshotDeleteInput({ domain: guest.name, host: fixture.source.uri, what });
      return { uuid: guest.uuid, input };
    },
  },
  lookAtMerges: {
    prepare: async (fixture) => {
      const { guest } = await withSnapshot(fixture, { noMetadata: false });
      return about(fixture, guest, { disks: [], isInDoubt: true });
    },
  },
  mergeOffline: {
    prepare: async (fixture) => {
      const { disk, guest } = await shutOff(fixture);
      return about(fixture, guest, { disk, bandwidthMibPerS: 0 });
    },
  },
  switchOffline: {
    prepare: async (fixture) => {
      const { disk, guest } = await shutOff(fixture);
      const { base, top } = disk;
      await fixture.source.commitImage(top, base?.path ?? '', () => undefined, unending);
      return about(fixture, guest, { disk, bandwidthMibPerS: 0 });
    },
  },
  cancelMerges: {
    prepare: async (fixture) => {
      const { disk, guest } = await withDisk(fixture);
      const options = { top: disk.top.path, base: disk.base?.path ?? null, active: true };
      await fixture.source.commitBlock(
        guest.uuid,
        'vda',
        { ...options, deleteFiles: false, bandwidthMibPerS: 1 },
        unending,
      );
      return about(fixture, guest, { disks: [disk] });
    },
  },
  mendSnapshots: {
    prepare: async (fixture) => {
      const { base, guest, overlay } = await withSnapshot(fixture, { noMetadata: false });
      const merged = [{ targetDev: 'vda', from: base.path, to: overlay }];
      return about(fixture, guest, { merged });
    },
  },
  dropMetadata: {
    prepare: async (fixture) => {
      const { guest } = await withSnapshot(fixture, { noMetadata: false });
      return about(fixture, guest, { name, children: 'keep', metadataOnly: true });
    },
  },
  removeUnused: {
    prepare: async (fixture) => {
      const guest = await fixture.newGuest('shared');
      const path = `${guest.disks[0]?.path}.unused`;
      await fixture.source.createImage(
        { path, format: 'qcow2', virtualSizeBytes: 2 ** 20, backing: null },
        unending,
      );
      return { ...about(fixture, guest, { paths: [path] }), files: [path] };
    },
  },
};

async function withDisk(fixture: Fixture) {
  const { base, guest, overlay } = await withSnapshot(fixture, { noMetadata: true });
  const disk: DiskMerge = {
    targetDev: 'vda',
    how: 'activeCommit',
    top: overlay,
    base,
    above: null,
    state: 'working',
    tries: 0,
  };
  return { disk, guest };
}

async function shutOff(fixture: Fixture) {
  const prepared = await withDisk(fixture);
  await fixture.source.destroy(prepared.guest.uuid, unending);
  return prepared;
}
