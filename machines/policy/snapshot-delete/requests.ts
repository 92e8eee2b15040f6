import type { DeleteOptions, MergedLayer } from '../../../src/ports/snapshots.ts';
import type { DomainOnHost } from '../domain-on-host.ts';
import type { OneHostInput } from '../one-host/one-host.ts';
import { onHost } from '../one-host/one-host.ts';
import type { DiskMerge, SnapshotDeleteContext, SnapshotDeleteInput } from './snapshot-delete.ts';
import { disksOf, isUnanswered, planOf } from './snapshot-delete.ts';

type In = { readonly context: SnapshotDeleteContext };

export type FactsRequest = OneHostInput & Pick<SnapshotDeleteInput, 'what'>;

export interface MergeRequest extends DomainOnHost {
  readonly disk: DiskMerge;
  readonly bandwidthMibPerS: number;
}
export interface DisksOnHost extends DomainOnHost {
  readonly disks: readonly DiskMerge[];
}
export interface LookRequest extends DisksOnHost {
  /** A daemon that dies over a deletion of its own may not know afterwards what the guest writes to. */
  readonly isInDoubt: boolean;
}
export interface DeletionRequest extends DomainOnHost, DeleteOptions {
  readonly name: string;
}
export interface MendRequest extends DomainOnHost {
  readonly merged: readonly MergedLayer[];
}
export interface RemovalRequest extends DomainOnHost {
  readonly paths: readonly string[];
}

export const factsRequest = ({ context }: In): FactsRequest => {
  const { breakClaims, domain, host, peerWaitMs, what } = context;
  return { domain, host, peerWaitMs, breakClaims, what };
};

const disksIn =
  (...states: readonly DiskMerge['state'][]) =>
  ({ context }: In): DisksOnHost => ({
    ...onHost({ context }),
    disks: disksOf(context).filter(({ state }) => states.includes(state)),
  });

export const lookRequest = ({ context }: In): LookRequest => ({
  ...onHost({ context }),
  disks: disksOf(context),
  isInDoubt: isUnanswered(context),
});

/** Only what this run has begun. */
export const ownMerges = disksIn('asked', 'working', 'ready');

function requestFor(
  context: SnapshotDeleteContext,
  isMeant: (disk: DiskMerge) => boolean,
): MergeRequest {
  const disk = disksOf(context).find(isMeant);
  if (disk === undefined) throw new Error('no disk is to be merged now');
  const { bandwidthMibPerS } = context;
  return { ...onHost({ context }), disk, bandwidthMibPerS };
}

export const mergeRequest = ({ context }: In): MergeRequest =>
  requestFor(context, ({ state }) => state === 'asked');
export const conclusionRequest = ({ context }: In): MergeRequest =>
  requestFor(context, ({ targetDev }) => targetDev === context.concluding);

/** By libvirt, as it was asked for. */
export function deletionRequest({ context }: In): DeletionRequest {
  const { what } = context;
  if (what.kind === 'merge') throw new Error('a merge deletes no snapshot');
  const { children, metadataOnly, name } = what;
  return { ...onHost({ context }), name, children, metadataOnly };
}

/** After merges of our own. */
export const metadataRequest = ({ context }: In): DeletionRequest => ({
  ...deletionRequest({ context }),
  children: 'keep',
  metadataOnly: true,
});

/** Whoever kept something in a layer that is gone finds it in what that was merged into. */
export const mendRequest = ({ context }: In): MendRequest => ({
  ...onHost({ context }),
  merged: disksOf(context).flatMap(({ base, how, state, targetDev, top }) =>
    state === 'merged' && how !== 'pull' && base !== null
      ? [{ targetDev, from: top.path, to: base }]
      : [],
  ),
});

export const removalRequest = ({ context }: In): RemovalRequest => ({
  ...onHost({ context }),
  paths: planOf(context).files,
});
