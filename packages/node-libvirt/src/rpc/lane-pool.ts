import type { Procedure } from '../protocol/index.ts';
import type { SlotHolder } from './pending-call.ts';
import { lostUnder, type SessionEnd } from './session-end.ts';
import type { Session } from './session.ts';

export interface LaneLimits {
  /** Calls in progress on all sockets of the lane; the rest waits in order. */
  readonly callsMax: number;
  /** Calls in progress on one socket: below the 5 at which libvirtd stops reading it. */
  readonly callsPerSessionMax: number;
}

interface Waiting {
  /** Starts the call; it ends by {@link LanePool} being told to release the slot. */
  start(member: Member): void;
  reject(error: unknown): void;
  describe(): string;
}

interface Member {
  readonly session: Session;
  calls: number;
}

/**
 * The sockets of one kind of slow call: opened when first needed, first come first served beyond the limits.
 * A slot is taken until the daemon is done with the call, also when its caller gave up long before.
 */
export class LanePool {
  readonly #open: (onEnd: () => void) => Promise<Session>;
  readonly #limits: LaneLimits;
  readonly #members = new Set<Member>();
  readonly #waiting: Waiting[] = [];
  #calls = 0;
  #isOpening = false;
  #end: SessionEnd | null = null;

  constructor(open: (onEnd: () => void) => Promise<Session>, laneLimits: LaneLimits) {
    this.#open = open;
    this.#limits = laneLimits;
  }

  call<A, R>(procedure: Procedure<A, R>, args: A, signal?: AbortSignal): Promise<R> {
    return this.run(
      procedure.name,
      (session, slot) => session.call(procedure, args, signal, slot),
      signal,
    );
  }

  /**
   * Waits for a slot and starts something on its socket.
   *
   * @param start has to see to it that the slot is released.
   * @throws what `start` does, or the signal's reason if it aborts while there is no slot.
   */
  run<T>(
    name: string,
    start: (session: Session, slot: SlotHolder) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (this.#end !== null) {
      reject(lostUnder(name, false, this.#end));
      return promise;
    }
    if (signal?.aborted === true) {
      reject(signal.reason);
      return promise;
    }
    const waiting: Waiting = {
      start: (member) => {
        signal?.removeEventListener('abort', onAbort);
        const slot = { release: () => this.#release(member) };
        start(member.session, slot).then(resolve, reject);
      },
      reject: (error) => {
        signal?.removeEventListener('abort', onAbort);
        reject(error);
      },
      describe: () => name,
    };
    const onAbort = (): void => {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#waiting.push(waiting);
    this.#pump();
    return promise;
  }

  /** What waits is rejected as never sent, and nothing more is taken. The sockets are their opener's to end. */
  end(end: SessionEnd): void {
    this.#end = end;
    for (const waiting of this.#waiting.splice(0)) {
      waiting.reject(lostUnder(waiting.describe(), false, end));
    }
  }

  #pump(): void {
    while (this.#waiting.length > 0 && this.#calls < this.#limits.callsMax) {
      const member = this.#leastBusy();
      if (member === null) {
        this.#openAnother();
        return;
      }
      member.calls += 1;
      this.#calls += 1;
      this.#waiting.shift()?.start(member);
    }
  }

  #leastBusy(): Member | null {
    let best: Member | null = null;
    for (const member of this.#members) {
      if (member.session.isEnded || member.calls >= this.#limits.callsPerSessionMax) continue;
      if (best === null || member.calls < best.calls) best = member;
    }
    return best;
  }

  #release(member: Member): void {
    member.calls -= 1;
    this.#calls -= 1;
    this.#pump();
  }

  #openAnother(): void {
    if (this.#isOpening) return;
    this.#isOpening = true;
    void this.#openMember();
  }

  async #openMember(): Promise<void> {
    let member: Member | null = null;
    const onEnd = (): void => {
      if (member !== null) this.#members.delete(member);
    };
    try {
      const session = await this.#open(onEnd);
      member = { session, calls: 0 };
    } catch (error) {
      this.#isOpening = false;
      // A socket that still lives wakes the waiting calls; without one nothing would. None of them was sent.
      if (this.#members.size > 0) return;
      for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
      return;
    }
    this.#isOpening = false;
    if (this.#end !== null) return;
    this.#members.add(member);
    this.#pump();
  }
}
