import type { Failure } from '../../../src/ports/failure.ts';
import { readFailure } from '../failures.ts';
import type { LiveMigrationContext } from './live-migration-context.ts';
import { foundDomain, verdictsOf } from './live-migration-context.ts';
import { describePeers, isActive } from '../peers.ts';

/** The guest has moved, but its definitions could not be settled. */
export function unsettledFailure(context: LiveMigrationContext): Failure {
  const held = context.peers === null ? 'neither host has answered' : describePeers(context.peers);
  const { name } = foundDomain(context);
  if (context.offline && context.peers?.source.reachable && isActive(context.peers.source.domain))
    return {
      code: 'guestStarted',
      message: `${name} was started on the source while it was moved, so what lies on the destination is older (${held}): undefine it there, with its copied disks, and move it again when it is shut off`,
      effect: 'unknown',
    };
  return {
    code: 'definitionsUnsettled',
    message: `${name} has moved to the destination, but what is left to do could not be done (${held}): see that it is defined on the destination, then undefine it on the source`,
    effect: 'unknown',
  };
}

/** The guest is safe on the source; what stands of it on the destination could not be ended. */
export function remainderLeftFailure(context: LiveMigrationContext): Failure | null {
  const { failure } = context.report;
  const there = context.peers?.destination;
  if (failure === null || there?.reachable !== true || !isActive(there.domain)) return failure;
  const { name } = foundDomain(context);
  const left = `${name} still stands on the destination as ${there.domain?.state} (${there.domain?.reason}) and could not be ended: destroy it there, or restart that daemon`;
  return { ...failure, message: `${failure.message}; ${left}` };
}

/** The guest is on the source again, and yet the destination holds a copy that is no mere remainder. */
export function copyLeftFailure(context: LiveMigrationContext): Failure {
  const held = context.peers === null ? '' : ` (${describePeers(context.peers)})`;
  const { name } = foundDomain(context);
  const cause = context.report.failure?.message ?? 'unknown';
  return {
    code: 'splitBrain',
    message: `${name} was rolled back, but the destination holds a copy of it, too${held}: let one of them run, and destroy the other. Cause: ${cause}`,
    effect: 'unknown',
  };
}

/** All objections at once: whoever mends one should know the next. */
export function refusal(context: LiveMigrationContext): Failure {
  const objections = verdictsOf(context).filter((verdict) => verdict.objection !== null);
  const check = objections[0]?.check ?? 'refused';
  return {
    // The same as where the other run came only after this look.
    code: check === 'unclaimed' ? 'claimed' : check,
    message: objections.map((verdict) => verdict.objection).join('; '),
    effect: 'none',
  };
}

/** A disk on the source is newer than its copy: nothing of the source goes. */
export function staleCopyFailure(context: LiveMigrationContext, error: unknown): Failure {
  const { message } = readFailure(error);
  const { name } = foundDomain(context);
  return {
    code: 'diskChanged',
    message: `${name} is defined on the destination, but a disk on the source changed after it was copied: undefine it on the destination, with its copied disks, and move it again. Cause: ${message}`,
    effect: 'unknown',
  };
}
