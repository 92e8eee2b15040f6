import type { SeenDisk, SwapLook } from '../../machines/policy/volume-swap/look.ts';
import type { SwapRequest } from '../../machines/policy/volume-swap/requests.ts';
import type { DiskImage } from '../ports/disk-source.ts';
import { placeOf } from '../ports/disk-source.ts';
import type { DomainStatus } from '../ports/domain.ts';
import { FailureError } from '../ports/failure.ts';
import type { Hypervisor } from '../ports/hypervisor.ts';

/**
 * Its locks tell it where only one of them is held; else QEMU is asked, which taints the domain, and
 * which libvirt can do only while it knows of its QEMU.
 */
export async function heldOf(
  hypervisor: Hypervisor,
  disk: Pick<SwapRequest, 'domainUuid' | 'targetDev' | 'from' | 'to'>,
  signal: AbortSignal,
): Promise<SeenDisk['held']> {
  const { domainUuid, from, targetDev, to } = disk;
  try {
    const [isFromHeld, isToHeld] = await Promise.all([
      isWrittenTo(hypervisor, from, signal),
      isWrittenTo(hypervisor, to, signal),
    ]);
    if (isFromHeld !== null && isToHeld !== null && isFromHeld !== isToHeld)
      return isToHeld ? 'to' : 'from';
    const place = await hypervisor.findAttachedPlace(domainUuid, targetDev, signal);
    if (place === placeOf(to.source)) return 'to';
    return place === placeOf(from.source) ? 'from' : 'unknown';
  } catch (error) {
    if (error instanceof FailureError) return 'unknown';
    throw error;
  }
}

/** `null`: there are no locks on a network. */
async function isWrittenTo(
  hypervisor: Hypervisor,
  { format, source }: DiskImage,
  signal: AbortSignal,
): Promise<boolean | null> {
  if (source.kind !== 'file' && source.kind !== 'block') return null;
  return hypervisor.isImageInUse({ path: source.path, format }, signal);
}

/** `null`: it is in no pool of the host, and nobody can tell. */
export async function changedAt(
  hypervisor: Hypervisor,
  { source }: DiskImage,
  signal: AbortSignal,
): Promise<string | null> {
  return (await hypervisor.findVolume(placeOf(source), signal))?.changedAt ?? null;
}

/** As libvirt has it. */
export async function runsOn(
  host: Hypervisor,
  uuid: string,
  targetDev: string,
  place: string,
  signal: AbortSignal,
): Promise<boolean> {
  const [state, chains] = await Promise.all([
    host.findState(uuid, signal),
    host.findChains(uuid, signal),
  ]);
  if (guestIn(state) === 'off') return false;
  const top = chains.find((chain) => chain.targetDev === targetDev)?.layers[0]?.origin ?? null;
  return top !== null && placeOf(top) === place;
}

const offStates: readonly string[] = ['shutoff', 'crashed', 'nostate'];

export function guestIn(state: DomainStatus['state'] | null): SwapLook['guest'] {
  if (state === null || offStates.includes(state)) return 'off';
  return state === 'paused' ? 'paused' : 'running';
}
