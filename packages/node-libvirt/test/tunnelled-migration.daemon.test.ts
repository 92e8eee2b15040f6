import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  isNoDomain,
  isOperationAborted,
  LibvirtError,
  migrateFlags,
  open,
  type Connection,
  type Domain,
  type MigratePrepareTunnel3Reply,
  type UploadStream,
} from '../src/index.ts';
import { describePair, disklessGuest, EventLog, removeGuest, uniqueName } from './daemon.ts';

const { CHANGE_PROTECTION, LIVE, PEER2PEER, TUNNELLED } = migrateFlags;
const flags = LIVE | CHANGE_PROTECTION;
/**
 * What a QEMU that has taken a guest tells the one that sent it: MIG_RP_MSG_SHUT, four bytes, no error (QEMU,
 * migration/migration.h and "Return path" of its migration documentation). From QEMU 8.1 on the sender also waits for
 * MIG_RP_MSG_SWITCHOVER_ACK (7, without bytes), which an older one takes for an error.
 */
const guestTaken = Buffer.from([0, 1, 0, 4, 0, 0, 0, 0]);

async function relay(socket: Socket, stream: UploadStream): Promise<void> {
  for await (const chunk of socket) await stream.write(chunk);
  await stream.finish();
}

describePair('a tunnelled migration between two real daemons', (from, to) => {
  let source: Connection;
  let destination: Connection;
  let observers: readonly [Connection, Connection];
  let name: string;
  let guest: Domain;
  let directory: string;
  let path: string;
  let server: Server;

  beforeEach(async () => {
    source = await open(from, { sockets: 'one' });
    destination = await open(to, { sockets: 'one' });
    observers = [await open(from), await open(to)];
    name = uniqueName();
    guest = await source.domainCreateXML(disklessGuest(name));
    directory = await mkdtemp(join(tmpdir(), 'tunnel-'));
    path = join(directory, 'socket');
    server = createServer();
    server.listen(path);
    await once(server, 'listening');
  });

  afterEach(async () => {
    server.close();
    await Promise.all([source.close(), destination.close()]);
    for (const observer of observers) {
      await removeGuest(observer, name);
      await observer.close();
    }
    await rm(directory, { recursive: true });
  });

  async function nextSocket(): Promise<Socket> {
    const [socket]: unknown[] = await once(server, 'connection');
    return socket as Socket;
  }

  async function prepare(): Promise<MigratePrepareTunnel3Reply> {
    const { cookie, xml } = await guest.migrateBegin3Params({ flags: flags | TUNNELLED });
    const params = { destination_name: name, destination_xml: xml };
    return destination.migratePrepareTunnel3Params({ params, cookie, flags: flags | TUNNELLED });
  }

  async function watchDestination(): Promise<EventLog> {
    const log = new EventLog(observers[1], 'qemuMonitorEvent', name);
    await observers[1].subscribe('qemuMonitorEvent', { qemuEvents: ['MIGRATION'] });
    return log;
  }

  it('that the client drives carries the guest through the stream, once the source is told that it was taken', async () => {
    const arriving = await watchDestination();
    const { cookie, stream } = await prepare();
    const connected = nextSocket();
    // Without TUNNELLED: with it the source takes the call for a peer-to-peer migration.
    const performed = guest.migratePerform3Params({
      params: { migrate_uri: `unix://${path}` },
      cookie,
      flags,
    });
    const socket = await connected;
    const relayed = relay(socket, stream);
    await arriving.until({ event: 'MIGRATION', details: { status: 'completed' } });
    socket.write(guestTaken);
    const perform = await performed;
    await relayed;
    const finished = await destination.migrateFinish3Params({
      params: { destination_name: name },
      cookie: perform,
      flags: flags | TUNNELLED,
      cancelled: false,
    });
    await guest.migrateConfirm3Params({ cookie: finished.cookie, flags, cancelled: false });
    expect(await finished.domain.getState()).toMatchObject({
      state: 'running',
      reason: 'migrated',
    });
    await expect(guest.getState()).rejects.toSatisfy(isNoDomain);
  });

  it('that the client drives never ends while nobody tells the source; an abort gives it back', async () => {
    const arriving = await watchDestination();
    const { cookie, stream } = await prepare();
    const connected = nextSocket();
    const performed = guest.migratePerform3Params({
      params: { migrate_uri: `unix://${path}` },
      cookie,
      flags,
    });
    const outcome = expect(performed).rejects.toSatisfy(isOperationAborted);
    const relayed = relay(await connected, stream);
    await arriving.until({ event: 'MIGRATION', details: { status: 'completed' } });
    expect((await guest.getJobInfo()).type).toBe('unbounded');
    expect(await guest.getState()).toMatchObject({ state: 'paused', reason: 'migration' });
    await guest.abortJob();
    await outcome;
    await relayed;
    const ended = destination.migrateFinish3Params({
      params: { destination_name: name },
      flags: flags | TUNNELLED,
      cancelled: true,
    });
    await expect(ended).rejects.toBeInstanceOf(LibvirtError);
    expect(await guest.getState()).toMatchObject({ state: 'running' });
  });

  it('is refused by either daemon where the other flag is missing', async () => {
    const { cookie, xml } = await guest.migrateBegin3Params({ flags: flags | TUNNELLED });
    const params = { destination_name: name, destination_xml: xml };
    await expect(
      destination.migratePrepareTunnel3Params({ params, cookie, flags }),
    ).rejects.toBeInstanceOf(LibvirtError);
    const { cookie: prepared, stream } = await destination.migratePrepareTunnel3Params({
      params,
      cookie,
      flags: flags | TUNNELLED,
    });
    const performed = guest.migratePerform3Params({
      params: { migrate_uri: `unix://${path}` },
      cookie: prepared,
      flags: flags | TUNNELLED,
    });
    await expect(performed).rejects.toMatchObject({ code: 55 });
    await stream.abort(new Error('given up'));
    await guest.migrateConfirm3Params({ flags, cancelled: true });
    expect(await guest.getState()).toMatchObject({ state: 'running' });
  });

  it('that its daemons drive takes a relay for the destination', async () => {
    const sockets: Socket[] = [];
    server.on('connection', (near) => {
      const far = connect(
        new URL(to.replace(/^qemu\+unix/, 'http')).searchParams.get('socket') ?? '',
      );
      near.pipe(far).pipe(near);
      sockets.push(near, far);
    });
    await guest.migratePerform3Params({
      destinationUri: `qemu+unix:///system?socket=${path}`,
      flags: LIVE | PEER2PEER | TUNNELLED,
    });
    expect(sockets).toHaveLength(2);
    const moved = await destination.domainLookupByUUID(guest.uuid);
    expect(await moved.getState()).toMatchObject({ state: 'running', reason: 'migrated' });
    await expect(guest.getState()).rejects.toSatisfy(isNoDomain);
  });
});
