import { systemClock } from '../../src/engine/system-clock.ts';
import type { Hypervisors } from '../../src/ports/hypervisor.ts';
import { labHosts } from '../contract/lab-hosts.ts';
import { rerunSuite, rowOf, slotsOfClass } from './rerun.suite.ts';

/** Which machine asks for it makes no difference to the daemons. */
const slots = [...new Map(slotsOfClass('rerun').map((slot) => [rowOf(slot), slot])).values()];

const leave = (gone: Hypervisors): Promise<void> => gone.close();

/** Effects that are done again, on two real daemons: each process has connections of its own. */
export function labRerunSuite(
  purpose: string,
  only: (slot: string) => boolean,
  deathsAt: (calls: number) => readonly number[],
): void {
  const setup = async () => {
    const hosts = await labHosts(purpose);
    const { newProcess } = hosts;
    return { hosts, clock: systemClock, newProcess, leave };
  };
  const chosen = slots.filter(([, slot]) => only(slot));
  rerunSuite('libvirt', setup, { slots: chosen, timeoutMs: 400_000, deathsAt });
}
