import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import type { Hypervisors } from '../../src/index.ts';
import type { Hypervisor, WatchRequest } from '../../src/ports/hypervisor.ts';

const channel = 'net.client.socket';
/** REMOTE_PROC_DOMAIN_BLOCK_JOB_ABORT, and where libvirt's messages have it. */
const blockJobAbort = { program: 0x2000_8086, number: 237 } as const;
const at = { length: 0, program: 4, procedure: 12, type: 16 } as const;
const headerBytes = 28;

/** Is there a call of that procedure among the whole messages of a write? */
function carriesAbort(bytes: Buffer): boolean {
  for (let start = 0; start + headerBytes <= bytes.length;) {
    const isAbort =
      bytes.readUInt32BE(start + at.program) === blockJobAbort.program &&
      bytes.readUInt32BE(start + at.procedure) === blockJobAbort.number &&
      bytes.readUInt32BE(start + at.type) === 0;
    if (isAbort) return true;
    start += Math.max(headerBytes, bytes.readUInt32BE(start + at.length));
  }
  return false;
}

/**
 * From the moment in which the watch hears that a copy is in step to the return of the write that
 * carries the pivot, by what goes over the sockets that this process opens meanwhile.
 */
export class PivotMeter implements Disposable {
  #readyAtMs: number | null = null;
  readonly delaysMs: number[] = [];

  constructor() {
    subscribe(channel, this.#onSocket);
  }

  /** The same hosts, whose watches tell us first. */
  around(hypervisors: Hypervisors): Hypervisors {
    return {
      ...hypervisors,
      open: async (uri, signal) => this.#listening(await hypervisors.open(uri, signal)),
    };
  }

  [Symbol.dispose](): void {
    unsubscribe(channel, this.#onSocket);
  }

  /** Each opening gives an object of its own. */
  #listening(host: Hypervisor): Hypervisor {
    const watchDomain = host.watchDomain.bind(host);
    return Object.assign(host, {
      watchDomain: (request: WatchRequest, signal: AbortSignal): Promise<void> => {
        const observe: WatchRequest['observe'] = (observation) => {
          if (observation.kind === 'blockJob' && observation.status === 'ready')
            this.#readyAtMs ??= performance.now();
          request.observe(observation);
        };
        return watchDomain({ ...request, observe }, signal);
      },
    });
  }

  readonly #onSocket = (message: unknown): void => {
    if (typeof message !== 'object' || message === null || !('socket' in message)) return;
    const { socket } = message;
    if (!(socket instanceof Socket)) return;
    // Node puts its own `write` back as it connects.
    socket.once('connect', () => {
      const write = socket.write.bind(socket);
      socket.write = (bytes: Uint8Array | string, ...rest: never[]): boolean => {
        const isWritten = write(bytes, ...rest);
        if (bytes instanceof Buffer && carriesAbort(bytes)) this.#onPivot();
        return isWritten;
      };
    });
  };

  #onPivot(): void {
    if (this.#readyAtMs === null)
      throw new Error('a pivot was asked for before the copy was ready');
    this.delaysMs.push(performance.now() - this.#readyAtMs);
    this.#readyAtMs = null;
  }
}
