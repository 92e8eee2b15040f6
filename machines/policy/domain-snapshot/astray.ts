import type { Failure } from '../../../src/ports/failure.ts';
import { foundDomain } from '../one-host/one-host.ts';
import { unseenAdvice } from '../snapshot-delete/checks.ts';
import type { DomainSnapshotContext, PlannedDisk } from './domain-snapshot.ts';
import { plannedDisks } from './domain-snapshot.ts';
import type { SnapshotLook } from './look.ts';
import { staleDisks, strayOf, usedDisks } from './look.ts';
import { overlaysLeft } from './progress.ts';

type Context = DomainSnapshotContext;

const filesOf = (disks: readonly PlannedDisk[]): string =>
  disks
    .map(({ base, overlay, targetDev }) => `${targetDev}: ${overlay?.path} over ${base.path}`)
    .join(', ');

/** `null`: what libvirt tells is what there is. */
export function astrayFailure(context: Context, look: SnapshotLook): Failure | null {
  switch (strayOf(context, look)) {
    case null:
      return null;
    case 'stale':
      return staleFailure(context, look);
    case 'unseen':
      return unseenFailure(context);
    case 'ended':
      return endedFailure(context, look);
  }
}

const because = ({ failure }: Context): string =>
  failure === null ? '' : `. Before that: ${failure.message}`;

function staleFailure(context: Context, look: SnapshotLook): Failure {
  const { host } = context;
  const { name } = foundDomain(context);
  const left = overlaysLeft(context);
  const removal = left.length === 0 ? '' : `; then remove ${left.join(', ')}`;
  const message = `${name} runs on with all its data on the lower file, and ${host} believes that it is on the upper one (${filesOf(staleDisks(context, look))}): its daemon was killed in the moment in which that was merged back. Its configuration names the right file now. Until it has been shut down and started again (virsh shutdown ${name}, virsh start ${name}) keep both, and do not migrate, save or snapshot it${removal}${because(context)}`;
  return { code: 'chainStale', message, effect: 'done' };
}

const newer = (name: string): string =>
  `Where the lower one is the newer one, name it in the configuration before ${name} is started (virsh edit ${name}: <source>, and no <backingStore>), or what was written since is lost. Where it is the upper one, start ${name} as it is named, and merge it then (virsh blockcommit ${name} DISK --active --pivot --wait)`;

function unseenFailure(context: Context): Failure {
  const { host } = context;
  const { name } = foundDomain(context);
  const files = filesOf(plannedDisks(context).filter(({ overlay }) => overlay !== null));
  const message = `${host} calls ${name} shut off, but has not seen its end, and its QEMU may well run on, with all its data (libvirt loses a guest whose daemon is killed while its overlay is merged back). Which of its files it writes to is not known (${files}): see while it runs whether the upper one changes (stat). Remove neither, and do not start it: ${unseenAdvice(name)}. ${newer(name)}${because(context)}`;
  return { code: 'guestUnseen', message, effect: 'unknown' };
}

function endedFailure(context: Context, look: SnapshotLook): Failure {
  const { name } = foundDomain(context);
  const files = filesOf(usedDisks(context, look));
  const message = `${name} ended on overlays of which libvirt has no snapshot, before they were known to be merged back, and which of its files it wrote to last is not known (${files}). It is shut off: remove neither, and do not start it before you have compared them (qemu-img compare, and when each was written to). ${newer(name)}${because(context)}`;
  return { code: 'layersUncertain', message, effect: 'unknown' };
}
