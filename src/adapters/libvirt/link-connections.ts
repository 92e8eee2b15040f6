import { open, type CloseReason, type Connection, type CredentialsSource } from 'node-libvirt';
import type { MigrationEnds, MigrationLink } from '../../ports/migration.ts';
import { boundedCall, callTimeoutMs } from './bounded-call.ts';

export type Peer = 'source' | 'destination';
/** Who logs in at the daemon of a connection URI, where it is not whom the auth file names. */
export type CredentialsFor = (uri: string) => CredentialsSource | undefined;
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
  credentialsFor: CredentialsFor = () => undefined,
): Promise<LinkConnections> {
  const { promise: lost, resolve: onLost } = Promise.withResolvers<Loss>();
  const opening = {
    source: openEnd({ peer: 'source', uri: ends.source, credentialsFor, onLost }, signal),
    destination: openEnd(
      { peer: 'destination', uri: ends.destination, credentialsFor, onLost },
      signal,
    ),
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

interface End {
  readonly peer: Peer;
  readonly uri: string;
  readonly credentialsFor: CredentialsFor;
  readonly onLost: (loss: Loss) => void;
}

/** On one socket: the daemons tie a migration to the socket of its phases. */
function openEnd(
  { peer, uri, credentialsFor, onLost }: End,
  signal: AbortSignal,
): Promise<Connection> {
  return boundedCall(
    { uri, effectOfErrorReply: 'none', signal, timeoutMs: callTimeoutMs },
    async (bound) => {
      const connection = await open(uri, {
        sockets: 'one',
        credentials: credentialsFor(uri),
        signal: bound,
      });
      connection.once('close', (reason: CloseReason) => {
        if (reason.kind === 'lost') onLost({ peer, message: `${uri}: ${reason.error.message}` });
      });
      return connection;
    },
  );
}
