import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { UploadStream } from 'node-libvirt';
import { FailureError } from '../../ports/failure.ts';

type Listening = { readonly path: string } | { readonly host: string; readonly port: number };

/** MIG_RP_MSG_SHUT of QEMU's return path: four bytes follow, and they say that nothing went wrong. */
const guestTaken = Uint8Array.of(0, 1, 0, 4, 0, 0, 0, 0);

/** MIG_RP_MSG_SWITCHOVER_ACK: no device of the destination has anything against the switchover. */
const mayNowSwitchOver = Uint8Array.of(0, 7, 0, 0);

/**
 * The tunnel that the client carries: the source's memory arrives here as on a destination's own
 * port, and goes on through the stream that Prepare opened there. One sender, one way, and never more
 * of it in here than the stream takes.
 */
export class MigrationRelay {
  readonly #server: Server;
  #failure: Error | null = null;
  #carrying: Promise<void> | null = null;
  #isClosed = false;
  #socket: Socket | null = null;
  #stream: UploadStream | null = null;

  /** @throws FailureError `invalidArgument`, or `relayUnavailable` where nobody can listen there */
  static async listen(uri: string): Promise<MigrationRelay> {
    const address = parseRelayUri(uri);
    const server = createServer({ pauseOnConnect: true });
    server.listen(address);
    try {
      await once(server, 'listening');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `cannot carry a migration at ${uri}: ${reason}`;
      throw new FailureError(
        { code: 'relayUnavailable', message, effect: 'none' },
        { cause: error },
      );
    }
    return new MigrationRelay(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    // Whoever comes before the source is told to is not the source.
    server.on('connection', (socket) => {
      if (this.#stream === null) socket.destroy();
    });
  }

  /** Resolves when all has been carried that ever will be: at once where nobody has come to send. */
  async carried(): Promise<void> {
    await this.#carrying;
  }

  /** What broke it so far; `null`: nothing. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** To be called once, before anybody is told to connect. */
  carryInto(stream: UploadStream, { acknowledges }: { readonly acknowledges: boolean }): void {
    this.#stream = stream;
    this.#server.once('connection', (socket) => {
      this.#server.close();
      this.#socket = socket;
      socket.on('error', (error) => {
        this.#failure ??= error;
      });
      if (acknowledges) socket.write(mayNowSwitchOver);
      this.#carrying = this.#carry(socket, stream);
    });
  }

  /**
   * The source's QEMU waits for this word of the other QEMU, which the stream cannot carry back: one
   * that a tunnel ends in is started without its way back (see QEMU's migration documentation).
   */
  tellTaken(): void {
    this.#socket?.write(guestTaken);
  }

  /** Gives up what is under way. Waits for nobody. */
  close(): void {
    this.#isClosed = true;
    this.#server.close();
    this.#socket?.destroy();
    void this.#stream?.abort(new Error('the migration was given up'));
  }

  async #carry(socket: Socket, stream: UploadStream): Promise<void> {
    try {
      for await (const chunk of socket) await stream.write(asBytes(chunk));
      await stream.finish();
    } catch (error) {
      if (this.#isClosed) return;
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
      // Leaving the loop has ended the socket: to the source, its destination is gone.
      void stream.abort(this.#failure);
    }
  }
}

function asBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError('a socket without an encoding gives bytes');
}

function parseRelayUri(uri: string): Listening {
  const { hostname = '', pathname = '', port = '', protocol } = URL.parse(uri) ?? {};
  if (protocol === 'unix:' && hostname === '' && pathname !== '') return { path: pathname };
  if (protocol === 'tcp:' && hostname !== '' && port !== '') {
    return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
  }
  const message = `a migration is carried at tcp://ADDRESS:PORT or unix:///PATH, not at "${uri}"`;
  throw new FailureError({ code: 'invalidArgument', message, effect: 'none' });
}
