import { fromInteger64 } from './integer64.ts';
import { storageNetworkProcedures as procedures } from './protocol/index.ts';
import type { StorageVolHandle } from './protocol/shapes.ts';
import type { Caller } from './rpc/connection-group.ts';
import type { VolumeRange } from './stream.ts';

const segmentBytes = 4_194_304n;

/**
 * A volume, piece by piece. libvirt's streams know no flow control: once asked for, all data comes, and a socket that is
 * not read answers no keepalive and loses the connection after half a minute. So a download is a row of short streams,
 * each asked for when its consumer wants it: whoever pauses holds nothing, here or in the daemon.
 */
export async function* downloadVolume(
  caller: Caller,
  vol: StorageVolHandle,
  { offsetBytes = 0, lengthBytes, signal }: VolumeRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  let offset = fromInteger64(offsetBytes);
  let left = lengthBytes === undefined ? null : fromInteger64(lengthBytes);
  while (left === null || left > 0n) {
    const length = left === null || left > segmentBytes ? segmentBytes : left;
    const pieces = await downloadSegment(caller, { vol, offset, length }, signal);
    const sizeBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    yield* pieces;
    if (BigInt(sizeBytes) < length) return;
    offset += length;
    if (left !== null) left -= length;
  }
}

async function downloadSegment(
  caller: Caller,
  range: { vol: StorageVolHandle; offset: bigint; length: bigint },
  signal: AbortSignal | undefined,
): Promise<Uint8Array[]> {
  const { stream } = await caller.openStream(
    procedures.storageVolDownload,
    { ...range, flags: 0 },
    { sendBytesMax: 0, receiveBytesMax: Number(range.length), signal },
  );
  const onAbort = (): void => {
    void stream.abort(new Error('the download was aborted'));
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  try {
    const pieces = await stream.readAll();
    await stream.finish();
    return pieces;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
