import type { StorageVol } from 'node-libvirt';
import { FailureError } from '../../ports/failure.ts';
import { abortedFailure, boundedCall, callTimeoutMs } from './bounded-call.ts';
import { toFailureError } from './errors.ts';
import type { HostConnection } from './host-connection.ts';
import { eachOrAborted } from './or-aborted.ts';
import { findPlace } from './volumes.ts';

/** The file of a volume as it is, piece by piece. */
export async function* downloadVolume(
  host: HostConnection,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const volume = await openVolume(host, path, signal);
  try {
    yield* volume.download({ signal });
  } catch (error) {
    if (signal.aborted) throw abortedFailure(host.uri, 'none', signal.reason);
    throw toFailureError(error, { uri: host.uri, effectOfErrorReply: 'none' });
  }
}

/**
 * Replaces the bytes of a volume's file. Whatever ends it early, the daemon is told: it is never
 * left with a part that it takes for the whole.
 *
 * @throws FailureError `aborted`, `invalidArgument` for more or fewer bytes than were announced: what has
 * been written by then stays; and what libvirt answers where there is no such volume
 */
export async function uploadVolume(
  host: HostConnection,
  target: { readonly path: string; readonly fileBytes: number },
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const { fileBytes, path } = target;
  const volume = await openVolume(host, path, signal);
  await boundedCall(
    { uri: host.uri, effectOfErrorReply: 'unknown', signal, timeoutMs: null },
    async (bound) => {
      const stream = await volume.upload({ lengthBytes: fileBytes, signal: bound });
      const abort = (): void => void stream.abort(asError(bound.reason));
      bound.addEventListener('abort', abort, { once: true });
      try {
        let writtenBytes = 0;
        for await (const chunk of eachOrAborted(bytes, bound)) {
          writtenBytes += chunk.length;
          if (writtenBytes > fileBytes) break;
          await stream.write(chunk);
        }
        if (writtenBytes !== fileBytes) throw wrongSize(host.uri, target);
        await stream.finish();
      } catch (error) {
        await stream.abort(asError(error));
        throw error;
      } finally {
        bound.removeEventListener('abort', abort);
      }
    },
  );
}

function openVolume(host: HostConnection, path: string, signal: AbortSignal): Promise<StorageVol> {
  const { uri } = host;
  return boundedCall(
    { uri, effectOfErrorReply: 'none', signal, timeoutMs: callTimeoutMs },
    async (bound) => {
      const connection = await host.acquire(bound);
      const options = { signal: bound };
      const { volume } = await findPlace(connection, path, options);
      // Asked once more, libvirt says in its own words that there is none.
      return volume ?? connection.storageVolLookupByPath(path, options);
    },
  );
}

function wrongSize(
  uri: string,
  { fileBytes, path }: { readonly path: string; readonly fileBytes: number },
): FailureError {
  const message = `${uri}: ${path} was to get ${fileBytes} bytes, and other than that came`;
  return new FailureError({ code: 'invalidArgument', message, effect: 'unknown' });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
