import { expect } from 'vitest';
import type { SaveFileOptions, SavedPlace, StartOptions } from '../../src/ports/saving.ts';
import { failureOf, unending } from './fixture.ts';
import type { Fixture } from './fixture.ts';
import type { Cases } from './hypervisor.contract.ts';

const plainly: SaveFileOptions = { bypassCache: false, resumeAs: 'asBefore', xml: null };
const restoring = { ...plainly, resetNvram: false };
const starting: StartOptions = { paused: false, bypassCache: false, forceBoot: false };

const managed = (domainUuid: string): SavedPlace => ({ kind: 'managed', domainUuid });

async function savedDomain(
  fixture: Fixture,
  options: Partial<SaveFileOptions> = {},
): Promise<string> {
  const { uuid } = await fixture.newBareDomain();
  await fixture.source.managedSave(uuid, { ...plainly, ...options }, unending);
  return uuid;
}

/** A guest's memory in files, and back. */
export const savingCases: Cases = {
  'a saved domain is shut off, and goes on where it is started': async (fixture) => {
    const uuid = await savedDomain(fixture);
    const view = await fixture.view('source', uuid);
    expect(view).toMatchObject({ state: 'shutoff', reason: 'saved', managedSave: true });
    expect(await fixture.source.findSaved(managed(uuid), unending)).toEqual({
      domainUuid: uuid,
      domainName: view.name,
      disks: [],
      noted: null,
    });
    await fixture.source.start(uuid, starting, unending);
    await fixture.source.start(uuid, starting, unending);
    expect(await fixture.view('source', uuid)).toMatchObject({
      state: 'running',
      reason: 'restored',
      managedSave: false,
    });
    expect(await fixture.source.findSaved(managed(uuid), unending)).toBeNull();
  },

  'a domain goes on paused when that was asked for as it was saved': async (fixture) => {
    const uuid = await savedDomain(fixture, { resumeAs: 'paused' });
    await fixture.source.start(uuid, starting, unending);
    expect(await fixture.status('source', uuid)).toMatchObject({ state: 'paused' });
  },

  'a domain goes on paused when that is asked for as it is started': async (fixture) => {
    const uuid = await savedDomain(fixture);
    await fixture.source.start(uuid, { ...starting, paused: true }, unending);
    expect(await fixture.status('source', uuid)).toMatchObject({ state: 'paused' });
  },

  'a paused domain stays so, unless it is to run': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    await fixture.source.suspend(uuid, unending);
    await fixture.source.managedSave(uuid, plainly, unending);
    await fixture.source.start(uuid, starting, unending);
    expect(await fixture.status('source', uuid)).toMatchObject({ state: 'paused' });
    await fixture.source.managedSave(uuid, { ...plainly, resumeAs: 'running' }, unending);
    await fixture.source.start(uuid, starting, unending);
    expect(await fixture.status('source', uuid)).toMatchObject({ state: 'running' });
  },

  'what is noted stands beside the memory, and is forgotten when the guest goes on': async (
    fixture,
  ) => {
    const uuid = await savedDomain(fixture);
    const disk = { targetDev: 'vda', path: '/images/a & b', changedAt: '17.25' };
    const unknown = { targetDev: 'vdb', path: '/dev/disk', changedAt: null };
    await fixture.source.noteSaved(managed(uuid), [unknown], unending);
    await fixture.source.noteSaved(managed(uuid), [disk, unknown], unending);
    const noted = await fixture.source.findSaved(managed(uuid), unending);
    expect(noted?.noted).toEqual([disk, unknown]);
    await fixture.source.start(uuid, starting, unending);
    await fixture.source.forgetNotes(uuid, unending);
    await fixture.source.forgetNotes(uuid, unending);
    await fixture.source.managedSave(uuid, plainly, unending);
    const again = await fixture.source.findSaved(managed(uuid), unending);
    expect(again?.noted).toBeNull();
  },

  'a claim stays with the domain, also where it is taken out of its image': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    const claim = { run: 'run-1', engine: 'here:1', sinceEpochMs: 1_000 };
    await fixture.source.claimDomain(uuid, claim, unending);
    await fixture.source.managedSave(uuid, plainly, unending);
    await fixture.source.noteSaved(managed(uuid), [], unending);
    expect(await fixture.source.findClaims(uuid, unending)).toHaveLength(1);
    await fixture.source.releaseClaim(uuid, 'run-1', unending);
    await fixture.source.start(uuid, starting, unending);
    expect(await fixture.source.findClaims(uuid, unending)).toEqual([]);
  },

  'an image that is thrown away may be thrown away again, and the next start is a boot': async (
    fixture,
  ) => {
    const uuid = await savedDomain(fixture);
    await fixture.source.removeManagedSave(uuid, unending);
    await fixture.source.removeManagedSave(uuid, unending);
    await fixture.source.start(uuid, starting, unending);
    expect(await fixture.status('source', uuid)).toMatchObject({ reason: 'booted' });
  },

  'a forced boot throws the image away': async (fixture) => {
    const uuid = await savedDomain(fixture);
    await fixture.source.start(uuid, { ...starting, forceBoot: true }, unending);
    expect(await fixture.status('source', uuid)).toMatchObject({ reason: 'booted' });
    expect(await fixture.source.findSaved(managed(uuid), unending)).toBeNull();
  },

  'a transient guest is gone into its file, and comes back transient': async (fixture) => {
    const guest = await fixture.newGuest('private');
    const path = fixture.newPath(guest, 'memory');
    await fixture.source.undefine(guest.uuid, unending);
    const refused = await failureOf(fixture.source.managedSave(guest.uuid, plainly, unending));
    expect(refused).toMatchObject({ code: 'operationInvalid', effect: 'unknown' });
    await fixture.source.saveTo(guest.uuid, path, plainly, unending);
    expect(await fixture.status('source', guest.uuid)).toBeNull();
    const file: SavedPlace = { kind: 'file', path };
    expect(await fixture.source.findSaved(file, unending)).toMatchObject({
      domainUuid: guest.uuid,
      disks: [{ targetDev: 'vda', path: guest.disks[0]?.path }],
    });
    await fixture.source.restoreFrom(path, restoring, unending);
    expect(await fixture.status('source', guest.uuid)).toMatchObject({
      state: 'running',
      persistent: false,
    });
    const twice = await failureOf(fixture.source.restoreFrom(path, restoring, unending));
    expect(twice).toMatchObject({ code: 'operationInvalid' });
    expect(await fixture.source.findSaved(file, unending)).not.toBeNull();
  },

  'what is no memory of a guest is told from what is not there': async (fixture) => {
    const { disks, uuid } = await fixture.newGuest('private');
    const path = disks[0]?.path ?? '';
    const look = (at: string) => fixture.source.findSaved({ kind: 'file', path: at }, unending);
    expect(await failureOf(look(path))).toMatchObject({ code: 'notASaveImage', effect: 'none' });
    expect(await look(`${path}.absent`)).toBeNull();
    const absent: SavedPlace = { kind: 'file', path: `${path}.absent` };
    expect(await failureOf(fixture.source.noteSaved(absent, [], unending))).toMatchObject({
      code: 'noSuchFile',
    });
    const restore = fixture.source.restoreFrom(absent.path, restoring, unending);
    expect(await failureOf(restore)).toMatchObject({ code: 'noSuchFile' });
    const relative = await failureOf(fixture.source.saveTo(uuid, 'file', plainly, unending));
    expect(relative).toMatchObject({ code: 'invalidArgument', effect: 'none' });
    expect(await fixture.status('source', uuid)).toMatchObject({ state: 'running' });
  },

  'a domain that does not run has nothing to save': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    await fixture.source.destroy(uuid, unending);
    const refused = await failureOf(fixture.source.managedSave(uuid, plainly, unending));
    expect(refused).toMatchObject({ code: 'operationInvalid' });
  },
};
