import { expect } from 'vitest';
import type { DomainView } from '../../src/ports/domain.ts';
import type { MigrateCall, MigrationLink, MigrationOptions } from '../../src/ports/migration.ts';
import { failureOf, unending } from './fixture.ts';
import type { Fixture } from './fixture.ts';
import type { Cases } from './hypervisor.contract.ts';
import { arrival, memoryCopy, switchover, withoutLaterPasses } from './passages.ts';

/** A migration that has come as far as the destination's empty QEMU. */
async function prepared(
  fixture: Fixture,
  guest: DomainView,
  options: Partial<MigrationOptions> = {},
): Promise<{ link: MigrationLink; call: MigrateCall }> {
  const link = await fixture.link();
  // Nobody but us has to reach the destination.
  const call = fixture.callFor(guest, { destinationConnectUri: null, ...options });
  await link.begin(call, unending);
  await link.prepare(call, unending);
  return { link, call };
}

/** The guest runs where it was, without a job, and the other host knows nothing of it. */
async function expectUntouched(fixture: Fixture, guest: DomainView): Promise<void> {
  const { uuid } = guest;
  expect(await fixture.status('source', uuid)).toMatchObject({ state: 'running', job: null });
  expect(await fixture.status('destination', uuid)).toBeNull();
}

/** Migrations whose phases the client calls one by one, on both daemons. */
export const clientDrivenCases: Cases = {
  'a guest moves phase by phase, and each phase shows on both ends': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    const source = fixture.watch('source', guest.uuid);
    const destination = fixture.watch('destination', guest.uuid);
    await source.sees('state running booted');
    const { link, call } = await prepared(fixture, guest);
    expect(await fixture.status('source', guest.uuid)).toMatchObject({
      state: 'running',
      job: { operation: 'migrationOut' },
    });
    expect(await fixture.status('destination', guest.uuid)).toMatchObject({
      state: 'paused',
      persistent: false,
      job: { operation: 'migrationIn' },
    });
    await link.perform(call, unending);
    expect(await fixture.status('source', guest.uuid)).toMatchObject({
      state: 'paused',
      reason: 'migration',
    });
    expect(await fixture.status('destination', guest.uuid)).toMatchObject({ state: 'paused' });
    expect(await link.finish(call, false, unending)).toBe('guest');
    expect(await fixture.status('destination', guest.uuid)).toEqual({
      uuid: guest.uuid,
      name: guest.name,
      state: 'running',
      reason: 'migrated',
      persistent: true,
      job: null,
    });
    expect(await fixture.status('source', guest.uuid)).toMatchObject({ state: 'paused' });
    await link.confirm(call, false, unending);
    expect(await fixture.status('source', guest.uuid)).toBeNull();
    await Promise.all([source.sees('jobCompleted'), destination.sees('state running migrated')]);
    expect(withoutLaterPasses(source)).toEqual([...memoryCopy, ...switchover]);
    expect(destination.events).toEqual(arrival);
  },

  'a guest on storage of its own moves with its disk': async (fixture) => {
    const guest = await fixture.newGuest('private');
    const options = { copyStorage: 'all', unsafe: false } as const;
    const { link, call } = await prepared(fixture, guest, options);
    await link.perform(call, unending);
    expect(await link.finish(call, false, unending)).toBe('guest');
    await link.confirm(call, false, unending);
    const path = guest.disks[0]?.path ?? '';
    expect(await fixture.destination.findVolume(path, unending)).toMatchObject({ path });
    expect(await fixture.status('destination', guest.uuid)).toMatchObject({ state: 'running' });
  },

  'a guest that was paused before arrives paused': async (fixture) => {
    const guest = await fixture.newBareDomain();
    await fixture.source.suspend(guest.uuid, unending);
    const { link, call } = await prepared(fixture, guest);
    await link.perform(call, unending);
    expect(await link.finish(call, false, unending)).toBe('guest');
    await link.confirm(call, false, unending);
    expect(await fixture.status('destination', guest.uuid)).toMatchObject({
      state: 'paused',
      reason: 'user',
    });
  },

  'the definition may stay on the source, and get another name on the destination': async (
    fixture,
  ) => {
    const guest = await fixture.newBareDomain();
    const destinationName = `${guest.name}-moved`;
    const { link, call } = await prepared(fixture, guest, { keepSource: true, destinationName });
    await link.perform(call, unending);
    expect(await link.finish(call, false, unending)).toBe('guest');
    await link.confirm(call, false, unending);
    expect(await fixture.status('source', guest.uuid)).toMatchObject({
      state: 'shutoff',
      reason: 'migrated',
      persistent: true,
    });
    expect(await fixture.status('destination', guest.uuid)).toMatchObject({
      name: destinationName,
      state: 'running',
      persistent: true,
    });
  },

  'what the source refuses has not begun': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    const link = await fixture.link();
    const call = fixture.callFor(guest, { unsafe: false });
    const failure = await failureOf(link.begin(call, unending));
    expect(failure).toMatchObject({ code: 'migrateUnsafe', effect: 'none' });
    await expectUntouched(fixture, guest);
  },

  'no phase comes before the first': async (fixture) => {
    const guest = await fixture.newBareDomain();
    const link = await fixture.link();
    const call = fixture.callFor(guest);
    const failures = await Promise.all([
      failureOf(link.prepare(call, unending)),
      failureOf(link.perform(call, unending)),
      failureOf(link.finish(call, false, unending)),
      failureOf(link.confirm(call, false, unending)),
    ]);
    for (const failure of failures) {
      expect(failure).toMatchObject({ code: 'operationInvalid', effect: 'none' });
    }
  },

  'while the client drives a migration no other one begins': async (fixture) => {
    const guest = await fixture.newBareDomain();
    const { link, call } = await prepared(fixture, guest);
    const second = await failureOf(fixture.migrate(guest));
    expect(second).toMatchObject({ code: 'operationInvalid', libvirt: { code: 55 } });
    expect(await link.finish(call, true, unending)).toBe('nothing');
    await link.confirm(call, true, unending);
    await expectUntouched(fixture, guest);
  },

  'what the destination refuses is taken back on the source by Confirm alone': async (fixture) => {
    const guest = await fixture.newBareDomain();
    const other = await fixture.newDestinationDomain(guest.name);
    const link = await fixture.link();
    const call = fixture.callFor(guest);
    await link.begin(call, unending);
    const failure = await failureOf(link.prepare(call, unending));
    expect(failure).toMatchObject({ effect: 'none', libvirt: { code: 9 } });
    expect(await fixture.status('source', guest.uuid)).toMatchObject({
      job: { operation: 'migrationOut' },
    });
    await link.confirm(call, true, unending);
    await expectUntouched(fixture, guest);
    expect(await fixture.status('destination', other)).toMatchObject({ state: 'running' });
  },

  'a migration cancelled before the copy leaves the guest running where it was': async (
    fixture,
  ) => {
    const guest = await fixture.newBareDomain();
    const { link, call } = await prepared(fixture, guest);
    expect(await link.finish(call, true, unending)).toBe('nothing');
    await link.confirm(call, true, unending);
    await expectUntouched(fixture, guest);
  },

  'after an abort of the copy the source has gone back without Confirm': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    const watched = fixture.watch('source', guest.uuid);
    const { link, call } = await prepared(fixture, guest, { bandwidthMibPerS: 1 });
    const performed = failureOf(link.perform(call, unending));
    await watched.sees('migrationStatus active');
    expect(await fixture.source.abortJob(guest.uuid, unending)).toBe('aborted');
    expect(await performed).toMatchObject({ code: 'operationAborted', effect: 'unknown' });
    expect(await link.finish(call, true, unending)).toBe('nothing');
    await expectUntouched(fixture, guest);
  },

  'a guest that was copied and then not wanted there goes on where it was': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    const { link, call } = await prepared(fixture, guest);
    await link.perform(call, unending);
    expect(await link.finish(call, true, unending)).toBe('nothing');
    await link.confirm(call, true, unending);
    await expectUntouched(fixture, guest);
    expect(await fixture.status('source', guest.uuid)).toMatchObject({
      reason: 'migrationCanceled',
    });
  },

  'a guest that is lost on the destination after the copy is nothing to wait for': async (
    fixture,
  ) => {
    const guest = await fixture.newGuest('shared');
    const { link, call } = await prepared(fixture, guest);
    await link.perform(call, unending);
    await fixture.destination.destroy(guest.uuid, unending);
    const failure = await failureOf(link.finish(call, false, unending));
    expect(failure).toMatchObject({ effect: 'unknown' });
    await link.confirm(call, true, unending);
    await expectUntouched(fixture, guest);
  },

  'our end before the copy ends the job and the empty QEMU': async (fixture) => {
    const guest = await fixture.newBareDomain();
    const gone = fixture.watch('destination', guest.uuid);
    const { link } = await prepared(fixture, guest);
    await gone.sees('started migrated');
    await link.close();
    await gone.sees('stopped destroyed');
    await expectUntouched(fixture, guest);
  },

  'our end after the copy leaves a paused guest to whoever looks': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    const gone = fixture.watch('destination', guest.uuid);
    const { link, call } = await prepared(fixture, guest);
    await link.perform(call, unending);
    await link.close();
    await gone.sees('stopped destroyed');
    expect(await fixture.status('source', guest.uuid)).toMatchObject({
      state: 'paused',
      reason: 'migration',
      job: null,
    });
    expect(await fixture.status('destination', guest.uuid)).toBeNull();
  },

  'an end of ours is no loss': async (fixture) => {
    const link = await fixture.link();
    await link.close();
    await link.close();
    const told = await Promise.race([link.lost, fixture.source.inspectHost(unending)]);
    expect(told).toHaveProperty('hostUuid');
  },

  'a definition without a guest moves by itself, and the source keeps its own': async (fixture) => {
    const guest = await fixture.newBareDomain();
    await fixture.source.destroy(guest.uuid, unending);
    const call = fixture.callFor(guest, { destinationConnectUri: null }, 'moveOffline');
    const link = await fixture.link();
    await link.begin(call, unending);
    await link.prepare(call, unending);
    expect(await link.finish(call, false, unending)).toBe('guest');
    await link.confirm(call, false, unending);
    await expectDefinedOnBoth(fixture, guest);
  },

  'a definition moves by peer-to-peer just so': async (fixture) => {
    const guest = await fixture.newBareDomain();
    await fixture.source.destroy(guest.uuid, unending);
    const call = fixture.callFor(guest, {}, 'moveOffline');
    expect(await fixture.source.judgeMigration(call, unending)).toBeNull();
    await fixture.source.migrate(call, unending);
    await expectDefinedOnBoth(fixture, guest);
  },

  'peer-to-peer needs a way from daemon to daemon': async (fixture) => {
    const guest = await fixture.newBareDomain();
    const failure = await failureOf(fixture.migrate(guest, { destinationConnectUri: null }));
    expect(failure).toMatchObject({ code: 'invalidArgument', effect: 'none' });
    await expectUntouched(fixture, guest);
  },
};

async function expectDefinedOnBoth(fixture: Fixture, { uuid }: DomainView): Promise<void> {
  for (const role of ['source', 'destination'] as const) {
    expect(await fixture.status(role, uuid)).toMatchObject({
      state: 'shutoff',
      persistent: true,
      job: null,
    });
  }
}
