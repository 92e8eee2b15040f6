import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  isMigrateFinishOk,
  isNoDomain,
  isOperationAborted,
  LibvirtError,
  migrateFlags,
  open,
  type Connection,
  type Domain,
} from '../src/index.ts';
import { describePair, disklessGuest, EventLog, removeGuest, uniqueName } from './daemon.ts';
import { DirectMigration } from './direct-migration.ts';

describePair('a migration that the client drives between two real daemons', (from, to) => {
  let source: Connection;
  let destination: Connection;
  /** For looking, and for removing what is left: they outlive the two that the migration is tied to. */
  let observers: readonly [Connection, Connection];
  let name: string;
  let guest: Domain;

  beforeEach(async () => {
    [source, destination] = [
      await open(from, { sockets: 'one' }),
      await open(to, { sockets: 'one' }),
    ];
    observers = [await open(from), await open(to)];
    name = uniqueName();
    guest = await source.domainCreateXML(disklessGuest(name));
  });

  afterEach(async () => {
    await Promise.all([source.close(), destination.close()]);
    for (const observer of observers) {
      await removeGuest(observer, name);
      await observer.close();
    }
  });

  async function expectOnlyOnSource(): Promise<void> {
    const [there, gone] = observers;
    const left = await there.domainLookupByName(name);
    expect(await left.getState()).toMatchObject({ state: 'running' });
    expect((await left.getJobInfo()).type).toBe('none');
    await expect(gone.domainLookupByName(name)).rejects.toSatisfy(isNoDomain);
  }

  it('goes Begin, Prepare, Perform, Finish, Confirm, the cookies handed on', async () => {
    const migration = new DirectMigration(guest, destination);
    const begun = await migration.begin();
    expect(begun.xml).toContain(`<name>${name}</name>`);
    expect((await guest.getJobStats()).stats).toMatchObject({ operation: 5 });
    const prepared = await migration.prepare(begun);
    expect(prepared.uri).toMatch(/^tcp:.+:49\d{3}$/);
    const waiting = await destination.domainLookupByName(name);
    expect(await waiting.getState()).toMatchObject({ state: 'paused', reason: 'migration' });
    const performed = await migration.perform(prepared);
    expect(await guest.getState()).toMatchObject({ state: 'paused', reason: 'migration' });
    const finished = await migration.finish(performed, { cancelled: false });
    expect([finished.domain.name, finished.domain.uuid]).toEqual([name, guest.uuid]);
    expect(await finished.domain.getState()).toMatchObject({
      state: 'running',
      reason: 'migrated',
    });
    await migration.confirm(finished.cookie, { cancelled: false });
    await expect(guest.getState()).rejects.toSatisfy(isNoDomain);
  });

  it('keeps a paused guest paused where PAUSED is added', async () => {
    await guest.suspend();
    const flags = migrateFlags.CHANGE_PROTECTION | migrateFlags.LIVE;
    const begun = await guest.migrateBegin3Params({ flags });
    const params = { destination_xml: begun.xml, destination_name: name };
    const paused = flags | migrateFlags.PAUSED;
    const prepared = await destination.migratePrepare3Params({
      params,
      cookie: begun.cookie,
      flags: paused,
    });
    const cookie = await guest.migratePerform3Params({
      params: { migrate_uri: prepared.uri ?? '' },
      cookie: prepared.cookie,
      flags: paused,
    });
    const finished = await destination.migrateFinish3Params({
      params: { destination_name: name },
      cookie,
      flags: paused,
      cancelled: false,
    });
    await guest.migrateConfirm3Params({ cookie: finished.cookie, flags: paused, cancelled: false });
    expect(await finished.domain.getState()).toMatchObject({ state: 'paused', reason: 'user' });
  });

  it('that fails in Prepare gives the source back by a cancelled Confirm', async () => {
    const migration = new DirectMigration(guest, destination);
    const begun = await migration.begin();
    // An address that no host of the machine has.
    const failed = migration.prepare(begun, { listen_address: '203.0.113.1' });
    await expect(failed).rejects.toBeInstanceOf(LibvirtError);
    expect((await guest.getJobStats()).stats).toMatchObject({ operation: 5 });
    await migration.confirm(new Uint8Array(), { cancelled: true });
    await expectOnlyOnSource();
  });

  it('that is given up after Prepare ends there by a cancelled Finish, which says so by an error', async () => {
    const migration = new DirectMigration(guest, destination);
    await migration.prepare(await migration.begin());
    // Prepare's own cookie is for the source alone: the destination refuses what it made itself.
    const ended = migration.finish(new Uint8Array(), { cancelled: true });
    await expect(ended).rejects.toSatisfy(isMigrateFinishOk);
    await migration.confirm(new Uint8Array(), { cancelled: true });
    await expectOnlyOnSource();
  });

  it('that is aborted in Perform has its source back at once, and nothing to confirm', async () => {
    // One MiB/s: far too slow to be over before it is stopped.
    const migration = new DirectMigration(guest, destination, { bandwidth: 1 });
    const prepared = await migration.prepare(await migration.begin());
    const moving = new EventLog(observers[0], 'qemuMonitorEvent', name);
    await observers[0].subscribe('qemuMonitorEvent', { qemuEvents: ['MIGRATION'] });
    const performed = expect(migration.perform(prepared)).rejects.toSatisfy(isOperationAborted);
    await moving.until({ event: 'MIGRATION' });
    await guest.migrateSetMaxSpeed(2);
    expect(await guest.migrateGetMaxSpeed()).toBe(2);
    await guest.abortJob();
    await performed;
    // The QEMU over there may have ended by itself, with the stream: then this tells of what.
    const ended = migration.finish(new Uint8Array(), { cancelled: true });
    await expect(ended).rejects.toBeInstanceOf(LibvirtError);
    await expectOnlyOnSource();
    await expect(migration.confirm(new Uint8Array(), { cancelled: true })).rejects.toBeInstanceOf(
      LibvirtError,
    );
  });

  it('whose source connection closes after Begin is forgotten by the source', async () => {
    const migration = new DirectMigration(guest, destination);
    await migration.begin();
    const [there] = observers;
    const left = await there.domainLookupByName(name);
    expect((await left.getJobStats()).stats).toMatchObject({ operation: 5 });
    await source.close();
    await expect.poll(async () => (await left.getJobInfo()).type).toBe('none');
    await expectOnlyOnSource();
  });

  it('whose destination connection closes after Prepare loses the QEMU that waited there', async () => {
    const migration = new DirectMigration(guest, destination);
    const prepared = await migration.prepare(await migration.begin());
    const [, there] = observers;
    const stopped = new EventLog(there, 'lifecycle', name);
    await there.subscribe('lifecycle');
    await destination.close();
    await stopped.until({ event: 'stopped' });
    await expect(migration.perform(prepared)).rejects.toBeInstanceOf(LibvirtError);
    await expectOnlyOnSource();
  });

  it('whose source connection closes after Perform leaves the source paused: nobody knows who runs it', async () => {
    const migration = new DirectMigration(guest, destination);
    const prepared = await migration.prepare(await migration.begin());
    const performed = await migration.perform(prepared);
    await source.close();
    const left = await observers[0].domainLookupByName(name);
    await expect.poll(async () => (await left.getJobInfo()).type).toBe('none');
    expect(await left.getState()).toMatchObject({ state: 'paused', reason: 'migration' });
    const finished = await migration.finish(performed, { cancelled: false });
    expect(await finished.domain.getState()).toMatchObject({ state: 'running' });
  });
});
