import { once } from 'node:events';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { LabError } from './lab-error.ts';
import type { LabPaths } from './paths.ts';

/**
 * What a guest does to itself when it is asked over its control port. `stop-agent` holds the agent
 * still until `continue-agent`: it is connected and says nothing. `hang-freeze` and `hang-thaw`
 * delay every freeze before it is made, and every thaw after it was made, while the agent is deaf.
 */
export type GuestRequest =
  | {
      readonly kind: 'stop-agent' | 'continue-agent' | 'kill-agent' | 'start-agent' | 'poweroff';
    }
  /** 0: no more. */
  | { readonly kind: 'hang-freeze' | 'hang-thaw'; readonly seconds: number };

const answerTimeoutMs = 20_000;

/** The same path on every host. */
export function controlSocket(lab: LabPaths, guest: string): string {
  return join(lab.guestsDir, `${guest}.control`);
}

/**
 * Sends a request to a guest that was made with a control port.
 * @throws {LabError} when the guest does not say within 20 s that it did it.
 */
export async function tellGuest(
  lab: LabPaths,
  guest: string,
  request: GuestRequest,
): Promise<void> {
  const socket = createConnection(controlSocket(lab, guest));
  const signal = AbortSignal.timeout(answerTimeoutMs);
  signal.addEventListener('abort', () => socket.destroy(), { once: true });
  try {
    await once(socket, 'connect', { signal });
    const argument = 'seconds' in request ? ` ${request.seconds}` : '';
    socket.write(`${request.kind}${argument}\n`);
    let answer = '';
    for await (const chunk of socket.setEncoding('latin1')) {
      answer += String(chunk);
      if (answer.includes(`did ${request.kind}`)) return;
    }
    throw new LabError(`guest ${guest} closed its control port`);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new LabError(`guest ${guest} did not answer to ${request.kind}`);
  } finally {
    socket.destroy();
  }
}
