import type { DiskView } from '../../../src/ports/domain.ts';
import { blockJobObjection } from '../block-job-check.ts';
import { first, mib, unless } from '../check.ts';
import type { ColdSnapshotContext } from './cold-snapshot.ts';
import { devicesToTake, wasActive, wasPaused } from './cold-snapshot.ts';
import { fileNameObjection, formatObjection, targetObjection } from '../one-host/image-target.ts';
import { chosenDisks, isWritten } from '../live-snapshot/live-snapshot.ts';
import type { OneHostCheck, OneHostSubject } from '../one-host/checks.ts';
import { judgeOneHost, oneHostChecks } from '../one-host/checks.ts';
import type { CheckVerdict } from '../verdicts.ts';
import { namesOf } from '../verdicts.ts';

type Check = OneHostCheck<ColdSnapshotContext>;
type Subject = OneHostSubject<ColdSnapshotContext>;

/** What can be known before anything is touched: the guest's own time is not spent on finding out. */
export const coldSnapshotChecks = {
  ...oneHostChecks,
  stateFit: ({ context, domain }) => {
    if (context.mustBeOff && wasActive(domain))
      return `${domain.name} is ${domain.state}, and an offline snapshot is of a guest that is shut off: take a live one, or a cold one, for which it stands still`;
    return unless(
      wasActive(domain) || domain.state === 'shutoff',
      () =>
        `${domain.name} is ${domain.state}: a cold snapshot needs a guest that runs, is paused or is shut off`,
    );
  },
  domainPersistent: ({ domain }) =>
    unless(
      domain.persistent,
      () =>
        `${domain.name} is transient, and its memory cannot wait for its next start: define it, or take a live snapshot`,
    ),
  noSavedMemory: ({ domain }) =>
    unless(
      !domain.managedSave,
      () =>
        `${domain.name} has a managed save image, to which its disks belong: start it, or remove the image (virsh managedsave-remove)`,
    ),
  disksKnown: ({ context, domain }) => {
    const chosen = chosenDisks(context, domain);
    if (chosen.length === 0) return `${domain.name} has no disk that it writes to`;
    const known = domain.disks.map(({ targetDev }) => targetDev);
    return first(chosen, (targetDev) =>
      unless(
        known.includes(targetDev),
        () => `${domain.name} has no disk ${targetDev}, only ${known.join(', ') || 'none'}`,
      ),
    );
  },
  disksReadable: (subject) => first(disksOf(subject), (disk) => diskObjection(subject, disk)),
  noBlockJob: ({ domain }) => first(domain.disks, blockJobObjection),
  devicesKnown: ({ context, facts }) =>
    first(context.detach, (alias) =>
      unless(
        facts.devices.some((device) => device.alias === alias),
        () =>
          `the guest has no device ${alias} that can be taken out: it has ${facts.devices.map((device) => device.alias).join(', ') || 'none'}`,
      ),
    ),
  devicesFree: ({ context, domain }) =>
    first(devicesToTake(context), ({ description, needsGuest }) =>
      unless(
        !needsGuest || !wasPaused(domain),
        () =>
          `${domain.name} is paused, and only a guest that runs lets go of ${description}: resume it first`,
      ),
    ),
  nameValid: ({ context }) => fileNameObjection(context.fileName),
  formatWritable: ({ context, facts }) => formatObjection(context.format, facts),
  targetFree: ({ context, facts }) => targetObjection(context, facts.target),
  imageSpace: (subject) => {
    const wanted = imageBytes(subject);
    const available = subject.facts.target.availableBytes;
    return unless(
      available === null || available >= wanted,
      () =>
        `${subject.context.directory} has ${mib(available ?? 0)} left, and the image may need ${mib(wanted)}`,
    );
  },
  memorySpace: ({ domain, facts }) => {
    const available = facts.memoryBytesAvailable;
    return unless(
      !wasActive(domain) || available === null || available >= domain.memoryBytes,
      () =>
        `the directory of managed save images has ${mib(available ?? 0)} left, and the memory of ${domain.name} takes up to ${mib(domain.memoryBytes)}`,
    );
  },
} satisfies Record<string, Check>;

export const coldSnapshotCheckNames = ['domainExists', ...namesOf(coldSnapshotChecks)];

export function coldSnapshotVerdicts(context: ColdSnapshotContext): readonly CheckVerdict[] {
  return judgeOneHost(coldSnapshotChecks, context);
}

function disksOf({ context, domain }: Subject): readonly DiskView[] {
  const chosen = chosenDisks(context, domain);
  return domain.disks.filter(({ targetDev }) => chosen.includes(targetDev));
}

function diskObjection({ context, facts }: Subject, disk: DiskView): string | null {
  const { format, path, source, targetDev } = disk;
  if (!isWritten(disk)) return `the guest does not write to ${targetDev}: there is nothing to copy`;
  if (path === null || (source !== 'file' && source !== 'block'))
    return `disk ${targetDev} is neither a file nor a device of the host (${source})`;
  if (format === '' || format === 'unknown')
    return `the format of disk ${targetDev} is not told, and is never guessed: name it in the definition`;
  if (context.shortOutage && source !== 'file')
    return `disk ${targetDev} is no file, and only over a file the guest can run on an overlay: do without the short outage`;
  return unless(
    !facts.tops.some((top) => top.path === path && top.encrypted),
    () => `${path} is encrypted, and its image would not be: take a snapshot inside the guest`,
  );
}

function imageBytes(subject: Subject): number {
  return disksOf(subject).reduce((sum, { allocationBytes, targetDev }) => {
    const known = subject.facts.imageBytes.find((each) => each.targetDev === targetDev);
    return sum + (known?.bytes ?? allocationBytes);
  }, 0);
}
