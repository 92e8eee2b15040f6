import { isLibvirtError, open, type CallOptions, type Connection } from 'node-libvirt';
import type { HostView } from '../../ports/domain.ts';
import type { Reachability } from '../../ports/migration.ts';
import { readElementText } from './xml.ts';

export async function readHost(connection: Connection, options: CallOptions): Promise<HostView> {
  const [hostname, capabilities, libvirt, hypervisor, freeMemoryBytes] = await Promise.all([
    connection.getHostname(options),
    connection.getCapabilities(options),
    connection.getLibVersion(options),
    connection.getVersion(options),
    connection.nodeGetFreeMemory(options),
  ]);
  return {
    uri: connection.uri,
    hostname,
    hostUuid: readElementText(capabilities, ['capabilities', 'host', 'uuid']) ?? '',
    libvirtVersion: libvirt.number,
    hypervisorVersion: hypervisor.number,
    freeMemoryBytes: Number(freeMemoryBytes),
  };
}

/** A reachable peer answers in milliseconds; TCP itself would wait for minutes. */
const probeTimeoutMs = 5_000;

/**
 * Lets the daemon behind `hostUri` open `uri`, as it does for a peer-to-peer migration: a daemon
 * that is asked for a URI with a server in it connects there and passes our calls on.
 *
 * @throws what opening `hostUri` itself throws
 */
export async function probeThrough(
  hostUri: string,
  uri: string,
  signal: AbortSignal,
): Promise<Reachability> {
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
