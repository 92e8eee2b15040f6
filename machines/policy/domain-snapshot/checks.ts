import type { DiskView } from '../../../src/ports/domain.ts';
import { blockJobObjection } from '../block-job-check.ts';
import { first, mib, unless } from '../check.ts';
import type { DomainSnapshotContext, TargetFact } from './domain-snapshot.ts';
import {
  isActive,
  memoryFileBytes,
  planDisks,
  planTargets,
  writtenDisks,
} from './domain-snapshot.ts';
import { freezeObjection } from '../one-host/freezing.ts';
import type { OneHostCheck, OneHostSubject } from '../one-host/checks.ts';
import { judgeOneHost, oneHostChecks } from '../one-host/checks.ts';
import { optionChecks } from './option-checks.ts';
import type { CheckVerdict } from '../verdicts.ts';
import { namesOf } from '../verdicts.ts';

type Subject = OneHostSubject<DomainSnapshotContext>;
type Check = OneHostCheck<DomainSnapshotContext>;

/** An overlay before the guest has written to it. */
const overlayBytes = 2 ** 20;

/**
 * What can be known before anything is touched: each is a refusal that libvirt 9.0 and 11.3 were seen
 * to give late, or not at all. A memory file that stands is written over without a word.
 */
export const domainSnapshotChecks = {
  ...oneHostChecks,
  ...optionChecks,
  nameFree: ({ context, facts }) =>
    unless(
      context.noMetadata ||
        context.redefine !== null ||
        !facts.snapshots.some(({ name }) => name === context.name),
      () => `there is a snapshot ${context.name} already: choose another name, or delete it`,
    ),
  notSaved: ({ domain }) =>
    unless(
      !domain.managedSave,
      () =>
        `${domain.name} waits with its memory in a managed save image, which goes on with the disks as they are named now: start it first, or remove that image`,
    ),
  disksKnown: (subject) => {
    const { context, domain } = subject;
    if (context.redefine !== null) return null;
    const known = domain.disks.map(({ targetDev }) => targetDev);
    const unknown = (context.disks ?? []).find(({ targetDev }) => !known.includes(targetDev));
    if (unknown !== undefined)
      return `${domain.name} has no disk ${unknown.targetDev}, only ${known.join(', ') || 'none'}`;
    return unless(
      disksOf(subject).length > 0,
      () => `${domain.name} has no disk that it writes to, so there is nothing to take`,
    );
  },
  disksFit: (subject) =>
    first(disksOf(subject), (disk) =>
      subject.context.kind === 'internal' ? internalObjection(disk) : externalObjection(disk),
    ),
  firmwareFits: ({ context, domain }) =>
    unless(
      context.kind !== 'internal' || context.redefine !== null || domain.nvramPath === null,
      () =>
        `${domain.name} has UEFI settings in ${domain.nvramPath}, which an internal snapshot would not hold: take an external one`,
    ),
  noBlockJob: (subject) => first(disksThatRest(subject), blockJobObjection),
  targetsDistinct: (subject) => {
    const { context, domain, facts } = subject;
    const paths = planTargets(context, domain).map(({ path }) => path);
    const layers = facts.chains.flatMap((chain) => chain.layers.map(({ path }) => path));
    const wrong = paths.find(
      (path, at) => paths.indexOf(path) !== at || layers.includes(path) || !isPlainPath(path),
    );
    return unless(
      wrong === undefined,
      () =>
        `${wrong} cannot be a file of the snapshot: each needs an absolute path of its own, and none of a file that the domain uses`,
    );
  },
  targetsUnused: ({ facts }) =>
    first(facts.targets, ({ neighbours, path, users }) => {
      if (users.length > 0)
        return `${path} is a disk of another domain (${users.join(', ')}): choose another path`;
      return unless(
        neighbours.length === 0,
        () =>
          `${path} would lie among the disks of another domain (${neighbours.join(', ')}): choose another directory`,
      );
    }),
  targetsVisible: ({ context, facts }) =>
    unless(
      facts.filesVisible || (context.memoryPath === null && !context.reuseExternal),
      () =>
        `only libvirt reaches ${context.host}, and it writes over a memory file that stands: run virtstate on that host, or use qemu+ssh`,
    ),
  targetsFree: (subject) =>
    first(freeTargets(subject), ({ path, standing }) =>
      unless(
        standing === null,
        () => `${path} stands already, and nothing is written over: choose another, or remove it`,
      ),
    ),
  directoriesThere: ({ context, facts }) =>
    first(facts.filesVisible ? facts.targets : [], ({ availableBytes, path }) =>
      unless(
        availableBytes !== null,
        () => `${context.host} has no directory for ${path}: make it, or choose another path`,
      ),
    ),
  overlaysFit: ({ context, domain, facts }) =>
    first(context.reuseExternal ? planDisks(context, domain) : [], ({ base, overlay }) => {
      const found = facts.targets.find(({ path }) => path === overlay?.path)?.image ?? null;
      if (found === null)
        return `${overlay?.path} is to be used as it is, and is no image: make it over ${base.path}`;
      return unless(
        found.format === overlay?.format && found.backingPath === base.path,
        () =>
          `${found.path} is ${found.format} over ${found.backingPath ?? 'nothing'}, and has to be ${overlay?.format} over ${base.path}`,
      );
    }),
  spaceEnough: ({ context, domain, facts }) =>
    first(facts.targets, ({ availableBytes, path }) => {
      const isMemory = path === context.memoryPath;
      const wanted = isMemory ? memoryFileBytes(context, domain) : overlayBytes;
      return unless(
        availableBytes === null || context.reuseExternal || availableBytes >= wanted,
        () =>
          `where ${path} is to be are ${mib(availableBytes ?? 0)} left, and it may need ${mib(wanted)}`,
      );
    }),
  canFreeze: ({ context, domain, facts }) => freezeObjection(context.quiesce, domain, facts),
} satisfies Record<string, Check>;

export type DomainSnapshotCheckName = keyof typeof domainSnapshotChecks;

export const domainSnapshotCheckNames = ['domainExists', ...namesOf(domainSnapshotChecks)];

export function domainSnapshotVerdicts(context: DomainSnapshotContext): readonly CheckVerdict[] {
  return judgeOneHost(domainSnapshotChecks, context);
}

/** Disks of the snapshot; a disk without a file is among them, to be objected to. */
function disksOf({ context, domain }: Subject): readonly DiskView[] {
  if (context.redefine !== null) return [];
  const chosen = context.disks?.map(({ targetDev }) => targetDev);
  if (chosen === undefined) return writtenDisks(domain);
  return domain.disks.filter(({ targetDev }) => chosen.includes(targetDev));
}

/** With the memory go all disks: a job on any of them stands in its way. */
function disksThatRest(subject: Subject): readonly DiskView[] {
  const { context, domain } = subject;
  const isWhole = context.kind === 'internal' || context.memoryPath !== null;
  return isWhole && isActive(domain) ? domain.disks : disksOf(subject);
}

function externalObjection(disk: DiskView): string | null {
  const { device, path, readOnly, source, targetDev, transient } = disk;
  if (device !== 'disk' || readOnly)
    return `${targetDev} is no disk that the guest writes to (${device}): leave it out`;
  if (transient)
    return `disk ${targetDev} is transient, and libvirt takes no such disk: leave it out`;
  return unless(
    source === 'file' && path !== null,
    () => `disk ${targetDev} is no file (${source}), and its overlay would need one: leave it out`,
  );
}

function internalObjection({ format, source, targetDev, transient }: DiskView): string | null {
  if (transient) return `disk ${targetDev} is transient, and an internal snapshot needs all disks`;
  return unless(
    format === 'qcow2' && source === 'file',
    () =>
      `disk ${targetDev} is ${format}, and an internal snapshot needs every disk to be qcow2: take an external one`,
  );
}

/** Overlays that are to be used as they are have to stand. */
function freeTargets({ context, facts }: Subject): readonly TargetFact[] {
  if (!context.reuseExternal) return facts.targets;
  return facts.targets.filter(({ path }) => path === context.memoryPath);
}

const isPlainPath = (path: string): boolean => path.startsWith('/') && !/\p{Cc}/u.test(path);
