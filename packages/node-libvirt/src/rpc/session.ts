import { ProtocolError } from '../errors.ts';
import {
  header,
  keepAliveProcedures,
  limits,
  messageStatuses,
  messageTypes,
  programs,
  protocolVersion,
  type Header,
  type Procedure,
} from '../protocol/index.ts';
import { XdrReader } from '../xdr/reader.ts';
import { XdrWriter } from '../xdr/writer.ts';
import { KeepAlive, type KeepAliveOptions } from './keep-alive.ts';
import type { MessageSocket } from './message-socket.ts';
import { PendingCall, type SlotHolder } from './pending-call.ts';
import { lostUnder, lostWith, type SessionEnd } from './session-end.ts';
import { SessionStream, type StreamWire } from './session-stream.ts';
import { StreamTable, type Opened, type StreamOptions } from './stream-table.ts';

export interface SessionListener {
  /** An asynchronous message of the daemon. @throws ProtocolError to end the session. */
  onEvent(program: number, procedure: number, payload: XdrReader): void;
  /** Exactly once, after every pending call was rejected. */
  onEnd(end: SessionEnd): void;
}

type AnyPendingCall = Pick<
  PendingCall<unknown>,
  'procedure' | 'messageNumber' | 'acceptResult' | 'acceptError' | 'reject'
>;

/** `max_client_requests` of libvirtd as shipped: with so many calls in progress it stops reading the connection. */
const callsReadMax = 5;
const serialMax = 0xffff_ffff;
const programsKnown: ReadonlySet<number> = new Set(Object.values(programs));

/** One socket to a daemon: calls out, replies by serial, events, keepalive. Knows nothing of what the calls mean. */
export class Session {
  readonly #socket: MessageSocket;
  readonly #listener: SessionListener;
  readonly #reader = new XdrReader(Buffer.alloc(0));
  readonly #writer = new XdrWriter(limits.lengthWordBytes + limits.messageBytes);
  readonly #pending = new Map<number, AnyPendingCall>();
  readonly #streams = new StreamTable();
  /** Who waits for each ping's pong, oldest first. */
  readonly #pings: (() => void)[] = [];
  #keepAlive: KeepAlive | null = null;
  #slowCalls = 0;
  #serial = 0;
  #end: SessionEnd | null = null;

  constructor(socket: MessageSocket, listener: SessionListener) {
    this.#socket = socket;
    this.#listener = listener;
    socket.listen({
      onFrame: (buffer, start, end) => this.#onFrame(buffer, start, end),
      onClose: (error) => this.#onClose(error),
    });
  }

  get isEnded(): boolean {
    return this.#end !== null;
  }

  /**
   * @param slot told when the daemon is done with the call, which after an abort is later than the promise.
   * @throws LibvirtError, ConnectionLostError, EncodeError, or the signal's reason.
   */
  call<A, R>(
    procedure: Procedure<A, R>,
    args: A,
    signal?: AbortSignal,
    slot: SlotHolder | null = null,
  ): Promise<R> {
    const pending = new PendingCall(procedure, slot);
    if (this.#end !== null) pending.reject(lostUnder(pending.procedure.name, false, this.#end));
    else if (signal?.aborted === true) pending.reject(signal.reason);
    else this.#start(procedure, args, pending, signal, this.#nextSerial());
    return pending.promise;
  }

  /**
   * A call that opens a stream. A signal that aborts meanwhile rejects at once; the stream ends once it can be ended.
   *
   * @param slot told when the stream is over.
   * @throws as {@link call}.
   */
  openStream<A, R>(
    procedure: Procedure<A, R>,
    args: A,
    options: StreamOptions,
    slot: SlotHolder | null = null,
  ): Promise<Opened<R>> {
    const { signal } = options;
    const pending = new PendingCall(procedure, null);
    const serial = this.#nextSerial();
    const wire = this.#wireOf(procedure.program, procedure.number, serial);
    const stream = new SessionStream(procedure.name, wire, options, slot);
    if (this.#end !== null) pending.reject(lostUnder(procedure.name, false, this.#end));
    else if (signal?.aborted === true) pending.reject(signal.reason);
    else this.#start(procedure, args, pending, undefined, serial);
    return this.#streams.open(serial, stream, pending.promise, signal);
  }

  /** @param isReachable what is asked where a ping would prove nothing, see {@link KeepAlive}. */
  startKeepAlive(options: KeepAliveOptions, isReachable: () => Promise<boolean>): void {
    this.#keepAlive = new KeepAlive(
      {
        isConclusive: () =>
          this.#pending.size < callsReadMax && this.#slowCalls === 0 && this.#streams.isEmpty,
        ping: () => this.#ping(() => undefined),
        isReachable,
        giveUp: () => this.#socket.destroy(new Error('the daemon answers no keepalive')),
      },
      options,
    );
  }

  /** Ends the session; whatever is pending is rejected as lost. */
  end(end: SessionEnd): void {
    this.#end ??= end;
    this.#keepAlive?.stop();
    this.#socket.destroy(null);
  }

  #start<A, R>(
    procedure: Procedure<A, R>,
    args: A,
    pending: PendingCall<R>,
    signal: AbortSignal | undefined,
    serial: number,
  ): void {
    try {
      this.#writeHeader(procedure.program, procedure.number, messageTypes.call, serial);
      procedure.args.encode(this.#writer, args);
    } catch (error) {
      pending.reject(error);
      return;
    }
    this.#pending.set(serial, pending);
    if (procedure.lane !== 'control') this.#slowCalls += 1;
    if (signal !== undefined) pending.follow(signal);
    pending.messageNumber = this.#send();
  }

  #nextSerial(): number {
    do this.#serial = this.#serial === serialMax ? 1 : this.#serial + 1;
    while (this.#pending.has(this.#serial) || this.#streams.has(this.#serial));
    return this.#serial;
  }

  #writeHeader(
    program: number,
    procedure: number,
    type: Header['type'],
    serial: number,
    status: Header['status'] = messageStatuses.ok,
  ): void {
    this.#writer.reset();
    this.#writer.u32(0);
    header.encode(this.#writer, {
      program,
      version: protocolVersion,
      procedure,
      type,
      serial,
      status,
    });
  }

  #send(): number {
    this.#writer.patchU32(0, this.#writer.sizeBytes);
    return this.#socket.send(this.#writer.finish());
  }

  #sendKeepAlive(procedure: number): void {
    this.#writeHeader(programs.keepAlive, procedure, messageTypes.message, 0);
    this.#send();
  }

  #ping(onPong: () => void): void {
    this.#pings.push(onPong);
    this.#sendKeepAlive(keepAliveProcedures.ping);
  }

  #wireOf(program: number, procedure: number, serial: number): StreamWire {
    return {
      send: (status, data) => {
        this.#writeHeader(program, procedure, messageTypes.stream, serial, status);
        this.#writer.opaqueRest(data);
        this.#send();
      },
      fence: (onRead) => this.#ping(onRead),
    };
  }

  #onFrame(buffer: Buffer, start: number, end: number): void {
    this.#keepAlive?.heard();
    this.#reader.reset(buffer, start, end);
    const head = header.decode(this.#reader);
    if (head.version !== protocolVersion || !programsKnown.has(head.program)) {
      throw new ProtocolError(
        `message of unknown program ${head.program}, version ${head.version}`,
      );
    }
    if (head.type === messageTypes.reply) this.#onReply(head);
    else if (head.type === messageTypes.message) this.#onMessage(head);
    else if (head.type === messageTypes.stream) this.#streams.accept(head, this.#reader);
    else throw new ProtocolError(`a message of type ${head.type} has no place here`);
  }

  #onReply({ serial, program, procedure, status }: Header): void {
    const pending = this.#pending.get(serial);
    if (pending === undefined)
      throw new ProtocolError(`reply to serial ${serial}, which is not open`);
    if (program !== pending.procedure.program || procedure !== pending.procedure.number) {
      throw new ProtocolError(`reply of procedure ${procedure} to ${pending.procedure.name}`);
    }
    if (status === messageStatuses.continue) throw new ProtocolError('reply with a stream status');
    // Still listed while it is read: a payload of the wrong shape rejects it with all the others.
    if (status === messageStatuses.ok) pending.acceptResult(this.#reader);
    else pending.acceptError(this.#reader);
    this.#pending.delete(serial);
    if (pending.procedure.lane !== 'control') this.#slowCalls -= 1;
  }

  #onMessage({ program, procedure }: Header): void {
    if (program !== programs.keepAlive) {
      this.#listener.onEvent(program, procedure, this.#reader);
    } else if (procedure === keepAliveProcedures.ping) {
      // A peer that floods us with questions and reads no answer must not fill our memory.
      if (!this.#socket.isCongested) this.#sendKeepAlive(keepAliveProcedures.pong);
    } else if (procedure === keepAliveProcedures.pong) {
      this.#pings.shift()?.();
    } else {
      throw new ProtocolError(`unknown keepalive procedure ${procedure}`);
    }
  }

  #onClose(error: Error | null): void {
    this.#keepAlive?.stop();
    this.#end ??= lostWith(error);
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    this.#slowCalls = 0;
    this.#streams.end(this.#end);
    for (const call of pending) {
      const fullyWritten = this.#socket.mayHaveLeft(call.messageNumber);
      call.reject(lostUnder(call.procedure.name, fullyWritten, this.#end));
    }
    this.#listener.onEnd(this.#end);
  }
}
