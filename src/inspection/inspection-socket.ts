import type { InspectionMessage } from '../engine/inspection/message.ts';
import type { Log } from '../ports/log.ts';

/** Somebody who reads the protocol of `@statelyai/inspect`, over a WebSocket. */
export interface InspectionSocket {
  readonly inspect: (message: InspectionMessage) => void;
  /** Resolves when what was told has gone out, or nobody takes it. */
  close(): Promise<void>;
}

/** Kept for whoever is not there yet; then the oldest are forgotten. */
const unsentMax = 10_000;
const againMs = 1_000;
const patienceMs = 1_000;

/**
 * Tells the messages to whoever listens at a URI, as soon as he does. Nothing waits for him: a run goes
 * on whether or not he is there.
 *
 * @param url `ws://HOST:PORT` or `wss://...`
 */
export function connectInspector(url: string, log: Log): InspectionSocket {
  const line = new Line(url, log);
  line.open();
  return {
    inspect: (message) => line.say(JSON.stringify(message)),
    close: () => line.close(),
  };
}

class Line {
  readonly #url: string;
  readonly #log: Log;
  readonly #unsent: string[] = [];
  #socket: WebSocket | null = null;
  #again: NodeJS.Timeout | null = null;
  #isClosing = false;
  #hasComplained = false;
  readonly #over = Promise.withResolvers<void>();

  constructor(url: string, log: Log) {
    this.#url = url;
    this.#log = log;
  }

  open(): void {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      for (const text of this.#unsent.splice(0)) socket.send(text);
      if (this.#isClosing) socket.close();
    });
    socket.addEventListener('error', (event) => this.#complain(event));
    socket.addEventListener('close', () => this.#lost());
  }

  say(text: string): void {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(text);
      return;
    }
    if (this.#unsent.length === unsentMax) this.#unsent.shift();
    this.#unsent.push(text);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#again !== null) {
      clearTimeout(this.#again);
      return;
    }
    // A closing handshake comes after what was sent before.
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.close();
    const patience = setTimeout(() => this.#over.resolve(), patienceMs);
    await this.#over.promise;
    clearTimeout(patience);
  }

  #lost(): void {
    if (this.#isClosing) {
      this.#over.resolve();
      return;
    }
    this.#again = setTimeout(() => {
      this.#again = null;
      this.open();
    }, againMs);
    this.#again.unref();
  }

  #complain(event: Event): void {
    if (this.#hasComplained) return;
    this.#hasComplained = true;
    const reason = 'message' in event ? String(event.message) : 'no reason given';
    this.#log.warn('nobody inspects', { url: this.#url, reason });
  }
}
