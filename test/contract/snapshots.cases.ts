import { expect } from 'vitest';
import type { DomainView } from '../../src/ports/domain.ts';
import type { SnapshotRequest } from '../../src/ports/snapshots.ts';
import type { Fixture } from './fixture.ts';
import { failureOf, unending } from './fixture.ts';
import type { Cases } from './hypervisor.contract.ts';

const claim = { run: 'run-1', engine: 'hostC:1', sinceEpochMs: 1 };
const asItWas = { resumeAs: 'asSnapshot', force: false, resetNvram: false } as const;
const metadataAlone = { children: 'keep', metadataOnly: true } as const;

function pathOf({ disks }: DomainView): string {
  return disks[0]?.path ?? expect.fail('the guest has a disk');
}

/** Of disks alone, by an overlay beside the disk. */
function external(guest: DomainView, name: string, more: Partial<SnapshotRequest> = {}) {
  const overlayPath = `${pathOf(guest)}.${name.slice(0, 20)}`;
  return {
    name,
    description: null,
    memory: { kind: 'none' },
    disks: [{ targetDev: 'vda', kind: 'external', overlayPath, format: 'qcow2' }],
    diskOnly: true,
    quiesce: false,
    atomic: true,
    reuseExternal: false,
    halt: false,
    noMetadata: false,
    live: false,
    ...more,
  } satisfies SnapshotRequest;
}

const internal = (guest: DomainView, name: string): SnapshotRequest => ({
  ...external(guest, name),
  memory: { kind: 'internal' },
  disks: [{ targetDev: 'vda', kind: 'internal', overlayPath: null, format: null }],
  diskOnly: false,
  atomic: false,
});

const take = ({ source }: Fixture, { uuid }: DomainView, request: SnapshotRequest) =>
  source.createSnapshot(uuid, request, unending);

async function namesOf({ source }: Fixture, { uuid }: DomainView): Promise<readonly string[]> {
  return (await source.listSnapshots(uuid, unending)).map(({ name }) => name);
}

async function topOf({ source }: Fixture, { uuid }: DomainView): Promise<string | null> {
  const chains = await source.findChains(uuid, unending);
  return chains[0]?.layers[0]?.path ?? null;
}

/** Ways of libvirt's own snapshots, as its daemons were seen to keep them. */
export const snapshotsCases: Cases = {
  'a guest goes on with its overlay, and the base stays what it was': async (fixture) => {
    const guest = await fixture.newGuest('private');
    const request = external(guest, 'one', { description: 'a <first> & only one' });
    await take(fixture, guest, request);
    const overlayPath = request.disks[0]?.overlayPath ?? '';
    expect(await fixture.source.listSnapshots(guest.uuid, unending)).toMatchObject([
      {
        name: 'one',
        parent: null,
        children: [],
        current: true,
        description: 'a <first> & only one',
        state: 'diskSnapshot',
        memory: { kind: 'none' },
        disks: [{ targetDev: 'vda', kind: 'external', overlayPath, format: 'qcow2' }],
        frozenPaths: [{ targetDev: 'vda', path: pathOf(guest) }],
        hasDefinition: true,
      },
    ]);
    expect(await topOf(fixture, guest)).toBe(overlayPath);
    const open = await fixture.source.findOpenFiles(guest.uuid, unending);
    for (const path of [overlayPath, pathOf(guest)])
      expect(open?.find((file) => file.path === path)?.nodes).toEqual([
        expect.stringMatching(/-format$/),
        expect.stringMatching(/-storage$/),
      ]);
    expect(await fixture.source.findDiskFiles(guest.uuid, unending)).toEqual([overlayPath]);
    // What its disks use stays, below their tops, too.
    for (const path of [overlayPath, pathOf(guest), '/elsewhere'])
      expect(await fixture.source.dropLeftNodes(guest.uuid, path, unending)).toEqual(
        open?.find((file) => file.path === path)?.nodes ?? [],
      );
    expect(await fixture.source.findOpenFiles(guest.uuid, unending)).toEqual(open);
    expect(await fixture.status('source', guest.uuid)).toMatchObject({ state: 'running' });
  },

  'what is taken later is a child; what is forgotten leaves its children to its parent': async (
    fixture,
  ) => {
    const guest = await fixture.newGuest('private');
    for (const name of ['one', 'two', 'three']) await take(fixture, guest, external(guest, name));
    const { source } = fixture;
    await source.deleteSnapshot(guest.uuid, 'two', metadataAlone, unending);
    await source.deleteSnapshot(guest.uuid, 'two', metadataAlone, unending);
    expect(await source.listSnapshots(guest.uuid, unending)).toMatchObject([
      { name: 'one', children: ['three'], current: false },
      { name: 'three', parent: 'one', current: true },
    ]);
  },

  'what a snapshot keeps of a layer that was merged is found where its data are now': async (
    fixture,
  ) => {
    const guest = await fixture.newGuest('private');
    for (const name of ['one', 'two']) await take(fixture, guest, external(guest, name));
    const { source } = fixture;
    const from = external(guest, 'one').disks[0]?.overlayPath ?? '';
    const merged = [{ targetDev: 'vda', from, to: { path: pathOf(guest), format: 'qcow2' } }];
    await source.mendSnapshots(guest.uuid, merged, unending);
    await source.mendSnapshots(guest.uuid, merged, unending);
    const frozenPaths = [{ targetDev: 'vda', path: pathOf(guest) }];
    const kept = { frozenPaths, hasDefinition: true, unfinishedDeletion: [] };
    expect(await source.listSnapshots(guest.uuid, unending)).toMatchObject([
      { name: 'one', children: ['two'], current: false, ...kept },
      { name: 'two', parent: 'one', current: true, ...kept },
    ]);
  },

  'a name is given once, and a file that stands is not written over': async (fixture) => {
    const guest = await fixture.newGuest('private');
    await take(fixture, guest, external(guest, 'one'));
    const top = await topOf(fixture, guest);
    const again = { ...external(guest, 'other'), name: 'one' };
    const over = { ...external(guest, 'two'), disks: external(guest, 'one').disks };
    for (const request of [again, over])
      expect(await failureOf(take(fixture, guest, request))).toMatchObject({
        code: 'libvirtError',
        effect: 'unknown',
      });
    expect(await namesOf(fixture, guest)).toEqual(['one']);
    expect(await topOf(fixture, guest)).toBe(top);
  },

  'a name that is too long for its books fails when the guest is on the overlay already': async (
    fixture,
  ) => {
    const guest = await fixture.newGuest('private');
    const request = external(guest, 'n'.repeat(248));
    expect(await failureOf(take(fixture, guest, request))).toMatchObject({ effect: 'unknown' });
    expect(await namesOf(fixture, guest)).toEqual([]);
    expect(await topOf(fixture, guest)).toBe(request.disks[0]?.overlayPath);
  },

  'libvirt forgets a snapshot without metadata at once': async (fixture) => {
    const guest = await fixture.newGuest('private');
    const request = external(guest, 'one', { noMetadata: true });
    await take(fixture, guest, request);
    expect(await namesOf(fixture, guest)).toEqual([]);
    expect(await topOf(fixture, guest)).toBe(request.disks[0]?.overlayPath);
  },

  'a revert brings back the claim that stood then, unless it was cleared': async (fixture) => {
    const { source } = fixture;
    const guest = await fixture.newGuest('private');
    const revert = (name: string) => source.revertToSnapshot(guest.uuid, name, asItWas, unending);
    const runsThatClaim = async () =>
      (await source.findClaims(guest.uuid, unending)).map(({ run }) => run);
    await source.claimDomain(guest.uuid, claim, unending);
    await take(fixture, guest, internal(guest, 'one'));
    await source.releaseClaim(guest.uuid, claim.run, unending);
    await revert('one');
    expect(await runsThatClaim()).toEqual([claim.run]);
    await source.releaseClaim(guest.uuid, claim.run, unending);
    await source.clearSnapshotClaims(guest.uuid, 'one', unending);
    await source.clearSnapshotClaims(guest.uuid, 'one', unending);
    await revert('one');
    expect(await runsThatClaim()).toEqual([]);
    expect(await source.listSnapshots(guest.uuid, unending)).toMatchObject([
      { name: 'one', current: true, state: 'running', memory: { kind: 'internal' } },
    ]);
    expect(await fixture.status('source', guest.uuid)).toMatchObject({ state: 'running' });
  },

  'this libvirt reverts to no external snapshot, and touches nothing': async (fixture) => {
    const guest = await fixture.newGuest('private');
    await take(fixture, guest, external(guest, 'one'));
    const { source } = fixture;
    const reverting = source.revertToSnapshot(guest.uuid, 'one', asItWas, unending);
    expect(await failureOf(reverting)).toMatchObject({ code: 'revertUnsupported' });
    expect(await fixture.status('source', guest.uuid)).toMatchObject({
      state: 'running',
      reason: 'booted',
    });
  },

  'metadata that were forgotten are put back as they were': async (fixture) => {
    const { source } = fixture;
    const guest = await fixture.newGuest('private');
    await take(fixture, guest, external(guest, 'one'));
    const before = await source.listSnapshots(guest.uuid, unending);
    const xml = await source.snapshotXml(guest.uuid, 'one', unending);
    await source.deleteSnapshot(guest.uuid, 'one', metadataAlone, unending);
    for (const _ of ['once', 'again'])
      await source.redefineSnapshot(guest.uuid, xml, { current: true }, unending);
    expect(await source.listSnapshots(guest.uuid, unending)).toEqual(before);
  },

  'the memory goes to a file, and the guest goes on': async (fixture) => {
    const guest = await fixture.newGuest('private');
    const path = `${pathOf(guest)}.memory`;
    const memory = { kind: 'external', path } as const;
    await take(fixture, guest, external(guest, 'one', { memory, diskOnly: false }));
    expect(await fixture.source.listSnapshots(guest.uuid, unending)).toMatchObject([
      { name: 'one', state: 'running', memory },
    ]);
    expect(await fixture.status('source', guest.uuid)).toMatchObject({
      state: 'running',
      job: null,
    });
  },

  'what is halted is shut off with its snapshot': async (fixture) => {
    const guest = await fixture.newGuest('private');
    await take(fixture, guest, external(guest, 'one', { halt: true }));
    expect(await fixture.status('source', guest.uuid)).toMatchObject({
      state: 'shutoff',
      reason: 'fromSnapshot',
    });
    expect(await fixture.source.findOpenFiles(guest.uuid, unending)).toBeNull();
    const overlayPath = external(guest, 'one').disks[0]?.overlayPath ?? '';
    expect(await fixture.source.dropLeftNodes(guest.uuid, overlayPath, unending)).toEqual([]);
  },

  'a snapshot that is not there is told so, and need not be deleted': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    const { source } = fixture;
    const noSnapshot = { code: 'noSnapshot', libvirt: { code: 72 } };
    const reverting = source.revertToSnapshot(uuid, 'none', asItWas, unending);
    expect(await failureOf(reverting)).toMatchObject(noSnapshot);
    const reading = source.snapshotXml(uuid, 'none', unending);
    expect(await failureOf(reading)).toMatchObject({ ...noSnapshot, effect: 'none' });
    await source.deleteSnapshot(uuid, 'none', metadataAlone, unending);
    await source.clearSnapshotClaims(uuid, 'none', unending);
    expect(await source.listSnapshots(uuid, unending)).toEqual([]);
  },
};
