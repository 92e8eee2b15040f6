import type {
  DomainSnapshotInput,
  SnapshotDeleteInput,
  SnapshotDeleteOutput,
} from '../../machines/index.ts';
import { domainSnapshotInput, snapshotDeleteInput } from '../../machines/index.ts';
import { bindDomainSnapshot } from '../../src/bindings/domain-snapshot.ts';
import { bindSnapshotDelete } from '../../src/bindings/snapshot-delete.ts';
import { snapshotGuest } from './simulated-domain-snapshot.ts';
import type { HostScenario, SimulatedHost } from './simulated-host.ts';
import { heldBy, hostUri, openSimulatedHost, uuid } from './simulated-host.ts';
import type { OnTheWay } from './simulated-runs.ts';
import { driveSimulated } from './simulated-runs.ts';

const unending = new AbortController().signal;
type Tree = readonly (Partial<DomainSnapshotInput> & { readonly name: string })[];

export interface DeletionScenario extends HostScenario, OnTheWay {
  /** Snapshots that are made first, each over the one before. */
  readonly tree?: Tree;
  readonly input?: Partial<SnapshotDeleteInput>;
  /** Before anything is deleted. */
  readonly meanwhile?: (host: SimulatedHost) => Promise<void>;
}

/** A deletion in a simulated world, and what is left of the world. */
export async function deleteSimulated(scenario: DeletionScenario = {}) {
  const host = await openSimulatedHost(scenario, snapshotGuest);
  const { clock, hand, world } = host;
  await makeTree(host, scenario.tree ?? [{ name: 'one' }, { name: 'two' }, { name: 'three' }]);
  if (scenario.meanwhile !== undefined) await clock.run(scenario.meanwhile(host));
  const before = heldBy(world);
  const what = {
    kind: 'snapshot',
    name: 'three',
    children: 'keep',
    metadataOnly: false,
    by: 'auto',
  } as const;
  const asked = { domain: 'guest', host: hostUri, what, ...scenario.input };
  const ended = await driveSimulated(
    host,
    bindSnapshotDelete,
    snapshotDeleteInput(asked),
    scenario,
  );
  const snapshots = await clock.run(hand.listSnapshots(uuid, unending));
  const output = ended.output as SnapshotDeleteOutput;
  return { ...ended, output, after: heldBy(world), before, clock, hand, snapshots, world };
}

async function makeTree({ clock, engines, pass, world }: SimulatedHost, tree: Tree): Promise<void> {
  const { engine } = engines.seat([bindDomainSnapshot(world.hypervisors)]);
  for (const asked of tree) {
    const input = domainSnapshotInput({ domain: 'guest', host: hostUri, ...asked });
    const made = await engine.start('domainSnapshot', input);
    const ending = await clock.run(made.wait());
    if (ending.ended !== 'finished' || Object(ending.output).outcome !== 'completed')
      throw new Error(`${asked.name}: ${JSON.stringify(ending)}`);
    await pass(2_000);
  }
}

export type DeletionEnd = Awaited<ReturnType<typeof deleteSimulated>>;
