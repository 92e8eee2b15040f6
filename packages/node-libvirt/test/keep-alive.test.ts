import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { open, type CloseReason, type Connection } from '../src/index.ts';
import * as bytes from './bytes.ts';
import { FakeDaemon, type FakePeer } from './fake-daemon.ts';

const keepAlive = { intervalMs: 1_000, count: 2 };
let daemon: FakeDaemon;
let connection: Connection;
let peer: FakePeer;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  daemon = await FakeDaemon.listen();
  connection = await open(daemon.uri, { keepAlive });
  peer = await daemon.nextPeer();
});

afterEach(async () => {
  await connection.close();
  await daemon[Symbol.asyncDispose]();
  vi.useRealTimers();
});

async function roundTrip(): Promise<void> {
  const asked = connection.getHostname();
  peer.reply(await peer.nextCall(), bytes.str('host'));
  await asked;
}

describe('keepalive', () => {
  it('answers the ping of the daemon', async () => {
    peer.ping();
    expect(await peer.nextKeepAlive()).toBe('pong');
  });

  it('does not pile up answers for a daemon that reads none', async () => {
    const pings = 200_000;
    const asked = connection.getHostname();
    const call = await peer.nextCall();
    peer.socket.pause();
    const ping = bytes.message({
      program: bytes.keepAliveProgram,
      procedure: 1,
      type: 2,
      serial: 0,
    });
    peer.socket.write(Buffer.alloc(pings * ping.length, ping));
    peer.reply(call, bytes.str('host'));
    await asked;
    peer.socket.resume();
    await roundTrip();
    expect(peer.waitingKeepAlives).toBeGreaterThan(0);
    expect(peer.waitingKeepAlives).toBeLessThan(pings);
  });

  it('asks a silent daemon, and gives up after the agreed number of unanswered pings', async () => {
    const closed = new Promise<CloseReason>((resolve) => connection.once('close', resolve));
    const asked = connection.getHostname();
    vi.advanceTimersByTime(keepAlive.intervalMs);
    expect(await peer.nextKeepAlive()).toBe('ping');
    vi.advanceTimersByTime(keepAlive.intervalMs);
    expect(await peer.nextKeepAlive()).toBe('ping');
    expect(connection.isClosed).toBe(false);
    vi.advanceTimersByTime(keepAlive.intervalMs);
    await expect(asked).rejects.toMatchObject({ name: 'ConnectionLostError', fullyWritten: true });
    expect(await closed).toMatchObject({ kind: 'lost' });
  });

  it('takes anything heard as a sign of life', async () => {
    for (let round = 0; round < 5; round += 1) {
      vi.advanceTimersByTime(keepAlive.intervalMs);
      expect(await peer.nextKeepAlive()).toBe('ping');
      peer.pong();
      await roundTrip();
      vi.advanceTimersByTime(keepAlive.intervalMs);
    }
    expect(connection.isClosed).toBe(false);
  });

  it('asks on another socket while the daemon may not read this one: five calls in progress', async () => {
    const asked = Array.from({ length: 5 }, () => connection.getHostname());
    const calls = [];
    while (calls.length < asked.length) calls.push(await peer.nextCall());
    for (let round = 0; round < 4; round += 1) {
      vi.advanceTimersByTime((keepAlive.count + 1) * keepAlive.intervalMs);
      const probe = await daemon.nextPeer();
      await probe.closed;
    }
    expect(peer.waitingKeepAlives).toBe(0);
    for (const call of calls) peer.reply(call, bytes.str('host'));
    expect(await Promise.all(asked)).toEqual(Array(5).fill('host'));
  });

  it('gives up when nobody answers there either', async () => {
    daemon.stopListening();
    const asked = Array.from({ length: 6 }, () => connection.getHostname());
    const closed = new Promise<CloseReason>((resolve) => connection.once('close', resolve));
    vi.advanceTimersByTime((keepAlive.count + 1) * keepAlive.intervalMs);
    expect(await closed).toMatchObject({ kind: 'lost' });
    const outcomes = await Promise.allSettled(asked);
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']));
  });

  it('draws none from a socket with a blocking call either', async () => {
    const asked = connection.domainCreateXML('<domain/>');
    const blocking = await daemon.nextPeer();
    const call = await blocking.nextCall();
    for (let round = 0; round < 20; round += 1) {
      vi.advanceTimersByTime(keepAlive.intervalMs);
      // The control socket has no such excuse: it answers.
      peer.pong();
      await roundTrip();
    }
    blocking.reply(call, bytes.domain('guest'));
    expect((await asked).name).toBe('guest');
  });

  it('stops with the connection', async () => {
    await connection.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
