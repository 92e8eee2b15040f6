import { createSimulatedWorld, VirtualClock } from '../../src/adapters/simulated/index.ts';
import type { TwoHosts } from './fixture.ts';
import { unending } from './fixture.ts';

const images = { name: 'images', targetPath: '/images', capacityBytes: 2 ** 33 };

/** Two hosts of a world of their own. */
export async function simulatedHosts(): Promise<TwoHosts & { readonly clock: VirtualClock }> {
  const clock = new VirtualClock({ startEpochMs: 1_700_000_000_000, pace: 'asFastAsPossible' });
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [
      { name: 'hostA', pools: [images] },
      { name: 'hostB', pools: [images] },
    ],
    domains: [],
    link: { bandwidthBytesPerS: 2 ** 27 },
    faults: [],
  });
  const add = async (
    name: string,
    host: 'hostA' | 'hostB',
    storage: 'shared' | 'private' | null,
    agent: 'well' | 'none' = 'none',
  ) => {
    const path = `/${storage === 'shared' ? 'shared' : 'images'}/${name}.qcow2`;
    const disk = { targetDev: 'vda', path, capacityBytes: 2 ** 26, format: 'qcow2' };
    world.addDomain({
      name,
      host,
      memoryBytes: 2 ** 26,
      dirtyBytesPerS: 2 ** 17,
      agent,
      devices:
        storage === null
          ? []
          : [
              { alias: 'input0', element: 'input' },
              { alias: 'rng0', element: 'rng', needsGuest: true },
            ],
      disks: storage === null ? [] : [{ ...disk, storage }],
    });
    const { hypervisors } = world;
    const hypervisor = await hypervisors.open(`simulated:///${host}`, unending);
    const { uuid = '' } = (await hypervisor.findDomain(name, unending)) ?? {};
    return uuid;
  };
  return {
    clock,
    hypervisors: world.hypervisors,
    source: await world.hypervisors.open('simulated:///hostA', unending),
    destination: await world.hypervisors.open('simulated:///hostB', unending),
    destinationConnectUri: 'simulated:///hostB',
    unreachableConnectUri: 'simulated:///nowhere',
    addGuest: (name, storage, agent) => add(name, 'hostA', storage, agent),
    setAgent: async (name, agent) => {
      const host = await world.hypervisors.open('simulated:///hostA', unending);
      const { uuid = '' } = (await host.findDomain(name, unending)) ?? {};
      const hangs = { hangsAt: 'freeze', forMs: 3_000 } as const;
      const spec = { well: 'well', silent: 'silent', gone: 'disconnected', hangs } as const;
      world.setAgent(uuid, spec[agent]);
    },
    addBareDomain: (name, on) => add(name, on === 'source' ? 'hostA' : 'hostB', null),
    run: (work) => clock.run(work),
    close: () => world.hypervisors.close(),
  };
}
