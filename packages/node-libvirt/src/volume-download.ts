import { fromInteger64 } from './integer64.ts';
import { storageNetworkProcedures as procedures } from './protocol/index.ts';
import type { StorageVolHandle } from './protocol/shapes.ts';
import type { Caller } from './rpc/connection-group.ts';
import type { VolumeRange } from './stream.ts';

const segmentBytes = 4_194_304n;

/** One short stream of a download. */
interface Segment {
  readonly pieces: readonly Uint8Array[];
  /** As long as was asked for; one that is not is the last. */
  readonly isFull: boolean;
}

/**
 * A volume, piece by piece. libvirt's streams know no flow control: once asked for, all data comes, and a socket that is
 * not read answers no keepalive and loses the connection after half a minute. So a download is a row of short streams.
 * One is fetched while the consumer is busy with the one before it, and no further: whoever pauses holds nothing in the
 * daemon, and two segments here.
 */
export async function* downloadVolume(
  caller: Caller,
  vol: StorageVolHandle,
  { offsetBytes = 0, lengthBytes, signal }: VolumeRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  let offset = fromInteger64(offsetBytes);
  let left = lengthBytes === undefined ? null : fromInteger64(lengthBytes);
  const leaving = new AbortController();
  const ending = signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal]);
  const fetchNext = (): Promise<Segment> | null => {
    const length = left === null || left > segmentBytes ? segmentBytes : left;
    if (length === 0n) return null;
    const segment = downloadSegment(caller, { vol, offset, length }, ending);
    offset += length;
    if (left !== null) left -= length;
    // Told when its turn comes; where the consumer has left by then, it concerns nobody.
    segment.catch(() => undefined);
    return segment;
  };
  try {
    let coming = fetchNext();
    while (coming !== null) {
      const { pieces, isFull } = await coming;
      coming = isFull ? fetchNext() : null;
      yield* pieces;
    }
  } finally {
    leaving.abort();
  }
}

async function downloadSegment(
  caller: Caller,
  range: { vol: StorageVolHandle; offset: bigint; length: bigint },
  signal: AbortSignal,
): Promise<Segment> {
  const { stream } = await caller.openStream(
    procedures.storageVolDownload,
    { ...range, flags: 0 },
    { sendBytesMax: 0, receiveBytesMax: Number(range.length), signal },
  );
  const onAbort = (): void => {
    void stream.abort(new Error('the download was aborted'));
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    const pieces = await stream.readAll();
    await stream.finish();
    const sizeBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    return { pieces, isFull: BigInt(sizeBytes) === range.length };
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
