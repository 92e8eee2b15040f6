import type { Consistency } from '../../../src/ports/image-store.ts';
import type { SnapshotView } from '../../../src/ports/snapshots.ts';
import type { SnapshotKind } from '../snapshot-revert/snapshot-revert.ts';
import { kindOf } from '../snapshot-revert/snapshot-revert.ts';

/** A file that belongs to a snapshot. */
export interface SnapshotFile {
  readonly path: string;
  /** `state`: holds what was true then; `overlay`: was written to from then on; `memory`: the guest's. */
  readonly role: 'state' | 'overlay' | 'memory';
  readonly targetDev: string | null;
  /** What it takes on the host; `null`: it is missing, or nobody can say. */
  readonly bytes: number | null;
}

/** One snapshot, for a person. */
export interface SnapshotNode {
  readonly name: string;
  readonly description: string | null;
  readonly createdAtEpochMs: number;
  readonly current: boolean;
  readonly kind: SnapshotKind;
  readonly state: SnapshotView['state'];
  readonly withMemory: boolean;
  /** At least; libvirt does not keep whether the guest was frozen. */
  readonly consistency: Consistency;
  readonly files: readonly SnapshotFile[];
  /** Why it cannot be reverted to, deleted; `null`: it can. */
  readonly revertObjection: string | null;
  readonly deleteObjection: string | null;
  readonly children: readonly SnapshotNode[];
}

export interface SnapshotTreeFacts {
  readonly snapshots: readonly SnapshotView[];
  /** What is known of files, by path; `missing`: it does not stand there. */
  readonly files: Readonly<Record<string, number | 'missing'>>;
  /** What the own checks of a revert and of a deletion say, by name. */
  readonly objections: Readonly<Record<string, SnapshotObjections>>;
}

export type SnapshotObjections = Pick<SnapshotNode, 'deleteObjection' | 'revertObjection'>;

const noObjections: SnapshotObjections = { revertObjection: null, deleteObjection: null };

/** Roots first, each with what was taken after it. Whatever has no parent among them is a root. */
export function snapshotTree(facts: SnapshotTreeFacts): readonly SnapshotNode[] {
  const names = new Set(facts.snapshots.map(({ name }) => name));
  const isRoot = ({ parent }: SnapshotView): boolean => parent === null || !names.has(parent);
  return facts.snapshots.filter(isRoot).map((root) => nodeOf(root, facts));
}

function nodeOf(snapshot: SnapshotView, facts: SnapshotTreeFacts): SnapshotNode {
  const { createdAtEpochMs, current, description, memory, name, state } = snapshot;
  const children = facts.snapshots.filter(({ parent }) => parent === name);
  return {
    name,
    description,
    createdAtEpochMs,
    current,
    kind: kindOf(snapshot),
    state,
    withMemory: memory.kind !== 'none',
    consistency: memory.kind === 'none' ? 'crash' : 'application',
    files: filesOf(snapshot, facts),
    ...(facts.objections[name] ?? noObjections),
    children: children.map((child) => nodeOf(child, facts)),
  };
}

/** Paths of a snapshot, whether they stand or not. */
export function pathsOf(snapshot: SnapshotView): readonly Omit<SnapshotFile, 'bytes'>[] {
  const { disks, frozenPaths, memory } = snapshot;
  const overlays = disks.flatMap(({ kind, overlayPath, targetDev }) =>
    kind === 'external' && overlayPath !== null ? [{ path: overlayPath, targetDev }] : [],
  );
  return [
    ...frozenPaths.map((frozen) => ({ ...frozen, role: 'state' }) as const),
    ...overlays.map((overlay) => ({ ...overlay, role: 'overlay' }) as const),
    ...(memory.kind === 'external'
      ? [{ path: memory.path, targetDev: null, role: 'memory' } as const]
      : []),
  ];
}

function filesOf(snapshot: SnapshotView, { files }: SnapshotTreeFacts): readonly SnapshotFile[] {
  return pathsOf(snapshot).map((file) => {
    const known = files[file.path];
    return { ...file, bytes: typeof known === 'number' ? known : null };
  });
}
