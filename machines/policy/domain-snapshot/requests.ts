import type { OpenFile, SnapshotRequest } from '../../../src/ports/snapshots.ts';
import type { DomainOnHost } from '../domain-on-host.ts';
import type {
  DomainSnapshotContext,
  DomainSnapshotInput,
  PlannedDisk,
  Redefinition,
} from './domain-snapshot.ts';
import { plannedDisks, snapshotRequest } from './domain-snapshot.ts';
import { filesLeft, overlaysLeft } from './progress.ts';
import type { OneHostInput } from '../one-host/one-host.ts';
import { onHost } from '../one-host/one-host.ts';

/** What the checks depend on. */
export interface SnapshotFactsRequest
  extends
    OneHostInput,
    Pick<
      DomainSnapshotInput,
      'disks' | 'kind' | 'memoryPath' | 'name' | 'overlayFormat' | 'redefine' | 'reuseExternal'
    > {}

/** The guest's agent gets that long to answer. */
export interface CreateRequest extends DomainOnHost {
  readonly request: SnapshotRequest;
}

export interface RedefineRequest extends DomainOnHost {
  readonly redefine: Redefinition;
}

export interface NamedSnapshot extends DomainOnHost {
  readonly name: string;
}

/** Overlays of this run, each with what lies below it. */
export interface OverlaysOnHost extends DomainOnHost {
  readonly disks: readonly PlannedDisk[];
}

/** The definition names these from then on. */
export interface ConfigureRequest extends OverlaysOnHost {
  readonly as: 'overlay' | 'base';
}

export interface FilesRequest extends DomainOnHost {
  readonly paths: readonly string[];
  /** Those of them that a QEMU may have been told to open. */
  readonly overlayPaths: readonly string[];
}

export interface RemovedFiles {
  readonly removed: readonly string[];
  /** Files that stay because QEMU has them open, which no disk of it uses. */
  readonly held: readonly OpenFile[];
}

type In = { readonly context: DomainSnapshotContext };

export function factsRequest({ context }: In): SnapshotFactsRequest {
  const { breakClaims, domain, host, peerWaitMs } = context;
  const { disks, kind, memoryPath, name, overlayFormat, redefine, reuseExternal } = context;
  const asked = { disks, kind, memoryPath, name, overlayFormat, redefine, reuseExternal };
  return { domain, host, peerWaitMs, breakClaims, ...asked };
}

export const createRequest = ({ context }: In): CreateRequest => ({
  ...onHost({ context }),
  request: snapshotRequest(context),
});

export function redefineRequest({ context }: In): RedefineRequest {
  const { redefine } = context;
  if (redefine === null) throw new Error('nothing is to be redefined');
  return { ...onHost({ context }), redefine };
}

export const namedSnapshot = ({ context }: In): NamedSnapshot => ({
  ...onHost({ context }),
  name: context.name,
});

export const overlaysOnHost = ({ context }: In): OverlaysOnHost => ({
  ...onHost({ context }),
  disks: plannedDisks(context).filter(({ overlay }) => overlay !== null),
});

export const asOverlays = ({ context }: In): ConfigureRequest => ({
  ...overlaysOnHost({ context }),
  as: 'overlay',
});

export const asBases = ({ context }: In): ConfigureRequest => ({
  ...overlaysOnHost({ context }),
  as: 'base',
});

export const filesRequest = ({ context }: In): FilesRequest => ({
  ...onHost({ context }),
  paths: filesLeft(context).map(({ path }) => path),
  overlayPaths: overlaysLeft(context),
});
