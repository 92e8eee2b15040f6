import type { Failure } from '../../src/ports/failure.ts';
import type { Artefact } from './artefact.ts';
import { withArtefact, withoutArtefact } from './artefact.ts';
import { readFailure } from './failures.ts';
import { foundDomain } from './one-host.ts';
import { isUnderWay } from './snapshot-delete-progress.ts';
import type { LeftFile, SnapshotDeleteContext } from './snapshot-delete.ts';
import { deletionFailure, disksOf, planOf } from './snapshot-delete.ts';

type Context = SnapshotDeleteContext;
type Change = Partial<Context>;

export const stalledFailure = ({ stallMs }: Context): Failure =>
  deletionFailure('stalled', `no byte was merged for ${Math.round(stallMs / 1_000)} s`);

export const silentFailure = ({ host }: Context): Failure =>
  deletionFailure(
    'peerUnreachable',
    `${host} did not tell what became of the merge: look at the domain's disks (virsh domblklist, virsh blockjob) when it answers again, and delete the snapshot once more`,
    'unknown',
  );

/** What stands, and what is to be done; the guest has lost nothing. */
export function halfFailure(context: Context): Failure {
  const disks = disksOf(context);
  const of = (isMerged: boolean): string =>
    disks
      .filter(({ state }) => (state === 'merged') === isMerged)
      .map(({ targetDev }) => targetDev)
      .join(', ');
  const why = context.setback?.message ?? 'it stood still';
  return deletionFailure(
    'halfMerged',
    `merged: ${of(true)}; not merged: ${of(false)} (${why}). The guest has all its data: mend the cause, and ask for the same again, which goes on from here`,
    'done',
  );
}

/** What cannot be cancelled is told. */
export const jobLeftFailure = (context: Context): Failure =>
  deletionFailure(
    'jobLeft',
    `${context.failure?.message ?? 'the merge was given up'}; and the merge of ${disksOf(context)
      .filter(isUnderWay)
      .map(({ targetDev }) => targetDev)
      .join(', ')} could not be ended: virsh blockjob ${foundDomain(context).name} DISK --abort`,
    'unknown',
  );

export const notDeleted = (context: Context): Failure =>
  deletionFailure(
    'notDeleted',
    `libvirt kept ${planOf(context).doomed.join(', ')}, and gave no reason`,
  );

export const metadataFailure = ({ failure, host }: Context): Failure =>
  deletionFailure(
    'metadataLeft',
    `all disks are merged, and ${host} did not change what it keeps of the snapshots${failure === null ? '' : ` (${failure.message})`}: ask for the same again`,
    'done',
  );

/** Before the call: whatever comes of it, these are files that nobody needs. */
export function expectRemoval(context: Context): Change {
  const { host } = context;
  const artefacts = planOf(context).files.reduce<readonly Artefact[]>(
    (all, path) => withArtefact(all, { kind: 'overlay', host, path, status: 'unwanted' }),
    context.artefacts,
  );
  return { artefacts };
}

export interface Removal {
  readonly removed: readonly string[];
  readonly left: readonly LeftFile[];
}

export function noteRemoved(context: Context, { left, removed }: Removal): Change {
  const { host } = context;
  const gone = removed.reduce<readonly Artefact[]>(
    (all, path) => withoutArtefact(all, { kind: 'overlay', host, path }),
    context.artefacts,
  );
  const artefacts = left.reduce<readonly Artefact[]>(
    (all, { path }) => withArtefact(all, { kind: 'overlay', host, path, status: 'left' }),
    gone,
  );
  return { artefacts, removed, left };
}

/** libvirt said so, and it removes the overlays that it merges: only memory is left behind (9.0). */
export const isGoneWhole = ({ deletion, facts, failure, what }: Context): boolean =>
  deletion === 'gone' &&
  failure === null &&
  what.kind === 'snapshot' &&
  facts?.snapshots.find(({ name }) => name === what.name)?.memory.kind !== 'external';

export const noteAllRemoved = (context: Context): Change => ({ removed: planOf(context).files });

/** Everything else is done: a file that stays is told of. */
export function noteUnremoved(context: Context, { error }: { error: unknown }): Change {
  const why = readFailure(error).message;
  const left = planOf(context).files.map((path) => ({ path, why }));
  return noteRemoved(context, { removed: [], left });
}
