import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConnectError, isLibvirtError, open, UnsupportedAuthError } from '../src/index.ts';
import { errorPayload, message, u32 } from './bytes.ts';
import { FakeDaemon, handshakeReplies, type Handshake } from './fake-daemon.ts';

const authList = 66;
const connectOpen = 1;
let daemon: FakeDaemon;

beforeEach(async () => {
  daemon = await FakeDaemon.listen();
});

afterEach(async () => {
  await daemon[Symbol.asyncDispose]();
});

function without(procedure: number): Handshake {
  return new Map([...handshakeReplies].filter(([number]) => number !== procedure));
}

describe('open', () => {
  it.each([
    ['polkit', [2]],
    ['type 9', [9]],
  ])('names %s authentication as unsupported', async (name, types) => {
    const list = Buffer.concat([u32(types.length), ...types.map(u32)]);
    daemon.handshake = new Map([...handshakeReplies, [authList, list]]);
    const opening = open(daemon.uri);
    await expect(opening).rejects.toThrow(UnsupportedAuthError);
    await expect(opening).rejects.toMatchObject({ mechanisms: [name] });
    await (
      await daemon.nextPeer()
    ).closed;
  });

  it('asks the daemon for the hypervisor that the URI names', async () => {
    daemon.handshake = without(connectOpen);
    const opening = open(daemon.uri.replace('qemu+unix:///system', 'test+unix:///default'));
    const peer = await daemon.nextPeer();
    const call = await peer.nextCall();
    expect(call.procedure).toBe(connectOpen);
    expect(call.payload.includes('test:///default')).toBe(true);
    peer.reply(call);
    await (await opening).close();
  });

  it('gives the daemon another name when one is given', async () => {
    daemon.handshake = without(connectOpen);
    const opening = open(daemon.uri, { daemonUri: 'qemu+tcp://elsewhere/system' });
    const peer = await daemon.nextPeer();
    const call = await peer.nextCall();
    expect(call.payload.includes('qemu+tcp://elsewhere/system')).toBe(true);
    peer.reply(call);
    await (await opening).close();
  });

  it("passes the daemon's refusal on", async () => {
    daemon.handshake = without(connectOpen);
    const opening = open(daemon.uri);
    const peer = await daemon.nextPeer();
    const call = await peer.nextCall();
    peer.socket.write(
      message({ procedure: 1, type: 1, serial: call.serial, status: 1 }, errorPayload(38, 'no')),
    );
    await expect(opening).rejects.toSatisfy((error) => isLibvirtError(error, 38));
    await peer.closed;
  });

  it('says which address failed and why', async () => {
    const opening = open('qemu+unix:///system?socket=/nowhere/libvirt-sock');
    await expect(opening).rejects.toThrow(ConnectError);
    await expect(opening).rejects.toMatchObject({
      address: '/nowhere/libvirt-sock',
      cause: { code: 'ENOENT' },
    });
  });

  it('gives up on a daemon that accepts and says nothing', async () => {
    daemon.handshake = new Map();
    const opening = open(daemon.uri, { openTimeoutMs: 50 });
    await expect(opening).rejects.toThrow('no answer within 50 ms');
    await (
      await daemon.nextPeer()
    ).closed;
  });

  it('gives up when the signal aborts', async () => {
    daemon.handshake = new Map();
    const controller = new AbortController();
    const opening = open(daemon.uri, { signal: controller.signal });
    const peer = await daemon.nextPeer();
    await peer.nextCall();
    controller.abort(new Error('not today'));
    await expect(opening).rejects.toThrow('not today');
    await peer.closed;
  });

  it('calls a daemon that hangs up during the handshake unreachable', async () => {
    daemon.handshake = new Map();
    const opening = open(daemon.uri);
    (await daemon.nextPeer()).socket.destroy();
    await expect(opening).rejects.toMatchObject({ name: 'ConnectError', address: daemon.path });
  });

  it.each([
    { blockingCallsMax: 0 },
    { openTimeoutMs: Number.NaN },
    { keepAlive: { intervalMs: 0, count: 5 } },
  ])('refuses options that would wait for ever: %o', async (options) => {
    await expect(open(daemon.uri, options)).rejects.toThrow(RangeError);
  });

  it('speaks TCP too', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const tcpPort = typeof address === 'object' && address !== null ? address.port : 0;
    const opening = open(`qemu+tcp://127.0.0.1:${tcpPort}/system`);
    await expect(opening).rejects.toMatchObject({
      name: 'ConnectError',
      address: `127.0.0.1:${tcpPort}`,
    });
    server.close();
  });
});
