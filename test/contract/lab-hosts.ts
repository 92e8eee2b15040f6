import { labUp } from '../../lab/index.ts';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import { systemClock } from '../../src/engine/system-clock.ts';
import type { Hypervisors } from '../../src/ports/hypervisor.ts';
import { labImages } from '../support/lab-images.ts';
import { labNameFor } from '../support/needs.ts';
import type { TwoHosts } from './fixture.ts';
import { unending } from './fixture.ts';

export interface LabHosts extends TwoHosts {
  /** The same hosts for another process, with connections of its own. */
  readonly newProcess: () => Hypervisors;
}

/** Two real daemons, in a lab of its own for each part of the contract. */
export async function labHosts(
  part: string,
  generation: 'older' | 'newer' = 'older',
): Promise<LabHosts> {
  const isNewer = generation === 'newer';
  const lab = await labUp({ name: labNameFor(part), hosts: isNewer ? 3 : 2 });
  await lab.reset();
  const [hostA, hostB] = [lab.host(isNewer ? 'hostC' : 'hostA'), lab.host('hostB')];
  const newProcess = (): Hypervisors =>
    createLibvirtHypervisors({ clock: systemClock, images: labImages(lab) });
  const hypervisors = newProcess();
  return {
    hypervisors,
    newProcess,
    source: await hypervisors.open(hostA.uri, unending),
    destination: await hypervisors.open(hostB.uri, unending),
    destinationConnectUri: hostB.tcp,
    unreachableConnectUri: `qemu+tcp://${hostB.address}:1/system`,
    addGuest: async (name, storage, agent) => {
      const fill = storage === 'private' ? '48M' : undefined;
      const [hasAgent, hasControl] =
        agent === 'well' ? (['present', 'present'] as const) : (['absent', 'absent'] as const);
      const parts = { agent: hasAgent, control: hasControl };
      const pluggedDevices = ['rng', 'usbTablet'] as const;
      const made = { on: hostA.name, storage, fill, pluggedDevices, ...parts };
      return (await lab.guest(name, made)).uuid;
    },
    setAgent: async (name, agent) => {
      const signal = { silent: 'stop-agent', gone: 'kill-agent' } as const;
      const kind = agent === 'silent' || agent === 'gone' ? signal[agent] : 'continue-agent';
      await lab.tellGuest(name, { kind });
      await lab.tellGuest(name, { kind: 'hang-freeze', seconds: agent === 'hangs' ? 3 : 0 });
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
