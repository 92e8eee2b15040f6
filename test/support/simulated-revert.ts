import type { SnapshotRevertInput } from '../../machines/policy/snapshot-revert/snapshot-revert.ts';
import { snapshotRevertInput } from '../../machines/policy/snapshot-revert/snapshot-revert.ts';
import type { SnapshotRevertOutput } from '../../machines/snapshot-revert.setup.ts';
import { bindSnapshotRevert } from '../../src/bindings/snapshot-revert.ts';
import type { Hypervisor } from '../../src/ports/hypervisor.ts';
import type { SnapshotRequest } from '../../src/ports/snapshots.ts';
import { snapshotGuest } from './simulated-domain-snapshot.ts';
import type { HostScenario, SimulatedHost } from './simulated-host.ts';
import { heldBy, hostUri, openSimulatedHost, uuid } from './simulated-host.ts';
import type { OnTheWay } from './simulated-runs.ts';
import { driveSimulated } from './simulated-runs.ts';

const unending = new AbortController().signal;

export interface RevertScenario extends HostScenario, OnTheWay {
  /** The snapshot that is there; the guest ticks on for ten seconds after it. */
  readonly kind?: 'internal' | 'external';
  readonly input?: Partial<SnapshotRevertInput>;
  /** Done to the host after the snapshot was taken, by somebody. */
  readonly meanwhile?: (hand: Hypervisor) => Promise<void>;
}

export const memoryPath = '/images/guest.then.memory';

function requestOf(kind: 'internal' | 'external', isActive: boolean): SnapshotRequest {
  const overlayOf = (name: string) => (kind === 'external' ? `/images/${name}.then` : null);
  const memory = kind === 'external' ? ({ kind, path: memoryPath } as const) : { kind };
  return {
    name: 'then',
    description: null,
    memory: isActive ? memory : { kind: 'none' },
    disks: [
      { targetDev: 'vda', kind, overlayPath: overlayOf('guest'), format: 'qcow2' },
      { targetDev: 'vdb', kind, overlayPath: overlayOf('second'), format: 'qcow2' },
    ],
    diskOnly: kind === 'external' && !isActive,
    quiesce: false,
    atomic: kind === 'external',
    reuseExternal: false,
    halt: false,
    noMetadata: false,
    live: false,
  };
}

/** One revert in a simulated world, and what is left of the world. */
export async function revertSimulated(scenario: RevertScenario = {}) {
  const { kind = 'internal', meanwhile } = scenario;
  const libvirtVersion = kind === 'external' ? 11_003_000 : 9_000_000;
  const host = await openSimulatedHost({ libvirtVersion, ...scenario }, snapshotGuest);
  const { clock, hand, pass, world } = host;
  const request = requestOf(kind, scenario.guest?.state !== 'shutoff');
  await clock.run(hand.createSnapshot(uuid, request, unending));
  await pass(10_000);
  if (meanwhile !== undefined) await clock.run(meanwhile(hand));
  const before = await heldWithSnapshots(host);
  const ticksBefore = world.ticks(uuid).at(-1)?.lastTick ?? 0;
  const ended = await driveSimulated(
    host,
    bindSnapshotRevert,
    snapshotRevertInput({ domain: 'guest', host: hostUri, name: 'then', ...scenario.input }),
    scenario,
  );
  const output = ended.output as SnapshotRevertOutput;
  return { ...ended, output, after: await heldWithSnapshots(host), before, ticksBefore, world };
}

async function heldWithSnapshots({ clock, hand, world }: SimulatedHost) {
  const snapshots = await clock.run(hand.listSnapshots(uuid, unending));
  const names = snapshots.map(({ current, name }) => `${name}${current ? ' *' : ''}`);
  // What it goes back to may get a new layer.
  const { files: _, ...held } = heldBy(world);
  return { ...held, snapshots: names };
}
