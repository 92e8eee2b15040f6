import type { DomainSnapshotInput, DomainSnapshotOutput } from '../../machines/index.ts';
import { domainSnapshotInput } from '../../machines/index.ts';
import type { DomainSpec } from '../../src/adapters/simulated/index.ts';
import { bindDomainSnapshot } from '../../src/bindings/domain-snapshot.ts';
import type { HostScenario } from './simulated-host.ts';
import { heldBy, hostUri, openSimulatedHost, uuid } from './simulated-host.ts';
import { mib } from './simulated-migration.ts';
import type { OnTheWay } from './simulated-runs.ts';
import { driveSimulated } from './simulated-runs.ts';

const unending = new AbortController().signal;
const file = { capacityBytes: 64 * mib, storage: 'private', format: 'qcow2' } as const;

export const snapshotGuest: DomainSpec = {
  name: 'guest',
  host: 'hostA',
  memoryBytes: 256 * mib,
  disks: [
    { targetDev: 'vda', path: '/images/guest.qcow2', ...file },
    { targetDev: 'vdb', path: '/images/second.qcow2', ...file },
  ],
};

export interface SnapshotScenario extends HostScenario, OnTheWay {
  readonly input?: Partial<DomainSnapshotInput>;
}

/** One snapshot in a simulated world, and what is left of the world. */
export async function snapshotSimulated(scenario: SnapshotScenario = {}) {
  const host = await openSimulatedHost(scenario, snapshotGuest);
  const { clock, hand, world } = host;
  const before = heldBy(world);
  const asked = { domain: 'guest', host: hostUri, name: 'before', ...scenario.input };
  const ended = await driveSimulated(
    host,
    bindDomainSnapshot,
    domainSnapshotInput(asked),
    scenario,
  );
  const snapshots = await clock.run(hand.listSnapshots(uuid, unending));
  const output = ended.output as DomainSnapshotOutput;
  return { ...ended, output, after: heldBy(world), before, clock, hand, snapshots, world };
}
