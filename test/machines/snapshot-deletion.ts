import { snapshotDelete, snapshotDeleteInput } from '../../machines/index.ts';
import type { SnapshotDeleteInput } from '../../machines/index.ts';
import type { MergeLook } from '../../machines/policy/snapshot-delete/looks.ts';
import type {
  SeenChain,
  SnapshotDeleteFacts,
} from '../../machines/policy/snapshot-delete/snapshot-delete.ts';
import type { Failure } from '../../src/ports/failure.ts';
import type { SnapshotView } from '../../src/ports/snapshots.ts';
import { guestView, hostView } from './facts.ts';
import { Walk } from './walk.ts';

const disks = ['vda', 'vdb'] as const;
export const host = 'simulated:///hostA';
export const file = (targetDev: string, name: string): string => `/images/${targetDev}.${name}`;

/** Layers of both disks, top first, by the names of the snapshots that began them. */
export const chainsOf = (...names: readonly string[]): SeenChain[] =>
  disks.map((targetDev) => ({
    targetDev,
    layers: names.map((name) => ({ path: file(targetDev, name), format: 'qcow2' })),
    job: null,
  }));

export const snapshotOf = (
  name: string,
  parent: string | null,
  more: Partial<SnapshotView> = {},
): SnapshotView => ({
  name,
  parent,
  children: [],
  current: false,
  description: null,
  createdAtEpochMs: 1,
  state: 'diskSnapshot',
  memory: { kind: 'none' },
  disks: disks.map((targetDev) => ({
    targetDev,
    kind: 'external',
    overlayPath: file(targetDev, name),
    format: 'qcow2',
  })),
  frozenPaths: disks.map((targetDev) => ({ targetDev, path: file(targetDev, parent ?? 'base') })),
  hasDefinition: true,
  unfinishedDeletion: [],
  ...more,
});

/** `one` and `two` over the base; nothing speaks against a deletion of either. */
export const goodFacts: SnapshotDeleteFacts = {
  atEpochMs: 1,
  host: { ...hostView('hostA'), libvirtVersion: 9_000_000 },
  domain: { ...guestView, managedSave: false, job: null },
  claims: [],
  snapshots: [
    snapshotOf('one', null, { children: ['two'] }),
    snapshotOf('two', 'one', { current: true }),
  ],
  chains: chainsOf('two', 'one', 'base'),
  hasTools: true,
  standing: disks.map((targetDev) => file(targetDev, 'two')),
  overlays: [],
  users: [],
  used: [],
  left: [],
};

export const byHand = {
  kind: 'snapshot',
  name: 'two',
  children: 'keep',
  metadataOnly: false,
  by: 'manual',
} as const;

export const claim = { run: 'run-1', engine: 'here:1', sinceEpochMs: 1 };
export const failed = (effect: Failure['effect'], code = 'broken'): Failure => ({
  code,
  message: `it is ${code}`,
  effect,
});
const notYet: MergeLook = {
  atEpochMs: 5,
  guest: 'running',
  isDeleting: false,
  chains: goodFacts.chains,
  snapshots: goodFacts.snapshots,
  files: [],
};
export const lookWith = (more: Partial<MergeLook> = {}): MergeLook => ({ ...notYet, ...more });

/** A deletion under way, step by step; what the watch tells and what effects answer comes from the test. */
export class DeletionWalk extends Walk {
  constructor(what: SnapshotDeleteInput['what'] = byHand) {
    super(snapshotDelete, snapshotDeleteInput({ domain: 'guest', host, what }));
  }

  judged(facts: Partial<SnapshotDeleteFacts> = {}): this {
    return this.done('gather', { ...goodFacts, ...facts });
  }

  claimed(facts?: Partial<SnapshotDeleteFacts>): this {
    return this.judged(facts).done('claim', { claim, others: [] });
  }

  job(status: 'ready' | 'failed' | 'canceled' | 'completed', targetDev: string): this {
    const event = { type: `blockJob.${status}`, atEpochMs: 9, targetDev, job: 'activeCommit' };
    return this.send(event);
  }

  merging(): this {
    return this.claimed().done('beginMergePrepared').done('beginMergePrepared');
  }

  turning(): this {
    return this.merging().job('ready', 'vda').job('ready', 'vdb');
  }

  finalising(): this {
    return this.turning().done('pivotTurned', { how: 'ended' });
  }

  released(): this {
    return this.done('release', { released: [host] });
  }

  disks(): readonly string[] {
    const { plan } = this.snapshot.context;
    return plan.disks.map(
      ({ state, targetDev }: Record<string, string>) => `${targetDev} ${state}`,
    );
  }

  artefacts(): string[] {
    const { artefacts } = this.snapshot.context;
    return artefacts.map(
      ({ kind, path, status }: Record<string, string>) => `${kind} ${path} ${status}`,
    );
  }
}
