import type { SnapshotView } from '../../../src/ports/snapshots.ts';
import { blockJobObjection } from '../block-job-check.ts';
import { first, unless } from '../check.ts';
import { isActive } from '../domain-snapshot/domain-snapshot.ts';
import { domainSnapshotVerdicts } from '../domain-snapshot/checks.ts';
import type { OneHostCheck, OneHostSubject } from '../one-host/checks.ts';
import { judgeOneHost, oneHostChecks } from '../one-host/checks.ts';
import type { SnapshotRevertContext } from './snapshot-revert.ts';
import { keepingContext, kindOf, targetIn } from './snapshot-revert.ts';
import type { CheckVerdict } from '../verdicts.ts';
import { namesOf } from '../verdicts.ts';

type Subject = OneHostSubject<SnapshotRevertContext>;
type Check = OneHostCheck<SnapshotRevertContext>;

/** First libvirt that reverts to snapshots with external files. */
const externalRevertVersion = 9_009_000;

/** A check of the snapshot itself; that there is one is a check of its own. */
const ofTarget =
  (check: (target: SnapshotView, subject: Subject) => string | null): Check =>
  (subject) => {
    const target = targetIn(subject.facts.snapshots, subject.context.name);
    return target === undefined ? null : check(target, subject);
  };

/** What can be known before anything is touched; each is refused late by libvirt, or does harm. */
export const snapshotRevertChecks = {
  ...oneHostChecks,
  snapshotKnown: ({ context, domain, facts }) =>
    unless(targetIn(facts.snapshots, context.name) !== undefined, () => {
      const names = facts.snapshots.map(({ name }) => name).join(', ');
      return `${domain.name} has no snapshot ${context.name}: it has ${names || 'none'}`;
    }),
  stateFits: ({ domain }) =>
    unless(
      isActive(domain) || domain.state === 'shutoff',
      () =>
        `${domain.name} is ${domain.state}: a revert needs a guest that runs, is paused or is shut off`,
    ),
  kindFits: ofTarget((target, { context }) => {
    const kind = kindOf(target);
    return unless(
      kind === 'internal' || kind === 'external',
      () =>
        `libvirt cannot revert to ${context.name}, which is ${kind === 'manual' ? 'manual: its disks are kept by something else' : 'partly internal, partly external'}`,
    );
  }),
  versionFits: ofTarget((target, { context, domain, facts }) =>
    unless(
      kindOf(target) !== 'external' || facts.host.libvirtVersion >= externalRevertVersion,
      () =>
        `libvirt of ${facts.host.hostname} is older than 9.9 and does not revert to external snapshots: shut ${domain.name} off, make a new overlay on ${frozen(target)} with qemu-img create -b, and name it with virsh -c ${context.host} edit; docs/snapshots.md has it step by step`,
    ),
  ),
  definitionKept: ofTarget((target, { context }) =>
    unless(
      target.hasDefinition || context.force,
      () =>
        `snapshot ${context.name} keeps no definition, so the guest may not fit its memory: libvirt calls that risky, and only goes on with \`force\``,
    ),
  ),
  notSaved: ({ context, domain }) =>
    unless(
      !domain.managedSave || context.force,
      () =>
        `${domain.name} waits with its memory in a managed save image, which would not fit the disks any more: start it first, or remove that image with virsh -c ${context.host} managedsave-remove ${domain.name}; libvirt calls a revert now risky, and only goes on with \`force\``,
    ),
  noBlockJob: ({ domain }) => first(domain.disks, blockJobObjection),
  disksAreFiles: ofTarget((target, { domain }) =>
    first(kindOf(target) === 'external' ? target.disks : [], ({ kind, targetDev }) => {
      const disk = domain.disks.find((each) => each.targetDev === targetDev);
      return unless(
        kind === 'no' || disk === undefined || disk.source === 'file',
        () =>
          `disk ${targetDev} is no file (${disk?.source}), and libvirt reverts to external snapshots of files only`,
      );
    }),
  ),
  // Seen on 9.0: libvirt changes the file under the overlays that rest on it, without a word.
  filesUnshared: ofTarget((target, { context, domain, facts }) =>
    first(kindOf(target) === 'internal' ? target.frozenPaths : [], ({ path, targetDev }) => {
      const disk = domain.disks.find((each) => each.targetDev === targetDev);
      if (disk?.path !== path)
        return `snapshot ${context.name} is inside ${path}, and disk ${targetDev} is ${disk?.path ?? 'no file'} now: what rests on that file would be damaged. Merge the layers above it first`;
      const above = facts.snapshots.find(
        (each) =>
          kindOf(each) !== 'internal' &&
          each.frozenPaths.some((frozenAt) => frozenAt.path === path),
      );
      return unless(
        above === undefined,
        () =>
          `snapshot ${above?.name} rests on ${path}, inside which snapshot ${context.name} is: it would be damaged. Delete it first`,
      );
    }),
  ),
  filesThere: ({ context, facts }) =>
    unless(
      facts.missingPaths.length === 0,
      () =>
        `snapshot ${context.name} needs ${facts.missingPaths.join(', ')}, which ${facts.host.hostname} does not have: bring it back, or delete the snapshot with \`metadataOnly\``,
    ),
  deletionEnded: ofTarget((target, { context }) =>
    unless(
      target.unfinishedDeletion.length === 0,
      () =>
        `a deletion of a snapshot after ${context.name} was not finished: finish it first with virtstate delete-snapshot`,
    ),
  ),
  transientFits: ofTarget((target, { context, domain }) =>
    unless(
      domain.persistent ||
        context.resumeAs !== 'asSnapshot' ||
        target.state === 'running' ||
        target.state === 'paused',
      () =>
        `${domain.name} has no definition, and would be gone with the state of ${context.name}, which is shut off: ask for running or paused`,
    ),
  ),
  beforeKeepable: (subject) => {
    const { context, domain } = subject;
    if (!context.keepBefore) return null;
    const why = whyNotKeepable(subject);
    return unless(
      why === null,
      () =>
        `the state of ${domain.name} before the revert cannot be kept: ${why}. Without it a revert that fails leaves the guest down: say so (\`keepBefore: false\`) where that is wanted`,
    );
  },
} satisfies Record<string, Check>;

export type SnapshotRevertCheckName = keyof typeof snapshotRevertChecks;

export const snapshotRevertCheckNames = ['domainExists', ...namesOf(snapshotRevertChecks)];

export function snapshotRevertVerdicts(context: SnapshotRevertContext): readonly CheckVerdict[] {
  return judgeOneHost(snapshotRevertChecks, context);
}

/** Judged already, by this table. */
const judgedHere: ReadonlySet<string> = new Set([
  'domainExists',
  ...namesOf(oneHostChecks),
  'stateFits',
  'noBlockJob',
]);

function whyNotKeepable({ context, domain, facts }: Subject): string | null {
  const target = targetIn(facts.snapshots, context.name);
  if (target === undefined) return null;
  if (!domain.persistent)
    return 'it has no definition, and its snapshots are gone with its QEMU, which a revert ends';
  const current = facts.snapshots.find((each) => each.current);
  // Seen on 9.0 and later: such a snapshot cannot be deleted.
  if (kindOf(target) === 'external' && current !== undefined && kindOf(current) === 'internal')
    return `the current snapshot ${current.name} is internal, and libvirt could not delete an external one after it`;
  return (
    domainSnapshotVerdicts(keepingContext(context)).find(
      ({ check, objection }) => objection !== null && !judgedHere.has(check),
    )?.objection ?? null
  );
}

const frozen = ({ frozenPaths }: SnapshotView): string =>
  frozenPaths.map(({ path, targetDev }) => `${path} (${targetDev})`).join(', ');
