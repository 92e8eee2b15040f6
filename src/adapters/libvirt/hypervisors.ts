import type { CredentialsSource } from 'node-libvirt';
import type { Clock } from '../../ports/clock.ts';
import { FailureError } from '../../ports/failure.ts';
import type { Hypervisor, Hypervisors } from '../../ports/hypervisor.ts';
import type { HostImages } from '../../ports/images.ts';
import { hostImages } from '../images/index.ts';
import { blockJobsCalls } from './block-jobs-calls.ts';
import { boundedCall, callTimeoutMs } from './bounded-call.ts';
import { definitionsCalls } from './definitions-calls.ts';
import { devicesCalls } from './devices-calls.ts';
import { diskSourcesCalls } from './disk-sources-calls.ts';
import { guestAgentCalls } from './guest-agent-calls.ts';
import { HostCaller } from './host-caller.ts';
import { HostConnection } from './host-connection.ts';
import { LibvirtHypervisor } from './hypervisor.ts';
import { LibvirtMigrationLink } from './migration-link.ts';
import { savingCalls } from './saving-calls.ts';
import { snapshotsCalls } from './snapshots-calls.ts';

export interface LibvirtHypervisorsOptions {
  readonly clock: Clock;
  /**
   * Calls that block for as long as their work takes, to one daemon at a time; others wait for their
   * turn. A libvirtd has 20 workers for all its clients. 8 where it is left out.
   */
  readonly blockingCallsPerDaemon?: number;
  /** Image files of the host of a connection URI; {@link hostImages} where it is left out. */
  readonly images?: (uri: string) => HostImages;
  /** Who logs in at the daemon of a connection URI; `null`: whom the auth file names. */
  readonly credentials?: (uri: string) => CredentialsSource | null;
}

/** Hosts by connection URI, each on one warm connection that is opened anew when it was lost. */
export function createLibvirtHypervisors(options: LibvirtHypervisorsOptions): Hypervisors {
  const { blockingCallsPerDaemon: blockingCallsMax, images = hostImages } = options;
  const credentialsFor = (uri: string) => options.credentials?.(uri) ?? undefined;
  const connections = new Map<string, HostConnection>();
  let isClosed = false;
  return {
    async open(uri, signal): Promise<Hypervisor> {
      if (isClosed) {
        const message = `${uri}: the hosts were closed`;
        throw new FailureError({ code: 'connectionLost', message, effect: 'none' });
      }
      const connection =
        connections.get(uri) ??
        new HostConnection(uri, { blockingCallsMax, credentials: credentialsFor(uri) });
      connections.set(uri, connection);
      await boundedCall(
        { uri, effectOfErrorReply: 'none', signal, timeoutMs: callTimeoutMs },
        (bound) => connection.acquire(bound),
      );
      const caller = new HostCaller(connection);
      return Object.assign(
        new LibvirtHypervisor(connection, caller, options.clock),
        blockJobsCalls(caller),
        guestAgentCalls(caller),
        snapshotsCalls(caller),
        images(uri),
        devicesCalls(caller, options.clock),
        diskSourcesCalls(caller),
        definitionsCalls(caller),
        savingCalls(caller),
      );
    },
    linkMigration: (ends, signal) => LibvirtMigrationLink.open(ends, signal, credentialsFor),
    async close(): Promise<void> {
      isClosed = true;
      await Promise.all([...connections.values()].map((connection) => connection.close()));
      connections.clear();
    },
  };
}
