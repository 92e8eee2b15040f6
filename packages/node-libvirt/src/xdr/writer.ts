import { EncodeError } from '../errors.ts';

const initialBytes = 4_096;
/** A whole message of stream data fits, so that an upload needs no new memory for each. */
const keptBytesMax = 524_288;

/**
 * Writes XDR (RFC 4506) into one growing buffer, up to a fixed maximum. The buffer is reused by the next message:
 * {@link finish} copies. Every method throws {@link EncodeError} when the value does not fit its type or the message.
 */
export class XdrWriter {
  readonly #maxBytes: number;
  #buffer = Buffer.allocUnsafe(initialBytes);
  #offset = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  reset(): void {
    this.#offset = 0;
    if (this.#buffer.length > keptBytesMax) this.#buffer = Buffer.allocUnsafe(initialBytes);
  }

  i32(value: number): void {
    if ((value | 0) !== value) throw new EncodeError(`${value} is not a 32-bit integer`);
    const at = this.#reserve(4);
    this.#buffer.writeInt32BE(value, at);
  }

  u32(value: number): void {
    if (value >>> 0 !== value) throw new EncodeError(`${value} is not an unsigned 32-bit integer`);
    const at = this.#reserve(4);
    this.#buffer.writeUInt32BE(value, at);
  }

  i64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value)
      throw new EncodeError(`${value} is not a 64-bit integer`);
    const at = this.#reserve(8);
    this.#buffer.writeBigInt64BE(value, at);
  }

  u64(value: bigint): void {
    if (BigInt.asUintN(64, value) !== value) {
      throw new EncodeError(`${value} is not an unsigned 64-bit integer`);
    }
    const at = this.#reserve(8);
    this.#buffer.writeBigUInt64BE(value, at);
  }

  double(value: number): void {
    const at = this.#reserve(8);
    this.#buffer.writeDoubleBE(value, at);
  }

  /** @throws EncodeError for more than `maxBytes`, and for NUL, at which the daemon's C string would silently end. */
  string(value: string, maxBytes: number): void {
    if (value.includes('\0')) throw new EncodeError('a string with a NUL character cannot be sent');
    const sizeBytes = Buffer.byteLength(value);
    this.length(sizeBytes, maxBytes, 'string');
    const at = this.#reserve(paddedSize(sizeBytes));
    this.#buffer.write(value, at, 'utf8');
    this.#pad(at + sizeBytes);
  }

  opaque(value: Uint8Array, maxBytes: number): void {
    this.length(value.length, maxBytes, 'opaque');
    this.opaqueFixed(value, value.length);
  }

  opaqueFixed(value: Uint8Array, sizeBytes: number): void {
    if (value.length !== sizeBytes)
      throw new EncodeError(`${value.length} bytes where ${sizeBytes} belong`);
    const at = this.#reserve(paddedSize(sizeBytes));
    this.#buffer.set(value, at);
    this.#pad(at + sizeBytes);
  }

  /** Bytes as they are, to the end of the message: the payload of a stream, which is no XDR. */
  opaqueRest(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#buffer.set(value, at);
  }

  length(value: number, max: number, what: string): void {
    if (value > max) throw new EncodeError(`${what} of ${value} is above its maximum of ${max}`);
    this.u32(value);
  }

  /** Fills in a number that was only known later, as a message's own length. */
  patchU32(at: number, value: number): void {
    this.#buffer.writeUInt32BE(value, at);
  }

  get sizeBytes(): number {
    return this.#offset;
  }

  /** What was written since {@link reset}, in memory of its own. */
  finish(): Buffer {
    const message = Buffer.allocUnsafe(this.#offset);
    this.#buffer.copy(message, 0, 0, this.#offset);
    return message;
  }

  #reserve(sizeBytes: number): number {
    const at = this.#offset;
    const next = at + sizeBytes;
    if (next > this.#buffer.length) this.#grow(next);
    this.#offset = next;
    return at;
  }

  #grow(neededBytes: number): void {
    if (neededBytes > this.#maxBytes)
      throw new EncodeError(`message is above ${this.#maxBytes} bytes`);
    const larger = Buffer.allocUnsafe(
      Math.min(this.#maxBytes, Math.max(neededBytes, this.#buffer.length * 2)),
    );
    this.#buffer.copy(larger, 0, 0, this.#offset);
    this.#buffer = larger;
  }

  #pad(from: number): void {
    for (let at = from; at < this.#offset; at += 1) this.#buffer[at] = 0;
  }
}

function paddedSize(sizeBytes: number): number {
  return Math.ceil(sizeBytes / 4) * 4;
}
