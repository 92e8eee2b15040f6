import { expect } from 'vitest';
import { failureOf, unending } from './fixture.ts';
import type { Cases } from './hypervisor.contract.ts';
import { arrival, memoryCopy, switchover, withoutLaterPasses } from './passages.ts';
import type { Watched } from './watched.ts';

/** Peer-to-peer migrations as both ends show them. */
export const migratingCases: Cases = {
  'a guest on shared storage moves, phase by phase': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    const source = fixture.watch('source', guest.uuid);
    const destination = fixture.watch('destination', guest.uuid);
    await source.sees('state running booted');
    await fixture.migrate(guest);
    await Promise.all([source.sees('jobCompleted'), destination.sees('state running migrated')]);

    expect(withoutLaterPasses(source)).toEqual([...memoryCopy, ...switchover]);
    expect(destination.events).toEqual(arrival);
    expect(source.reads).toContain('migrationJob out');
    expect(destination.reads[0]).toBe('state paused startingUp');
    expect(destination.reads).toContain('migrationJob in');
    expect(await fixture.status('source', guest.uuid)).toBeNull();
    expect(await fixture.status('destination', guest.uuid)).toEqual({
      uuid: guest.uuid,
      name: guest.name,
      state: 'running',
      reason: 'migrated',
      persistent: true,
      job: null,
    });
  },

  'a guest on storage of its own moves with its disk': async (fixture) => {
    const guest = await fixture.newGuest('private');
    const path = guest.disks[0]?.path ?? '';
    const source = fixture.watch('source', guest.uuid);
    const destination = fixture.watch('destination', guest.uuid);
    await source.sees('state running booted');
    await fixture.migrate(guest, { copyStorage: 'all', unsafe: false, bandwidthMibPerS: 64 });
    await Promise.all([source.sees('jobCompleted'), destination.sees('state running migrated')]);

    const mirrored = ['mirrorCreated', 'mirrorReady vda'];
    expect(withoutLaterPasses(source)).toEqual([...mirrored, ...memoryCopy, ...switchover]);
    expect(destination.events).toEqual(arrival);
    expect(source.progress.flat().map(({ stream }) => stream)).toContain('memory');
    for (const stream of ['vda', 'memory']) expectToGrow(source, stream);
    const volume = { path, capacityBytes: guest.disks[0]?.capacityBytes };
    expect(await fixture.destination.findVolume(path, unending)).toMatchObject(volume);
    expect(await fixture.source.findVolume(path, unending)).toMatchObject(volume);
  },

  'an abort while memory is copied leaves the guest running where it was': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    const destination = fixture.watch('destination', guest.uuid);
    const { watched, ended } = await fixture.startSlowMigration(guest);
    expect(await fixture.status('source', guest.uuid)).toMatchObject({
      job: { operation: 'migrationOut' },
    });
    expect(await fixture.source.abortJob(guest.uuid, unending)).toBe('aborted');

    expect(await ended).toMatchObject({
      code: 'operationAborted',
      effect: 'unknown',
      libvirt: { code: 78 },
    });
    expect(await fixture.status('source', guest.uuid)).toEqual({
      uuid: guest.uuid,
      name: guest.name,
      state: 'running',
      reason: 'booted',
      persistent: true,
      job: null,
    });
    expect(watched.events).toEqual([
      ...memoryCopy,
      'migrationStatus cancelling',
      'migrationStatus cancelled',
    ]);
    await destination.sees('stopped failed');
    expect(await fixture.status('destination', guest.uuid)).toBeNull();
  },

  'a guest that is suspended while memory is copied switches over and runs there': async (
    fixture,
  ) => {
    const guest = await fixture.newGuest('shared');
    const watched = fixture.watch('source', guest.uuid);
    await watched.sees('state running booted');
    const ended = failureOf(fixture.migrate(guest, { bandwidthMibPerS: 16 }));
    await watched.sees('migrationStatus active');
    await fixture.source.suspend(guest.uuid, unending);
    expect(await ended).toBeNull();
    await watched.sees('jobCompleted');
    expect(withoutLaterPasses(watched)).toEqual([...memoryCopy, ...switchover]);
    expect(await fixture.status('destination', guest.uuid)).toMatchObject({
      state: 'running',
      reason: 'migrated',
    });
  },

  'a guest that was suspended meanwhile runs again after an abort': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    const { watched, ended } = await fixture.startSlowMigration(guest);
    await fixture.source.suspend(guest.uuid, unending);
    await fixture.source.abortJob(guest.uuid, unending);
    expect(await ended).toMatchObject({ libvirt: { code: 78 } });
    await watched.sees('state running migrationCanceled');
    expect(watched.events.slice(memoryCopy.length)).toEqual([
      'suspended migrated',
      'migrationStatus cancelling',
      'migrationStatus cancelled',
      'resumed migrated',
    ]);
  },

  'while a guest migrates no other migration of it begins': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    const { ended } = await fixture.startSlowMigration(guest);
    const judged = await fixture.source.judgeMigration(fixture.callFor(guest), unending);
    expect(judged).toMatchObject({ code: 'jobActive' });
    const second = await failureOf(fixture.migrate(guest));
    expect(second).toMatchObject({ code: 'operationInvalid', libvirt: { code: 55 } });
    expect(await fixture.source.abortJob(guest.uuid, unending)).toBe('aborted');
    expect(await ended).toMatchObject({ code: 'operationAborted' });
  },

  'a guest that is destroyed on its way in runs on where it was': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    const { watched, ended } = await fixture.startSlowMigration(guest);
    await fixture.destination.destroy(guest.uuid, unending);
    expect(await ended).toMatchObject({ effect: 'unknown', libvirt: { code: 9 } });
    expect(watched.events).toEqual([...memoryCopy, 'migrationStatus failed']);
    expect(await fixture.status('source', guest.uuid)).toMatchObject({
      state: 'running',
      reason: 'booted',
      job: null,
    });
    expect(await fixture.status('destination', guest.uuid)).toBeNull();
  },

  'a guest that was paused before arrives paused': async (fixture) => {
    const guest = await fixture.newBareDomain();
    await fixture.source.suspend(guest.uuid, unending);
    await fixture.migrate(guest);
    expect(await fixture.status('source', guest.uuid)).toBeNull();
    expect(await fixture.status('destination', guest.uuid)).toMatchObject({
      state: 'paused',
      reason: 'user',
    });
  },

  'a guest is not moved to a host where its name is taken': async (fixture) => {
    const guest = await fixture.newBareDomain();
    const other = await fixture.newDestinationDomain(guest.name);
    const failure = await failureOf(fixture.migrate(guest));
    expect(failure).toMatchObject({ effect: 'unknown', libvirt: { code: 9 } });
    expect(await fixture.status('source', guest.uuid)).toEqual({
      uuid: guest.uuid,
      name: guest.name,
      state: 'running',
      reason: 'booted',
      persistent: true,
      job: null,
    });
    expect(await fixture.status('destination', other)).toMatchObject({ state: 'running' });
    expect(await fixture.status('destination', guest.uuid)).toBeNull();
  },

  'a guest is not moved to a daemon that does not answer': async (fixture) => {
    const guest = await fixture.newBareDomain();
    const destinationConnectUri = fixture.hosts.unreachableConnectUri;
    const failure = await failureOf(fixture.migrate(guest, { destinationConnectUri }));
    expect(failure).toMatchObject({ effect: 'unknown', libvirt: { code: 38 } });
    expect(await fixture.status('source', guest.uuid)).toMatchObject({
      state: 'running',
      job: null,
    });
  },

  'a disk that libvirt calls unsafe is not migrated': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    const failure = await failureOf(fixture.migrate(guest, { unsafe: false }));
    expect(failure).toMatchObject({ code: 'migrateUnsafe', libvirt: { code: 81 } });
    expect(await fixture.status('source', guest.uuid)).toMatchObject({ state: 'running' });
  },

  'the definition may stay on the source': async (fixture) => {
    const guest = await fixture.newBareDomain();
    await fixture.migrate(guest, { keepSource: true });
    expect(await fixture.status('source', guest.uuid)).toMatchObject({
      state: 'shutoff',
      reason: 'migrated',
      persistent: true,
    });
    expect(await fixture.status('destination', guest.uuid)).toMatchObject({ persistent: true });
  },

  'a guest may arrive without a definition': async (fixture) => {
    const guest = await fixture.newBareDomain();
    await fixture.migrate(guest, { persistence: 'transient' });
    expect(await fixture.status('source', guest.uuid)).toBeNull();
    expect(await fixture.status('destination', guest.uuid)).toMatchObject({ persistent: false });
  },

  'a guest without a definition gets none': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    await fixture.source.undefine(uuid, unending);
    await fixture.migrate(await fixture.view('source', uuid));
    expect(await fixture.status('source', uuid)).toBeNull();
    expect(await fixture.status('destination', uuid)).toMatchObject({ persistent: false });
  },

  'a guest may get another name on the destination': async (fixture) => {
    const guest = await fixture.newBareDomain();
    const destinationName = `${guest.name}-moved`;
    await fixture.migrate(guest, { destinationName });
    expect(await fixture.status('destination', guest.uuid)).toMatchObject({
      name: destinationName,
      state: 'running',
    });
  },
};

function expectToGrow({ progress }: Watched, stream: string): void {
  const counts = progress.flat().filter((each) => each.stream === stream);
  const processed = counts.map(({ processedBytes }) => processedBytes);
  expect(processed).toEqual(processed.toSorted((a, b) => a - b));
}
