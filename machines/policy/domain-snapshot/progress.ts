import type { Failure } from '../../../src/ports/failure.ts';
import type { Artefact, ArtefactKind } from '../artefact.ts';
import { withArtefact, withoutArtefact } from '../artefact.ts';
import type { DomainSnapshotContext } from './domain-snapshot.ts';
import { holdsMemory, plannedDisks } from './domain-snapshot.ts';
import { heldNotes } from './hidden-overlay.ts';
import type { SnapshotLook } from './look.ts';
import { isRunning } from './look.ts';
import type { RemovedFiles } from './requests.ts';
import { freezeMade, noteNothingFrozen } from '../one-host/freezing.ts';
import { foundDomain } from '../one-host/one-host.ts';

type Context = DomainSnapshotContext;
type Change = Partial<Context>;
type Thing = Omit<Artefact, 'status'>;

/** What the run makes. Overlays that stood before are not among it. */
function thingsMade(context: Context): readonly Thing[] {
  const { host, memoryPath, name, noMetadata, reuseExternal } = context;
  const overlays = plannedDisks(context).flatMap(({ overlay }) => overlay?.path ?? []);
  const of = (kind: ArtefactKind, path: string): Thing => ({ kind, host, path });
  return [
    ...(reuseExternal ? [] : overlays.map((path) => of('overlay', path))),
    ...(memoryPath !== null && holdsMemory(context) ? [of('memory', memoryPath)] : []),
    ...(noMetadata ? [] : [of('snapshot', name)]),
  ];
}

function marked(context: Context, status: Artefact['status'], of = thingsMade(context)): Change {
  const artefacts = of.reduce<readonly Artefact[]>(
    (known, thing) => withArtefact(known, { ...thing, status }),
    context.artefacts,
  );
  return { artefacts };
}

/** On record before libvirt is asked: a crash in between leaves nothing that nobody knows of. */
export function expectSnapshot(context: Context): Change {
  return { asked: true, ...marked(context, 'expected') };
}

export function noteTaken(context: Context): Change {
  const { failure, timeoutMs } = context;
  const late =
    failure?.code === 'abortRequested'
      ? withNote(
          context,
          'the abort came too late: the snapshot was taken before libvirt heard of it',
        )
      : failure?.code === 'timeBudgetExceeded'
        ? withNote(context, `it took longer than ${timeoutMs} ms, and could not be ended any more`)
        : {};
  // Whatever its call said: it was seen to be whole.
  return { ...late, taken: true, failure: null, ...marked(context, 'made') };
}

/** Only files are left to be taken away. */
export function noteNotTaken(context: Context): Change {
  const { host, name } = context;
  return {
    failure: context.failure ?? vanished(context),
    artefacts: withoutArtefact(context.artefacts, { kind: 'snapshot', host, path: name }),
  };
}

/** The domain is gone: its files may hold all that is left of the guest. */
export function noteGone(context: Context): Change {
  const files = filesLeft(context);
  const { artefacts } = marked(context, 'kept', files);
  const { name } = foundDomain(context);
  const paths = files.map(({ path }) => path).join(', ');
  const message = `${name} is gone, and nobody can say whether the snapshot was taken before: ${paths || 'its files'} may hold the guest's last data, and stay`;
  return {
    artefacts: artefacts ?? context.artefacts,
    failure: context.failure ?? { code: 'domainGone', message, effect: 'unknown' },
  };
}

const fileKinds = new Set<ArtefactKind>(['overlay', 'memory']);

/** Files of this run that are not part of a snapshot. */
export function filesLeft({ artefacts }: Context): readonly Artefact[] {
  return artefacts.filter(({ kind, status }) => fileKinds.has(kind) && status === 'expected');
}

export const overlaysLeft = (context: Context): readonly string[] =>
  filesLeft(context).flatMap(({ kind, path }) => (kind === 'overlay' ? path : []));

export function noteRemoved(context: Context, { held, removed }: RemovedFiles): Change {
  const { host, notes } = context;
  const gone = removed.flatMap((path) => [...fileKinds].map((kind) => ({ kind, host, path })));
  const artefacts = gone.reduce<readonly Artefact[]>(withoutArtefact, context.artefacts);
  return { artefacts, notes: [...notes, ...heldNotes(host, foundDomain(context).name, held)] };
}

export function noteFilesLeft(context: Context): Change {
  return marked(context, 'left', filesLeft(context));
}

export function noteFrozen(context: Context, { frozen }: { frozen: number }): Change {
  return frozen === 0 ? noteNothingFrozen(context) : { frozen: true, ...freezeMade(context) };
}

/** How long the vCPUs stood, by the host's events. */
export function notePaused(context: Context, { atEpochMs }: { atEpochMs: number }): Change {
  return { pausedSinceEpochMs: context.pausedSinceEpochMs ?? atEpochMs };
}

export function noteRuns(context: Context, { atEpochMs }: { atEpochMs: number }): Change {
  const since = context.pausedSinceEpochMs;
  if (since === null) return {};
  return {
    pausedSinceEpochMs: null,
    outageMs: context.outageMs + Math.max(0, atEpochMs - since),
  };
}

/** Its event may come after the answer. */
export function noteLook(context: Context, { look }: { look: SnapshotLook }): Change {
  return isRunning(look) && look.reachable && look.domain?.state !== 'paused'
    ? noteRuns(context, look)
    : {};
}

export function withNote({ notes }: Context, note: string): Change {
  return notes.includes(note) ? {} : { notes: [...notes, note] };
}

export function noteStillRuns(context: Context): Change {
  return withNote(
    context,
    `${foundDomain(context).name} was to be halted, and runs on: libvirt's daemon ended between the snapshot and the halt; shut it down where that is still wanted`,
  );
}

export function noteClaimInside(context: Context): Change {
  return withNote(
    context,
    `the definition in snapshot ${context.name} still has this run's claim, which a revert brings back: it is then taken over with \`breakClaims\``,
  );
}

export function tookTooLong(context: Context): Failure {
  const message = `the snapshot took longer than ${context.timeoutMs} ms and was given up; ${foundDomain(context).name} goes on as before`;
  return { code: 'timeBudgetExceeded', message, effect: 'none' };
}

function vanished(context: Context): Failure {
  const message = `libvirt has no snapshot ${context.name} of ${foundDomain(context).name}, whatever it answered: look into its log`;
  return { code: 'snapshotMissing', message, effect: 'none' };
}

const because = ({ failure }: Context): string =>
  failure === null ? '' : `. Before that: ${failure.message}`;

/** Why a person has to look. */
export const operatorFailures = {
  paused: (context: Context): Failure => {
    const { name } = foundDomain(context);
    const message = `${name} ran before and stands paused, and ${context.host} does not let it go on: virsh -c ${context.host} resume ${name}${because(context)}`;
    return { code: 'guestPaused', message, effect: 'unknown' };
  },
  silent: (context: Context): Failure => {
    const message = `${context.host} does not say what came of snapshot ${context.name} of ${foundDomain(context).name}: see that it answers, then look with virsh -c ${context.host} snapshot-list and domblklist; files of it may be left${because(context)}`;
    return { code: 'peerUnreachable', message, effect: 'unknown' };
  },
  unclear: (context: Context): Failure => {
    const { name } = foundDomain(context);
    const message = `nothing tells whether snapshot ${context.name} of ${name} was taken: look with virsh -c ${context.host} snapshot-list ${name}, domblklist ${name}, and qemu-img snapshot -l where it was to be kept inside the disks; the guest is as it was${because(context)}`;
    return { code: 'snapshotUnclear', message, effect: 'unknown' };
  },
  merging: (context: Context): Failure => {
    const { name } = foundDomain(context);
    const paths = filesLeft(context).map(({ path }) => path);
    const message = `${name} goes on with ${paths.join(', ')}, of which libvirt has no snapshot, and it could not be merged back: the guest's data are whole there; virsh -c ${context.host} blockcommit ${name} DISK --active --pivot merges them${because(context)}`;
    return { code: 'overlayUnmerged', message, effect: 'unknown' };
  },
} as const;
