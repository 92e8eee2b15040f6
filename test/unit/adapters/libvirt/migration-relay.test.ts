import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UploadStream } from 'node-libvirt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MigrationRelay } from '../../../../src/adapters/libvirt/migration-relay.ts';
import { toFailure } from '../../../../src/ports/failure.ts';

/** A stream of the destination that takes one chunk each time the test lets it. */
class FakeStream implements UploadStream {
  readonly taken: Uint8Array[] = [];
  readonly ends: string[] = [];
  hold: () => Promise<void> = () => Promise.resolve();

  async write(chunk: Uint8Array): Promise<void> {
    this.taken.push(Uint8Array.from(chunk));
    await this.hold();
  }

  finish(): Promise<void> {
    this.ends.push('finished');
    return Promise.resolve();
  }

  abort(reason: Error): Promise<void> {
    this.ends.push(`aborted: ${reason.message}`);
    return Promise.resolve();
  }

  get takenBytes(): number {
    return this.taken.reduce((sum, { length }) => sum + length, 0);
  }
}

let directory: string;
let uri: string;
let relay: MigrationRelay;
let stream: FakeStream;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'relay-'));
  uri = `unix://${join(directory, 'socket')}`;
  relay = await MigrationRelay.listen(uri);
  stream = new FakeStream();
});

afterEach(async () => {
  relay.close();
  await rm(directory, { recursive: true });
});

async function connectSource(acknowledges = false): Promise<Socket> {
  relay.carryInto(stream, { acknowledges });
  const socket = connect(join(directory, 'socket'));
  await once(socket, 'connect');
  return socket;
}

test('what the source sends arrives whole, and its end ends the stream', async () => {
  const socket = await connectSource();
  socket.write('one ');
  socket.end('two');
  await once(socket, 'close');
  await relay.carried();
  expect(Buffer.concat(stream.taken).toString()).toBe('one two');
  expect(stream.ends).toEqual(['finished']);
  expect(relay.failure).toBeNull();
});

test('a stream that takes no more holds the source back', async () => {
  const held = Promise.withResolvers<void>();
  stream.hold = () => held.promise;
  const socket = await connectSource();
  const sizeBytes = 64 * 2 ** 20;
  let isWritten = false;
  socket.end(Buffer.alloc(sizeBytes), () => {
    isWritten = true;
  });
  await expect.poll(() => stream.takenBytes).toBeGreaterThan(0);
  expect(isWritten).toBe(false);
  expect(stream.takenBytes).toBeLessThan(sizeBytes / 16);
  held.resolve();
  await once(socket, 'close');
  await relay.carried();
  expect(stream.takenBytes).toBe(sizeBytes);
});

test('a stream that breaks ends the source, and why is known', async () => {
  stream.hold = () => Promise.reject(new Error('no such QEMU'));
  const socket = await connectSource();
  socket.on('error', () => null);
  socket.write('one');
  await once(socket, 'close');
  await relay.carried();
  expect(relay.failure).toMatchObject({ message: 'no such QEMU' });
  expect(stream.ends).toEqual(['aborted: no such QEMU']);
});

test('the source is told, in the words of QEMU, that its guest was taken', async () => {
  const socket = await connectSource();
  socket.write('one');
  await expect.poll(() => stream.takenBytes).toBe(3);
  relay.tellTaken();
  const [told]: unknown[] = await once(socket, 'data');
  expect(told).toEqual(Buffer.from([0, 1, 0, 4, 0, 0, 0, 0]));
  socket.end();
  await relay.carried();
});

test('once it is given up it fails nobody, and waits for nobody', async () => {
  const socket = await connectSource();
  socket.on('error', () => null);
  socket.write('one');
  await expect.poll(() => stream.takenBytes).toBe(3);
  relay.close();
  await relay.carried();
  expect(relay.failure).toBeNull();
  expect(stream.ends).toEqual(['aborted: the migration was given up']);
});

test('nobody who comes later is let in', async () => {
  const socket = await connectSource();
  socket.write('one');
  await expect.poll(() => stream.takenBytes).toBe(3);
  const second = connect(join(directory, 'socket'));
  const [error]: unknown[] = await once(second, 'error');
  expect(error).toBeInstanceOf(Error);
  socket.end();
});

test('nobody who comes before the source is told to is let in, or takes its place', async () => {
  const stranger = connect(join(directory, 'socket'));
  stranger.on('error', () => null);
  await once(stranger, 'close');
  const socket = await connectSource();
  socket.end('one');
  await once(socket, 'close');
  await relay.carried();
  expect(Buffer.concat(stream.taken).toString()).toBe('one');
});

test('an address that is taken is told as such', async () => {
  const failure = await MigrationRelay.listen(uri).catch(toFailure);
  expect(failure).toMatchObject({ code: 'relayUnavailable', effect: 'none' });
});

test.each(['tcp://10.0.0.1', 'http://here:80', 'unix://', 'nowhere'])(
  '%s is no address to carry a migration at',
  async (given) => {
    const failure = await MigrationRelay.listen(given).catch(toFailure);
    expect(failure).toMatchObject({ code: 'invalidArgument', effect: 'none' });
  },
);

test('a source that waits for the word to switch over has it at once', async () => {
  const socket = await connectSource(true);
  const [told]: unknown[] = await once(socket, 'data');
  expect(told).toEqual(Buffer.from([0, 7, 0, 0]));
  socket.end();
  await relay.carried();
});
