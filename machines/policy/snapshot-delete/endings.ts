import type { Failure } from '../../../src/ports/failure.ts';
import type { Artefact } from '../artefact.ts';
import { withArtefact, withoutArtefact } from '../artefact.ts';
import { readFailure } from '../failures.ts';
import { foundDomain } from '../one-host/one-host.ts';
import { unseenAdvice } from './checks.ts';
import { isUnderWay } from './progress.ts';
import type { LeftFile, SnapshotDeleteContext } from './snapshot-delete.ts';
import { deletionFailure, disksOf, planOf } from './snapshot-delete.ts';

type Context = SnapshotDeleteContext;
type Change = Partial<Context>;

export const stalledFailure = ({ stallMs }: Context): Failure =>
  deletionFailure('stalled', `no byte was merged for ${Math.round(stallMs / 1_000)} s`);

export const silentFailure = ({ host }: Context): Failure =>
  deletionFailure(
    'peerUnreachable',
    `${host} did not tell what became of the merge: look at the domain's disks (virsh domblklist, virsh blockjob) when it answers again, and delete the snapshot once more`,
    'unknown',
  );

const disksThat = (context: Context, areMerged: boolean): string =>
  disksOf(context)
    .filter(({ targetDev }) => !context.uncertain.includes(targetDev))
    .filter(({ state }) => (state === 'merged') === areMerged)
    .map(({ targetDev }) => targetDev)
    .join(', ') || 'none';

/** What stands, and what is to be done; the guest has lost nothing. */
export function halfFailure(context: Context): Failure {
  const why = context.setback?.message ?? 'it stood still';
  return deletionFailure(
    'halfMerged',
    `merged: ${disksThat(context, true)}; not merged: ${disksThat(context, false)} (${why}). The guest has all its data: mend the cause, and ask for the same again, which goes on from here`,
    'done',
  );
}

export function astrayFailure(context: Context): Failure {
  const { guest, host, stale, uncertain } = context;
  const { name } = foundDomain(context);
  if (guest !== 'unseen')
    return stale.length > 0 ? staleFailure(context) : uncertainFailure(context);
  return deletionFailure(
    'guestUnseen',
    `${host} calls ${name} shut off, but has not seen its end, and its QEMU may well run on, with all its data (libvirt loses a guest whose daemon is killed while it takes over a merged disk). Merged: ${disksThat(context, true)}; not merged: ${disksThat(context, false)}. ${uncertain.length > 0 ? unknownLayers(context) : ''}Do not start it: ${unseenAdvice(name)}. Then ask for the same again, and start it`,
    'unknown',
  );
}

const layersOf = (context: Context, targets: readonly string[]): string =>
  disksOf(context)
    .filter(({ targetDev }) => targets.includes(targetDev))
    .map(({ base, targetDev, top }) => `${targetDev}: ${top.path} over ${base?.path}`)
    .join(', ');

/** In step with each other they were: what is not written to any more is the older one, or the same. */
const unknownLayers = (context: Context): string =>
  `Which of its files it writes to is not known (${layersOf(context, context.uncertain)}): see while it runs whether the upper one changes (stat). Where it does not, name the lower one in the configuration once its QEMU has ended (virsh edit ${foundDomain(context).name}: <source>, and no <backingStore>), or what was written since is lost. `;

function staleFailure(context: Context): Failure {
  const { host, stale } = context;
  const { name } = foundDomain(context);
  return deletionFailure(
    'chainStale',
    `${name} runs on with all its data, and ${host} does not know on what: its daemon was killed in the moment in which a merge ended, and believes that the guest writes to the upper layer, which it has left (${layersOf(context, stale)}). Its configuration names the lower one now. Until it has been shut down and started again (virsh shutdown ${name}, virsh start ${name}) keep both files, and do not migrate, save or snapshot it; then ask for the same again`,
    'done',
  );
}

function uncertainFailure(context: Context): Failure {
  const { uncertain } = context;
  const { name } = foundDomain(context);
  const files = layersOf(context, uncertain);
  return deletionFailure(
    'layersUncertain',
    `${name} ended while nobody watched, in the moment in which a disk was merged, and which of its files it wrote to last is not known (${files}). It is shut off: do not start it before you have compared them (qemu-img compare, and when each was written to). Where the one below is the newer one, name it in the configuration (virsh edit ${name}: <source>, and no <backingStore>); then ask for the same again, and start it`,
    'unknown',
  );
}

/** Disks that are merged for certain, and not known to be to whoever starts the domain. */
export const unnamedFailure = (context: Context): Failure =>
  deletionFailure(
    'configurationLeft',
    `${astrayFailure(context).message}. And its configuration may still name the layers that are merged (${disksThat(context, true)}), which could not be mended: it must not`,
    'unknown',
  );

/** What cannot be cancelled is told. */
export function jobLeftFailure(context: Context): Failure {
  const { name } = foundDomain(context);
  const disks = disksOf(context).filter(isUnderWay);
  return deletionFailure(
    'jobLeft',
    `${context.failure?.message ?? 'the merge was given up'}; and the merge of ${disks
      .map(({ targetDev }) => targetDev)
      .join(
        ', ',
      )} could not be ended. Where virsh dumpxml ${name} shows a <mirror> of the disk: virsh blockjob ${name} DISK --abort. Where it shows none, its daemon was killed as the merge began, and would crash over that: virsh blockjob ${name} DISK --pivot; then ask for the same again, which goes on from there`,
    'unknown',
  );
}

export const notDeleted = (context: Context): Failure =>
  deletionFailure(
    'notDeleted',
    `libvirt kept ${planOf(context).doomed.join(', ')}, and gave no reason`,
  );

export const metadataFailure = ({ failure, host }: Context): Failure =>
  deletionFailure(
    'metadataLeft',
    `all disks are merged, and ${host} did not change what it keeps of the snapshots${failure === null ? '' : ` (${failure.message})`}: ask for the same again`,
    'done',
  );

/** Before the call: whatever comes of it, these are files that nobody needs. */
export function expectRemoval(context: Context): Change {
  const { host } = context;
  const artefacts = planOf(context).files.reduce<readonly Artefact[]>(
    (all, path) => withArtefact(all, { kind: 'overlay', host, path, status: 'unwanted' }),
    context.artefacts,
  );
  return { artefacts };
}

export interface Removal {
  readonly removed: readonly string[];
  readonly left: readonly LeftFile[];
}

export function noteRemoved(context: Context, { left, removed }: Removal): Change {
  const { host } = context;
  const gone = removed.reduce<readonly Artefact[]>(
    (all, path) => withoutArtefact(all, { kind: 'overlay', host, path }),
    context.artefacts,
  );
  const artefacts = left.reduce<readonly Artefact[]>(
    (all, { path }) => withArtefact(all, { kind: 'overlay', host, path, status: 'left' }),
    gone,
  );
  return { artefacts, removed, left };
}

/** libvirt said so, and it removes the overlays that it merges: only memory is left behind (9.0). */
export const isGoneWhole = ({ deletion, facts, failure, what }: Context): boolean =>
  deletion === 'gone' &&
  failure === null &&
  what.kind === 'snapshot' &&
  facts?.snapshots.find(({ name }) => name === what.name)?.memory.kind !== 'external';

export const noteAllRemoved = (context: Context): Change => ({ removed: planOf(context).files });

/** For now all of them stay, and that is why. */
export const noteUnremoved = (context: Context, { error }: { error: unknown }): Change =>
  allLeft(context, readFailure(error).message);

function allLeft(context: Context, why: string): Change {
  const left = planOf(context).files.map((path) => ({ path, why }));
  return noteRemoved(context, { removed: [], left });
}

/** Everything else is done: a file that stays is told of, with what stood in its way last. */
export const giveUpRemoval = (context: Context): Change =>
  allLeft(context, context.left[0]?.why ?? `${context.host} did not answer in time`);
