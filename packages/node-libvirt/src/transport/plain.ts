import { connect, type Socket } from 'node:net';
import { ConnectError } from '../errors.ts';
import type { ByteChannel } from './byte-channel.ts';
import { describeEndpoint, type TcpEndpoint, type UnixEndpoint } from './endpoint.ts';

const readBufferBytes = 65_536;
/** Lets the kernel find a dead TCP peer even while the daemon reads nothing and so answers no keepalive of ours. */
const tcpKeepAliveDelayMs = 15_000;

/**
 * Connects a unix or TCP socket. Reads go through one buffer for the socket's whole life (`onread`), past the stream
 * machinery, which would allocate for every chunk.
 *
 * @throws ConnectError with the address and the socket's own error; the signal's reason when it aborts.
 */
export async function connectPlain(
  endpoint: UnixEndpoint | TcpEndpoint,
  signal: AbortSignal,
): Promise<ByteChannel> {
  signal.throwIfAborted();
  let sink: ((chunk: Buffer) => void) | null = null;
  const address =
    endpoint.kind === 'unix'
      ? { path: endpoint.path }
      : { host: endpoint.host, port: endpoint.tcpPort };
  const stream: Socket = connect({
    ...address,
    onread: {
      buffer: Buffer.allocUnsafeSlow(readBufferBytes),
      callback: (sizeBytes, { buffer, byteOffset }) => {
        sink?.(Buffer.from(buffer, byteOffset, sizeBytes));
        return !stream.destroyed;
      },
    },
  });
  if (endpoint.kind === 'tcp') keepAlive(stream);
  await whenConnected(stream, endpoint, signal);
  return {
    stream,
    reportsWrites: 'exactly',
    joinsMessages: true,
    read: (to) => {
      sink = to;
    },
  };
}

/** For every socket that TCP is underneath of. */
export function keepAlive(socket: Socket): void {
  socket.setNoDelay(true).setKeepAlive(true, tcpKeepAliveDelayMs);
}

async function whenConnected(
  socket: Socket,
  endpoint: UnixEndpoint | TcpEndpoint,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  socket.once('connect', resolve);
  socket.once('error', (error) => reject(new ConnectError(describeEndpoint(endpoint), error)));
  try {
    await promise;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
