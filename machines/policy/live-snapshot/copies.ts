import type { Failure } from '../../../src/ports/failure.ts';
import type { DomainEvent } from '../../domain-events.ts';
import { withArtefact, withoutArtefact } from '../artefact.ts';
import type { Artefact } from '../artefact.ts';
import type { CopyState, DiskCopy, LiveSnapshotContext } from './live-snapshot.ts';
import { planCopies, snapshotFailure } from './live-snapshot.ts';
import { foundDomain } from '../one-host/one-host.ts';
import { isUndefined } from '../one-host/undefined-meanwhile.ts';

type Context = LiveSnapshotContext;
type Change = Partial<Context>;

/** What one look found of the copies. */
export interface CopiesLook {
  readonly atEpochMs: number;
  /** What a running domain holds; `null`: it does not run, or is not there. */
  readonly guest: 'running' | 'paused' | 'gone';
  /** Why it is gone, as its daemon tells: `unknown` where that was started since. */
  readonly stopDetail: string | null;
  readonly disks: readonly {
    readonly targetDev: string;
    /** A copy to our delta, and whether it is in step. */
    readonly ours: 'copying' | 'ready' | 'none';
    /** The disk lies on the layers that its delta was made for. */
    readonly isAsPlanned: boolean;
    readonly processedBytes: number;
  }[];
}

const isUnderWay = ({ copy }: DiskCopy): boolean => copy === 'copying' || copy === 'ready';
const isAsked = ({ copy }: DiskCopy): boolean =>
  copy === 'asked' || copy === 'unsure' || copy === 'copying';

const withCopies = ({ copies }: Context, change: (copy: DiskCopy) => DiskCopy): Change => ({
  copies: copies.map(change),
});

const copyIs = (context: Context, targetDev: string, copy: CopyState): Change =>
  withCopies(context, (each) => (each.targetDev === targetDev ? { ...each, copy } : each));

export function beginCopies(context: Context): Change {
  return {
    copies: planCopies(context),
    guest: foundDomain(context).state === 'paused' ? 'paused' : 'running',
  };
}

/** The disk whose copy is begun now, or has to be. */
export function nextToCopy({ copies }: Context): DiskCopy {
  const next = copies.find(({ copy }) => copy === 'none' || copy === 'asked');
  if (next === undefined) throw new Error('every copy has begun');
  return next;
}

export const hasNextToCopy = ({ copies }: Context): boolean =>
  copies.some(({ copy }) => copy === 'none');
export const allReady = ({ copies }: Context): boolean =>
  copies.every(({ copy }) => copy === 'ready');
export const allEnded = ({ copies }: Context): boolean =>
  copies.every(({ copy }) => copy === 'ended');
export const hasLost = ({ copies, guest }: Context): boolean =>
  copies.some(({ copy }) => copy === 'lost' || copy === 'unbegun') ||
  (guest === 'gone' && copies.some(({ copy }) => copy !== 'ended'));

/** Before it is made: whatever comes of the call, the file is ours. */
export function expectDelta(context: Context): Change {
  const { path } = nextToCopy(context).delta;
  return { artefacts: artefactIs(context, { kind: 'delta', path, status: 'expected' }) };
}

export function expectCopy(context: Context): Change {
  const { delta, targetDev } = nextToCopy(context);
  const made = artefactIs(context, { kind: 'delta', path: delta.path, status: 'made' });
  const artefacts = artefactIs(
    { ...context, artefacts: made },
    { kind: 'blockJob', path: targetDev, status: 'expected' },
  );
  return { ...copyIs(context, targetDev, 'asked'), artefacts };
}

export const noteBegun = (context: Context): Change => askedIs(context, 'copying');
/** Our process died with the call under way. */
export const noteUnsure = (context: Context): Change => askedIs(context, 'unsure');

function askedIs(context: Context, copy: CopyState): Change {
  const { targetDev } = context.copies.find((each) => each.copy === 'asked') ?? {};
  return targetDev === undefined ? {} : copyIs(context, targetDev, copy);
}

/**
 * Nobody listened for a while. With a domain that would end with its guest nothing is waited for then:
 * it gets its definition back.
 */
export function noteUnheard(context: Context): Change {
  const { endAsked, failure } = context;
  if (endAsked || !isUndefined(context)) return { mustLook: true };
  return { mustLook: true, failure: failure ?? interruptedFailure(context) };
}

/** The call did nothing: a job that is on the disk now is somebody else's. */
export function forgetCopy(context: Context): Change {
  const asked = context.copies.filter(({ copy }) => copy === 'asked');
  const artefacts = asked.reduce<readonly Artefact[]>(
    (left, { targetDev }) => withoutJob(context, left, targetDev),
    context.artefacts,
  );
  const none = withCopies(context, (each) =>
    asked.includes(each) ? { ...each, copy: 'none' } : each,
  );
  return { ...none, artefacts };
}

type JobEvent = Extract<DomainEvent, { readonly job: unknown }>;

/** What the watch tells of a disk's job. Before we asked for one it is nobody's business. */
export function noteJob(context: Context, { job, targetDev, type }: JobEvent): Change {
  const known = context.copies.find((each) => each.targetDev === targetDev);
  if (job !== 'copy' || known === undefined) return {};
  if (type === 'blockJob.ready') return isAsked(known) ? copyIs(context, targetDev, 'ready') : {};
  if (type === 'blockJob.running') return {};
  if (!isAsked(known) && !isUnderWay(known)) return {};
  const isWhole = type === 'blockJob.canceled' && known.copy === 'ready' && context.endAsked;
  const artefacts = withoutJob(context, context.artefacts, targetDev);
  return { ...copyIs(context, targetDev, isWhole ? 'ended' : 'lost'), artefacts };
}

/** A copy that should be there and is not has come to an end that nobody saw. */
export function noteCopiesLook(context: Context, { look }: { look: CopiesLook }): Change {
  const { atEpochMs, disks, guest } = look;
  const copies = context.copies.map((copy): DiskCopy => {
    const seen = disks.find(({ targetDev }) => targetDev === copy.targetDev);
    if (!isAsked(copy) && !isUnderWay(copy)) return copy;
    if (seen === undefined || seen.ours === 'none')
      return { ...copy, copy: copy.copy === 'unsure' ? 'unbegun' : 'lost' };
    return { ...copy, copy: seen.ours };
  });
  const bytes = disks.reduce((sum, { processedBytes }) => sum + processedBytes, 0);
  const { failure, gained } = context;
  const changed = disks.find(({ isAsPlanned, ours }) => ours !== 'none' && !isAsPlanned);
  const stands = gained !== null && bytes <= gained.bytes;
  return {
    copies,
    guest,
    stopDetail: context.stopDetail ?? look.stopDetail,
    mustLook: false,
    gained: stands ? gained : { atEpochMs, bytes },
    failure: failure ?? (changed === undefined ? null : chainFailure(context, changed)),
  };
}

/** A delta over other layers than the disk's own would be somebody else's image. */
const chainFailure = (context: Context, { targetDev }: { targetDev: string }): Failure =>
  snapshotFailure(
    'chainChanged',
    `somebody changed the layers of ${foundDomain(context).name}'s ${targetDev} while the snapshot began, so what was copied of it is no image; the guest runs on: take the snapshot again`,
  );

/** Seen by a look, not told: for longer than allowed no byte was copied. */
export function isStalled({ gained, stallMs }: Context, { look }: { look: CopiesLook }): boolean {
  const isCopying = look.disks.some(({ ours }) => ours === 'copying');
  if (gained === null || !isCopying || look.disks.some(({ ours }) => ours === 'none')) return false;
  const bytes = look.disks.reduce((sum, { processedBytes }) => sum + processedBytes, 0);
  return bytes <= gained.bytes && look.atEpochMs - gained.atEpochMs >= stallMs;
}

type GuestEvent = Extract<DomainEvent, { readonly detail: string }>;

const goneStates: readonly string[] = ['shutoff', 'crashed', 'nostate'];

export function noteGuest(context: Context, event: GuestEvent): Change {
  if (event.type === 'domain.seen') {
    // While it shuts down libvirt tells no reason yet, and does see its end.
    if (event.state === 'shutdown') return guestGone(context, event.state);
    if (goneStates.includes(event.state)) return guestGone(context, event.detail);
    return { guest: event.state === 'paused' ? 'paused' : 'running' };
  }
  if (event.type === 'domain.stopped') return guestGone(context, event.detail);
  if (event.type === 'domain.suspended') return { guest: 'paused' };
  // One that was started anew has none of our copies.
  return context.guest === 'gone' ? {} : { guest: 'running' };
}

/** With its QEMU end the copies, and the freeze: whatever starts anew knows nothing of either. */
function guestGone(context: Context, detail: string): Change {
  if (context.guest === 'gone') return {};
  const { host } = context;
  const path = foundDomain(context).uuid;
  return {
    guest: 'gone',
    stopDetail: detail,
    artefacts: withoutArtefact(context.artefacts, { kind: 'freeze', host, path }),
  };
}

/** Why there is no whole copy. */
export function lostFailure(context: Context): Failure {
  const { copies, guest, stopDetail } = context;
  const { name, persistent } = foundDomain(context);
  const lost = copies.filter(({ copy }) => copy === 'lost').map(({ targetDev }) => targetDev);
  if (guest === 'gone') {
    const now = persistent ? 'its domain is shut off' : 'its domain is transient, and gone';
    return snapshotFailure(
      'guestStopped',
      `the guest of ${name} ended (${stopDetail ?? 'seen'}) while its disks were being copied, and the copy with it: ${now}, its disks are whole; start it and take the snapshot again, or take a cold one`,
    );
  }
  if (lost.length === 0) return interruptedFailure(context);
  return snapshotFailure(
    'copyLost',
    `the copy of ${name}'s ${lost.join(', ')} failed or was ended by somebody else, so there is no image of it; the guest runs on with its own disks: see that ${context.directory} can be written to and has room, and take the snapshot again`,
  );
}

/** A guest that ends may end its copies before libvirt tells that it does. */
export const explainLost = (context: Context): Change =>
  isUnexplained(context) ? { failure: lostFailure(context) } : {};

export const isUnexplained = ({ failure }: Context): boolean => failure?.code === 'copyLost';

/** Whose copies were ended, or are gone with its QEMU. */
export interface DroppedFrom extends Pick<CopiesLook, 'guest' | 'stopDetail'> {
  /** Disks that libvirt calls copied to our deltas yet, without a job that could be ended. */
  readonly stuck: readonly string[];
}

/** Nobody may have told yet that it is gone. */
export const noteDroppedFrom = (
  context: Context,
  { guest, stopDetail }: Pick<CopiesLook, 'guest' | 'stopDetail'>,
): Change => ({
  guest,
  stopDetail: context.stopDetail ?? stopDetail,
});

/** Its daemon has been started since, and does not know: seen where it was killed as a copy ended. */
export const isUnseen = ({ guest, stopDetail }: Context): boolean =>
  guest === 'gone' && stopDetail === 'unknown';

/** Whoever believed that it has ended would leave it frozen, or start another one. */
export function unseenFailure(context: Context): Failure {
  const { host } = context;
  const { name } = foundDomain(context);
  return snapshotFailure(
    'guestUnseen',
    `${host} calls ${name} shut off, but has not seen its end, and its QEMU may well run on, with its file systems frozen (libvirt loses a guest whose daemon is killed while a copy of its disks ends). Do not start it: look for that QEMU (pgrep -f guest=${name}); where it runs, thaw it (send {"execute":"guest-fsfreeze-thaw"} to the socket org.qemu.guest_agent.0 of its directory in /var/lib/libvirt/qemu/channel/target, for example with socat), shut the guest down from inside, or end its QEMU (SIGTERM), and start it again; its disks are whole`,
    'unknown',
  );
}

/** By the death of a process of ours, or while its host did not answer. */
const interruptedFailure = (context: Context): Failure =>
  snapshotFailure(
    'interrupted',
    `the snapshot was interrupted while the copy of ${foundDomain(context).name}'s disks began or went on, and is given up; the guest runs on with its own disks: take it again`,
  );

/** The copies ended, and nobody saw how: half a copy would look the same. */
export function unprovenFailure(context: Context): Failure {
  const open = context.copies.filter(({ copy }) => copy !== 'ended');
  return snapshotFailure(
    'copyUnproven',
    `the copy of ${foundDomain(context).name}'s ${open.map(({ targetDev }) => targetDev).join(', ')} has ended, and it was not seen to end whole, so it is not used; the guest runs on with its own disks: take the snapshot again`,
  );
}

export const timedOutFailure = (context: Context): Failure =>
  snapshotFailure(
    'copyTimedOut',
    `the copy of ${foundDomain(context).name}'s disks was not in step with them in time: the guest writes faster than ${context.directory} takes it; allow more time, or a quieter hour`,
  );

export const stalledFailure = (context: Context): Failure =>
  snapshotFailure(
    'copyStalled',
    `the copy of ${foundDomain(context).name}'s disks gained nothing for ${context.stallMs} ms: see whether ${context.directory} answers`,
  );

function artefactIs(
  { artefacts, host }: Pick<Context, 'artefacts' | 'host'>,
  artefact: Omit<Artefact, 'host'>,
): Artefact[] {
  return withArtefact(artefacts, { host, ...artefact });
}

function withoutJob({ host }: Context, artefacts: readonly Artefact[], path: string): Artefact[] {
  return withoutArtefact(artefacts, { kind: 'blockJob', host, path });
}
