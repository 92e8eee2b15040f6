import type { FailureEffect } from '../../ports/failure.ts';
import { FailureError } from '../../ports/failure.ts';
import type { CallFault, FaultScript, HypervisorCall, LinkCall } from './faults.ts';
import { libvirtError } from './libvirt-error.ts';
import { gapsMs } from './migration-job.ts';
import type { Host, World } from './world.ts';
import { CarrierDied, lifeOf } from './world.ts';

/** A request and its reply on the way. */
const roundTripMs = 1;

/** A call as its failures tell of it. */
export interface NamedCall {
  readonly host: Host;
  readonly name: HypervisorCall | LinkCall;
  readonly signal: AbortSignal;
  /** What an error reply leaves behind. */
  readonly effectOfErrorReply: FailureEffect;
}

export interface DaemonCall extends NamedCall {
  readonly world: World;
  readonly faults: FaultScript;
}

/**
 * One call of ours to a daemon. An aborted signal ends our wait, not what the daemon does.
 *
 * @throws FailureError `hostUnreachable`, `connectionLost`, `aborted`, or the daemon's refusal
 */
export async function callDaemon<T>(
  call: DaemonCall,
  work: () => T | Promise<T>,
): Promise<Awaited<T>> {
  const { faults, host, name, signal } = call;
  if (signal.aborted) throw aborted(call, 'none');
  if (!host.daemon.up) throw unreachable(host);
  const fault = faults.takeCall(name, host.name);
  const reply = answer(call, work, fault).catch((error: unknown) => {
    throw asReply(call, error);
  });
  return untilAborted(call, reply);
}

async function answer<T>(
  { world, host }: DaemonCall,
  work: () => T | Promise<T>,
  fault: CallFault | null,
): Promise<Awaited<T>> {
  const isAlive = lifeOf(host);
  await world.pass(typeof fault === 'object' && fault !== null ? fault.slowMs : 0, isAlive);
  await world.pass(roundTripMs, isAlive);
  await untilHeard(world, host, isAlive);
  if (fault === 'loseRequest') throw new CarrierDied();
  if (fault === 'refuse') throw libvirtError('operationFailed', 'the daemon refused');
  const result = await work();
  world.changed();
  await untilHeard(world, host, isAlive);
  if (!isAlive() || fault === 'loseReply') throw new CarrierDied();
  if (fault === 'failAfterEffect')
    throw libvirtError('operationFailed', 'the daemon failed after it had acted', 'done');
  return result;
}

/** @throws CarrierDied when nothing is heard of the host for so long that keepalive gives it up */
async function untilHeard(world: World, host: Host, whileAlive: () => boolean): Promise<void> {
  const until = (): boolean => world.link.reachesClient(host.name);
  if (until()) return;
  const atMostMs = gapsMs.peerIsLost;
  if ((await world.wait({ until, atMostMs, whileAlive })) === 'elapsed') throw new CarrierDied();
}

/** What the caller hears of an error. */
export function asReply({ host, effectOfErrorReply }: NamedCall, error: unknown): unknown {
  if (error instanceof CarrierDied)
    return new FailureError({
      code: 'connectionLost',
      message: `simulated:///${host.name}: the connection was lost`,
      effect: 'unknown',
    });
  if (!(error instanceof FailureError) || error.failure.effect === 'done') return error;
  const { message } = error;
  return new FailureError({
    ...error.failure,
    message: `simulated:///${host.name}: ${message}`,
    effect: effectOfErrorReply,
  });
}

/** Our wait ends with the signal. */
export async function untilAborted<T>(call: NamedCall, reply: Promise<T>): Promise<T> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(aborted(call, 'unknown'));
  call.signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([reply, ended]);
  } finally {
    call.signal.removeEventListener('abort', onAbort);
  }
}

function aborted({ host, name }: NamedCall, effect: 'none' | 'unknown'): FailureError {
  const message = `simulated:///${host.name}: ${name} was aborted`;
  return new FailureError({ code: 'aborted', message, effect });
}

export function unreachable(host: Host): FailureError {
  const message = `simulated:///${host.name}: connection refused: its daemon is down`;
  return new FailureError({ code: 'hostUnreachable', message, effect: 'none' });
}
