import { open, type CloseReason, type Connection } from 'node-libvirt';
import type { MigrationEnds, MigrationLink } from '../../ports/migration.ts';
import { boundedCall, callTimeoutMs } from './bounded-call.ts';

export type Peer = 'source' | 'destination';
type Loss = Awaited<MigrationLink['lost']>;

/** A migration's own connections, one to each daemon. */
export interface LinkConnections {
  readonly connections: Readonly<Record<Peer, Connection>>;
  readonly lost: Promise<Loss>;
}

/** @throws FailureError as opening a host does; then neither is left open */
export async function openLinkConnections(
  ends: MigrationEnds,
  signal: AbortSignal,
): Promise<LinkConnections> {
  const { promise: lost, resolve: onLost } = Promise.withResolvers<Loss>();
  const opening = {
    source: openEnd('source', ends.source, onLost, signal),
    destination: openEnd('destination', ends.destination, onLost, signal),
  };
  try {
    const [source, destination] = await Promise.all([opening.source, opening.destination]);
    return { connections: { source, destination }, lost };
  } catch (error) {
    for (const end of await Promise.allSettled(Object.values(opening))) {
      if (end.status === 'fulfilled') await end.value.close();
    }
    throw error;
  }
}

/** On one socket: the daemons tie a migration to the socket of its phases. */
function openEnd(
  peer: Peer,
  uri: string,
  onLost: (loss: Loss) => void,
  signal: AbortSignal,
): Promise<Connection> {
  return boundedCall(
    { uri, effectOfErrorReply: 'none', signal, timeoutMs: callTimeoutMs },
    async (bound) => {
      const connection = await open(uri, { sockets: 'one', signal: bound });
      connection.once('close', (reason: CloseReason) => {
        if (reason.kind === 'lost') onLost({ peer, message: `${uri}: ${reason.error.message}` });
      });
      return connection;
    },
  );
}
