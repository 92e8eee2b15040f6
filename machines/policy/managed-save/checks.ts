import { blockJobObjection } from '../block-job-check.ts';
import { first, mib, unless } from '../check.ts';
import type { ManagedSaveInput, SavingContext, SavingFacts } from './managed-save.ts';
import { saves } from './managed-save.ts';
import type { OneHostCheck } from '../one-host/checks.ts';
import { judgeOneHost, oneHostChecks } from '../one-host/checks.ts';
import type { CheckVerdict } from '../verdicts.ts';
import { judgeAll, namesOf } from '../verdicts.ts';

type RequestCheck = (request: ManagedSaveInput) => string | null;
type ImageSubject = { readonly context: SavingContext; readonly facts: SavingFacts };
type ImageCheck = (subject: ImageSubject) => string | null;

/** What each action has no use for: asked for all the same, it was meant otherwise. */
const misfits: readonly {
  readonly what: string;
  readonly isAsked: (request: ManagedSaveInput) => boolean;
  readonly fits: readonly ManagedSaveInput['action'][];
}[] = [
  { what: 'a file', isAsked: ({ file }) => file !== null, fits: ['saveTo', 'restore'] },
  {
    what: 'a definition',
    isAsked: ({ options }) => options.xml !== null,
    fits: ['saveTo', 'restore'],
  },
  {
    what: 'bypassing the cache',
    isAsked: ({ options }) => options.bypassCache,
    fits: ['save', 'saveTo', 'start', 'restore'],
  },
  {
    what: 'going on paused',
    isAsked: ({ options }) => options.resumeAs === 'paused',
    fits: ['save', 'saveTo', 'start', 'restore'],
  },
  {
    what: 'going on running',
    isAsked: ({ options }) => options.resumeAs === 'running',
    fits: ['save', 'saveTo', 'restore'],
  },
  {
    what: 'new firmware settings',
    isAsked: ({ options }) => options.resetNvram,
    fits: ['restore'],
  },
  { what: 'a forced boot', isAsked: ({ options }) => options.forceBoot, fits: ['start'] },
];

/** The request alone. */
const requestChecks = {
  optionsFit: (request) =>
    first(misfits, ({ fits, isAsked, what }) =>
      unless(
        fits.includes(request.action) || !isAsked(request),
        () => `${request.action} takes no ${what}: that is for ${fits.join(', ')}`,
      ),
    ),
  fileNamed: ({ action, file }) =>
    unless(
      (action !== 'saveTo' && action !== 'restore') || file?.startsWith('/') === true,
      () => `${action} needs a file, named from the root of the host's file system`,
    ),
} satisfies Record<string, RequestCheck>;

/** The domain as it is; libvirt would say most of it only after the guest has been stopped. */
const guestChecks = {
  ...oneHostChecks,
  isInState: ({ context, domain }) => {
    const isUp = ['running', 'blocked', 'paused'].includes(domain.state);
    if (saves(context))
      return unless(
        isUp,
        () =>
          `${domain.name} is ${domain.state}: only a guest that runs or is paused has a memory to save`,
      );
    const isDown = domain.state === 'shutoff' || domain.state === 'crashed';
    return unless(
      isDown || context.action === 'removeManagedSave',
      () =>
        `${domain.name} is ${domain.state} already: shut it down before another memory is loaded`,
    );
  },
  isPersistent: ({ context, domain }) =>
    unless(
      domain.persistent || context.action !== 'save',
      () =>
        `${domain.name} is transient, and its managed save image would go with it: save it to a file, or define it first`,
    ),
  noBlockJob: ({ context, domain }) => first(saves(context) ? domain.disks : [], blockJobObjection),
  isSaveable: ({ context, domain, facts }) =>
    unless(
      !saves(context) || facts.unsaveable.length === 0,
      () =>
        `${domain.name} has devices of the host that cannot be saved: detach them first (${facts.unsaveable.join(', ')})`,
    ),
} satisfies Record<string, OneHostCheck<SavingContext>>;

/** What lies where the memory is, or shall be. */
const imageChecks = {
  placeIsFree: ({ context, facts: { saved } }) => {
    if (!saves(context) || saved.kind === 'none') return null;
    if (context.action === 'saveTo')
      return `${context.file} stands already, and is not overwritten: choose another name, or remove it`;
    return unless(
      context.force,
      () =>
        `${context.domain} has a managed save image although it is up, so an earlier save was broken off: remove it first (virsh -c ${context.host} managedsave-remove ${context.domain}), or replace it with \`force\``,
    );
  },
  hasSpace: ({ context, facts: { domain, freeBytes } }) => {
    if (freeBytes === 'noDirectory') return `there is no directory for ${context.file}: make it`;
    if (freeBytes === null || domain === null || context.force) return null;
    return unless(
      freeBytes >= domain.memoryBytes,
      () =>
        `${context.file} may take ${mib(domain.memoryBytes)}, and only ${mib(freeBytes)} are free there: make room, or try it with \`force\``,
    );
  },
  isThere: ({ context, facts: { saved } }) => {
    if (saved.kind !== 'none') return null;
    if (context.action === 'restore') return `${context.file} is not there`;
    return unless(
      context.action !== 'removeManagedSave',
      () => `${context.domain} has no managed save image`,
    );
  },
  isWhole: ({ context, facts: { saved } }) => {
    if (saved.kind !== 'broken' || saves(context) || context.action === 'removeManagedSave')
      return null;
    if (context.action === 'restore') return saved.message;
    return unless(
      context.options.forceBoot,
      () =>
        `${saved.message}: libvirt might throw it away and boot ${context.domain} instead; where that is wanted, force the boot`,
    );
  },
  isSameGuest: ({ context, facts: { domain, saved } }) => {
    if (context.action !== 'restore' || saved.kind !== 'whole') return null;
    const { domainName, domainUuid } = saved.guest;
    const isAsked = context.domain === domainName || context.domain === domainUuid;
    return unless(
      isAsked && (domain === null || (domain.uuid === domainUuid && domain.name === domainName)),
      () =>
        `${context.file} holds the memory of ${domainName} (${domainUuid}), not of ${context.domain}`,
    );
  },
  disksFit: (subject) => {
    const { context } = subject;
    const goesOn = context.action === 'restore' || context.action === 'start';
    const changed =
      goesOn && !context.force && !context.options.forceBoot ? changedDisks(subject) : [];
    return unless(
      changed.length === 0,
      () =>
        `${changed.join(', ')} changed since the memory of ${context.domain} was saved, and a guest that goes on would corrupt what is there: boot it instead (virsh -c ${context.host} start --force-boot ${context.domain}), or go on with \`force\``,
    );
  },
} satisfies Record<string, ImageCheck>;

/**
 * Which disks are not as the guest left them. Where nobody noted how it left them, a disk that is
 * newer than the file with the memory has changed; where nothing can be compared, nothing is said.
 */
function changedDisks({ facts: { disks, saved, savedAt } }: ImageSubject): string[] {
  if (saved.kind !== 'whole') return [];
  const { noted } = saved.guest;
  const isChanged = ({ changedAt, path, targetDev }: SavingFacts['disks'][number]): boolean => {
    const then = noted?.find((disk) => disk.targetDev === targetDev && disk.path === path);
    if (then !== undefined) return then.changedAt !== null && changedAt !== then.changedAt;
    return isLater(changedAt, savedAt);
  };
  return disks.filter(isChanged).map(({ path, targetDev }) => `disk ${targetDev} (${path})`);
}

const isTime = (text: string | null): boolean => /^\d+\.\d+$/.test(text ?? '');

/** Of two times of files as libvirt tells them, in seconds; anything else cannot be compared. */
function isLater(one: string | null, other: string | null): boolean {
  return isTime(one) && isTime(other) && Number(one) > Number(other);
}

/** Every check, with what it found. */
export function savingVerdicts(context: SavingContext): readonly CheckVerdict[] {
  const { facts } = context;
  if (facts === null) return [];
  // A transient guest that was saved is nowhere but in its file.
  const isOnlyInFile = context.action === 'restore' && facts.domain === null;
  return [
    ...judgeAll(requestChecks, context),
    ...(isOnlyInFile ? [] : judgeOneHost(guestChecks, context)),
    ...judgeAll(imageChecks, { context, facts }),
  ];
}

export const savingCheckNames: readonly string[] = [
  ...namesOf(requestChecks),
  'domainExists',
  ...namesOf(guestChecks),
  ...namesOf(imageChecks),
];
