import type { InstanceSnapshotContext, Way } from './instance-snapshot.ts';
import type { CheckVerdict } from '../verdicts.ts';

/** A way that may be gone: wanted, and nothing speaks against it. */
export function isOpen(context: InstanceSnapshotContext, way: Way): boolean {
  if (context.way !== 'auto' && context.way !== way) return false;
  const verdicts = verdictsOf(context, way);
  return verdicts.length > 0 && verdicts.every(({ objection }) => objection === null);
}

/** What its own checks say of a way, and for one at rest whether the guest may be stopped. */
export function verdictsOf(context: InstanceSnapshotContext, way: Way): readonly CheckVerdict[] {
  const judged = context.facts?.verdicts[way] ?? [];
  if (way === 'live' || judged.length === 0) return judged;
  return [...judged, { check: 'mayRest', objection: restObjection(context) }];
}

/** Why a guest is not stopped for an image, or not copied as it lies, whatever else would allow it. */
function restObjection(context: InstanceSnapshotContext): string | null {
  const { facts, mayFallBack, quiesce, way } = context;
  const domain = facts?.domain ?? null;
  if (domain === null) return null;
  if (domain.state === 'shutoff')
    return quiesce === 'required' && domain.reason !== 'shutdown'
      ? `${domain.name} was not seen to shut itself down, so its disks may be as after a power cut, and a freeze is required`
      : null;
  if (quiesce === 'required')
    return `${domain.name} would be stopped without a freeze, and one is required`;
  return way === 'auto' && !mayFallBack ? `${domain.name} may not be stopped for it` : null;
}

/**
 * A live snapshot that came to nothing is taken cold, where that may be: not one that was called off,
 * nor one of a guest that is not there any more, nor one whose freeze was required.
 */
export function fallsBack(context: InstanceSnapshotContext): boolean {
  const { failure, way } = context;
  const isFinal = failure !== null && finalFailures.includes(failure.code);
  return way === 'auto' && !isFinal && isOpen(context, 'cold');
}

const finalFailures: readonly string[] = ['abortRequested', 'guestGone', 'claimed', 'noSpace'];

/** A guest that was stopped for it might have run on. */
export function whyNotLive(context: InstanceSnapshotContext): readonly string[] {
  const { facts, taken, way } = context;
  if (taken?.way !== 'cold' || way !== 'auto' || facts?.domain?.state === 'shutoff') return [];
  const objections = objectionsTo(context, 'live');
  return objections === '' ? [] : [`it was not taken live: ${objections}`];
}

const objectionsTo = (context: InstanceSnapshotContext, way: Way): string =>
  verdictsOf(context, way)
    .flatMap(({ objection }) => objection ?? [])
    .join('; ');

/** Before anything is touched, to a person: which way it would be taken. */
export function foretellInstance(context: InstanceSnapshotContext): string {
  if (isOpen(context, 'live')) return 'it would be taken live, while the guest runs on';
  if (context.facts?.domain?.state === 'shutoff') return 'it would be copied as it lies';
  return `it would be taken at rest, and the guest stands still for it: ${objectionsTo(context, 'live') || 'that was asked for'}`;
}
