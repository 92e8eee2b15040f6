import { connect, createServer, type Server, type Socket } from 'node:net';

export type LinkPhase = 'begin' | 'prepare' | 'perform' | 'finish' | 'confirm';

/** The numbers of the calls (libvirt's remote_protocol.x). */
export const phaseProcedures: Readonly<Record<LinkPhase, number>> = {
  begin: 302,
  prepare: 303,
  perform: 305,
  finish: 306,
  confirm: 307,
};

/** libvirt's program and its version, which stand before the procedure in every message. */
const program = Buffer.from('2000808600000001', 'hex');

/** What is said to a daemon, or what it says. */
export type Way = 'answers' | 'requests';

/** A socket of our own before a daemon's, on which what is said can be stopped. */
export class Wire {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** What has been said since it was stopped. */
  readonly #stopped = new Map<Way, { readonly to: Socket; readonly bytes: Buffer }[]>();
  #due: { readonly way: Way; readonly call: Buffer } | null = null;
  readonly #onStopped = Promise.withResolvers<void>();

  static async lay(path: string, daemonPath: string): Promise<Wire> {
    const server = createServer();
    const wire = new Wire(server, daemonPath);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject).listen(path, resolve);
    await promise;
    return wire;
  }

  private constructor(server: Server, daemonPath: string) {
    this.#server = server.on('connection', (ours) => {
      const theirs = connect(daemonPath);
      this.#carry(ours, theirs, 'requests');
      this.#carry(theirs, ours, 'answers');
    });
  }

  /** From this call on, or the answer to it, nothing arrives any more. Resolves when it is said. */
  stop(way: Way, procedure: number): Promise<void> {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(procedure);
    this.#due = { way, call: Buffer.concat([program, number]) };
    return this.#onStopped.promise;
  }

  /** What was stopped arrives now, and what follows. */
  letGo(): void {
    this.#due = null;
    const late = [...this.#stopped.values()].flat();
    this.#stopped.clear();
    for (const { to, bytes } of late) to.write(bytes);
  }

  silence(): void {
    this.#stopped.set('requests', []).set('answers', []);
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #carry(from: Socket, to: Socket, way: Way): void {
    this.#sockets.add(from);
    from.on('data', (bytes: Buffer) => {
      const isDue = this.#due?.way === way && bytes.includes(this.#due.call);
      if (isDue && !this.#stopped.has(way)) this.#stopped.set(way, []);
      const stopped = this.#stopped.get(way);
      if (stopped === undefined) to.write(bytes);
      else stopped.push({ to, bytes });
      if (isDue) this.#onStopped.resolve();
    });
    // A socket that fails also closes, and takes the other end of the wire with it.
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
