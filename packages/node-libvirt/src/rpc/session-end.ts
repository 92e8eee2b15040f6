import { ConnectionLostError, ProtocolError } from '../errors.ts';

/** Why a session ended: asked for, or lost with an error. */
export type SessionEnd =
  | { readonly kind: 'requested' }
  | { readonly kind: 'lost'; readonly error: ConnectionLostError | ProtocolError };

/** How a session ends whose socket did, with this error or without one. */
export function lostWith(error: Error | null): SessionEnd {
  if (error instanceof ProtocolError) return { kind: 'lost', error };
  const why = error === null ? 'the daemon closed the connection' : error.message;
  const message = `the connection to the daemon was lost: ${why}`;
  return { kind: 'lost', error: new ConnectionLostError(message, null, error) };
}

/** The error of one call, or of one that could not even start, on a session that ended. */
export function lostUnder(
  procedure: string,
  fullyWritten: boolean,
  end: SessionEnd,
): ConnectionLostError {
  const why = end.kind === 'requested' ? 'the connection was closed' : end.error.message;
  const outcome = fullyWritten ? 'its outcome is unknown' : 'the daemon cannot have acted on it';
  const cause = end.kind === 'requested' ? null : end.error;
  return new ConnectionLostError(
    `${procedure}: ${why}; ${outcome}`,
    { procedure, fullyWritten },
    cause,
  );
}
