import { open, type Connection, type OpenOptions } from 'node-libvirt';
import { FailureError } from '../../ports/failure.ts';
import { toFailureError } from './errors.ts';
import { orAborted } from './or-aborted.ts';

/** A daemon that is well answers within milliseconds what needs no lock. */
const answerTimeoutMs = 5_000;

/** The warm connection to one host: opened on demand, shared, opened anew after it was lost. */
export class HostConnection {
  readonly uri: string;
  readonly #options: Pick<OpenOptions, 'blockingCallsMax' | 'credentials'>;
  #current: Promise<Connection> | null = null;
  readonly #suspected = new WeakSet<Connection>();
  #isClosed = false;

  constructor(uri: string, options: Pick<OpenOptions, 'blockingCallsMax' | 'credentials'> = {}) {
    this.uri = uri;
    this.#options = options;
  }

  /**
   * The connection as it stands, or a new one. Several callers share one attempt, so a caller's
   * signal ends the caller's wait only; the attempt has the client's own bound.
   *
   * @throws FailureError `hostUnreachable`, `invalidUri`, `unsupportedAuth`, `aborted`
   */
  async acquire(signal: AbortSignal): Promise<Connection> {
    if (this.#isClosed) {
      const message = `${this.uri}: the connection was closed`;
      throw new FailureError({ code: 'connectionLost', message, effect: 'none' });
    }
    this.#current ??= this.#open();
    try {
      return await orAborted(this.#current, signal);
    } catch (error) {
      throw toFailureError(error, { uri: this.uri, effectOfErrorReply: 'none' });
    }
  }

  /**
   * To be called when a call had no answer. libvirtd stops reading a connection on which five calls
   * hang, and then even keepalive proves nothing: one that does not answer the simplest question is
   * given up, so that the next call opens a new one.
   */
  async suspect(): Promise<void> {
    const [opened] = await Promise.allSettled([this.#current]);
    const connection = opened.status === 'fulfilled' ? opened.value : null;
    if (connection === null || this.#suspected.has(connection)) return;
    this.#suspected.add(connection);
    try {
      await connection.getLibVersion({ signal: AbortSignal.timeout(answerTimeoutMs) });
      this.#suspected.delete(connection);
    } catch {
      await connection.close();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const current = this.#current;
    this.#current = null;
    const [opened] = await Promise.allSettled([current]);
    if (opened.status === 'fulfilled') await opened.value?.close();
  }

  #open(): Promise<Connection> {
    const forget = (): void => {
      if (this.#current === attempt) this.#current = null;
    };
    const attempt = open(this.uri, this.#options);
    attempt.then((connection) => connection.on('close', forget), forget);
    return attempt;
  }
}
