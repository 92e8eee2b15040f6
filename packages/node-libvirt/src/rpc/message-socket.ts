import { connect, type Socket } from 'node:net';
import { ConnectError, ProtocolError } from '../errors.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';

/** Where a daemon listens. */
export type Endpoint =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly tcpPort: number };

export function describeEndpoint(endpoint: Endpoint): string {
  return endpoint.kind === 'unix' ? endpoint.path : `${endpoint.host}:${endpoint.tcpPort}`;
}

const readBufferBytes = 65_536;
const congestedBytes = 1_048_576;
/** Lets the kernel find a dead TCP peer even while the daemon reads nothing and so answers no keepalive of ours. */
const tcpKeepAliveDelayMs = 15_000;

export interface SocketListener {
  onFrame: FrameSink;
  /** Exactly once, whichever side ended it; null when it was us. */
  onClose(error: Error | null): void;
}

/**
 * A connected socket that carries whole messages. Reads go through one buffer for the socket's whole life (`onread`),
 * past the stream machinery, which would allocate for every chunk.
 */
export class MessageSocket {
  readonly #socket: Socket;
  readonly #frames: FrameReader;
  #listener: SocketListener | null = null;
  #error: Error | null = null;
  #messagesQueued = 0;
  #messagesHandedOver = 0;
  #messagesWritten = 0;
  #queue: Buffer[] = [];
  /** How many messages each write under way carries, oldest first. */
  readonly #writes: number[] = [];
  /** One write for all messages of a turn: the system call is most of what a call costs. */
  readonly #flush = (): void => {
    const messages = this.#queue;
    this.#queue = [];
    this.#writes.push(messages.length);
    this.#messagesHandedOver += messages.length;
    const [only] = messages;
    const bytes = messages.length === 1 && only !== undefined ? only : Buffer.concat(messages);
    this.#socket.write(bytes, this.#onWritten);
  };
  readonly #onWritten = (error?: Error | null): void => {
    const messages = this.#writes.shift() ?? 0;
    if (error === undefined || error === null) this.#messagesWritten += messages;
  };

  /** @throws ConnectError with the address and the socket's own error; the signal's reason when it aborts. */
  static async connect(endpoint: Endpoint, signal: AbortSignal): Promise<MessageSocket> {
    signal.throwIfAborted();
    const opened = new MessageSocket(endpoint);
    const socket = opened.#socket;
    try {
      await new Promise<void>((resolve, reject) => {
        const onAbort = (): void => reject(signal.reason);
        signal.addEventListener('abort', onAbort, { once: true });
        socket.once('connect', () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        });
        socket.once('error', (error) => {
          signal.removeEventListener('abort', onAbort);
          reject(new ConnectError(describeEndpoint(endpoint), error));
        });
      });
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return opened;
  }

  private constructor(endpoint: Endpoint) {
    this.#frames = new FrameReader((buffer, start, end) => this.#dispatch(buffer, start, end));
    const address =
      endpoint.kind === 'unix'
        ? { path: endpoint.path }
        : { host: endpoint.host, port: endpoint.tcpPort };
    this.#socket = connect({
      ...address,
      onread: {
        buffer: Buffer.allocUnsafeSlow(readBufferBytes),
        callback: (sizeBytes, buffer) => this.#onChunk(sizeBytes, buffer),
      },
    });
    if (endpoint.kind === 'tcp') {
      this.#socket.setNoDelay(true).setKeepAlive(true, tcpKeepAliveDelayMs);
    }
    this.#socket.on('error', (error) => {
      this.#error ??= error;
    });
    this.#socket.on('close', () => this.#listener?.onClose(this.#error));
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
    return this.#socket.writableLength > congestedBytes;
  }

  /**
   * False when it is certain that the message did not leave whole. Of a write that was cut short only the last message is
   * certain: those in front of it may have been in the part that left.
   */
  mayHaveLeft(messageNumber: number): boolean {
    return messageNumber <= this.#messagesWritten || messageNumber < this.#messagesHandedOver;
  }

  /** Ends the socket at once; the listener hears it with this error, or with the one that came first. */
  destroy(error: Error | null): void {
    this.#error ??= error;
    this.#socket.destroy();
  }

  #onChunk(sizeBytes: number, buffer: Uint8Array): boolean {
    try {
      this.#frames.push(Buffer.from(buffer.buffer, buffer.byteOffset, sizeBytes), sizeBytes);
    } catch (error) {
      this.destroy(error instanceof Error ? error : new ProtocolError(String(error)));
    }
    return !this.#socket.destroyed;
  }

  #dispatch(buffer: Buffer, start: number, end: number): void {
    if (this.#listener === null) throw new ProtocolError('the peer spoke before it was asked');
    this.#listener.onFrame(buffer, start, end);
  }
}
