import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ConnectionLostError,
  isLibvirtError,
  open,
  type Connection,
  type StorageVol,
} from '../src/index.ts';
import * as bytes from './bytes.ts';
import { FakeDaemon, type Call, type FakePeer } from './fake-daemon.ts';

const mebibyte = 1_048_576;
const statuses = { ok: 0, error: 1 };
const volume = Buffer.concat([bytes.str('images'), bytes.str('disk'), bytes.str('/images/disk')]);

let daemon: FakeDaemon;
let connection: Connection;
let vol: StorageVol;

beforeEach(async () => {
  daemon = await FakeDaemon.listen();
  connection = await open(daemon.uri, { keepAlive: 'off' });
  const control = await daemon.nextPeer();
  const looked = connection.storageVolLookupByKey('/images/disk');
  control.reply(await control.nextCall(), volume);
  vol = await looked;
});

afterEach(async () => {
  await connection.close();
  await daemon[Symbol.asyncDispose]();
});

async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'done',
    (error: unknown) => error,
  );
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Plays one segment: the daemon's data, its end, and the confirmation of ours. */
async function serve(peer: FakePeer, call: Call, data: readonly Buffer[]): Promise<void> {
  peer.reply(call);
  for (const piece of data) peer.stream(call, piece);
  peer.stream(call);
  expect(await peer.nextStreamMessage()).toMatchObject({ status: statuses.ok });
  peer.stream(call, Buffer.alloc(0), statuses.ok);
}

function rangeOf(call: Call): { offset: bigint; length: bigint } {
  const at = volume.length;
  return {
    offset: call.payload.readBigUInt64BE(at),
    length: call.payload.readBigUInt64BE(at + 8),
  };
}

describe('a download', () => {
  it('hands on what comes until the volume ends', async () => {
    const downloaded = collect(vol.download({ offsetBytes: 10 }));
    const peer = await daemon.nextPeer();
    const call = await peer.nextCall();
    expect([call.procedure, rangeOf(call)]).toEqual([
      209,
      { offset: 10n, length: BigInt(4 * mebibyte) },
    ]);
    await serve(peer, call, [Buffer.from('one '), Buffer.from('two')]);
    expect((await downloaded).toString()).toBe('one two');
  });

  it('takes data that comes ahead of the reply', async () => {
    const downloaded = collect(vol.download());
    const peer = await daemon.nextPeer();
    const call = await peer.nextCall();
    peer.stream(call, Buffer.from('early'));
    await serve(peer, call, []);
    expect((await downloaded).toString()).toBe('early');
  });

  it('asks for no more than its consumer takes', async () => {
    const source = vol.download({ lengthBytes: 4 * mebibyte + 3 })[Symbol.asyncIterator]();
    const first = source.next();
    const peer = await daemon.nextPeer();
    const call = await peer.nextCall();
    const half = Buffer.alloc(2 * mebibyte);
    await serve(peer, call, [half, half]);
    expect((await first).value?.length).toBe(half.length);
    await source.next();
    await expect.poll(() => peer.waitingCalls).toBe(0);
    const last = source.next();
    const rest = await peer.nextCall();
    expect(rangeOf(rest)).toEqual({ offset: BigInt(4 * mebibyte), length: 3n });
    await serve(peer, rest, [Buffer.from('end')]);
    expect(Buffer.from((await last).value ?? []).toString()).toBe('end');
    expect((await source.next()).done).toBe(true);
  });

  it('that the daemon fails in the middle rejects', async () => {
    const downloaded = outcomeOf(collect(vol.download()));
    const peer = await daemon.nextPeer();
    const call = await peer.nextCall();
    peer.reply(call);
    peer.stream(call, Buffer.from('half of'));
    peer.failStream(call, 38, 'Unable to read: Input/output error');
    expect(isLibvirtError(await downloaded, 38)).toBe(true);
  });

  it('that loses its socket, or is given up, rejects with that', async () => {
    const lost = outcomeOf(collect(vol.download()));
    const peer = await daemon.nextPeer();
    peer.reply(await peer.nextCall());
    peer.socket.destroy();
    expect(await lost).toBeInstanceOf(ConnectionLostError);
    const controller = new AbortController();
    const left = outcomeOf(collect(vol.download({ signal: controller.signal })));
    const another = await daemon.nextPeer();
    const call = await another.nextCall();
    another.reply(call);
    another.stream(call, Buffer.from('half of'));
    const fence = outcomeOf(vol.delete());
    another.reply(await another.nextCall());
    await fence;
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await another.nextStreamMessage()).toMatchObject({ status: statuses.error });
    another.stream(call, Buffer.alloc(0), statuses.ok);
    expect(await left).toBe(reason);
  });

  it('of more than was asked for ends the socket before it is held', async () => {
    const downloaded = outcomeOf(collect(vol.download({ lengthBytes: 4 })));
    const peer = await daemon.nextPeer();
    const call = await peer.nextCall();
    peer.reply(call);
    peer.stream(call, Buffer.from('five!'));
    expect(await downloaded).toMatchObject({ name: 'ConnectionLostError' });
    await peer.closed;
  });
});
