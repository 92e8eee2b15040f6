import type { DomainView } from '../../../src/ports/domain.ts';
import type { Failure } from '../../../src/ports/failure.ts';
import type { SavingContext, SavingLook } from './managed-save.ts';
import { guestOnHost, isMemoryLeft, saves } from './managed-save.ts';
import { foundDomain, isCutOff } from '../one-host/one-host.ts';
import { isActive } from '../peers.ts';

type Look = { readonly look: SavingLook };

/** After so many attempts a guest that libvirt left paused is an operator's. */
const resumesMax = 3;

export const isSilent = ({ look }: Look): boolean => !look.domain.reachable;

/**
 * The daemon is at it, for us or for whoever died; or it finds a QEMU that one before it had just begun,
 * and is about to end that.
 */
export function isBusy({ look }: Look): boolean {
  const domain = domainIn(look);
  return domain !== null && (domain.job !== null || domain.reason === 'startingUp');
}

function domainIn(look: SavingLook | null): DomainView | null {
  return look?.domain.reachable === true ? look.domain.domain : null;
}

/** Nothing runs, and the whole memory lies where it shall be. */
export function isSaved(context: SavingContext): boolean {
  const { look } = context;
  return saves(context) && !isActive(domainIn(look)) && wholeMemoryIn(context, look) === 'ours';
}

/** The daemon stopped it for the save, and did not let it go on. Whom a person paused stays so. */
export function isLeftPaused(context: SavingContext): boolean {
  const domain = domainIn(context.look);
  const isPaused = domain?.state === 'paused' && (domain.reason !== 'user' || isCutOff(context));
  return isPaused && saves(context) && foundDomain(context).state !== 'paused';
}

export function mayResume(context: SavingContext): boolean {
  return isLeftPaused(context) && context.resumes < resumesMax;
}

/** Half a memory, or a whole one of a guest that runs on: whoever went on from it would lose data. */
export function hasLeftovers(context: SavingContext): boolean {
  const { look } = context;
  if (!saves(context) || isMemoryLeft(context) || look === null) return false;
  return look.saved.kind !== 'none' && wholeMemoryIn(context, look) !== 'others';
}

function wholeMemoryIn(context: SavingContext, look: SavingLook | null) {
  if (look?.saved.kind !== 'whole') return null;
  const { domainUuid } = guestOnHost({ context });
  return look.saved.guest.domainUuid === domainUuid ? 'ours' : 'others';
}

/** What was asked for stands, whatever the answer was. */
export function hasDone(context: SavingContext): boolean {
  const { action, look } = context;
  if (saves(context)) return false;
  return action === 'removeManagedSave' ? look?.saved.kind === 'none' : isActive(domainIn(look));
}

/** What came of a save that is not there: the guest ended by itself, or the call failed. */
export function unsavedFailure(context: SavingContext): Failure | null {
  const domain = domainIn(context.look);
  if (!saves(context) || isActive(domain)) return context.failure;
  const { name } = foundDomain(context);
  const message = `the guest ended meanwhile (${domain?.reason ?? 'gone'}), and its memory with it, as when it is shut down: start ${name} when it is wanted`;
  return { code: 'guestEnded', message, effect: 'none' };
}

export function leftPausedFailure(context: SavingContext): Failure {
  const { name } = foundDomain(context);
  const message = `${name} is paused since its save failed, and could not be let run again: find out why (virsh domstate --reason, the log of its QEMU), then run virsh resume ${name}${causeOf(context)}`;
  return { code: 'guestLeftPaused', message, effect: 'unknown' };
}

export function silentFailure(context: SavingContext): Failure {
  const place = context.file ?? 'its managed save image';
  const { look } = context;
  const said = look?.domain.reachable === false ? ` (${look.domain.message})` : '';
  const message = `${context.host} does not say what became of ${context.domain}${said}: see that its daemon answers, then look at the domain and at ${place}${causeOf(context)}`;
  return { code: 'hostSilent', message, effect: 'unknown' };
}

const causeOf = ({ failure }: SavingContext): string =>
  failure === null ? '' : `. Cause: ${failure.message}`;
