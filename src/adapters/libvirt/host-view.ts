import {
  errorCodes,
  isLibvirtError,
  open,
  type CallOptions,
  type Connection,
  type LibvirtError,
} from 'node-libvirt';
import type { HostView } from '../../ports/domain.ts';
import type { Reachability } from '../../ports/migration.ts';
import { readElementText } from './xml.ts';

export async function readHost(connection: Connection, options: CallOptions): Promise<HostView> {
  const [hostname, hostUuid, libvirt, hypervisor, freeMemoryBytes] = await Promise.all([
    connection.getHostname(options),
    readHostUuid(connection, options),
    connection.getLibVersion(options),
    connection.getVersion(options),
    readFreeMemoryBytes(connection, options),
  ]);
  return {
    uri: connection.uri,
    hostname,
    hostUuid,
    libvirtVersion: libvirt.number,
    hypervisorVersion: hypervisor.number,
    freeMemoryBytes,
  };
}

/** A daemon has one uuid for its life, and only its whole capabilities tell it: read once. */
const hostUuids = new WeakMap<Connection, string>();

async function readHostUuid(connection: Connection, options: CallOptions): Promise<string> {
  const known = hostUuids.get(connection);
  if (known !== undefined) return known;
  const capabilities = await connection.getCapabilities(options);
  const uuid = readElementText(capabilities, ['capabilities', 'host', 'uuid']) ?? '';
  hostUuids.set(connection, uuid);
  return uuid;
}

/** What the host's system holds as cache counts as free: it gives that up for a guest. */
async function readFreeMemoryBytes(connection: Connection, options: CallOptions): Promise<number> {
  try {
    const { free = 0, buffers = 0, cached = 0 } = await connection.nodeGetMemoryStats(options);
    return (Number(free) + Number(buffers) + Number(cached)) * 1024;
  } catch (error) {
    if (!isLibvirtError(error)) throw error;
    return Number(await connection.nodeGetFreeMemory(options));
  }
}

/** A reachable peer answers in milliseconds; TCP itself would wait for minutes. */
const probeTimeoutMs = 5_000;

/** No daemon has it, so that it answers and opens nothing. */
const nobodysPath = '/virtstate-probe';
/** VIR_FROM_RPC: the error came from the way there, not from the daemon at its end. */
const fromRpc = 7;

/**
 * Lets the daemon behind `hostUri` connect to `uri`, as it does for a peer-to-peer migration: a
 * daemon that is asked for a URI with a server in it connects there and passes the request on.
 *
 * The request names a path that the other daemon does not know. A connection that was opened would
 * be closed in the event loop by a call that it waits for (remoteClientFree in
 * remote_daemon_dispatch.c), and a `uri` that leads back to the same daemon would hang it for ever.
 *
 * @throws what opening `hostUri` itself throws
 */
export async function probeThrough(
  hostUri: string,
  uri: string,
  signal: AbortSignal,
): Promise<Reachability> {
  const timeout = AbortSignal.timeout(probeTimeoutMs);
  const options = { signal: AbortSignal.any([signal, timeout]), keepAlive: 'off' } as const;
  try {
    await using _ = await open(hostUri, { daemonUri: toProbe(uri), ...options });
    return { reachable: true };
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) {
      const message = `${hostUri} did not reach ${uri} within ${String(probeTimeoutMs)} ms`;
      return { reachable: false, message };
    }
    if (!isLibvirtError(error)) throw error;
    return error.domain === fromRpc && !asksForLogin(error)
      ? { reachable: false, message: error.serverMessage }
      : { reachable: true };
  }
}

/**
 * A daemon that is asked in passing logs in with nothing (`virConnectOpen` without callbacks in
 * remoteDispatchConnectOpen); for a migration it reads its auth file. It got as far as it could.
 */
function asksForLogin({ code, serverMessage }: LibvirtError): boolean {
  return code === errorCodes.AUTH_FAILED && serverMessage.includes('SASL');
}

function toProbe(uri: string): string {
  const probe = URL.parse(uri);
  if (probe === null || probe.host === '') return uri;
  probe.pathname = nobodysPath;
  return probe.href;
}
