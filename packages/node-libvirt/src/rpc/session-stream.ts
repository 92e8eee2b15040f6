import { EncodeError, ProtocolError } from '../errors.ts';
import { limits, messageStatuses, type Header } from '../protocol/index.ts';
import type { XdrReader } from '../xdr/reader.ts';
import { readRemoteError, type SlotHolder } from './pending-call.ts';

/** What a stream can do with the socket under it. */
export interface StreamWire {
  send(status: Header['status'], data: Uint8Array): void;
  /** Calls back once the daemon has read everything that was sent so far; never when the session ends first. */
  fence(onRead: () => void): void;
}

/** What goes each way at most: not sent above it, and above it the daemon breaks the protocol. */
export interface StreamBounds {
  readonly sendBytesMax: number;
  readonly receiveBytesMax: number;
}

/** How far what is written may be ahead of what the daemon has read, and how often it is asked. */
const messageBytesMax = limits.lengthWordBytes + limits.headerBytes + limits.streamDataBytes;
const fenceEveryBytes = 2 * messageBytesMax;
const aheadBytesMax = 2 * fenceEveryBytes;
/** A daemon that reads no more confirms no abort either. */
const abortTimeoutMs = 5_000;
const nothing = new Uint8Array();

/**
 * One libvirt stream on a session. Its end is the daemon's word, OK or an error, or the loss of the session; until then it
 * keeps its slot, also when its owner has given up.
 *
 * libvirt knows no flow control inside a connection. Written data is paced by pings: the daemon reads a connection in
 * order and only as fast as it gets rid of stream data, so a pong tells that what went before it has been read.
 */
export class SessionStream {
  /** Of the call that opened it. */
  readonly name: string;
  readonly #wire: StreamWire;
  readonly #slot: SlotHolder | null;
  readonly #ended = Promise.withResolvers<void>();
  #sendBytesLeft: number;
  #receiveBytesLeft: number;
  #received: Uint8Array[] = [];
  #isAtEnd = false;
  #isEndAsked = false;
  #isOver = false;
  #failure: Error | null = null;
  #isWriting = false;
  #aheadBytes = 0;
  #unfencedBytes = 0;
  #changed = Promise.withResolvers<void>();

  constructor(
    name: string,
    wire: StreamWire,
    { sendBytesMax, receiveBytesMax }: StreamBounds,
    slot: SlotHolder | null,
  ) {
    this.name = name;
    this.#wire = wire;
    this.#sendBytesLeft = sendBytesMax;
    this.#receiveBytesLeft = receiveBytesMax;
    this.#slot = slot;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves when the daemon is near enough to take more. One at a time, or their data would mix. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#throwIfClosed();
    if (this.#isWriting) throw new Error('the write before this one has not resolved');
    // Not left to the daemon: libvirtd 11.3 does not survive data that it cannot write.
    if (chunk.length > this.#sendBytesLeft) {
      throw new EncodeError(`${this.name}: more data than was announced`);
    }
    this.#sendBytesLeft -= chunk.length;
    this.#isWriting = true;
    try {
      for (let at = 0; at < chunk.length; at += limits.streamDataBytes) {
        this.#throwIfClosed();
        this.#sendData(chunk.subarray(at, at + limits.streamDataBytes));
        while (this.#aheadBytes > aheadBytesMax - messageBytesMax) await this.#change();
      }
      this.#throwIfClosed();
    } finally {
      this.#isWriting = false;
    }
  }

  /** All the daemon sends up to its end of the stream. */
  async readAll(): Promise<Uint8Array[]> {
    while (!this.#isAtEnd) await this.#change();
    return this.#received.splice(0);
  }

  /** virStreamFinish. @throws LibvirtError when the daemon could not keep what was written. */
  async finish(): Promise<void> {
    this.#throwIfClosed();
    this.#isEndAsked = true;
    this.#wire.send(messageStatuses.ok, nothing);
    while (!this.#isOver) await this.#change();
    if (this.#failure !== null) throw this.#failure;
  }

  /** virStreamAbort: whoever waits for the stream gets the reason. Resolves when it is over, at most 5 s later. */
  async abort(reason: Error): Promise<void> {
    if (this.#isOver) return;
    this.#failure ??= reason;
    this.#notify();
    if (!this.#isEndAsked) this.#wire.send(messageStatuses.error, nothing);
    this.#isEndAsked = true;
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, abortTimeoutMs);
    await Promise.race([this.#ended.promise, timeout.promise]);
    clearTimeout(timer);
  }

  /** A message of the daemon. @throws ProtocolError for one that has no place here. */
  accept(status: Header['status'], payload: XdrReader): void {
    if (status === messageStatuses.continue) {
      this.#acceptData(payload);
      return;
    }
    if (status === messageStatuses.error) {
      this.#failure ??= readRemoteError(payload, this.name);
    } else if (!this.#isEndAsked) {
      throw new ProtocolError(`${this.name}: a stream confirmed that was not ended`);
    }
    payload.expectEnd();
    this.end();
  }

  /** Over for good: with an error where that was not the daemon's own doing. */
  end(error: Error | null = null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (error !== null) this.#failure ??= error;
    this.#slot?.release();
    this.#ended.resolve();
    this.#notify();
  }

  #sendData(data: Uint8Array): void {
    this.#wire.send(messageStatuses.continue, data);
    // Small writes make large heaps of messages: what a message costs counts, too.
    const sizeBytes = limits.lengthWordBytes + limits.headerBytes + data.length;
    this.#aheadBytes += sizeBytes;
    this.#unfencedBytes += sizeBytes;
    if (this.#unfencedBytes < fenceEveryBytes) return;
    const fencedBytes = this.#unfencedBytes;
    this.#unfencedBytes = 0;
    this.#wire.fence(() => {
      this.#aheadBytes -= fencedBytes;
      this.#notify();
    });
  }

  #acceptData(payload: XdrReader): void {
    const sizeBytes = payload.remainingBytes;
    if (sizeBytes > this.#receiveBytesLeft) {
      throw new ProtocolError(`${this.name}: more data than was asked for`);
    }
    this.#receiveBytesLeft -= sizeBytes;
    if (sizeBytes === 0) this.#isAtEnd = true;
    else if (this.#failure === null) this.#received.push(payload.opaqueRest());
    if (this.#isAtEnd) this.#notify();
  }

  #throwIfClosed(): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#isEndAsked) throw new Error('the stream was finished');
  }

  /** Waits for news. @throws what the stream failed with. */
  async #change(): Promise<void> {
    if (this.#failure === null) await this.#changed.promise;
    if (this.#failure !== null) throw this.#failure;
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
