import { labUp } from '../../lab/index.ts';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import { systemClock } from '../../src/engine/system-clock.ts';
import { labNameFor } from '../support/needs.ts';
import type { TwoHosts } from './fixture.ts';
import { unending } from './fixture.ts';

/** Two real daemons, in a lab of its own for each part of the contract. */
export async function labHosts(part: string): Promise<TwoHosts> {
  const lab = await labUp({ name: labNameFor(part) });
  await lab.reset();
  const [hostA, hostB] = [lab.host('hostA'), lab.host('hostB')];
  const hypervisors = createLibvirtHypervisors({ clock: systemClock });
  return {
    hypervisors,
    source: await hypervisors.open(hostA.uri, unending),
    destination: await hypervisors.open(hostB.uri, unending),
    destinationConnectUri: hostB.tcp,
    unreachableConnectUri: `qemu+tcp://${hostB.address}:1/system`,
    addGuest: async (name, storage) => {
      const fill = storage === 'private' ? '48M' : undefined;
      return (await lab.guest(name, { on: hostA.name, storage, fill, agent: 'absent' })).uuid;
    },
    addBareDomain: async (name, on) =>
      (await lab.bareDomain(name, { on: on === 'source' ? hostA.name : hostB.name })).uuid,
    run: (work) => work,
    close: async () => {
      await hypervisors.close();
      await lab.down();
    },
  };
}
