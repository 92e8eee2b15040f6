import type { FormattedImage } from '../../../src/ports/images.ts';
import type { SnapshotView } from '../../../src/ports/snapshots.ts';
import type {
  DeletePlan,
  DiskMerge,
  MergeTask,
  SeenChain,
  SnapshotDeleteFacts,
  SnapshotTask,
} from './snapshot-delete.ts';

type Seen = Pick<SnapshotDeleteFacts, 'chains' | 'snapshots'>;
type Named = SeenChain['layers'][number] & { readonly path: string };

/** What would be merged and removed, or why that cannot be. */
export interface MergePlan {
  readonly disks: readonly DiskMerge[];
  readonly files: readonly string[];
  readonly objection: string | null;
}

const nothing: MergePlan = { disks: [], files: [], objection: null };
const refused = (objection: string): MergePlan => ({ ...nothing, objection });
const waiting = { state: 'waiting', tries: 0 } as const;
const merged = { state: 'merged', tries: 0 } as const;

export const isExternal = ({ disks, memory }: SnapshotView): boolean =>
  memory.kind === 'external' || disks.some(({ kind }) => kind === 'external');
export const isInternal = ({ disks, memory }: SnapshotView): boolean =>
  memory.kind === 'internal' || disks.some(({ kind }) => kind === 'internal');

export const snapshotNamed = (
  { snapshots }: Pick<Seen, 'snapshots'>,
  name: string | null,
): SnapshotView | null => snapshots.find((each) => each.name === name) ?? null;

const layersOf = ({ chains }: Seen, targetDev: string) =>
  chains.find((chain) => chain.targetDev === targetDev)?.layers ?? [];

const depthOf = (layers: SeenChain['layers'], path: string | null): number =>
  layers.findIndex((layer) => layer.path !== null && layer.path === path);

/** The snapshot and all that descend from it, children before their parents. */
export function doomedBy({ children, name }: SnapshotTask, seen: Seen): readonly string[] {
  const below = (of: string): string[] =>
    snapshotNamed(seen, of)?.children.flatMap((child) => [...below(child), child]) ?? [];
  if (children === 'keep') return [name];
  return children === 'only' ? below(name) : [...below(name), name];
}

/** Layers that are named by a person. */
export function planMerge({ base, how, targetDev, top }: MergeTask, seen: Seen): MergePlan {
  const layers = layersOf(seen, targetDev);
  if (layers.length < 2)
    return refused(`disk ${targetDev} has one layer only: nothing is there to be merged`);
  const from = top === null ? 0 : depthOf(layers, top);
  const to = base === null ? layers.length - (how === 'commit' ? 1 : 0) : depthOf(layers, base);
  if (from === -1) return refused(`${top} is no layer of disk ${targetDev}: ${listed(layers)}`);
  if (to === -1) return refused(`${base} is no layer of disk ${targetDev}: ${listed(layers)}`);
  if (to <= from || (how === 'pull' && to === 1 && layers.length > 1))
    return refused(`disk ${targetDev} has no layers between these: ${listed(layers)}`);
  if (how === 'pull' && from !== 0)
    return refused(
      `a pull ends in what the guest writes to, ${layers[0]?.path}: leave the top out`,
    );
  const [topLayer, baseLayer] = [named(layers[from]), named(layers[to])];
  if (topLayer === null || (baseLayer === null && to < layers.length))
    return refused(`disk ${targetDev} has layers that are no files of the host`);
  // The bottom may be what other guests are made from, by and by: a pull leaves it whole, and it stays.
  const gone =
    how === 'pull' ? layers.slice(1, Math.min(to, layers.length - 1)) : layers.slice(from, to);
  const disk = {
    targetDev,
    how: how === 'pull' ? 'pull' : from === 0 ? 'activeCommit' : 'commit',
    top: imageOf(topLayer),
    base: baseLayer === null ? null : imageOf(baseLayer),
    above: how === 'pull' ? null : aboveOf(layers, from),
    ...waiting,
  } as const;
  return { disks: [disk], files: gone.flatMap(({ path }) => path ?? []), objection: null };
}

/** Every overlay that a snapshot began into what lies below it. */
export function planSnapshot(snapshot: SnapshotView, seen: Seen): MergePlan {
  const plans = snapshot.disks
    .filter(({ kind }) => kind === 'external')
    .map(({ format, overlayPath, targetDev }) => {
      const frozen = snapshot.frozenPaths.find((each) => each.targetDev === targetDev);
      if (overlayPath === null || frozen === undefined)
        return refused(
          `snapshot ${snapshot.name} does not tell which files of disk ${targetDev} are its own`,
        );
      const overlay = { path: overlayPath, format: format ?? 'qcow2' };
      return planDisk({ snapshot, seen, targetDev, overlay, basePath: frozen.path });
    });
  const memory = snapshot.memory.kind === 'external' ? [snapshot.memory.path] : [];
  return {
    disks: plans.flatMap(({ disks }) => disks),
    files: [...plans.flatMap(({ files }) => files), ...memory],
    objection: plans.find(({ objection }) => objection !== null)?.objection ?? null,
  };
}

interface OneDisk {
  readonly snapshot: SnapshotView;
  readonly seen: Seen;
  readonly targetDev: string;
  readonly overlay: FormattedImage;
  readonly basePath: string;
}

function planDisk({ basePath, overlay, seen, snapshot, targetDev }: OneDisk): MergePlan {
  const layers = layersOf(seen, targetDev);
  const depth = depthOf(layers, overlay.path);
  const files = [overlay.path];
  const top = named(layers[depth]);
  if (depth !== -1 && top !== null) {
    const base = named(layers[depth + 1]);
    if (base === null || base.path !== basePath)
      return refused(
        `disk ${targetDev} of snapshot ${snapshot.name} does not lie on ${basePath} any more: ${listed(layers)}`,
      );
    const how = depth === 0 ? 'activeCommit' : 'commit';
    const ends = { top: imageOf(top), base: imageOf(base), above: aboveOf(layers, depth) };
    return { disks: [{ targetDev, how, ...ends, ...waiting }], files, objection: null };
  }
  // Merged by somebody who was interrupted, or left behind by a revert: nothing is above it either way.
  const base = named(layers[depthOf(layers, basePath)]);
  const child = snapshotNamed(seen, snapshot.children[0] ?? null);
  if (child !== null && (base === null || !isBypassed(child, layers, targetDev)))
    return refused(
      `the guest has left snapshot ${snapshot.name}, and ${child.name} needs its files: delete ${child.name} first`,
    );
  if (base === null) return { disks: [], files, objection: null };
  const ends = { top: overlay, base: imageOf(base), above: null };
  return { disks: [{ targetDev, how: 'commit', ...ends, ...merged }], files, objection: null };
}

/** The next overlay lies on what was below: the one between is merged. */
function isBypassed({ disks }: SnapshotView, layers: SeenChain['layers'], targetDev: string) {
  const next = disks.find((disk) => disk.targetDev === targetDev);
  return depthOf(layers, next?.overlayPath ?? null) !== -1;
}

const isMerged = ({ state }: DiskMerge): boolean => state === 'merged';

/**
 * Some of its disks are merged, and it is there all the same: somebody was interrupted. An overlay that
 * stands, and that nothing lies on, a revert may have left behind.
 */
export function isHalfDeleted(
  snapshot: SnapshotView,
  seen: Seen & Pick<SnapshotDeleteFacts, 'standing'>,
): boolean {
  const { disks } = planSnapshot(snapshot, seen);
  return (
    disks.some(isMerged) &&
    (snapshot.children.length > 0 ||
      !disks.every(isMerged) ||
      disks.some(({ top }) => !seen.standing.includes(top.path)))
  );
}

/** All that one who deletes it in that way has to do. */
export function makePlan(
  what: SnapshotTask | MergeTask,
  way: DeletePlan['way'],
  seen: Seen,
): DeletePlan {
  if (what.kind === 'merge') return { way, doomed: [], ...partsOf(planMerge(what, seen)) };
  const doomed = doomedBy(what, seen);
  const snapshot = snapshotNamed(seen, what.name);
  if (way === 'metadata' || snapshot === null || what.children !== 'keep')
    return { way, doomed, disks: [], files: [] };
  return { way, doomed, ...partsOf(planSnapshot(snapshot, seen)) };
}

const partsOf = ({ disks, files }: MergePlan) => ({ disks, files });

function named(layer: SeenChain['layers'][number] | undefined): Named | null {
  return layer === undefined || layer.path === null ? null : { ...layer, path: layer.path };
}

const imageOf = ({ format, path }: Named): FormattedImage => ({ path, format });

function aboveOf(layers: SeenChain['layers'], depth: number): FormattedImage | null {
  const above = named(layers[depth - 1]);
  return above === null ? null : imageOf(above);
}

const listed = (layers: SeenChain['layers']): string =>
  `it has ${layers.map(({ path }) => path ?? 'no file').join(' over ')}`;
