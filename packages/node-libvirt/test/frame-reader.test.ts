import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../src/errors.ts';
import { FrameReader } from '../src/rpc/frame-reader.ts';
import { message, pieces, u32 } from './bytes.ts';

const first = message({ procedure: 1, type: 1, serial: 1 }, Buffer.from('0102030405060708', 'hex'));
const second = message({ procedure: 2, type: 1, serial: 2 });
const third = message({ procedure: 3, type: 1, serial: 3 }, Buffer.alloc(20_000, 7));

function collect(): { reader: FrameReader; frames: Buffer[] } {
  const frames: Buffer[] = [];
  const reader = new FrameReader((buffer, start, end) => {
    frames.push(Buffer.from(buffer.subarray(start, end)));
  });
  return { reader, frames };
}

const bodies = [first, second, third].map((whole) => whole.subarray(4));

describe('FrameReader', () => {
  it('finds the same messages wherever the stream is cut in two', () => {
    const stream = Buffer.concat([first, second, first]);
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const { reader, frames } = collect();
      reader.push(stream.subarray(0, cut), cut);
      reader.push(stream.subarray(cut), stream.length - cut);
      expect(frames, `cut at ${cut}`).toEqual([bodies[0], bodies[1], bodies[0]]);
    }
  });

  it('finds them in pieces of any size', () => {
    const stream = Buffer.concat([first, third, second]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30_000 }), (sizeBytes) => {
        const { reader, frames } = collect();
        for (const piece of pieces(stream, sizeBytes)) reader.push(piece, piece.length);
        expect(frames).toEqual([bodies[0], bodies[2], bodies[1]]);
      }),
      { numRuns: 50 },
    );
  });

  it('keeps its own copy of an unfinished message: the socket reuses its buffer', () => {
    const { reader, frames } = collect();
    const shared = Buffer.alloc(first.length);
    first.copy(shared, 0, 0, 20);
    reader.push(shared, 20);
    first.copy(shared, 0, 20);
    reader.push(shared, first.length - 20);
    expect(frames).toEqual([bodies[0]]);
  });

  it.each([0, 27, 33_554_437, 0xffff_ffff])('refuses the length %d', (length) => {
    const { reader } = collect();
    expect(() => reader.push(u32(length), 4)).toThrow(ProtocolError);
  });

  it('allocates for what came, not for the length it was told', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 16 }, () => collect().reader);
    for (const reader of readers) {
      const start = Buffer.concat([u32(33_554_436), Buffer.alloc(60)]);
      reader.push(start, start.length);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1_048_576);
  });
});
