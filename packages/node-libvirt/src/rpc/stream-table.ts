import { ProtocolError } from '../errors.ts';
import type { Header } from '../protocol/index.ts';
import type { XdrReader } from '../xdr/reader.ts';
import { lostUnder, type SessionEnd } from './session-end.ts';
import type { SessionStream, StreamBounds } from './session-stream.ts';

export interface StreamOptions extends StreamBounds {
  readonly signal?: AbortSignal | undefined;
}

/** A call that opened a stream: what it answered, and the stream. */
export interface Opened<R> {
  readonly result: R;
  readonly stream: SessionStream;
}

/** The streams of one session, by the serial of the call that opened each. */
export class StreamTable {
  readonly #streams = new Map<number, SessionStream>();
  #hadStreams = false;

  get isEmpty(): boolean {
    return this.#streams.size === 0;
  }

  has(serial: number): boolean {
    return this.#streams.has(serial);
  }

  /** Listed before the reply has come: the daemon may send on the stream ahead of it. */
  open<R>(
    serial: number,
    stream: SessionStream,
    reply: Promise<R>,
    signal: AbortSignal | undefined,
  ): Promise<Opened<R>> {
    this.#hadStreams = true;
    this.#streams.set(serial, stream);
    const opened = reply.then(
      (result) => ({ result, stream }),
      (error: unknown) => {
        this.#streams.delete(serial);
        stream.end();
        throw error;
      },
    );
    return signal === undefined ? opened : unlessAborted(opened, signal);
  }

  /** @throws ProtocolError for what has no place on the stream, or for a stream of a session that had none. */
  accept({ serial, status }: Header, payload: XdrReader): void {
    const stream = this.#streams.get(serial);
    if (stream === undefined) {
      // A daemon that failed a stream may still answer its finish, which was on the way.
      if (this.#hadStreams) return;
      throw new ProtocolError(`data of stream ${serial}, which is not open`);
    }
    stream.accept(status, payload);
    if (stream.isOver) this.#streams.delete(serial);
  }

  end(end: SessionEnd): void {
    for (const stream of this.#streams.values()) stream.end(lostUnder(stream.name, true, end));
    this.#streams.clear();
  }
}

/** A stream that opens after its opener has gone is ended: nobody else knows of it. */
async function unlessAborted<R>(
  opened: Promise<Opened<R>>,
  signal: AbortSignal,
): Promise<Opened<R>> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([opened, aborted.promise]);
  } catch (error) {
    void endWhenOpen(opened);
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function endWhenOpen(opened: Promise<Opened<unknown>>): Promise<void> {
  const stream = await opened.then(
    (reply) => reply.stream,
    () => null,
  );
  await stream?.abort(new Error('the call that opened the stream was aborted'));
}
