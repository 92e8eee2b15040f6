import { expect } from 'vitest';
import { failureOf, unending } from './fixture.ts';
import type { Cases } from './hypervisor.contract.ts';

/** What steers a migration under way. */
export const tuningCases: Cases = {
  'more bandwidth lets a slow copy end': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    const { ended } = await fixture.startSlowMigration(guest);
    await fixture.source.setMigrationBandwidth(guest.uuid, 0, unending);
    expect(await ended).toBeNull();
    expect(await fixture.status('destination', guest.uuid)).toMatchObject({ state: 'running' });
  },

  'each pass tells what it found to be sent': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    const watched = fixture.watch('source', guest.uuid);
    await watched.sees('state running booted');
    await fixture.migrate(guest, { bandwidthMibPerS: 32 });
    await watched.sees('jobCompleted');
    const passes = watched.observations.filter((each) => each.kind === 'iteration');
    expect(passes.length).toBeGreaterThan(1);
    const known = passes.flatMap(({ remainingBytes }) => remainingBytes ?? []);
    expect(known.length).toBeGreaterThan(0);
    for (const remainingBytes of known) {
      expect(remainingBytes).toBeGreaterThanOrEqual(0);
      expect(remainingBytes).toBeLessThanOrEqual(guest.memoryBytes * 2);
    }
  },

  'post-copy lets the guest run there before all of it is there': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    const destination = fixture.watch('destination', guest.uuid);
    const { watched, ended } = await fixture.startSlowMigration(guest, { postcopy: true });
    await fixture.source.startPostcopy(guest.uuid, unending);
    expect(await ended).toBeNull();
    await Promise.all([watched.sees('jobCompleted'), destination.sees('resumed migrated')]);
    const events = watched.events.filter((event) => !event.startsWith('iteration '));
    const at = (event: string): number => events.indexOf(event);
    expect(at('migrationStatus postcopy-active')).toBeGreaterThan(at('migrationStatus active'));
    expect(at('suspended postcopy')).toBeGreaterThan(0);
    const there = destination.events;
    expect(there.indexOf('resumed postcopy')).toBeGreaterThan(0);
    expect(there.indexOf('resumed migrated')).toBeGreaterThan(there.indexOf('resumed postcopy'));
    expect(await fixture.status('source', guest.uuid)).toBeNull();
    expect(await fixture.status('destination', guest.uuid)).toMatchObject({
      state: 'running',
      reason: 'migrated',
      job: null,
    });
  },

  'post-copy may be asked for before QEMU takes it': async (fixture) => {
    const guest = await fixture.newGuest('private');
    const watched = fixture.watch('source', guest.uuid);
    await watched.sees('state running booted');
    const options = { copyStorage: 'all', postcopy: true, bandwidthMibPerS: 16 } as const;
    const ended = failureOf(fixture.migrate(guest, options));
    await watched.sees('mirrorCreated');
    await fixture.source.startPostcopy(guest.uuid, unending);
    expect(await ended).toBeNull();
    await watched.sees('migrationStatus postcopy-active');
  },

  'there is no way back from post-copy': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    const options = { postcopy: true, postcopyBandwidthMibPerS: 16 };
    const { watched, ended } = await fixture.startSlowMigration(guest, options);
    await fixture.source.startPostcopy(guest.uuid, unending);
    await watched.sees('suspended postcopy');
    const failure = await failureOf(fixture.source.abortJob(guest.uuid, unending));
    expect(failure).toMatchObject({ code: 'operationInvalid', libvirt: { code: 55 } });
    expect(await ended).toBeNull();
  },

  'a migration that was not begun for it does not become post-copy': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    const { ended } = await fixture.startSlowMigration(guest);
    const failure = await failureOf(fixture.source.startPostcopy(guest.uuid, unending));
    expect(failure).toMatchObject({ code: 'operationInvalid', libvirt: { code: 55 } });
    await fixture.source.abortJob(guest.uuid, unending);
    expect(await ended).toMatchObject({ code: 'operationAborted' });
  },

  'without a migration there is no post-copy': async (fixture) => {
    const guest = await fixture.newBareDomain();
    const failure = await failureOf(fixture.source.startPostcopy(guest.uuid, unending));
    expect(failure).toMatchObject({ code: 'operationInvalid', libvirt: { code: 55 } });
  },
};
