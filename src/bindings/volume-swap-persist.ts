import type { Persisted, PersistRequest } from '../../machines/policy/volume-swap/requests.ts';
import type { Tools } from '../engine/slots.ts';
import { placeOf } from '../ports/disk-source.ts';
import { FailureError, toFailure } from '../ports/failure.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import { changedAt, heldOf, runsOn } from './volume-swap-truth.ts';

/**
 * Of a guest that is off the definition alone decides: one that was started just then has its old
 * volume, and its definition is put back; so has one that ran in between and wrote to it. A libvirtd that was killed behind the pivot may show the old
 * volume, although it told the end of the copy before, and the guest never had it again.
 *
 * @throws FailureError `guestStarted`; `startedOnOld` for one that was on the new one before
 */
export async function persistSwap(
  hypervisors: Hypervisors,
  request: PersistRequest,
  { signal }: Tools,
): Promise<Persisted> {
  const { domainUuid, from, host, isOffline, sourceChangedAt, targetDev, to } = request;
  const hypervisor = await hypervisors.open(host, signal);
  const change = { targetDev, from, to };
  if (sourceChangedAt !== null && sourceChangedAt !== (await changedAt(hypervisor, from, signal)))
    throw startedOn(targetDev, 'guestStarted');
  const find = () => findRunning(hypervisor, request, signal);
  if (!isOffline || (await find()) !== 'old')
    await hypervisor.changeDiskImage(domainUuid, 'configuration', change, signal);
  const running = await afterChange(find());
  if (running !== 'old') return { isUnseen: running === 'unseen' };
  const back = { targetDev, from: to, to: from };
  await afterChange(hypervisor.changeDiskImage(domainUuid, 'configuration', back, signal));
  throw startedOn(targetDev, isOffline ? 'guestStarted' : 'startedOnOld');
}

/** Whatever fails then, the definition may name the new volume. */
async function afterChange<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new FailureError({ ...toFailure(error), effect: 'unknown' });
  }
}

/** `unseen`: libvirt shows the old volume, and QEMU, by its locks or its word, has the new one. */
async function findRunning(
  hypervisor: Hypervisor,
  { domainUuid, from, isOffline, isUnseen, targetDev, to }: PersistRequest,
  signal: AbortSignal,
): Promise<'old' | 'unseen' | 'asShown'> {
  const place = placeOf(from.source);
  if (!isUnseen && !(await runsOn(hypervisor, domainUuid, targetDev, place, signal)))
    return 'asShown';
  if (isOffline) return 'old';
  const held = await heldOf(hypervisor, { domainUuid, targetDev, from, to }, signal);
  // What is once known stays so where QEMU cannot be asked.
  if (held === 'unknown' && !isUnseen) throw unheard(targetDev);
  return held === 'from' ? 'old' : 'unseen';
}

const unheard = (targetDev: string): FailureError =>
  new FailureError({
    code: 'volumeUnknown',
    message: `libvirt shows the old volume of ${targetDev}, and QEMU does not say which it has`,
    effect: 'none',
  });

const startedOn = (targetDev: string, code: 'guestStarted' | 'startedOnOld'): FailureError =>
  new FailureError({
    code,
    message: `the guest was started with the old volume of ${targetDev}`,
    effect: 'none',
  });
