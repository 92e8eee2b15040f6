import type { Duplex } from 'node:stream';

/** A connected way for bytes to a daemon and back. */
export interface ByteChannel {
  readonly stream: Duplex;
  /**
   * When a write calls back: `exactly` when the kernel has taken its last byte, or `later`, as TLS and pipes to a program
   * do; then bytes may have left although nobody said so yet.
   */
  readonly reportsWrites: 'exactly' | 'later';
  /** Whether several messages may go out as one write. */
  readonly joinsMessages: boolean;
  /** Chunks go to this sink from now on, each valid only during the call. Called once. */
  read(sink: (chunk: Buffer) => void): void;
}

/** The channel of a stream that is read by its `data` events. */
export function channelOf(
  stream: Duplex,
  options: Pick<ByteChannel, 'joinsMessages'>,
): ByteChannel {
  return {
    stream,
    reportsWrites: 'later',
    joinsMessages: options.joinsMessages,
    read: (sink) => {
      stream.on('data', sink).resume();
    },
  };
}
