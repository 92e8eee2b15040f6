import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorPayload, keepAliveProgram, message, u32, type MessageFields } from './bytes.ts';

/** A request as it came over the wire. */
export interface Call {
  readonly program: number;
  readonly procedure: number;
  readonly serial: number;
  readonly payload: Buffer;
}

/** A message of a stream that the client writes. */
export interface StreamMessage {
  readonly procedure: number;
  readonly serial: number;
  /** 0 ends it, 1 aborts it, 2 carries data. */
  readonly status: number;
  readonly payload: Buffer;
}

const types = { call: 0, reply: 1, message: 2, stream: 3 };
const keepAlive = { ping: 1, pong: 2 };

/** A first come, first served line of things that a test waits for. */
class Line<T> {
  readonly #ready: T[] = [];
  readonly #wanted: ((value: T) => void)[] = [];

  put(value: T): void {
    const wanted = this.#wanted.shift();
    if (wanted === undefined) this.#ready.push(value);
    else wanted(value);
  }

  async take(): Promise<T> {
    const ready = this.#ready.shift();
    if (ready !== undefined) return ready;
    const { promise, resolve } = Promise.withResolvers<T>();
    this.#wanted.push(resolve);
    return promise;
  }

  get length(): number {
    return this.#ready.length;
  }
}

/** What the daemon answers by itself: how a connection begins and ends. */
export type Handshake = ReadonlyMap<number, Buffer>;
export const handshakeReplies: Handshake = new Map([
  [66, Buffer.concat([u32(1), u32(0)])],
  [60, u32(1)],
  [1, Buffer.alloc(0)],
  [2, Buffer.alloc(0)],
]);

/** One client of the fake daemon. Everything but the handshake waits for the test. */
export class FakePeer {
  readonly socket: Socket;
  readonly #calls = new Line<Call>();
  readonly #pings = new Line<'ping' | 'pong'>();
  readonly #streams = new Line<StreamMessage>();
  readonly #handshake: Handshake;
  /** Resolves when the client is gone. */
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);

  constructor(socket: Socket, handshake: Handshake) {
    this.socket = socket;
    this.#handshake = handshake;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    // A client that hangs up while we write is part of the game.
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
  }

  /** The next call that is no part of the handshake. */
  nextCall(): Promise<Call> {
    return this.#calls.take();
  }

  nextStreamMessage(): Promise<StreamMessage> {
    return this.#streams.take();
  }

  get waitingStreamMessages(): number {
    return this.#streams.length;
  }

  nextKeepAlive(): Promise<'ping' | 'pong'> {
    return this.#pings.take();
  }

  get waitingKeepAlives(): number {
    return this.#pings.length;
  }

  get waitingCalls(): number {
    return this.#calls.length;
  }

  reply(call: Call, payload: Buffer = Buffer.alloc(0), fields: Partial<MessageFields> = {}): void {
    const { program, procedure, serial } = call;
    this.socket.write(
      message({ program, procedure, serial, type: types.reply, ...fields }, payload),
    );
  }

  fail(call: Call, code: number, text: string): void {
    this.reply(call, errorPayload(code, text), { status: 1 });
  }

  /** On the stream that the call opened: data, or with another status its end. */
  stream(call: Call, payload: Buffer = Buffer.alloc(0), status = 2): void {
    this.reply(call, payload, { type: types.stream, status });
  }

  failStream(call: Call, code: number, text: string): void {
    this.stream(call, errorPayload(code, text), 1);
  }

  event(procedure: number, payload: Buffer, program?: number): void {
    const fields = { procedure, type: types.message, serial: 0 };
    this.socket.write(message(program === undefined ? fields : { ...fields, program }, payload));
  }

  ping(): void {
    this.event(keepAlive.ping, Buffer.alloc(0), keepAliveProgram);
  }

  pong(): void {
    this.event(keepAlive.pong, Buffer.alloc(0), keepAliveProgram);
  }

  #onData(chunk: Buffer): void {
    const received = Buffer.concat([this.#received, chunk]);
    let at = 0;
    while (received.length >= at + 4 && received.length >= at + received.readUInt32BE(at)) {
      const end = at + received.readUInt32BE(at);
      this.#onMessage(received.subarray(at + 4, end));
      at = end;
    }
    this.#received = received.subarray(at);
  }

  #onMessage(bytes: Buffer): void {
    const program = bytes.readUInt32BE(0);
    const procedure = bytes.readUInt32BE(8);
    const serial = bytes.readUInt32BE(16);
    if (program === keepAliveProgram) {
      this.#pings.put(procedure === keepAlive.ping ? 'ping' : 'pong');
      return;
    }
    const payload = Buffer.from(bytes.subarray(24));
    if (bytes.readUInt32BE(12) === types.stream) {
      this.#streams.put({ procedure, serial, status: bytes.readUInt32BE(20), payload });
      return;
    }
    const call = { program, procedure, serial, payload };
    const ready = this.#handshake.get(procedure);
    if (ready === undefined) this.#calls.put(call);
    else this.reply(call, ready);
  }
}

/** A unix socket that speaks libvirt's framing byte by byte, so that a test decides what comes back, and when. */
export class FakeDaemon implements AsyncDisposable {
  readonly uri: string;
  readonly path: string;
  readonly #server: Server;
  readonly #directory: string;
  readonly #peers = new Line<FakePeer>();
  readonly #sockets = new Set<Socket>();
  /** How many clients ever came. */
  connections = 0;
  handshake: Handshake = handshakeReplies;

  static async listen(): Promise<FakeDaemon> {
    const directory = await mkdtemp(join(tmpdir(), 'fake-libvirt-'));
    const daemon = new FakeDaemon(directory);
    daemon.#server.listen(daemon.path);
    await once(daemon.#server, 'listening');
    return daemon;
  }

  private constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, 'socket');
    this.uri = `qemu+unix:///system?socket=${this.path}`;
    this.#server = createServer((socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      this.#peers.put(new FakePeer(socket, this.handshake));
    });
  }

  nextPeer(): Promise<FakePeer> {
    return this.#peers.take();
  }

  /** Turns new clients away from now on. */
  stopListening(): void {
    this.#server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
