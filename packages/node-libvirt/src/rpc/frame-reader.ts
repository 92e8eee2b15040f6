import { ProtocolError } from '../errors.ts';
import { limits } from '../protocol/index.ts';

const frameBytesMin = limits.lengthWordBytes + limits.headerBytes;
const frameBytesMax = limits.lengthWordBytes + limits.messageBytes;
const partialBytesInitial = 16_384;
/** A whole message of stream data fits, so that a download needs no new memory for each. */
const partialBytesKept = 524_288;

/** One whole message inside a larger buffer, without its length word. Valid only during the call. */
export type FrameSink = (buffer: Buffer, start: number, end: number) => void;

/**
 * Cuts a byte stream into libvirt's length-prefixed messages. Whole messages are handed on where they lie; only the
 * unfinished tail of a chunk is copied, into memory that grows with the bytes that came, not with the announced length.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  #partial: Buffer = Buffer.alloc(0);
  #partialBytes = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** @throws ProtocolError for a length outside libvirt's bounds; the stream cannot be followed after that. */
  push(chunk: Buffer, sizeBytes: number): void {
    let offset = 0;
    if (this.#partialBytes > 0) offset = this.#complete(chunk, sizeBytes);
    while (sizeBytes - offset >= limits.lengthWordBytes) {
      const frameBytes = readFrameBytes(chunk, offset);
      if (frameBytes > sizeBytes - offset) break;
      this.#sink(chunk, offset + limits.lengthWordBytes, offset + frameBytes);
      offset += frameBytes;
    }
    if (offset < sizeBytes) this.#keep(chunk, offset, sizeBytes);
  }

  /** Adds to the unfinished message; answers how much of the chunk went into it. */
  #complete(chunk: Buffer, sizeBytes: number): number {
    let used = 0;
    if (this.#partialBytes < limits.lengthWordBytes) {
      used = Math.min(limits.lengthWordBytes - this.#partialBytes, sizeBytes);
      this.#keep(chunk, 0, used);
      if (this.#partialBytes < limits.lengthWordBytes) return used;
    }
    const frameBytes = readFrameBytes(this.#partial, 0);
    const taken = Math.min(frameBytes - this.#partialBytes, sizeBytes - used);
    this.#keep(chunk, used, used + taken);
    if (this.#partialBytes < frameBytes) return used + taken;
    const whole = this.#partial;
    this.#partialBytes = 0;
    if (whole.length > partialBytesKept) this.#partial = Buffer.alloc(0);
    this.#sink(whole, limits.lengthWordBytes, frameBytes);
    return used + taken;
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    const needed = this.#partialBytes + to - from;
    if (needed > this.#partial.length) {
      const larger = Buffer.allocUnsafe(
        Math.max(partialBytesInitial, needed, this.#partial.length * 2),
      );
      this.#partial.copy(larger, 0, 0, this.#partialBytes);
      this.#partial = larger;
    }
    chunk.copy(this.#partial, this.#partialBytes, from, to);
    this.#partialBytes = needed;
  }
}

function readFrameBytes(buffer: Buffer, offset: number): number {
  const frameBytes = buffer.readUInt32BE(offset);
  if (frameBytes < frameBytesMin || frameBytes > frameBytesMax) {
    throw new ProtocolError(
      `message length ${frameBytes} is outside ${frameBytesMin}..${frameBytesMax}`,
    );
  }
  return frameBytes;
}
