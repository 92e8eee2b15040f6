import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import { systemClock } from '../../src/engine/system-clock.ts';
import { labHosts } from '../contract/lab-hosts.ts';
import { rerunSuite, rowOf, slotsOfClass } from './rerun.suite.ts';

/** Which machine asks for it makes no difference to the daemons. */
const slots = [...new Map(slotsOfClass('rerun').map((slot) => [rowOf(slot), slot])).values()];

/** Effects that are done again, on two real daemons: each process has connections of its own. */
export function labRerunSuite(
  purpose: string,
  only: (slot: string) => boolean,
  deathsAt: (calls: number) => readonly number[],
): void {
  const setup = async () => ({
    hosts: await labHosts(purpose),
    clock: systemClock,
    newProcess: () => createLibvirtHypervisors({ clock: systemClock }),
    leave: (gone: ReturnType<typeof createLibvirtHypervisors>) => gone.close(),
  });
  const chosen = slots.filter(([, slot]) => only(slot));
  rerunSuite('libvirt', setup, { slots: chosen, timeoutMs: 400_000, deathsAt });
}
