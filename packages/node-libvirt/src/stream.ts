import type { Integer64 } from './integer64.ts';
import type { CallOptions } from './call-options.ts';

/**
 * Data on its way to the daemon (virStream). It ends with {@link finish} or {@link abort}, or with the connection. Every
 * method but `abort` throws what the stream failed with: LibvirtError, ConnectionLostError, or the reason of the abort.
 */
export interface UploadStream {
  /**
   * virStreamSend. Resolves when more can be taken: no more than 1 MiB is ever under way. One write at a time. What the
   * daemon could not do with the data is told by a later write, at the latest by {@link finish}. @throws EncodeError,
   * with nothing sent, for more than was announced.
   */
  write(chunk: Uint8Array): Promise<void>;
  /** virStreamFinish. Resolves when the daemon has taken it all; only then has it worked. */
  finish(): Promise<void>;
  /** virStreamAbort: a write or a finish under way rejects with the reason. Resolves when it is over, 5 s at most. */
  abort(reason: Error): Promise<void>;
}

/** The part of a volume that is meant; all of it when left out. */
export interface VolumeRange extends CallOptions {
  readonly offsetBytes?: Integer64 | undefined;
  /** No more than that; a shorter volume gives less. */
  readonly lengthBytes?: Integer64 | undefined;
}
