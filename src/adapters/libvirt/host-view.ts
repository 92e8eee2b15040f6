import { isLibvirtError, open, type CallOptions, type Connection } from 'node-libvirt';
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

/**
 * Lets the daemon behind `hostUri` open `uri`, as it does for a peer-to-peer migration: a daemon
 * that is asked for a URI with a server in it connects there and passes our calls on.
 *
 * A daemon must never be made to connect to itself: when we close, it ends its own connection in
 * its event loop by a call that it waits for (remoteClientFree in remote_daemon_dispatch.c), and
 * nobody is left to answer. It then hangs for ever. Names that lead back are refused here; whoever
 * can compare the hosts' uuids has to do so before.
 *
 * @throws what opening `hostUri` itself throws
 */
export async function probeThrough(
  hostUri: string,
  uri: string,
  ownHostname: string,
  signal: AbortSignal,
): Promise<Reachability> {
  if (leadsBack(uri, ownHostname)) {
    const message = `${uri} leads back to ${ownHostname} itself`;
    return { reachable: false, message };
  }
  const timeout = AbortSignal.timeout(probeTimeoutMs);
  const bounded = AbortSignal.any([signal, timeout]);
  try {
    await using peer = await open(hostUri, { daemonUri: uri, signal: bounded, keepAlive: 'off' });
    return { reachable: true, hostname: await peer.getHostname({ signal: bounded }) };
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) {
      const message = `${hostUri} did not reach ${uri} within ${String(probeTimeoutMs)} ms`;
      return { reachable: false, message };
    }
    if (isLibvirtError(error)) return { reachable: false, message: error.serverMessage };
    throw error;
  }
}

/** By name only: an address of one of its own interfaces cannot be told from any other. */
function leadsBack(uri: string, ownHostname: string): boolean {
  const name = URL.parse(uri)?.hostname ?? '';
  const loopbacks = ['localhost', '[::1]'];
  return name === ownHostname || loopbacks.includes(name) || name.startsWith('127.');
}
