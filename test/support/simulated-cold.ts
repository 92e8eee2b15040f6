import type { ColdSnapshotInput, ColdSnapshotOutput } from '../../machines/index.ts';
import { coldSnapshotInput } from '../../machines/index.ts';
import type { DomainSpec } from '../../src/adapters/simulated/index.ts';
import { bindColdSnapshot } from '../../src/bindings/cold-snapshot.ts';
import type { HostScenario, SimulatedHost } from './simulated-host.ts';
import { heldBy, hostUri, openSimulatedHost, uuid } from './simulated-host.ts';
import { mib } from './simulated-migration.ts';
import type { OnTheWay } from './simulated-runs.ts';
import { driveSimulated } from './simulated-runs.ts';

const unending = new AbortController().signal;

export const coldGuest: DomainSpec = {
  name: 'guest',
  host: 'hostA',
  memoryBytes: 256 * mib,
  disks: [
    {
      targetDev: 'vda',
      path: '/images/guest.qcow2',
      capacityBytes: 64 * mib,
      storage: 'private',
      format: 'qcow2',
    },
  ],
  devices: [
    { alias: 'net0', element: 'interface', passthrough: 'sriov', needsGuest: true },
    { alias: 'hostdev0', element: 'hostdev', passthrough: 'mdev', needsGuest: true },
    { alias: 'rng0', element: 'rng', needsGuest: true },
  ],
};

export interface ColdScenario extends HostScenario, OnTheWay {
  readonly input?: Partial<ColdSnapshotInput>;
}

/** One cold snapshot in a simulated world, and what is left of the world. */
export async function coldSimulated(scenario: ColdScenario = {}) {
  const host = await openSimulatedHost(scenario, coldGuest);
  const { world } = host;
  const before = await heldWithDevices(host);
  const given = { domain: 'guest', host: hostUri, directory: '/backup', fileName: 'image.qcow2' };
  const ended = await driveSimulated(
    host,
    bindColdSnapshot,
    coldSnapshotInput({ ...given, ...scenario.input }),
    scenario,
  );
  const after = await heldWithDevices(host);
  const lastTickOnImage = world.lastTickOn('hostA', '/backup/image.qcow2');
  const output = ended.output as ColdSnapshotOutput;
  return { ...ended, output, after, before, lastTickOnImage, ...host };
}

async function heldWithDevices({ clock, hand, world }: SimulatedHost) {
  const devices = await clock.run(hand.findDevices(uuid, unending));
  return { ...heldBy(world), devices: devices.map(({ alias }) => alias) };
}
