import type { Duplex } from 'node:stream';
import { ProtocolError } from '../errors.ts';
import type { ByteChannel } from '../transport/byte-channel.ts';
import type { Endpoint } from '../transport/endpoint.ts';
import { connectPlain } from '../transport/plain.ts';
import { openSsh } from '../transport/ssh-stream.ts';
import { connectTls } from '../transport/tls.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';

export { describeEndpoint, type Endpoint } from '../transport/endpoint.ts';

const congestedBytes = 1_048_576;

export interface SocketListener {
  onFrame: FrameSink;
  /** Exactly once, whichever side ended it; null when it was us. */
  onClose(error: Error | null): void;
}

/** A connected channel that carries whole messages: a socket, TLS on one, or the pipes of ssh. */
export class MessageSocket {
  readonly #stream: Duplex;
  readonly #channel: ByteChannel;
  readonly #frames: FrameReader;
  #listener: SocketListener | null = null;
  #error: Error | null = null;
  #messagesQueued = 0;
  #messagesHandedOver = 0;
  #messagesWritten = 0;
  #queue: Buffer[] = [];
  /** How many messages each write under way carries, oldest first. */
  readonly #writes: number[] = [];
  /** One write for all messages of a turn, where that is possible: the system call is most of what a call costs. */
  readonly #flush = (): void => {
    const messages = this.#queue;
    this.#queue = [];
    const [only] = messages;
    if (messages.length === 1 && only !== undefined) this.#write(only, 1);
    else if (this.#channel.joinsMessages) this.#write(Buffer.concat(messages), messages.length);
    else for (const message of messages) this.#write(message, 1);
  };
  readonly #onWritten = (error?: Error | null): void => {
    const messages = this.#writes.shift() ?? 0;
    if (error === undefined || error === null) this.#messagesWritten += messages;
  };

  /** @throws ConnectError, among them TlsError and SshError; the signal's reason when it aborts. */
  static async connect(endpoint: Endpoint, signal: AbortSignal): Promise<MessageSocket> {
    return new MessageSocket(await openChannel(endpoint, signal));
  }

  private constructor(channel: ByteChannel) {
    this.#frames = new FrameReader((buffer, start, end) => this.#dispatch(buffer, start, end));
    this.#stream = channel.stream;
    this.#channel = channel;
    this.#stream.on('error', (error) => {
      this.#error ??= error;
    });
    this.#stream.on('close', () => this.#listener?.onClose(this.#error));
    channel.read((chunk) => this.#onChunk(chunk));
  }

  /** Messages and the end of the socket go to this listener from now on. */
  listen(listener: SocketListener): void {
    this.#listener = listener;
  }

  /** Queues a whole message; answers its number, see {@link mayHaveLeft}. */
  send(message: Buffer): number {
    if (this.#queue.length === 0) process.nextTick(this.#flush);
    this.#queue.push(message);
    this.#messagesQueued += 1;
    return this.#messagesQueued;
  }

  /** True while the peer reads so slowly that answers pile up here. */
  get isCongested(): boolean {
    return this.#stream.writableLength > congestedBytes;
  }

  /**
   * False when it is certain that the message did not leave whole. Of a write that was cut short only the last message is
   * certain: those in front of it may have been in the part that left. Where writes are reported late, not even that.
   */
  mayHaveLeft(messageNumber: number): boolean {
    const isCertainOfLast = this.#channel.reportsWrites === 'exactly';
    const perhapsLeft = isCertainOfLast ? this.#messagesHandedOver - 1 : this.#messagesHandedOver;
    return messageNumber <= this.#messagesWritten || messageNumber <= perhapsLeft;
  }

  /** Ends the socket at once; the listener hears it with this error, or with the one that came first. */
  destroy(error: Error | null): void {
    this.#error ??= error;
    this.#stream.destroy();
  }

  #write(bytes: Buffer, messages: number): void {
    this.#writes.push(messages);
    this.#messagesHandedOver += messages;
    this.#stream.write(bytes, this.#onWritten);
  }

  #onChunk(chunk: Buffer): void {
    try {
      this.#frames.push(chunk, chunk.length);
    } catch (error) {
      this.destroy(error instanceof Error ? error : new ProtocolError(String(error)));
    }
  }

  #dispatch(buffer: Buffer, start: number, end: number): void {
    if (this.#listener === null) throw new ProtocolError('the peer spoke before it was asked');
    this.#listener.onFrame(buffer, start, end);
  }
}

async function openChannel(endpoint: Endpoint, signal: AbortSignal): Promise<ByteChannel> {
  switch (endpoint.kind) {
    case 'unix':
    case 'tcp':
      return connectPlain(endpoint, signal);
    case 'tls':
      return connectTls(endpoint, signal);
    case 'ssh':
      return openSsh(endpoint, signal);
  }
}
