import { LibvirtError } from '../errors.ts';
import { remoteError, type Procedure } from '../protocol/index.ts';
import type { XdrReader } from '../xdr/reader.ts';

/** Somebody to tell that the daemon is done with a call, whether or not its caller still waits. */
export interface SlotHolder {
  release(): void;
}

/** A call that the daemon has not answered. It stays listed after an abort, so that the late reply has a place to go. */
export class PendingCall<R> {
  readonly procedure: Procedure<unknown, R>;
  readonly promise: Promise<R>;
  /** Of the socket's counting, to tell whether the request left whole. */
  messageNumber = Number.POSITIVE_INFINITY;
  readonly #slot: SlotHolder | null;
  readonly #resolve: (value: R) => void;
  readonly #reject: (error: unknown) => void;
  #signal: AbortSignal | null = null;
  #onAbort: (() => void) | null = null;

  constructor(procedure: Procedure<unknown, R>, slot: SlotHolder | null) {
    this.procedure = procedure;
    this.#slot = slot;
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** From now on an abort rejects at once; the daemon goes on and its reply is dropped. */
  follow(signal: AbortSignal): void {
    this.#signal = signal;
    this.#onAbort = () => this.#reject(signal.reason);
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** @throws ProtocolError, with the call still pending, when the payload has not the declared shape. */
  acceptResult(payload: XdrReader): void {
    const result = this.procedure.result.decode(payload);
    payload.expectEnd();
    this.#settle();
    this.#resolve(result);
  }

  /** @throws ProtocolError, with the call still pending, when the payload is no virNetMessageError. */
  acceptError(payload: XdrReader): void {
    const error = readRemoteError(payload, this.procedure.name);
    payload.expectEnd();
    this.reject(error);
  }

  reject(error: unknown): void {
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    if (this.#onAbort !== null) this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#slot?.release();
  }
}

/** @throws ProtocolError when the payload is no virNetMessageError. */
export function readRemoteError(payload: XdrReader, procedure: string): LibvirtError {
  const { code, domain, int1, level, message } = remoteError.decode(payload);
  return new LibvirtError({
    code,
    domain,
    level,
    serverMessage: message ?? 'no message',
    procedure,
    int1,
  });
}
