import { expect, it } from 'vitest';
import { isNoDomain, isOperationAborted, migrateFlags, open } from '../src/index.ts';
import { describePair, disklessGuest, EventLog, removeGuest, uniqueName } from './daemon.ts';

const { LIVE, PEER2PEER } = migrateFlags;

describePair('a migration between two real daemons', (from, to) => {
  it('runs by one blocking call, and its events and statistics tell of it', async () => {
    await using source = await open(from);
    await using destination = await open(to);
    const name = uniqueName();
    const iterations = new EventLog(source, 'migrationIteration');
    const completed = new EventLog(source, 'jobCompleted');
    const arrived = new EventLog(destination, 'lifecycle');
    await source.subscribe('migrationIteration');
    await source.subscribe('jobCompleted');
    await destination.subscribe('lifecycle');
    try {
      const guest = await source.domainCreateXML(disklessGuest(name));
      const cookie = await guest.migratePerform3Params({
        destinationUri: to,
        flags: LIVE | PEER2PEER,
      });
      expect(cookie).toBeInstanceOf(Uint8Array);
      await expect(guest.getState()).rejects.toSatisfy(isNoDomain);
      const moved = await destination.domainLookupByUUID(guest.uuid);
      expect(await moved.getState()).toMatchObject({ state: 'running', reason: 'migrated' });
      await iterations.until({ iteration: 1 });
      await arrived.until({ event: 'resumed', detail: 'migrated' });
      const { stats } = (await completed.until({})) as { stats?: unknown };
      expect(stats).toMatchObject({ operation: 5, memory_total: expect.any(Number) as unknown });
    } finally {
      await removeGuest(source, name);
      await removeGuest(destination, name);
    }
  });

  it('is watched and aborted over the control socket while its call blocks', async () => {
    await using source = await open(from);
    const name = uniqueName();
    const qemu = new EventLog(source, 'qemuMonitorEvent');
    await source.subscribe('qemuMonitorEvent', { qemuEvents: ['MIGRATION'] });
    try {
      const guest = await source.domainCreateXML(disklessGuest(name));
      // One MiB/s: far too slow to be over before it is stopped.
      const request = { destinationUri: to, params: { bandwidth: 1 }, flags: LIVE | PEER2PEER };
      const migration = guest.migratePerform3Params(request);
      const outcome = expect(migration).rejects.toSatisfy(isOperationAborted);
      await qemu.until({ event: 'MIGRATION' });
      expect(await guest.getJobStats()).toMatchObject({
        type: 'unbounded',
        stats: { operation: 5 },
      });
      expect((await guest.getJobInfo()).type).toBe('unbounded');
      await guest.migrateSetMaxSpeed(2);
      await guest.abortJob();
      await outcome;
      expect(await guest.getState()).toMatchObject({ state: 'running' });
    } finally {
      await removeGuest(source, name);
    }
  });
});
