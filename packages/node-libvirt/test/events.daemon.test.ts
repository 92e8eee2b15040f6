import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { blockCopyFlags, createFlags, open, type Connection } from '../src/index.ts';
import { describeDaemon, disklessGuest, EventLog, removeGuest, uniqueName } from './daemon.ts';

describeDaemon('events of a real daemon', (uri) => {
  let connection: Connection;
  const guests: string[] = [];
  const newName = (): string => {
    const name = uniqueName();
    guests.push(name);
    return name;
  };
  beforeEach(async () => {
    connection = await open(uri);
  });
  afterEach(async () => {
    for (const name of guests.splice(0)) await removeGuest(connection, name);
    await connection.close();
  });

  it('lifecycle and QEMU events tell the life of a guest', async () => {
    const name = newName();
    const lifecycle = new EventLog(connection, 'lifecycle', name);
    const qemu = new EventLog(connection, 'qemuMonitorEvent', name);
    await connection.subscribe('lifecycle');
    await connection.subscribe('qemuMonitorEvent', { qemuEvents: ['STOP'] });
    const guest = await connection.domainDefineXML(disklessGuest(name));
    await guest.create();
    await guest.suspend();
    await guest.resume();
    await guest.destroy();
    await guest.undefine();
    await lifecycle.until({ event: 'undefined' });
    // QEMU may or may not find the time to say SHUTDOWN before it is killed.
    const sure = lifecycle.events.filter(({ event }) => event !== 'shutdown');
    const told = sure.map(({ event, detail }) => `${String(event)} ${String(detail)}`);
    expect(told).toEqual([
      'defined added',
      'resumed unpaused',
      'started booted',
      'suspended paused',
      'resumed unpaused',
      'stopped destroyed',
      'undefined removed',
    ]);
    expect(await qemu.until({ event: 'STOP' })).toMatchObject({ details: null });
    expect(qemu.events).toHaveLength(1);
  });

  it('after unsubscribing nothing comes any more, and other kinds still do', async () => {
    const name = newName();
    const lifecycle = new EventLog(connection, 'lifecycle', name);
    const qemu = new EventLog(connection, 'qemuMonitorEvent', name);
    const subscription = await connection.subscribe('lifecycle');
    await connection.subscribe('qemuMonitorEvent');
    const guest = await connection.domainCreateXML(disklessGuest(name));
    await lifecycle.until({ event: 'started' });
    await subscription.unsubscribe();
    const before = lifecycle.events.length;
    await guest.suspend();
    await qemu.until({ event: 'STOP' });
    expect(lifecycle.events).toHaveLength(before);
  });

  it('a subscription for one domain emits nothing of another', async () => {
    const names = [newName(), newName()] as const;
    const lifecycle = new EventLog(connection, 'lifecycle');
    const watched = await connection.domainDefineXML(disklessGuest(names[0]));
    await connection.subscribe('lifecycle', { domain: watched });
    const other = await connection.domainCreateXML(disklessGuest(names[1]));
    await other.destroy();
    await watched.create();
    await lifecycle.until({ event: 'started' });
    expect(lifecycle.events.map(({ domain }) => domain)).toEqual([
      expect.objectContaining({ name: names[0] }),
      expect.objectContaining({ name: names[0] }),
    ]);
  });

  it('agentLifecycle tells of the channel of the guest agent', async () => {
    const agent = new EventLog(connection, 'agentLifecycle');
    await connection.subscribe('agentLifecycle');
    const channel =
      "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>";
    await connection.domainCreateXML(disklessGuest(newName(), channel));
    await agent.until({ state: 'disconnected', reason: 'domain-started' });
  });

  it('deviceRemoved tells when a device has left', async () => {
    const removed = new EventLog(connection, 'deviceRemoved');
    await connection.subscribe('deviceRemoved');
    const tablet = "<input type='tablet' bus='usb'><alias name='ua-tablet'/></input>";
    const guest = await connection.domainCreateXML(disklessGuest(newName(), tablet));
    await guest.qemuMonitorCommand('device_del', { id: 'ua-tablet' });
    await removed.until({ deviceAlias: 'ua-tablet' });
  });

  it('ioErrorReason tells of a failing disk', async () => {
    const failed = new EventLog(connection, 'ioErrorReason');
    await connection.subscribe('ioErrorReason');
    // Its firmware has not begun: once it does, it looks for a boot sector, and every read fails.
    const flags = createFlags.PAUSED;
    const guest = await connection.domainCreateXML(disklessGuest(newName()), { flags });
    const image = { driver: 'null-co', size: 1_048_576 };
    const errors = [{ event: 'read_aio', errno: 5, once: false }];
    await guest.qemuMonitorCommand('blockdev-add', {
      driver: 'raw',
      'node-name': 'broken',
      file: { driver: 'blkdebug', image, 'inject-error': errors },
    });
    await guest.qemuMonitorCommand('device_add', { driver: 'virtio-blk-pci', drive: 'broken' });
    await guest.resume();
    expect(await failed.until({ action: 'report' })).toMatchObject({ actionNumber: 2, reason: '' });
  });

  it('blockJob2 tells of a copy that is ready and of its end, and the calls show it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'nlv-disk-'));
    const disk = join(directory, 'disk.raw');
    await writeFile(disk, 'data');
    await truncate(disk, 4 * 1_048_576);
    const jobs = new EventLog(connection, 'blockJob2');
    await connection.subscribe('blockJob2');
    const source = `<disk type='file'><driver name='qemu' type='raw'/><source file='${disk}'/><target dev='vda' bus='virtio'/></disk>`;
    const guest = await connection.domainCreateXML(disklessGuest(newName(), source));
    expect(await guest.getBlockInfo('vda')).toMatchObject({ capacityBytes: 4 * 1_048_576 });
    expect(await guest.getBlockJobInfo('vda')).toBeNull();
    const copy = `<disk type='file'><driver type='raw'/><source file='${directory}/copy.raw'/></disk>`;
    await guest.blockCopy('vda', copy, {}, { flags: blockCopyFlags.TRANSIENT_JOB });
    await jobs.until({ disk: 'vda', type: 'copy', status: 'ready' });
    const job = await guest.getBlockJobInfo('vda');
    expect(job).toMatchObject({ type: 'copy', cursor: 4 * 1_048_576, end: 4 * 1_048_576 });
    await guest.blockJobAbort('vda');
    await jobs.until({ disk: 'vda', type: 'copy', status: 'canceled' });
    await guest.destroy();
    await rm(directory, { recursive: true });
  });
});
