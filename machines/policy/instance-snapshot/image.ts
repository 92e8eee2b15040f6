import type { DomainView } from '../../../src/ports/domain.ts';
import type { ImageMetadata, ImageStorePlace } from '../../../src/ports/image-store.ts';
import type { Artefact } from '../artefact.ts';
import { withArtefact, withoutArtefact } from '../artefact.ts';
import type { InstanceSnapshotContext } from './instance-snapshot.ts';
import { stagedArtefact } from './instance-snapshot.ts';

type Of = { readonly context: InstanceSnapshotContext };

export interface KeepRequest {
  readonly host: string;
  readonly store: ImageStorePlace;
  readonly metadata: Omit<ImageMetadata, 'sha256' | 'sizeBytes'>;
}

export const keepRequest = ({ context }: Of): KeepRequest => {
  const { facts, format, host, name, store, taken } = context;
  const domain: DomainView | null = facts?.domain ?? null;
  if (facts === null || domain === null || taken === null)
    throw new Error('nothing was taken, and yet it is to be kept');
  const { consistency, targetDev, virtualSizeBytes } = taken;
  const source = { host, domainUuid: domain.uuid, domainName: domain.name, targetDev };
  const createdAtEpochMs = facts.atEpochMs;
  return {
    host,
    store,
    metadata: { name, format, virtualSizeBytes, consistency, createdAtEpochMs, source },
  };
};

export function afterKeeping(context: InstanceSnapshotContext, image: ImageMetadata) {
  const { artefacts, facts, host } = context;
  const kept: Artefact = { kind: 'image', host, path: facts?.kept ?? '', status: 'made' };
  return {
    image,
    artefacts: withArtefact(withoutArtefact(artefacts, stagedArtefact(context, 'expected')), kept),
  };
}

export interface RemoveRequest {
  readonly host: string;
  readonly store: ImageStorePlace;
  readonly name: string;
  readonly format: string;
}

export const removeRequest = ({ context }: Of): RemoveRequest => {
  const { format, host, name, store } = context;
  return { host, store, name, format };
};

export function imageRemoved(context: InstanceSnapshotContext) {
  return { artefacts: withArtefact(context.artefacts, stagedArtefact(context, 'removed')) };
}

/** The store may have given it its name, and its answer was lost: it stands in one of both places. */
export function imageLeft(context: InstanceSnapshotContext) {
  const { artefacts, facts, host } = context;
  const kept: Artefact = { kind: 'image', host, path: facts?.kept ?? '', status: 'left' };
  return {
    artefacts: withArtefact(withArtefact(artefacts, stagedArtefact(context, 'left')), kept),
  };
}
