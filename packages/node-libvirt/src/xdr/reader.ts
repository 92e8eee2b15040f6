import { ProtocolError } from '../errors.ts';

/**
 * Reads XDR (RFC 4506) out of one message and never past its end: the receive buffer behind it is reused, so a wrong
 * shape would otherwise read an earlier message. Every method throws {@link ProtocolError} when the message is too short.
 */
export class XdrReader {
  #buffer: Buffer;
  #offset: number;
  #end: number;

  constructor(buffer: Buffer, offset = 0, end: number = buffer.length) {
    this.#buffer = buffer;
    this.#offset = offset;
    this.#end = end;
  }

  /** Looks at another message with the same reader, so that a busy connection makes none per message. */
  reset(buffer: Buffer, offset: number, end: number): void {
    this.#buffer = buffer;
    this.#offset = offset;
    this.#end = end;
  }

  get remainingBytes(): number {
    return this.#end - this.#offset;
  }

  i32(): number {
    return this.#buffer.readInt32BE(this.#take(4));
  }

  u32(): number {
    return this.#buffer.readUInt32BE(this.#take(4));
  }

  i64(): bigint {
    return this.#buffer.readBigInt64BE(this.#take(8));
  }

  u64(): bigint {
    return this.#buffer.readBigUInt64BE(this.#take(8));
  }

  double(): number {
    return this.#buffer.readDoubleBE(this.#take(8));
  }

  /** @throws ProtocolError when the length on the wire is above `maxBytes`. */
  string(maxBytes: number): string {
    const sizeBytes = this.length(maxBytes, 'string');
    const start = this.#take(padded(sizeBytes));
    return this.#buffer.toString('utf8', start, start + sizeBytes);
  }

  /** A copy: the message's memory belongs to the socket. @throws ProtocolError when longer than `maxBytes`. */
  opaque(maxBytes: number): Uint8Array {
    return this.opaqueFixed(this.length(maxBytes, 'opaque'));
  }

  opaqueFixed(sizeBytes: number): Uint8Array {
    const start = this.#take(padded(sizeBytes));
    const copy = new Uint8Array(sizeBytes);
    this.#buffer.copy(copy, 0, start, start + sizeBytes);
    return copy;
  }

  /** All that is left of the message, as a copy: the payload of a stream, which is no XDR. */
  opaqueRest(): Uint8Array {
    const rest = new Uint8Array(this.remainingBytes);
    this.#buffer.copy(rest, 0, this.#offset, this.#end);
    this.#offset = this.#end;
    return rest;
  }

  /** The count in front of an array, a string or opaque data, held against its declared maximum. */
  length(max: number, what: string): number {
    const length = this.u32();
    if (length > max)
      throw new ProtocolError(`${what} of ${length} is above its maximum of ${max}`);
    return length;
  }

  /** @throws ProtocolError when bytes are left over: the shape was not the declared one. */
  expectEnd(): void {
    if (this.#offset !== this.#end) {
      throw new ProtocolError(`${this.remainingBytes} bytes left over behind the declared shape`);
    }
  }

  #take(sizeBytes: number): number {
    const start = this.#offset;
    const next = start + sizeBytes;
    if (next > this.#end) {
      throw new ProtocolError(`message ends ${next - this.#end} bytes before its declared shape`);
    }
    this.#offset = next;
    return start;
  }
}

/** XDR pads everything to a multiple of four bytes. */
function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / 4) * 4;
}
