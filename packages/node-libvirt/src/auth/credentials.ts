import { AuthenticationError } from '../errors.ts';
import type { LoginHints } from '../uri.ts';
import { authFilePathsHere, lookUpInAuthFile } from './auth-file.ts';
import type { Credentials } from './scram.ts';

/** What is known when credentials are asked for. */
export interface CredentialsRequest {
  /** As in the URI; `localhost` for a unix socket. */
  readonly host: string;
  /** As in the URI; null when it names nobody. */
  readonly username: string | null;
  /** Aborts when the opening does: nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Fixed, or asked for when a daemon wants them. */
export type CredentialsSource =
  Credentials | ((request: CredentialsRequest) => Promise<Credentials>);

/** Finds out, at most once, who logs in; the sockets that are opened later use the same. */
export class Login {
  readonly host: string;
  readonly #hints: LoginHints;
  readonly #source: CredentialsSource | undefined;
  #found: Credentials | null = null;

  constructor(hints: LoginHints, source: CredentialsSource | undefined) {
    this.host = hints.host;
    this.#hints = hints;
    this.#source = source;
  }

  /** @throws AuthenticationError where there are none, or the signal's reason. */
  async credentials(signal: AbortSignal): Promise<Credentials> {
    this.#found ??= await untilAborted(this.#find(signal), signal);
    return this.#found;
  }

  async #find(signal: AbortSignal): Promise<Credentials> {
    const { host, username, authFile } = this.#hints;
    const source = this.#source;
    if (typeof source === 'function')
      return complete(await source({ host, username, signal }), host);
    if (source !== undefined) return complete(source, host);
    const files = authFilePathsHere(authFile);
    const entry = await lookUpInAuthFile(files, host);
    if (entry === null) {
      const where = `[auth-libvirt-${host}] in ${files.paths.join(' or ')}`;
      const reason = `it asks for a password; give the option "credentials", or a section ${where}`;
      throw new AuthenticationError(reason, { host, username });
    }
    if (username !== null && entry.username !== null && entry.username !== username) {
      const reason = `the auth file has a password for "${entry.username}" only`;
      throw new AuthenticationError(reason, { host, username });
    }
    return complete({ username: username ?? entry.username, password: entry.password }, host);
  }
}

function complete(
  found: { readonly [K in keyof Credentials]: string | null },
  host: string,
): Credentials {
  const { username, password } = found;
  if (!isUsable(username)) {
    throw new AuthenticationError('there is no user name to log in with', { host, username: null });
  }
  if (!isUsable(password))
    throw new AuthenticationError('there is no password', { host, username });
  return { username, password };
}

/** Both come from outside: a function of the caller may answer anything. */
function isUsable(text: unknown): text is string {
  return typeof text === 'string' && text !== '' && !text.includes('\0');
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
