import type { FormattedImage } from '../../../src/ports/images.ts';
import type { DomainOnHost } from '../domain-on-host.ts';
import type { ImageTarget } from '../one-host/image-target.ts';
import type { LiveSnapshotContext, LiveSnapshotInput } from './live-snapshot.ts';
import { knowsTransientJobs } from '../one-host/undefined-meanwhile.ts';
import { nextToCopy } from './copies.ts';
import { nextToWrite, pathsOf, removable, removableDeltas } from './images.ts';
import type { OneHostInput } from '../one-host/one-host.ts';
import { onHost } from '../one-host/one-host.ts';

/** What the checks depend on. */
export interface FactsRequest
  extends OneHostInput, ImageTarget, Pick<LiveSnapshotInput, 'disks' | 'format'> {}

export interface DeltaRequest extends DomainOnHost {
  readonly delta: FormattedImage;
  readonly backing: FormattedImage | null;
  readonly virtualSizeBytes: number;
}

export interface CopyRequest extends DomainOnHost {
  readonly targetDev: string;
  readonly delta: FormattedImage;
  readonly bandwidthMibPerS: number;
  /** Without it the domain has to be transient. */
  readonly transientJob: boolean;
}

/** Copies of ours, each known by the file that it goes to. */
export interface CopiesOnHost extends DomainOnHost {
  readonly copies: readonly OwnCopy[];
}

export interface OwnCopy {
  readonly targetDev: string;
  readonly deltaPath: string;
  /** The layers that the disk has to lie on: its top, and what the delta lies on, too. */
  readonly layers: readonly string[];
}

export interface FlattenRequest {
  readonly host: string;
  readonly targetDev: string;
  readonly virtualSizeBytes: number;
  readonly from: FormattedImage;
  readonly to: FormattedImage;
  readonly compress: boolean;
}

export interface ImageOnHost extends FormattedImage {
  readonly host: string;
}

export interface NameRequest {
  readonly host: string;
  readonly from: string;
  readonly to: string;
}

/** Files of the run: none that the domain has come to use. */
export interface FilesOnHost extends DomainOnHost {
  readonly paths: readonly string[];
}

type In = { readonly context: LiveSnapshotContext };

export function factsRequest({ context }: In): FactsRequest {
  const { breakClaims, directory, disks, domain, fileName, format, host, peerWaitMs } = context;
  return { domain, host, peerWaitMs, breakClaims, disks, directory, fileName, format };
}

export function deltaRequest({ context }: In): DeltaRequest {
  const { backing, delta, virtualSizeBytes } = nextToCopy(context);
  return { ...onHost({ context }), delta, backing, virtualSizeBytes };
}

export function copyRequest({ context }: In): CopyRequest {
  const { delta, targetDev } = nextToCopy(context);
  const { bandwidthMibPerS, facts } = context;
  const transientJob = facts !== null && knowsTransientJobs(facts.host);
  return { ...onHost({ context }), targetDev, delta, bandwidthMibPerS, transientJob };
}

/** All that are on record, whether they have begun or not. */
export function copiesOnHost({ context }: In): CopiesOnHost {
  const asked = pathsOf(context, 'blockJob');
  const copies = context.copies
    .filter(({ targetDev }) => asked.includes(targetDev))
    .map(({ backing, delta, source, targetDev }) => ({
      targetDev,
      deltaPath: delta.path,
      layers: [source.path, ...(backing === null ? [] : [backing.path])],
    }));
  return { ...onHost({ context }), copies };
}

export function flattenRequest({ context }: In): FlattenRequest {
  const { delta, staged, targetDev, virtualSizeBytes } = nextToWrite(context);
  const { compress, host } = context;
  return { host, targetDev, virtualSizeBytes, from: delta, to: staged, compress };
}

export const stagedImage = ({ context }: In): ImageOnHost => ({
  host: context.host,
  ...nextToWrite(context).staged,
});

export function nameRequest({ context }: In): NameRequest {
  const { image, staged } = nextToWrite(context);
  return { host: context.host, from: staged.path, to: image.path };
}

export const imagesOnHost = ({ context }: In): FilesOnHost => ({
  ...onHost({ context }),
  paths: removable(context, 'image'),
});

export const deltasOnHost = ({ context }: In): FilesOnHost => ({
  ...onHost({ context }),
  paths: removableDeltas(context),
});
