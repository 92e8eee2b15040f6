import { domainSnapshotInput, snapshotRevertInput } from '../../machines/index.ts';
import type { DomainView } from '../../src/ports/domain.ts';
import type { SnapshotRequest } from '../../src/ports/snapshots.ts';
import type { Fixture } from '../contract/fixture.ts';
import { unending } from '../contract/fixture.ts';
import type { Prepared, RerunCase } from './rerun-cases.ts';

const name = 'before';

/** Effects of `domain-snapshot` and `snapshot-revert`, on a guest whose files everybody sees. */
export const rerunSnapshotCases: Readonly<Record<string, RerunCase>> = {
  'domainSnapshot.gatherFacts': {
    prepare: async (fixture) => {
      const guest = await fixture.newGuest('shared');
      const { uri } = fixture.source;
      const input = domainSnapshotInput({ domain: guest.name, host: uri, name });
      return { uuid: guest.uuid, input };
    },
  },
  lookAtSnapshot: {
    prepare: async (fixture) => {
      const { base, guest, overlay } = await withSnapshot(fixture, { noMetadata: false });
      const look = { name, targetDevs: ['vda'], overlayPaths: [overlay.path] };
      return about(fixture, guest, { ...look, base });
    },
  },
  'snapshotRevert.gatherFacts': {
    prepare: async (fixture) => {
      const { guest } = await withSnapshot(fixture, { noMetadata: false });
      const { uri } = fixture.source;
      const input = snapshotRevertInput({ domain: guest.name, host: uri, name });
      return { uuid: guest.uuid, input };
    },
  },
  lookAtRevert: {
    prepare: async (fixture) => {
      const { guest } = await withSnapshot(fixture, { noMetadata: false });
      return about(fixture, guest, {
        beforeName: name,
        targetDevs: ['vda'],
        directories: ['/images'],
      });
    },
  },
  discardBefore: {
    prepare: async (fixture) => {
      const { guest, overlay } = await withSnapshot(fixture, { noMetadata: false });
      return { ...about(fixture, guest, { name }), files: [overlay.path] };
    },
  },
  mergeOverlays: {
    prepare: async (fixture) => {
      const { base, guest, overlay } = await withSnapshot(fixture, { noMetadata: true });
      return about(fixture, guest, { disks: [{ targetDev: 'vda', base, overlay }] });
    },
  },
  configureDisks: {
    prepare: async (fixture) => {
      const { base, guest, overlay } = await withSnapshot(fixture, { noMetadata: true });
      await fixture.source.destroy(guest.uuid, unending);
      const disks = [{ targetDev: 'vda', base, overlay }];
      return about(fixture, guest, { disks, as: 'base' });
    },
  },
  clearSnapshotClaims: {
    prepare: async (fixture) => {
      const { guest } = await withSnapshot(fixture, { noMetadata: false });
      return about(fixture, guest, { name });
    },
  },
  redefineSnapshot: {
    prepare: async (fixture) => {
      const { guest } = await withSnapshot(fixture, { noMetadata: false });
      const xml = await fixture.source.snapshotXml(guest.uuid, name, unending);
      const options = { children: 'keep', metadataOnly: true } as const;
      await fixture.source.deleteSnapshot(guest.uuid, name, options, unending);
      return about(fixture, guest, { redefine: { xml, current: true } });
    },
  },
  removeSnapshotFiles: {
    prepare: async (fixture) => {
      const guest = await fixture.newGuest('shared');
      const path = `${guest.disks[0]?.path}.left`;
      await fixture.source.createImage(
        { path, format: 'qcow2', virtualSizeBytes: 2 ** 20, backing: null },
        unending,
      );
      return { ...about(fixture, guest, { paths: [path], overlayPaths: [path] }), files: [path] };
    },
  },
  askAgent: {
    prepare: async (fixture) => about(fixture, await fixture.newGuest('shared'), {}),
  },
  /** Nothing is frozen in a guest that has ended. */
  thawGuest: {
    prepare: async (fixture) => {
      const guest = await fixture.newGuest('shared');
      await fixture.source.destroy(guest.uuid, unending);
      return about(fixture, guest, { timeoutMs: 1_000 });
    },
  },
};

export function about({ source }: Fixture, { uuid }: DomainView, more: object): Prepared {
  return { uuid, input: { host: source.uri, domainUuid: uuid, ...more } };
}

/** A guest that goes on with an overlay; a run had it when that was made. */
export async function withSnapshot(
  fixture: Fixture,
  { noMetadata }: { readonly noMetadata: boolean },
) {
  const guest = await fixture.newGuest('shared');
  const { format = '', path = '' } = guest.disks[0] ?? {};
  const overlay = { path: `${path}.${name}`, format: 'qcow2' };
  const claim = { run: 'run-1', engine: 'hostC:1', sinceEpochMs: 1 };
  await fixture.source.claimDomain(guest.uuid, claim, unending);
  const disk = { targetDev: 'vda', kind: 'external', overlayPath: overlay.path } as const;
  const request: SnapshotRequest = {
    name,
    description: null,
    memory: { kind: 'none' },
    disks: [{ ...disk, format: 'qcow2' }],
    diskOnly: true,
    quiesce: false,
    atomic: true,
    reuseExternal: false,
    halt: false,
    noMetadata,
    live: false,
  };
  await fixture.source.createSnapshot(guest.uuid, request, unending);
  await fixture.source.releaseClaim(guest.uuid, 'run-1', unending);
  return { guest, overlay, base: { path: path ?? '', format } };
}
