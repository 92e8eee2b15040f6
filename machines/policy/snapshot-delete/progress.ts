import type { DomainEvent } from '../../domain-events.ts';
import type { Artefact } from '../artefact.ts';
import { withArtefact, withoutArtefact } from '../artefact.ts';
import { readFailure } from '../failures.ts';
import { foundDomain } from '../one-host/one-host.ts';
import { chosenPlan } from './checks.ts';
import type { DiskMerge, MergeState, SnapshotDeleteContext } from './snapshot-delete.ts';
import { deletionFailure, disksOf, isRunning } from './snapshot-delete.ts';

type Context = SnapshotDeleteContext;
type Change = Partial<Context>;

/** So often a merge is begun, or concluded, before somebody else has to mend its cause. */
const triesMax = 3;

export const isUnderWay = ({ state }: DiskMerge): boolean =>
  state === 'asked' || state === 'working' || state === 'ready';

export function withDisks(context: Context, change: (disk: DiskMerge) => DiskMerge): Change {
  const { plan } = context;
  return plan === null ? {} : { plan: { ...plan, disks: plan.disks.map(change) } };
}

const diskIs = (context: Context, targetDev: string, state: MergeState): Change =>
  withDisks(context, (disk) => (disk.targetDev === targetDev ? { ...disk, state } : disk));

const jobOf = ({ host }: Context, targetDev: string) =>
  ({ kind: 'blockJob', host, path: targetDev }) as const;

/** A job of QEMU is on record for as long as it may be there. */
export function withJobs(context: Context, change: Change): Change {
  const disks = change.plan?.disks ?? [];
  const hasQemu = context.guest !== 'off';
  const artefacts = disks.reduce<readonly Artefact[]>(
    (all, disk) =>
      hasQemu && isUnderWay(disk)
        ? withArtefact(all, { ...jobOf(context, disk.targetDev), status: 'expected' })
        : withoutArtefact(all, jobOf(context, disk.targetDev)),
    context.artefacts,
  );
  return { ...change, artefacts };
}

export function beginWork(context: Context): Change {
  const { state } = foundDomain(context);
  return { plan: chosenPlan(context), guest: isRunning({ state }) ? 'running' : 'off' };
}

const some =
  (...states: readonly MergeState[]) =>
  (context: Context): boolean =>
    disksOf(context).some(({ state }) => states.includes(state));

export const hasWaiting = some('waiting');
export const hasReady = some('ready');
export const hasMerged = some('merged');
export const hasLost = some('lost');
export const isOff = ({ guest }: Context): boolean => guest === 'off';
/** What qemu-img has done waits for nobody. */
export const holdsJobs = (context: Context): boolean =>
  !isOff(context) && disksOf(context).some(isUnderWay);
export const allMerged = (context: Context): boolean =>
  disksOf(context).every(({ state }) => state === 'merged');
export const allPrepared = (context: Context): boolean =>
  disksOf(context).every(({ state }) => state === 'merged' || state === 'ready');
export const isWorn = (context: Context): boolean =>
  disksOf(context).some(({ state, tries }) => state !== 'merged' && tries >= triesMax);

/** Before the call: whatever comes of it, a job on that disk may be ours. */
export function expectMerge(context: Context): Change {
  const next = disksOf(context).find(({ state }) => state === 'waiting');
  return next === undefined ? {} : withJobs(context, diskIs(context, next.targetDev, 'asked'));
}

const askedIs = (context: Context, state: MergeState): Change =>
  withJobs(
    context,
    withDisks(context, (disk) => (disk.state === 'asked' ? { ...disk, state } : disk)),
  );

/** What is told of the job from now on is told of ours. */
export const noteBegun = (context: Context): Change => askedIs(context, 'working');

/** qemu-img is through: a pull is whole, of a commit the definition, or the layer above, has to know. */
export const noteMergedOffline = (context: Context): Change =>
  withJobs(
    context,
    withDisks(context, (disk) =>
      disk.state === 'asked' ? { ...disk, state: disk.how === 'pull' ? 'merged' : 'ready' } : disk,
    ),
  );

/** The call did nothing: a job that is on the disk now is somebody else's. */
export function noteSetback(context: Context, { error }: { error: unknown }): Change {
  const lost = withDisks(context, (disk) =>
    disk.state === 'asked' ? { ...disk, state: 'lost', tries: disk.tries + 1 } : disk,
  );
  return { ...withJobs(context, lost), setback: readFailure(error) };
}

/** Only a look tells what came of it. */
export const noteDoubt = (_: Context, { error }: { error: unknown }): Change => ({
  setback: readFailure(error),
  mustLook: true,
});

/** Which one is finalised: its event may come before the answer, and another one is next by then. */
export const expectConclusion = (context: Context): Change => ({
  concluding: disksOf(context).find(({ state }) => state === 'ready')?.targetDev ?? null,
});

/** The pivot, or the change of the definition, was answered with an error. */
export function noteUnconcluded(context: Context, { error }: { error: unknown }): Change {
  const tried = withDisks(context, (disk) =>
    disk.targetDev === context.concluding ? { ...disk, tries: disk.tries + 1 } : disk,
  );
  return { ...tried, ...noteDoubt(context, { error }) };
}

/** Of a job that was gone already only a look tells what came of it. */
export function noteConcluded(context: Context, { how }: { how: 'ended' | 'noJob' }): Change {
  const { concluding } = context;
  if (how === 'noJob' || concluding === null) return { mustLook: true };
  return withJobs(context, diskIs(context, concluding, 'merged'));
}

export const retryLost = (context: Context): Change =>
  withDisks(context, (disk) => (disk.state === 'lost' ? { ...disk, state: 'waiting' } : disk));

type JobEvent = Extract<DomainEvent, { readonly job: unknown }>;

/** What the watch tells of a disk's job. One that we did not begin is nobody's business. */
export function noteJob(context: Context, { job, targetDev, type }: JobEvent): Change {
  const known = disksOf(context).find((each) => each.targetDev === targetDev);
  if (known === undefined || known.how !== job || !isUnderWay(known)) return {};
  switch (type) {
    case 'blockJob.running':
      return {};
    case 'blockJob.ready':
      return diskIs(context, targetDev, 'ready');
    case 'blockJob.completed':
      return withJobs(context, diskIs(context, targetDev, 'merged'));
    case 'blockJob.failed':
    case 'blockJob.canceled': {
      const ended = type === 'blockJob.failed' ? 'failed' : 'was cancelled';
      const lost = withDisks(context, (disk) =>
        disk === known ? { ...disk, state: 'lost', tries: disk.tries + 1 } : disk,
      );
      const setback = deletionFailure('blockJobFailed', `the merge of disk ${targetDev} ${ended}`);
      return { ...withJobs(context, lost), setback };
    }
  }
}

type GuestEvent = Extract<DomainEvent, { readonly detail: string }>;

/** What is merged by hand meanwhile has to be done again, since the guest has written elsewhere. */
const doneAnew = (context: Context): Change =>
  context.guest === 'running'
    ? {}
    : withDisks(context, (disk) => (disk.state === 'ready' ? { ...disk, state: 'waiting' } : disk));

/** A guest that ends takes its jobs with it; one that starts writes to its disks. */
export function noteGuest(context: Context, { type }: GuestEvent): Change {
  if (type === 'domain.started') return { ...doneAnew(context), mustLook: true };
  if (type === 'domain.stopped') return { mustLook: true };
  return {};
}

export const noteUnheard = (context: Context): Change => ({
  ...doneAnew(context),
  mustLook: true,
});
