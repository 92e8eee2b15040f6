import type { Lane, Procedure } from '../protocol/index.ts';
import { connectProcedures } from '../protocol/index.ts';
import type { KeepAliveOptions } from './keep-alive.ts';
import { LanePool, type LaneLimits } from './lane-pool.ts';
import type { Endpoint } from './message-socket.ts';
import { isReachable, openSession, type SessionOptions } from './open-session.ts';
import type { SessionEnd } from './session-end.ts';
import type { Session, SessionListener } from './session.ts';
import type { Opened, StreamOptions } from './stream-table.ts';

export interface GroupOptions extends SessionOptions {
  readonly keepAlive: KeepAliveOptions | 'off';
  readonly blockingCallsMax: number;
  /** `one`: the slow lanes, too, travel on the control socket. */
  readonly sockets: 'group' | 'one';
}

type Pools = Readonly<Record<Exclude<Lane, 'control'>, LanePool>>;

/** Whoever can make a call: what the objects of this package need of the wire. */
export interface Caller {
  call<A, R>(procedure: Procedure<A, R>, args: A, signal?: AbortSignal): Promise<R>;
  /** A call that opens a stream; the stream keeps a slot of the lane until it is over. */
  openStream<A, R>(procedure: Procedure<A, R>, args: A, options: StreamOptions): Promise<Opened<R>>;
  /** The same on a socket of its own: the daemon reads a socket no faster than it gets rid of the stream data on it. */
  openStreamApart<A, R>(
    procedure: Procedure<A, R>,
    args: A,
    options: StreamOptions,
  ): Promise<Opened<R>>;
}

const callsPerSessionMax = 4;
/** `job` calls wait at most about 30 s each; they must not fill libvirtd's 20 workers either. */
const jobLimits: LaneLimits = { callsMax: 4, callsPerSessionMax };
/** Apart from the `blocking` ones in both directions: a thaw must not wait for saves, nor a save for dead agents. */
const agentLimits: LaneLimits = { callsMax: 3, callsPerSessionMax };
/** A daemon that does not answer the goodbye loses the socket anyway. */
const closeTimeoutMs = 1_000;

/**
 * All sockets to one daemon: one for control calls and events, open for the connection's life, and lazily opened ones
 * for the slow lanes, so that an abort is never queued behind a migration. The group lives as long as its control socket.
 */
export class ConnectionGroup implements Caller {
  readonly #options: GroupOptions;
  readonly #closing = new AbortController();
  readonly #control: Session;
  readonly #ended = Promise.withResolvers<void>();
  #listener: SessionListener | null = null;
  #closed: Promise<void> | null = null;
  readonly #pools: Pools;
  /** Every socket but the control socket. */
  readonly #extras = new Set<Session>();

  /** @throws ConnectError, UnsupportedAuthError, LibvirtError, or the signal's reason. */
  static async open(
    options: GroupOptions,
    signal: AbortSignal | undefined,
  ): Promise<ConnectionGroup> {
    let group: ConnectionGroup | null = null;
    const listener: SessionListener = {
      onEvent(program, procedure, payload) {
        if (group !== null) group.#listener?.onEvent(program, procedure, payload);
      },
      onEnd(end) {
        if (group !== null) group.#onControlEnd(end);
      },
    };
    const { session, endpoint } = await openSession(options, listener, signal);
    group = new ConnectionGroup(options, endpoint, session);
    return group;
  }

  private constructor(options: GroupOptions, endpoint: Endpoint, control: Session) {
    // The first endpoint that answered serves the whole group.
    this.#options = { ...options, endpoints: [endpoint] };
    this.#control = control;
    if (options.keepAlive !== 'off') {
      control.startKeepAlive(options.keepAlive, () => isReachable(this.#options));
    }
    this.#pools = options.sockets === 'one' ? this.#poolOnControl() : this.#poolsOfExtras();
  }

  #poolOnControl(): Pools {
    const callsMax = Math.min(callsPerSessionMax, this.#options.blockingCallsMax);
    const pool = new LanePool(async () => this.#control, { callsMax, callsPerSessionMax });
    return { job: pool, agent: pool, blocking: pool };
  }

  #poolsOfExtras(): Pools {
    const callsMax = this.#options.blockingCallsMax;
    const open = (onEnd: () => void): Promise<Session> => this.#openExtra(onEnd);
    return {
      job: new LanePool(open, jobLimits),
      agent: new LanePool(open, agentLimits),
      blocking: new LanePool(open, { callsMax, callsPerSessionMax }),
    };
  }

  get isEnded(): boolean {
    return this.#control.isEnded;
  }

  /** Events, and the end of the whole group, go to this listener from now on. */
  listen(listener: SessionListener): void {
    this.#listener = listener;
  }

  call<A, R>(procedure: Procedure<A, R>, args: A, signal?: AbortSignal): Promise<R> {
    if (procedure.lane === 'control') return this.#control.call(procedure, args, signal);
    return this.#pools[procedure.lane].call(procedure, args, signal);
  }

  openStream<A, R>(
    procedure: Procedure<A, R>,
    args: A,
    options: StreamOptions,
  ): Promise<Opened<R>> {
    return this.#pools.blocking.run(
      procedure.name,
      (session, slot) => session.openStream(procedure, args, options, slot),
      options.signal,
    );
  }

  async openStreamApart<A, R>(
    procedure: Procedure<A, R>,
    args: A,
    options: StreamOptions,
  ): Promise<Opened<R>> {
    if (this.#options.sockets === 'one') return this.openStream(procedure, args, options);
    const session = await this.#openExtra(() => undefined);
    const slot = { release: () => session.end({ kind: 'requested' }) };
    return session.openStream(procedure, args, options, slot);
  }

  /** Says goodbye and ends every socket; what is pending is rejected as lost. Resolves when all is over. */
  close(): Promise<void> {
    this.#closed ??= this.#sayGoodbye();
    return this.#closed;
  }

  async #sayGoodbye(): Promise<void> {
    if (!this.#control.isEnded) {
      this.#endAllButControl({ kind: 'requested' });
      const signal = AbortSignal.timeout(closeTimeoutMs);
      // Whatever the daemon makes of it, the socket is given up next.
      await this.#control.call(connectProcedures.connectClose, undefined, signal).catch(() => null);
      this.#control.end({ kind: 'requested' });
    }
    await this.#ended.promise;
  }

  #onControlEnd(end: SessionEnd): void {
    this.#endAllButControl(end);
    this.#listener?.onEnd(end);
    this.#ended.resolve();
  }

  #endAllButControl(end: SessionEnd): void {
    this.#closing.abort();
    for (const pool of Object.values(this.#pools)) pool.end(end);
    for (const session of this.#extras) session.end(end);
  }

  async #openExtra(onEnd: () => void): Promise<Session> {
    let opened: Session | null = null;
    const listener: SessionListener = {
      // No events are registered on it, so none are expected.
      onEvent: () => undefined,
      onEnd: () => {
        if (opened !== null) this.#extras.delete(opened);
        onEnd();
      },
    };
    const { session } = await openSession(this.#options, listener, this.#closing.signal);
    opened = session;
    this.#extras.add(session);
    if (this.#closing.signal.aborted) session.end({ kind: 'requested' });
    const { keepAlive } = this.#options;
    // While a slow call is under way its socket is not judged: the control socket answers for the daemon.
    if (keepAlive !== 'off') session.startKeepAlive(keepAlive, () => Promise.resolve(true));
    return session;
  }
}
