import type { Tools } from '../engine/slots.ts';
import { delay } from '../ports/clock.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';

/** How soon a host that did not answer after a crash of ours is watched again. */
const watchAgainMs = 250;

/**
 * The host that a watch is about. One that crashed with us comes back later: a watch that goes on
 * after a crash waits for it, since the chart knows that nobody watches.
 */
export async function openToWatch(
  hypervisors: Hypervisors,
  uri: string,
  { clock, resumed, signal }: Pick<Tools, 'clock' | 'resumed' | 'signal'>,
): Promise<Hypervisor> {
  for (;;) {
    try {
      return await hypervisors.open(uri, signal);
    } catch (error) {
      if (resumed !== true) throw error;
      await delay(clock, watchAgainMs, signal);
    }
  }
}
