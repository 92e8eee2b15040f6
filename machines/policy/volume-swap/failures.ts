import { placeOf } from '../../../src/ports/disk-source.ts';
import type { Failure } from '../../../src/ports/failure.ts';
import { foundDomain } from '../one-host/one-host.ts';
import type { DiskSwap, VolumeSwapContext } from './volume-swap.ts';
import { isSwapped, swapFailure } from './volume-swap.ts';

type Context = VolumeSwapContext;

const gib = 2 ** 30;
const copyMsPerGib = 800_000;

/** Until all copies are in step: even a small disk gets the time of 1 GiB. */
export function copyWaitMs({ swaps, timeoutMs }: Context): number {
  const bytes = swaps.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return timeoutMs ?? Math.round(copyMsPerGib * Math.max(1, bytes / gib));
}

const namesOf = (swaps: readonly DiskSwap[]): string =>
  swaps.map(({ targetDev }) => targetDev).join(', ');
const placesOf = (swaps: readonly DiskSwap[]): string =>
  swaps.map(({ to }) => placeOf(to.source)).join(', ');
const domainOf = (context: Context): string => foundDomain(context).name;

/** Why there is no whole copy. The guest is where it was. */
export function lostFailure(context: Context): Failure {
  const { guest, stopDetail, swaps } = context;
  const name = domainOf(context);
  const lost = swaps.filter(({ state }) => state === 'lost');
  // One that was started since has ended all the same.
  if (guest === 'off' || stopDetail !== null) {
    const off = foundDomain(context).persistent
      ? 'its domain is shut off'
      : 'its domain is transient, and gone';
    const now = context.wasStarted && guest !== 'off' ? 'it was started again' : off;
    return swapFailure(
      'guestStopped',
      `the guest of ${name} ended (${stopDetail ?? 'seen'}) while its disks were being copied, and the copies with it: ${now}, its data are on the old volumes; start it and swap again, or swap it shut off`,
    );
  }
  return swapFailure(
    'copyLost',
    `the copy of ${name}'s ${namesOf(lost)} failed, or was ended by somebody else; the guest has its old volumes: see that ${placesOf(lost)} still stands, can be written to and has room, and swap again`,
  );
}

/** A guest that ends may end its copies before libvirt tells that it does. */
export const explainLost = (context: Context): Partial<Context> =>
  isUnexplained(context) ? { failure: lostFailure(context) } : {};

export const isUnexplained = ({ failure }: Context): boolean => failure?.code === 'copyLost';

/** Meanwhile the domain would have ended with its guest. */
export const interruptedFailure = (context: Context): Failure =>
  swapFailure(
    'interrupted',
    `the swap was interrupted while ${domainOf(context)} had no definition, because its libvirt copies disks of transient domains only: it has been defined again, and the copies are given up; it has its old volumes: see that it runs, and swap again`,
  );

export const timedOutFailure = (context: Context): Failure =>
  swapFailure(
    'timedOut',
    `the copies of ${domainOf(context)}'s ${namesOf(context.swaps)} were not in step after ${Math.round(copyWaitMs(context) / 1000)} s; the guest runs on with its old volumes: give it more time or bandwidth`,
  );

export const stalledFailure = (context: Context): Failure =>
  swapFailure(
    'stalled',
    context.writes === 'synchronous'
      ? `the copies of ${domainOf(context)}'s disks came no nearer to them for ${Math.round(context.stallMs / 1000)} s, even with writes to both volumes; the guest runs on with its old volumes: see to the storage of ${placesOf(context.swaps)}`
      : `the copies of ${domainOf(context)}'s disks came no nearer to them for ${Math.round(context.stallMs / 1000)} s; the guest runs on with its old volumes: see to the storage of ${placesOf(context.swaps)}, or swap when the guest writes less`,
  );

export const silentFailure = (context: Context): Failure =>
  swapFailure(
    'hostUnreachable',
    `${context.host} did not say what became of the copies of ${domainOf(context)}'s disks, so they are given up; the guest was not asked to go on with them`,
  );

/** The copy was of a guest that is off. */
export const startedFailure = (context: Context): Failure =>
  swapFailure(
    'guestStarted',
    `${domainOf(context)} was started while its disks were being copied, so the copies are not used; it runs with its old volumes: swap again while it runs`,
  );

/** Since it was checked, somebody else has given the guest another volume, or begins to. */
export const movedFailure = (context: Context): Failure =>
  swapFailure(
    'disksChanged',
    `${domainOf(context)}'s ${namesOf(context.swaps)} lies on another volume than a moment ago, or is being copied by somebody else; nothing was touched: wait for whoever changes it, and swap again`,
  );

/** Every copy is in step, and yet the guest may not go on with one. */
export const notPivotedFailure = (context: Context): Failure =>
  swapFailure(
    'pivotRefused',
    `${context.host} refused to let ${domainOf(context)} go on with ${placesOf(context.swaps)}, again and again; the guest runs on with its old volumes: see why in the log of the host, and swap again`,
  );

/** Behind the pivot the guest ended, and was started with what its definition still named. */
export function staleStartFailure(context: Context): Failure {
  const pairs = context.swaps
    .map(
      ({ from, targetDev, to }) =>
        `${targetDev}: ${placeOf(to.source)} has what it wrote until then, ${placeOf(from.source)} what it writes since`,
    )
    .join('; ');
  return swapFailure(
    'startedOnOld',
    `the guest of ${domainOf(context)} was on its new volumes, ended, and was started with its old ones before the definition could name the new ones (${pairs}): shut it off, compare both, and define it with the one that you keep`,
    'done',
  );
}

/** Where nobody could be asked which volume is true. */
export function undecidedFailure(context: Context): Failure {
  const asked = context.swaps.filter(({ state }) => state === 'pivotAsked');
  const pairs = asked
    .map(
      ({ from, targetDev, to }) => `${targetDev}: ${placeOf(from.source)} or ${placeOf(to.source)}`,
    )
    .join('; ');
  const why =
    context.guest === 'off'
      ? 'libvirt takes its guest for ended just then, though a QEMU of it may run on'
      : `${context.host} does not answer, or its copy is neither in step nor gone`;
  return swapFailure(
    'volumeUnknown',
    `${domainOf(context)} was asked to go on with its new volumes, and it is not known which it used last, for ${why} (${pairs}): nothing was removed or changed; do not start it before you have compared both`,
    'unknown',
  );
}

/** Of a guest that is off: both volumes hold the same, but only one of them is its disk from now on. */
export function untoldFailure(context: Context): Failure {
  const name = domainOf(context);
  const pairs = context.swaps
    .map(
      ({ from, targetDev, to }) => `${targetDev}: ${placeOf(from.source)} or ${placeOf(to.source)}`,
    )
    .join('; ');
  return swapFailure(
    'volumeUnknown',
    `${context.host} does not answer, and did not tell whether the definition of ${name} names its old or its new volume by now (${pairs}): the copy is whole, and both hold the same as long as ${name} is not started; nothing was removed: see virsh -c ${context.host} domblklist ${name} --inactive before you remove the other one`,
    'unknown',
  );
}

/** Seen on libvirt 9.0, whose daemon was killed behind the pivot. */
export function unseenFailure(context: Context): Failure {
  const name = domainOf(context);
  const now = `QEMU has ${placesOf(context.swaps)} open: the guest runs on with its new volumes, which its definition names, too, so nothing is lost`;
  return swapFailure(
    'guestUnseen',
    context.guest === 'off'
      ? `libvirt takes ${name} for shut off, but some ${now}; shut it down from inside, or end its QEMU, and only then start it`
      : `libvirt takes ${name} for on its old volumes, but its ${now}; neither save nor migrate it nor take a snapshot, which would name the old ones, before it has been shut off and started`,
    'done',
  );
}

/** Some of several are on their new volumes, and the others cannot get there. */
export function partlyFailure(context: Context): Failure {
  const there = context.swaps.filter(isSwapped);
  const left = context.swaps.filter((swap) => !isSwapped(swap));
  return swapFailure(
    'swappedPartly',
    `${domainOf(context)}'s ${namesOf(there)} ${there.length === 1 ? 'is' : 'are'} on the new volume, and ${namesOf(left)} is not, because its copy was lost, or the guest was started, in the last moment; both the guest and its definition have it so, and nothing is lost: swap ${namesOf(left)} again`,
    'done',
  );
}

/** The guest is on its new volume, and its definition would start it on the old one. */
export function unpersistedFailure(context: Context): Failure {
  const open = context.swaps.filter(({ persisted }) => !persisted);
  const pairs = open
    .map(({ targetDev, to }) => `${targetDev} ${placeOf(to.source)} (${to.format})`)
    .join(', ');
  const name = domainOf(context);
  return swapFailure(
    'notPersisted',
    `${name} writes to its new volumes, and its definition does not say so: a start would take the old ones; do not shut it off before virsh -c ${context.host} edit ${name} names ${pairs}`,
    'done',
  );
}

export function jobLeftFailure(context: Context): Failure {
  const { host } = context;
  const name = domainOf(context);
  const left = context.artefacts.filter(({ kind }) => kind === 'blockJob').map(({ path }) => path);
  const how = left.map((targetDev) => `virsh -c ${host} blockjob ${name} ${targetDev} --abort`);
  const cause = context.failure === null ? '' : `. Before that: ${context.failure.message}`;
  return swapFailure(
    'copyLeft',
    `it is not known whether ${name}'s disks are still being copied, for ${host} does not answer; the guest runs with its old volumes: see that the host answers, then ${how.join(' and ')}${cause}`,
    'unknown',
  );
}
