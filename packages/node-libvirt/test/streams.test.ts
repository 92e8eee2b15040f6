import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ConnectionLostError,
  EncodeError,
  isLibvirtError,
  open,
  type Connection,
  type StorageVol,
  type UploadStream,
} from '../src/index.ts';
import * as bytes from './bytes.ts';
import { FakeDaemon, type Call, type FakePeer } from './fake-daemon.ts';

const mebibyte = 1_048_576;
const messageBytesMax = 262_120;
const statuses = { ok: 0, error: 1, continue: 2 };
const volume = Buffer.concat([bytes.str('images'), bytes.str('disk'), bytes.str('/images/disk')]);

let daemon: FakeDaemon;
let connection: Connection;
let vol: StorageVol;

async function openVolume(from: Connection, control: FakePeer): Promise<StorageVol> {
  const looked = from.storageVolLookupByKey('/images/disk');
  control.reply(await control.nextCall(), volume);
  return looked;
}

beforeEach(async () => {
  daemon = await FakeDaemon.listen();
  connection = await open(daemon.uri, { keepAlive: 'off' });
  vol = await openVolume(connection, await daemon.nextPeer());
});

afterEach(async () => {
  await connection.close();
  await daemon[Symbol.asyncDispose]();
});

interface Upload {
  readonly peer: FakePeer;
  readonly call: Call;
  readonly stream: UploadStream;
}

async function startUpload(): Promise<Upload> {
  const uploading = vol.upload({ offsetBytes: 512, lengthBytes: 8 * mebibyte });
  const peer = await daemon.nextPeer();
  const call = await peer.nextCall();
  peer.reply(call);
  return { peer, call, stream: await uploading };
}

async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'done',
    (error: unknown) => error,
  );
}

async function isPending(promise: Promise<unknown>, after: Promise<unknown>): Promise<boolean> {
  await after;
  return (await Promise.race([promise, Promise.resolve('pending')])) === 'pending';
}

describe('an upload', () => {
  it('is a call on a socket of its own, then its data as it is, then an end that the daemon confirms', async () => {
    const { peer, call, stream } = await startUpload();
    expect(call.procedure).toBe(208);
    const range = [bytes.u64(512n), bytes.u64(BigInt(8 * mebibyte)), bytes.u32(0)];
    expect(call.payload).toEqual(Buffer.concat([volume, ...range]));
    await stream.write(Buffer.from('five!'));
    const { procedure, serial } = call;
    expect(await peer.nextStreamMessage()).toEqual({
      procedure,
      serial,
      status: statuses.continue,
      payload: Buffer.from('five!'),
    });
    const finished = stream.finish();
    expect(await peer.nextStreamMessage()).toMatchObject({ serial, status: statuses.ok });
    peer.stream(call, Buffer.alloc(0), statuses.ok);
    await finished;
    await peer.closed;
    expect(connection.isClosed).toBe(false);
  });

  it('cuts what is large into messages of the size that every libvirt takes', async () => {
    const { peer, stream } = await startUpload();
    const data = Buffer.alloc(2 * messageBytesMax + 1, 7);
    await stream.write(data);
    const sizes = [];
    for (let at = 0; at < 3; at += 1) sizes.push((await peer.nextStreamMessage()).payload.length);
    expect(sizes).toEqual([messageBytesMax, messageBytesMax, 1]);
  });

  it('runs no more than a mebibyte ahead of what the daemon has read', async () => {
    const { peer, stream } = await startUpload();
    const writing = stream.write(Buffer.alloc(8 * mebibyte));
    expect(await peer.nextKeepAlive()).toBe('ping');
    expect(await isPending(writing, peer.nextKeepAlive())).toBe(true);
    let messages = 0;
    while (peer.waitingStreamMessages > 0) {
      await peer.nextStreamMessage();
      messages += 1;
    }
    expect(messages * messageBytesMax).toBeLessThan(mebibyte + messageBytesMax + 1);
    let isOver = false;
    const over = writing.then(() => {
      isOver = true;
      return true;
    });
    peer.pong();
    peer.pong();
    for (;;) {
      const next = await Promise.race([over, peer.nextKeepAlive()]);
      if (next === true) break;
      peer.pong();
    }
    expect(isOver).toBe(true);
  });

  it('that the daemon fails rejects the write under way, and everything after it', async () => {
    const { peer, call, stream } = await startUpload();
    const writing = outcomeOf(stream.write(Buffer.alloc(8 * mebibyte)));
    await peer.nextKeepAlive();
    peer.failStream(call, 38, 'cannot write to stream: No space left on device');
    const error = await writing;
    expect(isLibvirtError(error, 38)).toBe(true);
    expect(error).toMatchObject({ procedure: 'storageVolUpload' });
    expect(await outcomeOf(stream.write(Buffer.from('more')))).toBe(error);
    expect(await outcomeOf(stream.finish())).toBe(error);
    await peer.closed;
  });

  it('that the daemon fails at the end rejects the finish', async () => {
    const { peer, call, stream } = await startUpload();
    const finished = outcomeOf(stream.finish());
    await peer.nextStreamMessage();
    peer.failStream(call, 38, 'Input/output error');
    expect(isLibvirtError(await finished, 38)).toBe(true);
  });

  it('that is aborted tells the daemon, and whoever waits for it', async () => {
    const { peer, call, stream } = await startUpload();
    const writing = outcomeOf(stream.write(Buffer.alloc(8 * mebibyte)));
    await peer.nextKeepAlive();
    const reason = new Error('changed my mind');
    const aborted = stream.abort(reason);
    expect(await writing).toBe(reason);
    let message = await peer.nextStreamMessage();
    while (message.status === statuses.continue) message = await peer.nextStreamMessage();
    expect(message).toMatchObject({ status: statuses.error, payload: Buffer.alloc(0) });
    peer.stream(call, Buffer.alloc(0), statuses.ok);
    await aborted;
    await stream.abort(reason);
    expect(await outcomeOf(stream.finish())).toBe(reason);
    await peer.closed;
  });

  it('is lost with its socket, and with the connection', async () => {
    const first = await startUpload();
    const writing = outcomeOf(first.stream.write(Buffer.alloc(8 * mebibyte)));
    await first.peer.nextKeepAlive();
    first.peer.socket.destroy();
    expect(await writing).toBeInstanceOf(ConnectionLostError);
    expect(connection.isClosed).toBe(false);
    const second = await startUpload();
    const finished = outcomeOf(second.stream.finish());
    await second.peer.nextStreamMessage();
    await connection.close();
    expect(await finished).toMatchObject({ name: 'ConnectionLostError', fullyWritten: true });
  });

  it('refuses a write before the last one is through, and one after its end', async () => {
    const { peer, call, stream } = await startUpload();
    const writing = stream.write(Buffer.alloc(4 * messageBytesMax));
    await expect(stream.write(Buffer.from('b'))).rejects.toThrow('has not resolved');
    peer.pong();
    await writing;
    const finished = stream.finish();
    await expect(stream.write(Buffer.from('c'))).rejects.toThrow('was finished');
    peer.stream(call, Buffer.alloc(0), statuses.ok);
    await finished;
  });

  it('sends nothing of a write that goes beyond what was announced', async () => {
    const { peer, stream } = await startUpload();
    await expect(stream.write(Buffer.alloc(8 * mebibyte + 1))).rejects.toThrow(EncodeError);
    await stream.write(Buffer.from('fits'));
    expect((await peer.nextStreamMessage()).payload.toString()).toBe('fits');
  });

  it('that the daemon refuses at once is an error of its own, and its socket goes', async () => {
    const uploading = vol.upload();
    const peer = await daemon.nextPeer();
    peer.fail(await peer.nextCall(), 50, 'Storage volume not found');
    await expect(uploading).rejects.toMatchObject({ code: 50, procedure: 'storageVolUpload' });
    await peer.closed;
  });

  it('whose opening is given up is ended once the daemon has opened it', async () => {
    const controller = new AbortController();
    const uploading = outcomeOf(vol.upload({ signal: controller.signal }));
    const peer = await daemon.nextPeer();
    const call = await peer.nextCall();
    controller.abort(new Error('too slow'));
    expect(await uploading).toMatchObject({ message: 'too slow' });
    peer.reply(call);
    expect(await peer.nextStreamMessage()).toMatchObject({ status: statuses.error });
    peer.stream(call, Buffer.alloc(0), statuses.ok);
    await peer.closed;
  });
});

describe('a daemon that breaks the protocol on a stream', () => {
  const wrong: [string, (upload: Upload) => void][] = [
    ['sends data where none was asked', ({ peer, call }) => peer.stream(call, Buffer.from('x'))],
    ['confirms an end that nobody asked', ({ peer, call }) => peer.stream(call, undefined, 0)],
    ['sends half an error', ({ peer, call }) => peer.stream(call, bytes.u32(42), statuses.error)],
    ['sends a hole', ({ peer, call }) => peer.reply(call, bytes.u64(9n), { type: 6, status: 2 })],
  ];
  it.each(wrong)('%s: the socket ends, and the stream with it', async (_name, misbehave) => {
    const upload = await startUpload();
    const writing = outcomeOf(upload.stream.write(Buffer.alloc(8 * mebibyte)));
    await upload.peer.nextKeepAlive();
    misbehave(upload);
    expect(await writing).toMatchObject({
      name: expect.stringMatching(/ConnectionLostError|LibvirtError/) as unknown,
    });
    await upload.peer.closed;
    expect(connection.isClosed).toBe(false);
  });
});

describe('a stream on a connection of one socket', () => {
  it('shares it: calls go on while it is written, and late words of the daemon are let pass', async () => {
    await using one = await open(daemon.uri, { keepAlive: 'off', sockets: 'one' });
    const only = await daemon.nextPeer();
    const prepared = one.migratePrepareTunnel3Params({ flags: 4 });
    const call = await only.nextCall();
    expect(call.procedure).toBe(304);
    only.reply(call, bytes.opaque(Buffer.from('cookie')));
    const { cookie, stream } = await prepared;
    expect(Buffer.from(cookie).toString()).toBe('cookie');
    await stream.write(Buffer.from('memory'));
    const finished = outcomeOf(stream.finish());
    only.failStream(call, 38, 'Broken pipe');
    expect(isLibvirtError(await finished, 38)).toBe(true);
    only.stream(call, Buffer.alloc(0), statuses.ok);
    const asked = one.getHostname();
    only.reply(await only.nextCall(), bytes.str('host'));
    expect(await asked).toBe('host');
    expect(daemon.connections).toBe(2);
  });
});
