import type { FailureEffect } from '../../ports/failure.ts';
import { FailureError } from '../../ports/failure.ts';
import type { HostImages } from '../../ports/images.ts';
import type { HypervisorCall } from './faults.ts';
import { gapsMs } from './migration-job.ts';
import { hangOf, slownessOf } from './hang.ts';
import type { SimulatedCaller } from './simulated-caller.ts';
import { CarrierDied } from './world.ts';

/** How long a program takes to start, here or through ssh. */
const startMs = 3;

/** How long the real tools are waited for, but for those that copy or read a whole image. */
const toolTimeoutMs = 60_000;
const endless: ReadonlySet<ToolName> = new Set([
  'convertImage',
  'commitImage',
  'rebaseImage',
  'checksumFile',
]);

type ToolName = HypervisorCall & keyof HostImages;

interface ToolCall {
  readonly name: ToolName;
  readonly signal: AbortSignal;
  /** What an error may have left behind, where the tool does not tell. */
  readonly effect: FailureEffect;
}

/** Time for a tool, as long as somebody waits for it. @throws CarrierDied */
export type Pass = (delayMs: number) => Promise<void>;

/** The tools of a host, by what a failed one may have left behind. */
export function toolsOf(caller: SimulatedCaller) {
  return {
    ask: <T>(name: ToolName, signal: AbortSignal, work: () => T): Promise<T> =>
      callTool(caller, { name, signal, effect: 'none' }, work),
    change: (
      name: ToolName,
      signal: AbortSignal,
      work: (pass: Pass) => void | Promise<void>,
    ): Promise<void> => callTool(caller, { name, signal, effect: 'unknown' }, work),
  };
}

/**
 * One program that we run on a host, beside its daemon, which may be down. It ends in its middle with
 * the signal, and when the one who started it is gone.
 *
 * @throws FailureError `aborted`, `imageToolsUnreachable`, or the refusal of the tool
 */
async function callTool<T>(
  caller: SimulatedCaller,
  call: ToolCall,
  work: (pass: Pass) => T | Promise<T>,
): Promise<T> {
  const { faults, host, uri, world } = caller;
  const { effect, name, signal } = call;
  if (signal.aborted) throw failed(uri, 'aborted', `${name} was aborted`, 'none');
  const fault = faults.takeCall(name, host.name);
  const { link } = world;
  const resets = link.clientResets(host.name);
  const isAwaited = (): boolean => !signal.aborted && link.clientResets(host.name) === resets;
  const pass: Pass = (delayMs) => world.pass(delayMs, isAwaited);
  const until = (): boolean => link.reachesClient(host.name);
  const untilHeard = async (): Promise<void> => {
    const wait = { until, atMostMs: gapsMs.peerIsLost, whileAlive: isAwaited };
    if ((await world.wait(wait)) === 'elapsed') throw new CarrierDied();
  };
  const onAbort = (): void => world.changed();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await pass(startMs + slownessOf(fault));
    await untilHeard();
    if (fault === 'loseRequest') throw new CarrierDied();
    if (fault === 'refuse' || fault === 'failBeforeEffect')
      throw failed(uri, 'imageFailed', `${name} failed`, effect);
    const hanging = hangOf(fault);
    if (hanging !== null) {
      const atMostMs = Math.min(
        hanging.endsMs ?? Infinity,
        endless.has(name) ? Infinity : toolTimeoutMs,
      );
      const bound = atMostMs === Infinity ? {} : { atMostMs };
      await world.wait({ until: () => false, whileAlive: isAwaited, ...bound });
      throw failed(uri, 'timedOut', `${name}: no answer within ${toolTimeoutMs} ms`, effect);
    }
    const result = await work(pass);
    await untilHeard();
    if (fault === 'loseReply') throw new CarrierDied();
    if (fault === 'failAfterEffect')
      throw failed(uri, 'imageFailed', `${name} failed after its work`, effect);
    return result;
  } catch (error) {
    if (!(error instanceof CarrierDied)) throw error;
    if (signal.aborted) throw failed(uri, 'aborted', `${name} was aborted`, effect);
    throw failed(uri, 'imageToolsUnreachable', `${name}: the connection was lost`, effect);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function failed(uri: string, code: string, message: string, effect: FailureEffect): FailureError {
  return new FailureError({ code, message: `${uri}: ${message}`, effect });
}
