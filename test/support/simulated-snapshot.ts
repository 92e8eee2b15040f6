import type { LiveSnapshotInput, LiveSnapshotOutput } from '../../machines/index.ts';
import { liveSnapshotInput } from '../../machines/index.ts';
import type { DomainSpec } from '../../src/adapters/simulated/index.ts';
import { bindLiveSnapshot } from '../../src/bindings/live-snapshot.ts';
import type { HostScenario } from './simulated-host.ts';
import { heldBy, hostUri, openSimulatedHost, uuid } from './simulated-host.ts';
import { mib } from './simulated-migration.ts';
import type { OnTheWay } from './simulated-runs.ts';
import { driveSimulated } from './simulated-runs.ts';

const unending = new AbortController().signal;

const diskOf = (targetDev: string) => ({
  targetDev,
  path: `/images/${targetDev}.qcow2`,
  capacityBytes: 64 * mib,
  storage: 'private' as const,
  format: 'qcow2',
});

export const liveGuest: DomainSpec = {
  name: 'guest',
  host: 'hostA',
  persistent: true,
  memoryBytes: 256 * mib,
  disks: [diskOf('vda'), diskOf('vdb')],
};

export interface SnapshotScenario extends HostScenario, OnTheWay {
  readonly input?: Partial<LiveSnapshotInput>;
}

/** One live snapshot in a simulated world, and what is left of the world. */
export async function snapshotSimulated(scenario: SnapshotScenario = {}) {
  const host = await openSimulatedHost(scenario, liveGuest);
  const { clock, hand, world } = host;
  const before = heldBy(world);
  const given = { domain: 'guest', host: hostUri, directory: '/backup', fileName: 'image.qcow2' };
  const ended = await driveSimulated(
    host,
    bindLiveSnapshot,
    liveSnapshotInput({ ...given, ...scenario.input }),
    scenario,
  );
  const isUp = world.listing()[0]?.daemon === 'up';
  return {
    ...ended,
    output: ended.output as LiveSnapshotOutput,
    before,
    after: heldBy(world),
    freezeStatus: isUp
      ? await clock.run(hand.freezeStatus(uuid, 1_000, unending).catch(() => 'gone'))
      : 'unknown',
    lastTickOnImage: world.lastTickOn('hostA', '/backup/image.qcow2'),
    world,
  };
}

export type SnapshotEnd = Awaited<ReturnType<typeof snapshotSimulated>>;
