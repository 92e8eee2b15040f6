import type { Login } from '../auth/credentials.ts';
import { ConnectError, ConnectionLostError, LibvirtError } from '../errors.ts';
import { connectProcedures } from '../protocol/index.ts';
import { handshake } from './handshake.ts';
import { describeEndpoint, MessageSocket, type Endpoint } from './message-socket.ts';
import { Session, type SessionListener } from './session.ts';

export interface SessionOptions {
  /** Tried in order. */
  readonly endpoints: readonly Endpoint[];
  /** The name given to the daemon, such as `qemu:///system`. */
  readonly driverUri: string;
  /** Who logs in, where the daemon asks. */
  readonly login: Login;
  /** For connecting and the handshake together. */
  readonly openTimeoutMs: number;
}

const noListener: SessionListener = { onEvent: () => undefined, onEnd: () => undefined };

/**
 * A session that has said what is to be said first.
 *
 * @throws ConnectError, UnsupportedAuthError, AuthenticationError, LibvirtError, or the signal's reason.
 */
export async function openSession(
  options: SessionOptions,
  listener: SessionListener,
  signal: AbortSignal | undefined,
): Promise<{ session: Session; endpoint: Endpoint }> {
  const timeout = AbortSignal.timeout(options.openTimeoutMs);
  const bounded = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  const address = options.endpoints.map(describeEndpoint).join(', ');
  try {
    const { socket, endpoint } = await connectFirst(options.endpoints, address, bounded);
    const session = new Session(socket, listener);
    try {
      const { driverUri, login } = options;
      await handshake(session, { driverUri, login, endpoint }, bounded);
    } catch (error) {
      session.end({ kind: 'requested' });
      throw error;
    }
    return { session, endpoint };
  } catch (error) {
    if (error === timeout.reason && error instanceof Error) {
      throw new ConnectError(address, new Error(`no answer within ${options.openTimeoutMs} ms`));
    }
    if (error instanceof ConnectionLostError) throw asConnectError(address, error);
    throw error;
  }
}

/** What ended the connection may say more than that it was lost: ssh does. */
function asConnectError(address: string, error: ConnectionLostError): ConnectError {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ConnectError) return cause;
  }
  return new ConnectError(address, error);
}

/** @throws ConnectError of the only endpoint, or one that holds those of all. */
async function connectFirst(
  endpoints: readonly Endpoint[],
  address: string,
  signal: AbortSignal,
): Promise<{ socket: MessageSocket; endpoint: Endpoint }> {
  const failures: Error[] = [];
  for (const endpoint of endpoints) {
    try {
      return { socket: await MessageSocket.connect(endpoint, signal), endpoint };
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      failures.push(error);
    }
  }
  const [only] = failures;
  if (failures.length === 1 && only !== undefined) throw only;
  const text = failures.map((failure) => failure.message).join('; ');
  throw new ConnectError(address, new AggregateError(failures, text));
}

/**
 * Whether the daemon answers the first question of all on a socket of its own. Workers that are kept free for such
 * questions do, also while all others are stuck.
 */
export async function isReachable(options: SessionOptions): Promise<boolean> {
  const timeout = AbortSignal.timeout(options.openTimeoutMs);
  const address = options.endpoints.map(describeEndpoint).join(', ');
  let session: Session | null = null;
  try {
    const { socket } = await connectFirst(options.endpoints, address, timeout);
    session = new Session(socket, noListener);
    await session.call(connectProcedures.authList, undefined, timeout);
    return true;
  } catch (error) {
    // Being told off is a sign of life too.
    return error instanceof LibvirtError;
  } finally {
    session?.end({ kind: 'requested' });
  }
}
