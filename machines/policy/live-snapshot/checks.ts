import type { DiskView } from '../../../src/ports/domain.ts';
import { blockJobObjection } from '../block-job-check.ts';
import { first, mib, unless } from '../check.ts';
import { freezeObjection } from '../one-host/freezing.ts';
import {
  fileNameObjection,
  formatObjection,
  roomFor,
  targetObjection,
} from '../one-host/image-target.ts';
import type { LiveSnapshotContext } from './live-snapshot.ts';
import { backingOf, chosenDisks, isFlatAlready } from './live-snapshot.ts';
import type { OneHostCheck, OneHostSubject } from '../one-host/checks.ts';
import { judgeOneHost, oneHostChecks } from '../one-host/checks.ts';
import { undefineObjection } from '../one-host/undefined-meanwhile.ts';
import type { CheckVerdict } from '../verdicts.ts';
import { namesOf } from '../verdicts.ts';

type Check = OneHostCheck<LiveSnapshotContext>;
type Subject = OneHostSubject<LiveSnapshotContext>;

/** What can be known before anything is touched. libvirt finds it out late, or in the guest's time. */
export const liveSnapshotChecks = {
  ...oneHostChecks,
  domainRuns: ({ domain }) =>
    unless(
      domain.state === 'running' || domain.state === 'blocked' || domain.state === 'paused',
      () =>
        `${domain.name} is ${domain.state}: a live snapshot needs a guest that runs or is paused; take a cold one`,
    ),
  undefinable: ({ domain, facts }) => undefineObjection(domain, facts.host, 'take a cold snapshot'),
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
  disksCopyable: (subject) => first(disksOf(subject), (disk) => copyObjection(disk)),
  chainsKnown: (subject) =>
    first(disksOf(subject), ({ path, targetDev }) => {
      const { facts } = subject;
      const layers = facts.chains.find((chain) => chain.targetDev === targetDev)?.layers ?? [];
      const below = layers[1];
      if (below !== undefined && (below.source !== 'file' || below.path === null))
        return `disk ${targetDev} lies on a base that is no file: this snapshot needs files`;
      if (below !== undefined && !isKnown(below.format))
        return `the format of ${below.path}, which disk ${targetDev} lies on, is not told: name it in the definition`;
      return unless(
        !facts.tops.some((top) => top.path === path && top.encrypted),
        () => `${path} is encrypted, and its image would not be: take a snapshot inside the guest`,
      );
    }),
  noBlockJob: (subject) => first(disksOf(subject), blockJobObjection),
  nameValid: ({ context }) => fileNameObjection(context.fileName),
  formatWritable: ({ context, facts }) => formatObjection(context.format, facts),
  targetFree: ({ context, facts }) => targetObjection(context, facts.target),
  spaceEnough: (subject) => {
    const wanted = bytesWanted(subject);
    const available = subject.facts.target.availableBytes;
    return unless(
      available === null || available >= wanted,
      () =>
        `${subject.context.directory} has ${mib(available ?? 0)} left, and the snapshot may need ${mib(wanted)}: its deltas, and the images`,
    );
  },
  canFreeze: ({ context, domain, facts }) => freezeObjection(context.quiesce, domain, facts),
} satisfies Record<string, Check>;

export type LiveSnapshotCheckName = keyof typeof liveSnapshotChecks;

export const liveSnapshotCheckNames = ['domainExists', ...namesOf(liveSnapshotChecks)];

export function liveSnapshotVerdicts(context: LiveSnapshotContext): readonly CheckVerdict[] {
  return judgeOneHost(liveSnapshotChecks, context);
}

function disksOf({ context, domain }: Subject): readonly DiskView[] {
  const chosen = chosenDisks(context, domain);
  return domain.disks.filter(({ targetDev }) => chosen.includes(targetDev));
}

function copyObjection(disk: DiskView): string | null {
  const { device, format, path, readOnly, source, targetDev, transient } = disk;
  if (device !== 'disk' || readOnly)
    return `the guest does not write to ${targetDev}: there is nothing to copy`;
  if (transient) return `disk ${targetDev} is transient, and libvirt copies no such disk`;
  if (source !== 'file' || path === null)
    return `disk ${targetDev} is no file (${source}): this snapshot needs files`;
  return unless(
    isKnown(format),
    () =>
      `the format of disk ${targetDev} is not told, and is never guessed: name it in the definition`,
  );
}

const isKnown = (format: string): boolean => format !== '' && format !== 'unknown';

/** Deltas and images stand side by side for a while, where a delta is not the image itself. */
function bytesWanted(subject: Subject): number {
  const { context, facts } = subject;
  return disksOf(subject).reduce((sum, { allocationBytes, capacityBytes, targetDev }) => {
    const held = context.spaceWanted === 'virtualSize' ? capacityBytes : allocationBytes;
    const chain = facts.chains.find((each) => each.targetDev === targetDev);
    if (isFlatAlready(context, backingOf(chain))) return sum + roomFor(held);
    const image =
      facts.imageBytes.find((each) => each.targetDev === targetDev)?.bytes ?? roomFor(held);
    return sum + roomFor(held) + image;
  }, 0);
}
