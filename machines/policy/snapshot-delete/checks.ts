import type { SnapshotView } from '../../../src/ports/snapshots.ts';
import { blockJobObjection } from '../block-job-check.ts';
import { first, unless } from '../check.ts';
import type { OneHostCheck, OneHostSubject } from '../one-host/checks.ts';
import { judgeOneHost, oneHostChecks } from '../one-host/checks.ts';
import {
  isExternal,
  isHalfDeleted,
  isInternal,
  makePlan,
  planMerge,
  planSnapshot,
  snapshotNamed,
} from './plan.ts';
import type {
  DeletePlan,
  DiskMerge,
  SnapshotDeleteContext,
  SnapshotDeleteFacts,
  SnapshotTask,
} from './snapshot-delete.ts';
import { isRunning } from './snapshot-delete.ts';

type Subject = OneHostSubject<SnapshotDeleteContext>;
type Facts = SnapshotDeleteFacts;

const externalDeleteVersion = 9_000_000;
/** Before it, a deletion in a tree of both kinds removed the image below (libvirt issue 734). */
const mixedTreeVersion = 11_000_000;

/** Why libvirt would refuse to delete it, most of it late, or would do harm; `null`: nothing is known. */
function libvirtObjection(
  snapshot: SnapshotView,
  facts: Pick<Facts, 'chains' | 'host' | 'snapshots' | 'standing'>,
): string | null {
  if (!isExternal(snapshot)) return null;
  const { name } = snapshot;
  const { libvirtVersion } = facts.host;
  const parent = snapshotNamed(facts, snapshot.parent);
  const reasons: readonly (readonly [boolean, string])[] = [
    [libvirtVersion < externalDeleteVersion, 'libvirt before 9.0 deletes no external snapshots'],
    [
      libvirtVersion < mixedTreeVersion && facts.snapshots.some(isInternal),
      'libvirt before 11.0 may remove the image below where internal and external snapshots are mixed',
    ],
    [!snapshot.hasDefinition, `libvirt keeps no definition with ${name}`],
    [snapshot.children.length > 1, `${name} has more than one child`],
    [snapshot.current && snapshot.children.length > 0, `${name} is current and has a child`],
    [parent !== null && !isExternal(parent), `the parent of ${name} is an internal snapshot`],
    [
      isHalfDeleted(snapshot, facts),
      `${name} is half deleted, and libvirt does not go on with that`,
    ],
    [
      snapshot.unfinishedDeletion.length > 0,
      `libvirt has noted an unfinished deletion behind ${name}`,
    ],
  ];
  return reasons.find(([holds]) => holds)?.[1] ?? planSnapshot(snapshot, facts).objection;
}

/** Why commits of our own would do harm. */
function manualObjection(snapshot: SnapshotView, { domain, facts }: Subject): string | null {
  if (!isExternal(snapshot))
    return 'an internal snapshot is in the images, and libvirt alone takes it out';
  if (snapshot.children.length > 1) return `${snapshot.name} has more than one child`;
  const { disks, objection } = planSnapshot(snapshot, facts);
  if (objection !== null) return objection;
  const written = disks.filter(({ state }) => state === 'waiting');
  return first(written, (disk) => baseObjection(disk, { domain, facts }, snapshot.name));
}

/** Whoever else has its data in a layer that is written to, or taken out of the chain. */
function baseObjection(
  { base, how, targetDev, top }: DiskMerge,
  { domain, facts }: Pick<Subject, 'domain' | 'facts'>,
  deleted: string | null,
): string | null {
  if (how === 'pull') return null;
  const chain = facts.chains.find((each) => each.targetDev === targetDev);
  const own = (chain?.layers ?? []).flatMap(({ path }) => path ?? []);
  const changed = own.slice(own.indexOf(top.path), own.indexOf(base?.path ?? '') + 1);
  const [written, gone] = [changed.slice(1), changed.slice(0, -1)];
  const keeper = facts.snapshots.find(({ disks, frozenPaths, name }) =>
    frozenPaths.some((frozen) => {
      const isInside = disks.some(
        (disk) => disk.targetDev === frozen.targetDev && disk.kind === 'internal',
      );
      // What is kept inside an image outlives all that is written to it.
      return name !== deleted && (isInside ? gone : written).includes(frozen.path);
    }),
  );
  if (keeper !== undefined)
    return `snapshot ${keeper.name} keeps what disk ${targetDev} held in a layer that would be written over: delete that snapshot`;
  const user = facts.users.find(
    ({ domainUuid, path }) => domainUuid !== domain.uuid && changed.includes(path),
  );
  if (user !== undefined) return `${user.path} belongs to domain ${user.domainUuid}, too`;
  const overlay = facts.overlays.find(
    ({ backingPath, path }) => changed.includes(backingPath) && !own.includes(path),
  );
  if (overlay === undefined) return null;
  return `image ${overlay.path} lies over ${overlay.backingPath}, and would not be whole any more`;
}

/** Whether layers may be written over by us, so that everybody who needs them has to be known. */
export function mayMerge(
  what: SnapshotDeleteContext['what'],
  facts: Pick<Facts, 'chains' | 'host' | 'snapshots' | 'standing'>,
): boolean {
  if (what.kind === 'merge') return what.how === 'commit';
  const snapshot = what.metadataOnly ? null : snapshotNamed(facts, what.name);
  if (snapshot === null || what.by === 'libvirt') return false;
  return what.by === 'manual' || libvirtObjection(snapshot, facts) !== null;
}

/** Which way the checks leave open; `null`: none. */
export function wayFor(what: SnapshotTask, subject: Subject): DeletePlan['way'] | null {
  const { facts } = subject;
  const snapshot = snapshotNamed(facts, what.name);
  if (what.metadataOnly || snapshot === null) return 'metadata';
  const isFree = {
    libvirt: libvirtObjection(snapshot, facts) === null,
    manual: manualObjection(snapshot, subject) === null,
  };
  if (what.by !== 'manual' && (!isExternal(snapshot) || what.children !== 'keep' || isFree.libvirt))
    return 'libvirt';
  return what.by !== 'libvirt' && isFree.manual ? 'merge' : null;
}

/** What the checks have let through. Only states behind them ask for it. */
export function chosenPlan(context: SnapshotDeleteContext): DeletePlan {
  const { facts, what } = context;
  if (facts?.domain == null) throw new Error('nothing is planned before the checks have passed');
  const way =
    what.kind === 'merge' ? 'merge' : wayFor(what, { context, facts, domain: facts.domain });
  return makePlan(what, way ?? 'metadata', facts);
}

const ofSnapshot =
  (check: (task: SnapshotTask, snapshot: SnapshotView, subject: Subject) => string | null) =>
  (subject: Subject): string | null => {
    const { context, facts } = subject;
    const { what } = context;
    const snapshot = what.kind === 'snapshot' ? snapshotNamed(facts, what.name) : null;
    return what.kind === 'snapshot' && snapshot !== null ? check(what, snapshot, subject) : null;
  };

/** What would be touched, whether or not anything speaks against it. */
function touched({ context, facts }: Subject): readonly DiskMerge[] {
  const { what } = context;
  if (what.kind === 'merge') return planMerge(what, facts).disks;
  const snapshot = what.metadataOnly ? null : snapshotNamed(facts, what.name);
  return snapshot === null ? [] : planSnapshot(snapshot, facts).disks;
}

const isMetadataOnly = ({ context: { what } }: Subject): boolean =>
  what.kind === 'snapshot' && what.metadataOnly;

/** Where a daemon may have lost it. */
export const unseenAdvice = (name: string): string =>
  `look for a QEMU of ${name} that its daemon knows nothing of (pgrep -f guest=${name}), and shut that guest down from inside, or end its QEMU (SIGTERM); start nothing before`;

/** Of `snapshot-delete`, beside those of every workflow on one host. */
export const snapshotDeleteChecks = {
  ...oneHostChecks,
  snapshotExists: ({ context: { what }, domain, facts }) =>
    what.kind === 'merge' || snapshotNamed(facts, what.name) !== null
      ? null
      : `${domain.name} has no snapshot ${what.name}: it has ${facts.snapshots.map(({ name }) => name).join(', ') || 'none'}`,
  diskExists: ({ context: { what }, domain, facts }) =>
    what.kind === 'snapshot' || facts.chains.some(({ targetDev }) => targetDev === what.targetDev)
      ? null
      : `${domain.name} has no disk ${what.targetDev}: it has ${facts.chains.map(({ targetDev }) => targetDev).join(', ')}`,
  layersExist: ({ context: { what }, facts }) =>
    what.kind === 'merge' && facts.chains.some(({ targetDev }) => targetDev === what.targetDev)
      ? planMerge(what, facts).objection
      : null,
  noBlockJob: (subject) =>
    isMetadataOnly(subject) ? null : first(subject.domain.disks, blockJobObjection),
  childrenAllowed: ofSnapshot(({ children, metadataOnly }, snapshot, { facts }) => {
    const external = facts.snapshots.some(isExternal);
    return unless(
      metadataOnly || children === 'keep' || !external,
      () =>
        `libvirt does not delete the children of ${snapshot.name} with it where snapshots are external: delete them one by one, the youngest first, or the metadata only`,
    );
  }),
  noManagedSave: (subject) =>
    unless(
      isMetadataOnly(subject) || !subject.domain.managedSave,
      () =>
        `the saved memory of ${subject.domain.name} goes with its disks as they are: start it, or remove the saved memory first`,
    ),
  isPersistent: (subject) =>
    unless(
      isRunning(subject.domain) || subject.domain.persistent,
      () => `${subject.domain.name} has no configuration that could name another disk`,
    ),
  wayIsOpen: ofSnapshot((what, snapshot, subject) => {
    if (what.metadataOnly || wayFor(what, subject) !== null) return null;
    const byLibvirt = libvirtObjection(snapshot, subject.facts);
    const byHand = manualObjection(snapshot, subject);
    if (what.by === 'libvirt') return `libvirt cannot delete ${what.name}: ${byLibvirt}`;
    if (what.by === 'manual') return `${what.name} cannot be merged: ${byHand}`;
    return `libvirt cannot delete ${what.name}: ${byLibvirt}; and it cannot be merged: ${byHand}`;
  }),
  baseIsFree: (subject) =>
    subject.context.what.kind === 'snapshot'
      ? null
      : first(touched(subject), (disk) => baseObjection(disk, subject, null)),
  filesAreFree: (subject) =>
    isMetadataOnly(subject)
      ? null
      : first(
          subject.facts.used,
          (path) =>
            `${subject.domain.name} is shut off, and yet somebody writes to ${path}: ${unseenAdvice(subject.domain.name)}`,
        ),
  chainsAreTrue: (subject) =>
    isMetadataOnly(subject)
      ? null
      : first(
          subject.facts.left,
          (targetDev) =>
            `${subject.domain.name} writes to a lower layer of disk ${targetDev} than its host believes, since a deletion was interrupted: shut it down and start it again (virsh shutdown, virsh start) once its configuration names that layer (virsh domblklist ${subject.domain.name} --inactive)`,
        ),
  hasImageTools: (subject) =>
    unless(
      subject.facts.hasTools || isRunning(subject.domain) || isMetadataOnly(subject),
      () =>
        `${subject.domain.name} is shut off, and the image tools of its host cannot be reached: start it first`,
    ),
} satisfies Record<string, OneHostCheck<SnapshotDeleteContext>>;

export const snapshotDeleteCheckNames = [
  'domainExists',
  ...Object.keys(snapshotDeleteChecks),
] as const;

export const snapshotDeleteVerdicts = (context: SnapshotDeleteContext) =>
  judgeOneHost(snapshotDeleteChecks, context);
