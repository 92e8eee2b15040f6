import type { CallOptions } from './call-options.ts';
import type { DomainEventKind, DomainEvents } from './domain-events.ts';
import type { Domain } from './domain.ts';
import { eventReaders, type DomainOf } from './event-readers.ts';
import { connectProcedures, programs, qemuProcedures } from './protocol/index.ts';
import { domainEventKinds, eventMessages } from './protocol/event-messages.ts';
import type { Caller } from './rpc/connection-group.ts';
import { ConnectionLostError } from './errors.ts';
import type { XdrReader } from './xdr/reader.ts';

export interface SubscribeOptions extends CallOptions {
  /** Only events of this domain (by uuid); all domains when left out, also those that do not exist yet. */
  readonly domain?: Domain | undefined;
}

export interface QemuSubscribeOptions extends SubscribeOptions {
  /** Only QEMU events of these names, such as `MIGRATION`; all when left out. */
  readonly qemuEvents?: readonly string[] | undefined;
}

/** A wish to hear of one kind of event; ends with {@link unsubscribe}, at the latest with the connection. */
export interface Subscription extends AsyncDisposable {
  readonly kind: DomainEventKind;
  /** Resolves when the daemon has stopped sending, where nobody else wants the same kind. Harmless when repeated. */
  unsubscribe(): Promise<void>;
}

/** Hands one event on, by kind. */
export type EventSink = { readonly [K in DomainEventKind]: (event: DomainEvents[K]) => void };

interface Wish {
  readonly uuid: string | null;
  readonly qemuEvents: ReadonlySet<string> | null;
}

/** What the daemon was asked to send of one kind: once, however many want it. */
class Registration {
  readonly wishes = new Set<Wish>();
  readonly ready: Promise<void>;
  /** The daemon's number for it, once it has answered. */
  callbackId: number | null = null;

  constructor(reply: Promise<{ callbackId: number }>) {
    this.ready = this.#fill(reply);
  }

  async #fill(reply: Promise<{ callbackId: number }>): Promise<void> {
    this.callbackId = (await reply).callbackId;
  }
}

/** Which kind a message of the main program belongs to. */
const remoteKinds: ReadonlyMap<number, DomainEventKind> = new Map(
  domainEventKinds.flatMap((kind) =>
    kind === 'qemuMonitorEvent' ? [] : [[eventMessages[kind].procedure, kind] as const],
  ),
);

function kindOf(program: number, procedure: number): DomainEventKind | undefined {
  if (program === programs.remote) return remoteKinds.get(procedure);
  return procedure === eventMessages.qemuMonitorEvent.procedure ? 'qemuMonitorEvent' : undefined;
}

/**
 * Domain events of one connection. The daemon is asked once for each kind and for all domains; who wants what is decided
 * here. Two registrations that cover the same domain would make the daemon send each event twice.
 */
export class Subscriptions {
  readonly #caller: Caller;
  readonly #domainOf: DomainOf;
  readonly #sink: EventSink;
  readonly #registrations = new Map<DomainEventKind, Registration>();
  /** Callbacks being taken back: their last events may still be on their way. */
  readonly #retired = new Set<number>();

  constructor(caller: Caller, domainOf: DomainOf, sink: EventSink) {
    this.#caller = caller;
    this.#domainOf = domainOf;
    this.#sink = sink;
  }

  async subscribe(kind: DomainEventKind, options: QemuSubscribeOptions): Promise<Subscription> {
    options.signal?.throwIfAborted();
    const wish: Wish = {
      uuid: options.domain?.uuid ?? null,
      qemuEvents: options.qemuEvents === undefined ? null : new Set(options.qemuEvents),
    };
    const registration = this.#registrations.get(kind) ?? this.#register(kind);
    registration.wishes.add(wish);
    const unsubscribe = (): Promise<void> => this.#drop(kind, registration, wish);
    try {
      await untilAborted(registration.ready, options.signal);
    } catch (error) {
      await unsubscribe();
      throw error;
    }
    return { kind, unsubscribe, [Symbol.asyncDispose]: unsubscribe };
  }

  /** @throws ProtocolError for a message that has not the shape of its procedure. */
  dispatch(program: number, procedure: number, payload: XdrReader): void {
    const kind = kindOf(program, procedure);
    // A kind nobody here can have asked for: a newer daemon may know it, so it is no reason to hang up.
    if (kind !== undefined) this.#deliver(kind, payload);
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- ties the reader to the sink
  #deliver<K extends DomainEventKind>(kind: K, payload: XdrReader): void {
    const { callbackId, event } = eventReaders[kind](payload, this.#domainOf);
    const registration = this.#registrations.get(kind);
    if (registration === undefined || this.#retired.has(callbackId)) return;
    // The first events may overtake the reply that tells the callback's number.
    if (registration.callbackId !== null && registration.callbackId !== callbackId) return;
    const isWanted = [...registration.wishes].some((wish) => covers(wish, event));
    if (isWanted) this.#sink[kind](event);
  }

  #register(kind: DomainEventKind): Registration {
    const registration = new Registration(this.#callRegister(kind));
    this.#registrations.set(kind, registration);
    return registration;
  }

  #callRegister(kind: DomainEventKind): Promise<{ callbackId: number }> {
    if (kind === 'qemuMonitorEvent') {
      const args = { dom: null, event: null, flags: 0 };
      return this.#caller.call(qemuProcedures.qemuConnectDomainMonitorEventRegister, args);
    }
    const args = { eventId: eventMessages[kind].eventId, dom: null };
    return this.#caller.call(connectProcedures.connectDomainEventCallbackRegisterAny, args);
  }

  async #drop(kind: DomainEventKind, registration: Registration, wish: Wish): Promise<void> {
    const wasWanted = registration.wishes.delete(wish);
    if (!wasWanted || registration.wishes.size > 0) return;
    this.#forget(kind, registration);
    // Whether it failed or the connection ended: then there is nothing to take back.
    await registration.ready.catch(() => null);
    const { callbackId } = registration;
    if (callbackId === null) return;
    const procedure =
      kind === 'qemuMonitorEvent'
        ? qemuProcedures.qemuConnectDomainMonitorEventDeregister
        : connectProcedures.connectDomainEventCallbackDeregisterAny;
    this.#retired.add(callbackId);
    try {
      await this.#caller.call(procedure, { callbackId });
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) throw error;
    } finally {
      this.#retired.delete(callbackId);
    }
  }

  #forget(kind: DomainEventKind, registration: Registration): void {
    if (this.#registrations.get(kind) === registration) this.#registrations.delete(kind);
  }
}

function covers(wish: Wish, event: DomainEvents[DomainEventKind]): boolean {
  if (wish.uuid !== null && wish.uuid !== event.domain.uuid) return false;
  return wish.qemuEvents === null || ('event' in event && wish.qemuEvents.has(event.event));
}

/** Waits for something shared by several callers, each of which may give up alone. */
async function untilAborted(shared: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return shared;
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([shared, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
