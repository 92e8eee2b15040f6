import type { FailureEffect } from '../../ports/failure.ts';
import { FailureError } from '../../ports/failure.ts';
import type { FaultScript } from './fault-script.ts';
import type { CallFault, HypervisorCall, LinkCall } from './faults.ts';
import { hangOf, restartLater, slownessOf } from './hang.ts';
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
  call: DaemonCall,
  work: () => T | Promise<T>,
  fault: CallFault | null,
): Promise<Awaited<T>> {
  const { world, host } = call;
  const isAlive = lifeOf(host);
  const slowMs = slownessOf(fault);
  if (slowMs > 0) await untilRead(call, slowMs, isAlive);
  await world.pass(roundTripMs, isAlive);
  await untilHeard(world, host, isAlive);
  if (fault === 'loseRequest') throw new CarrierDied();
  if (fault === 'refuse') throw libvirtError('operationFailed', 'the daemon refused');
  if (fault === 'failBeforeEffect') throw brokenBefore();
  const hanging = hangOf(fault);
  if (hanging !== null) await hang(call, hanging, isAlive);
  const result = await untilGivenUp(call, work());
  world.changed();
  await untilHeard(world, host, isAlive);
  if (!isAlive() || fault === 'loseReply') throw new CarrierDied();
  if (fault === 'failAfterEffect')
    throw libvirtError('operationFailed', 'the daemon failed after it had acted', 'done');
  return result;
}

/** A daemon drops what it has not read of a connection that has ended. @throws CarrierDied */
async function untilRead(
  { host, world }: DaemonCall,
  slowMs: number,
  isAlive: () => boolean,
): Promise<void> {
  const resets = world.link.clientResets(host.name);
  await world.pass(slowMs, isAlive);
  if (world.link.clientResets(host.name) !== resets) throw new CarrierDied();
}

export function brokenBefore(): FailureError {
  return libvirtError('internalError', 'internal error: the daemon failed before it had acted');
}

/** How long the real client waits for a plain call. */
export const callTimeoutMs = 32_000;

/**
 * The daemon has it and does nothing. A call that lasts as long as its work is waited for until
 * somebody gives it up.
 *
 * @throws FailureError `timedOut`; CarrierDied with the daemon
 */
async function hang(
  { effectOfErrorReply, host, name, world }: DaemonCall,
  { endsMs }: { readonly endsMs: number | null },
  isAlive: () => boolean,
) {
  if (endsMs !== null) restartLater(world, host, endsMs);
  const atMostMs = effectOfErrorReply === 'unknown' ? {} : { atMostMs: callTimeoutMs };
  await world.wait({ until: () => false, whileAlive: isAlive, ...atMostMs });
  throw timedOut(host, name);
}

/** What the daemon may still do then nobody knows. */
export function timedOut(host: Host, name: DaemonCall['name']): FailureError {
  const message = `simulated:///${host.name}: ${name}: no answer within ${callTimeoutMs} ms`;
  return new FailureError({ code: 'timedOut', message, effect: 'unknown' });
}

/** @throws CarrierDied when nothing is heard of the host for so long that keepalive gives it up */
async function untilHeard(world: World, host: Host, whileAlive: () => boolean): Promise<void> {
  const until = (): boolean => world.link.reachesClient(host.name);
  if (until()) return;
  const atMostMs = gapsMs.peerIsLost;
  if ((await world.wait({ until, atMostMs, whileAlive })) === 'elapsed') throw new CarrierDied();
}

const always = (): boolean => true;

/**
 * Keepalive runs beside the work, too: a host that is not heard for long enough is given up, and its
 * daemon goes on without us.
 *
 * @throws CarrierDied then, or what the work failed with
 */
async function untilGivenUp<T>(
  { host, world }: DaemonCall,
  work: T | Promise<T>,
): Promise<Awaited<T>> {
  if (!(work instanceof Promise)) return await work;
  const settled = { value: false };
  const note = (): void => {
    settled.value = true;
    world.changed();
  };
  work.then(note, note);
  const isHeard = (): boolean => world.link.reachesClient(host.name);
  for (;;) {
    await world.wait({ until: () => settled.value || !isHeard(), whileAlive: always });
    if (settled.value) return await work;
    const atMostMs = gapsMs.peerIsLost;
    if ((await world.wait({ until: isHeard, atMostMs, whileAlive: always })) === 'elapsed')
      throw new CarrierDied();
  }
}

/** What the caller hears of an error. */
export function asReply({ host, effectOfErrorReply }: NamedCall, error: unknown): unknown {
  if (error instanceof CarrierDied)
    return new FailureError({
      code: 'connectionLost',
      message: `simulated:///${host.name}: the connection was lost`,
      effect: 'unknown',
    });
  if (!(error instanceof FailureError) || !isReply(error)) return error;
  const { message } = error;
  return new FailureError({
    ...error.failure,
    message: `simulated:///${host.name}: ${message}`,
    effect: effectOfErrorReply,
  });
}

/** What came after the effect says so itself; what never came is no reply. */
function isReply({ failure }: FailureError): boolean {
  return failure.effect === 'none' && failure.code !== 'timedOut';
}

/** Our wait ends with the signal. */
export async function untilAborted<T>(call: NamedCall, reply: Promise<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = (): void => reject(aborted(call, 'unknown'));
  call.signal.addEventListener('abort', onAbort, { once: true });
  reply.then(resolve, reject);
  try {
    return await promise;
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
