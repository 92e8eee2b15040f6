import type { RevertOptions, SnapshotRequest } from '../../../src/ports/snapshots.ts';
import type { DomainOnHost } from '../domain-on-host.ts';
import { plannedDisks, snapshotRequest } from '../domain-snapshot/domain-snapshot.ts';
import type { FilesRequest } from '../domain-snapshot/requests.ts';
import { foundDomain, onHost } from '../one-host/one-host.ts';
import type { SnapshotRevertContext, SnapshotRevertInput } from './snapshot-revert.ts';
import { beforeNameOf, isRisky, keepingContext, targetOf } from './snapshot-revert.ts';
import { filesLeft } from './progress.ts';

export interface RevertRequest extends DomainOnHost {
  readonly name: string;
  readonly options: RevertOptions;
  /** Claims of whoever had the domain when it was taken do not come back with it. */
  readonly clearClaims: boolean;
}

export interface KeepRequest extends DomainOnHost {
  readonly request: SnapshotRequest;
}

export interface BeforeRequest extends DomainOnHost {
  readonly name: string;
}

type In = { readonly context: SnapshotRevertContext };

export const revertFactsRequest = ({ context }: In): SnapshotRevertInput => {
  const { breakClaims, domain, force, host, keepBefore, name, peerWaitMs } = context;
  const { resetNvram, resumeAs, timeoutMs } = context;
  const asked = { domain, host, name, keepBefore, timeoutMs, peerWaitMs, breakClaims };
  return { ...asked, resumeAs, force, resetNvram };
};

export const keepRequest = ({ context }: In): KeepRequest => ({
  ...onHost({ context }),
  request: snapshotRequest(keepingContext(context)),
});

export function revertRequest({ context }: In): RevertRequest {
  const { name, resetNvram, resumeAs } = context;
  const force = context.force && isRisky(targetOf(context), foundDomain(context));
  const options = { resumeAs, force, resetNvram };
  return { ...onHost({ context }), name, options, clearClaims: true };
}

/** What was kept has this run's claim in it, which is to come back with it. */
export const backRequest = ({ context }: In): RevertRequest => ({
  ...onHost({ context }),
  name: beforeNameOf(context.name),
  options: { resumeAs: 'asSnapshot', force: false, resetNvram: false },
  clearClaims: false,
});

export const beforeRequest = ({ context }: In): BeforeRequest => ({
  ...onHost({ context }),
  name: beforeNameOf(context.name),
});

export function leftFilesRequest({ context }: In): FilesRequest {
  const paths = filesLeft(context).map(({ path }) => path);
  // Of the state before alone: what a revert itself has made is opened by a QEMU that is new.
  const overlayPaths = plannedDisks(keepingContext(context))
    .flatMap(({ overlay }) => overlay?.path ?? [])
    .filter((path) => paths.includes(path));
  return { ...onHost({ context }), paths, overlayPaths };
}
