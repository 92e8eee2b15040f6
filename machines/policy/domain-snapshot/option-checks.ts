import { unless } from '../check.ts';
import type { DomainSnapshotContext } from './domain-snapshot.ts';
import { isActive } from './domain-snapshot.ts';
import type { OneHostCheck } from '../one-host/checks.ts';

type Check = OneHostCheck<DomainSnapshotContext>;

/**
 * libvirt keeps a snapshot in a file NAME.xml, which it writes as NAME.xml.new first. A longer name
 * fails after the disks have been switched (libvirt 9.0 and 11.3).
 */
const nameBytesMax = 247;

/** What is asked contradicts itself, or the state of the domain. */
export const optionChecks = {
  nameValid: ({ context: { name } }) => {
    const isPlain = name !== '' && !name.startsWith('.') && !/[/\p{Cc}]/u.test(name);
    if (!isPlain)
      return `'${name}' cannot name a snapshot: it must not be empty, begin with a dot, or have a slash or a control character in it`;
    return unless(
      utf8Bytes(name) <= nameBytesMax,
      () => `the name of the snapshot is too long: at most ${nameBytesMax} bytes`,
    );
  },
  stateFits: ({ domain }) =>
    unless(
      isActive(domain) || domain.state === 'shutoff',
      () =>
        `${domain.name} is ${domain.state}: a snapshot needs a guest that runs, is paused or is shut off`,
    ),
  memoryFits: ({ context, domain }) => {
    if (context.memoryPath === null) return null;
    if (context.kind === 'internal')
      return 'an internal snapshot holds the memory itself: give no file for it, or ask for an external one';
    return unless(
      isActive(domain),
      () => `${domain.name} is shut off and has no memory to be kept: give no file for it`,
    );
  },
  liveFits: ({ context }) =>
    unless(
      !context.live || (context.kind === 'external' && context.memoryPath !== null),
      () => 'only where its memory goes to a file can a guest run on meanwhile: give that file',
    ),
  disksAllThere: ({ context }) =>
    unless(
      context.kind !== 'internal' || context.disks === null,
      () => 'an internal snapshot is of all disks: choose none, or ask for an external one',
    ),
  reuseFits: ({ context }) =>
    unless(
      !context.reuseExternal || context.kind === 'external',
      () => 'an internal snapshot has no overlays that could stand already',
    ),
  freezeFits: ({ context, domain }) => {
    if (context.quiesce !== 'required') return null;
    if (context.kind === 'internal' || context.memoryPath !== null)
      return 'a guest is not frozen where its memory is kept: after a revert it would still be frozen';
    return unless(isActive(domain), () => `${domain.name} is shut off: there is nothing to freeze`);
  },
  haltFits: ({ context, domain }) => {
    if (!context.halt) return null;
    if (!domain.persistent)
      return `${domain.name} has no definition, and would be gone with its halt: define it first, or do without the halt`;
    return unless(isActive(domain), () => `${domain.name} is shut off already: ask for no halt`);
  },
  // libvirt halts the guest even where nothing but metadata is asked for (9.0 and 11.3).
  redefinitionFits: ({ context }) =>
    unless(
      context.redefine === null ||
        (!context.halt &&
          !context.noMetadata &&
          !context.live &&
          !context.reuseExternal &&
          context.disks === null &&
          context.memoryPath === null &&
          context.quiesce !== 'required'),
      () => 'what is redefined is metadata alone: ask for nothing else with it',
    ),
} satisfies Record<string, Check>;

function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
