import type { ImageInfo } from '../../../src/ports/images.ts';
import type { Failure } from '../../../src/ports/failure.ts';
import { withArtefact } from '../artefact.ts';
import type { Artefact, ArtefactKind } from '../artefact.ts';
import type { DroppedFrom } from './copies.ts';
import type { DiskCopy, LiveSnapshotContext } from './live-snapshot.ts';
import { snapshotFailure } from './live-snapshot.ts';

type Context = LiveSnapshotContext;
type Change = Partial<Context>;

/** What an effect that removes files could do; the others stay on record. */
export interface FilesRemoved {
  readonly removed: readonly string[];
  /** The domain uses them by now: somebody switched it to them. */
  readonly inUse: readonly string[];
}

export const hasUnwritten = ({ copies }: Context): boolean =>
  copies.some(({ written }) => written === 'no');
export const hasUnnamed = ({ copies }: Context): boolean =>
  copies.some(({ written }) => written === 'whole');

/** The disk whose image is written now, or named once all are whole. */
export function nextToWrite({ copies }: Context): DiskCopy {
  const next =
    copies.find(({ written }) => written === 'no') ??
    copies.find(({ written }) => written === 'whole');
  if (next === undefined) throw new Error('every image has its name');
  return next;
}

/** Nothing lies below the delta, so there is nothing to convert. */
export const isFlat = (context: Context): boolean => {
  const next = hasUnwritten(context) ? nextToWrite(context) : null;
  return next !== null && next.staged.path === next.delta.path;
};

/** Before it is written. */
export function expectStaged(context: Context): Change {
  return { artefacts: imageIs(context, nextToWrite(context).staged.path, 'expected') };
}

export function isWhole(context: Context, { info }: { info: ImageInfo | null }): boolean {
  const { staged, virtualSizeBytes } = nextToWrite(context);
  return (
    info !== null &&
    info.format === staged.format &&
    info.virtualSizeBytes === virtualSizeBytes &&
    info.backingPath === null
  );
}

export function noteWhole(context: Context, { info }: { info: ImageInfo | null }): Change {
  const next = nextToWrite(context);
  const whole = {
    ...next,
    written: 'whole',
    allocationBytes: info?.allocationBytes ?? 0,
  } as const;
  return {
    copies: context.copies.map((each) => (each === next ? whole : each)),
    artefacts: imageIs(context, next.staged.path, 'made'),
  };
}

export function unfitFailure(context: Context, info: ImageInfo | null): Failure {
  const { staged, virtualSizeBytes } = nextToWrite(context);
  const seen =
    info === null
      ? 'it is not there'
      : `it is ${info.format} of ${info.virtualSizeBytes} bytes${info.backingPath === null ? '' : `, over ${info.backingPath}`}`;
  return snapshotFailure(
    'imageUnfit',
    `the image is not what was asked for (${staged.format} of ${virtualSizeBytes} bytes, alone): ${seen}; take the snapshot again`,
  );
}

/** Before it has its name. */
export function expectNamed(context: Context): Change {
  return { artefacts: imageIs(context, nextToWrite(context).image.path, 'expected') };
}

/** What stands at that name is somebody else's. */
export function forgetNamed(context: Context): Change {
  const { path } = nextToWrite(context).image;
  return { artefacts: context.artefacts.filter((each) => each.path !== path) };
}

/** Whether it got its name was not to be found out: whoever reads the result is told. */
export function noteNameUnknown(context: Context): Change {
  return { artefacts: imageIs(context, nextToWrite(context).image.path, 'left') };
}

export function noteNamed(context: Context): Change {
  const next = nextToWrite(context);
  const artefacts = imageIs(context, next.image.path, 'made').filter(
    ({ path }) => path !== next.staged.path,
  );
  const copies = context.copies.map((each) =>
    each === next ? ({ ...each, written: 'named' } as const) : each,
  );
  return { copies, artefacts };
}

/** Everything of that kind that the run has made, or may have. */
export const pathsOf = ({ artefacts }: Context, kind: ArtefactKind): readonly string[] =>
  artefacts.filter((each) => each.kind === kind).map(({ path }) => path);

/** The same without what could not be taken away in time. */
export const removable = ({ artefacts }: Context, kind: ArtefactKind): readonly string[] =>
  artefacts
    .filter((each) => each.kind === kind && each.status !== 'left' && each.status !== 'kept')
    .map(({ path }) => path);

/** A delta that a copy may still write to stays: the copy would only write on into nothing. */
export function removableDeltas(context: Context): readonly string[] {
  const busy = context.artefacts
    .filter(({ kind, status }) => kind === 'blockJob' && status !== 'kept')
    .map(({ path }) => path);
  const inUse = context.copies
    .filter(({ targetDev }) => busy.includes(targetDev))
    .map(({ delta }) => delta.path);
  return removable(context, 'delta').filter((path) => !inUse.includes(path));
}

/** No copy of ours writes any more; of what libvirt does not let go nobody but its operator rids it. */
export function noteDropped({ artefacts }: Context, { stuck }: Pick<DroppedFrom, 'stuck'>): Change {
  return {
    artefacts: artefacts
      .filter(({ kind, path }) => kind !== 'blockJob' || stuck.includes(path))
      .map((each) => (each.kind === 'blockJob' ? { ...each, status: 'kept' } : each)),
  };
}

export function noteRemoved(
  { artefacts, copies, notes }: Context,
  { inUse, removed }: FilesRemoved,
): Change {
  return {
    artefacts: artefacts
      .filter(({ path }) => !removed.includes(path))
      .map((each) => (inUse.includes(each.path) ? { ...each, status: 'kept' } : each)),
    notes: [
      ...notes,
      ...inUse.map((path) => `${path} is kept: somebody has made it the domain's own disk`),
    ],
    copies: copies.map((copy) =>
      removed.includes(copy.image.path) ? { ...copy, written: 'no' } : copy,
    ),
  };
}

/** Could not be taken away in time: whoever reads the result is told. */
export function markLeft(context: Context, kind: ArtefactKind): Change {
  return {
    artefacts: context.artefacts.map((each) =>
      each.kind === kind && each.status !== 'kept' ? { ...each, status: 'left' } : each,
    ),
  };
}

function imageIs(
  { artefacts, host }: Context,
  path: string,
  status: Artefact['status'],
): Artefact[] {
  return withArtefact(artefacts, { kind: 'image', host, path, status });
}
