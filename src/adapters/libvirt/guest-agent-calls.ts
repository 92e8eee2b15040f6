import {
  agentTimeouts,
  errorCodes,
  isAgentUnavailable,
  isLibvirtError,
  type Domain,
} from 'node-libvirt';
import { FailureError, type Failure } from '../../ports/failure.ts';
import type { GuestAgent } from '../../ports/guest-agent.ts';
import { readAgentState } from './agent-xml.ts';
import { boundedCall } from './bounded-call.ts';
import { toFailureError } from './errors.ts';
import type { Bounded, HostCaller } from './host-caller.ts';

/** What libvirt needs beyond the agent's own time: it may wait for whoever else asks that agent. */
const slackMs = 15_000;

/** {@link GuestAgent} by virDomainFSFreeze, virDomainFSThaw and virDomainQemuAgentCommand. */
export function guestAgentCalls(caller: HostCaller): GuestAgent {
  const { uri } = caller;
  /** Every answer of the agent has its own bound in libvirt; ours is only behind it. */
  const onAgent = async <T>(
    uuid: string,
    boundMs: number,
    signal: AbortSignal,
    work: (domain: Domain, options: Bounded) => Promise<T>,
  ): Promise<T> => {
    const domain = await caller.withDomain(uuid, signal, (found) => Promise.resolve(found));
    const bound = { ...caller.call(signal), timeoutMs: boundMs + slackMs };
    return boundedCall(bound, (inner) => work(domain, { signal: inner }));
  };
  return {
    async agentState(uuid, signal) {
      return (await caller.askDomain(uuid, signal, readState)) ?? 'none';
    },

    freeze: (uuid, timeoutMs, signal) =>
      onAgent(uuid, 2 * timeoutMs, signal, async (domain, options) => {
        await requireReady(uri, domain, timeoutMs, options);
        await domain.agentSetResponseTimeout(wholeSeconds(timeoutMs), options);
        try {
          return { frozen: await domain.fsFreeze(options) };
        } catch (error) {
          // Only now: what succeeds is followed by a thaw, which no guest shall wait for any longer.
          await unbind(domain, options);
          return refuse(uri, error, 'freezeFailed');
        }
      }),

    thaw: (uuid, timeoutMs, signal) =>
      onAgent(uuid, timeoutMs, signal, async (domain, options) => {
        await domain.agentSetResponseTimeout(wholeSeconds(timeoutMs), options);
        try {
          return { thawed: await domain.fsThaw(options) };
        } catch (error) {
          if (isSilence(error) && (await readState(domain, options)) !== 'connected')
            throw unavailable(uri, 'the guest agent is not connected', error);
          return refuse(uri, error, 'thawFailed');
        } finally {
          await unbind(domain, options);
        }
      }),

    freezeStatus: (uuid, timeoutMs, signal) =>
      onAgent(uuid, timeoutMs, signal, async (domain, options) => {
        try {
          return await askStatus(domain, timeoutMs, options);
        } catch (error) {
          if (isSilence(error)) return 'silent';
          if (isRefusedByAgent(error)) return 'unknown';
          throw error;
        }
      }),
  };
}

/**
 * A freeze that is sent to an agent that does not answer now may be made whenever it wakes up, and
 * libvirt 9.0 tells that with the same code as that there is no agent (AGENT_UNRESPONSIVE): so one
 * question that changes nothing goes before it.
 */
async function requireReady(
  uri: string,
  domain: Domain,
  timeoutMs: number,
  options: Bounded,
): Promise<void> {
  const state = await readState(domain, options);
  if (state === 'none') throw unavailable(uri, 'the domain has no guest agent', null);
  if (state === 'disconnected') throw unavailable(uri, 'the guest agent is not connected', null);
  const status = await askStatus(domain, timeoutMs, options).catch((error: unknown) => {
    if (isSilence(error)) throw unavailable(uri, 'the guest agent does not answer', error);
    if (!isRefusedByAgent(error)) throw error;
    return 'unknown';
  });
  if (status !== 'frozen') return;
  const message = `${uri}: the file systems of the guest are frozen already`;
  throw new FailureError({ code: 'alreadyFrozen', message, effect: 'done' });
}

async function readState(domain: Domain, options: Bounded) {
  return readAgentState(await domain.getXMLDesc(options));
}

/**
 * The bound is the domain's, for whoever asks its agent, so libvirt's default comes back. Whether that
 * succeeds or not, what came of the work is what counts.
 */
async function unbind(domain: Domain, options: Bounded): Promise<void> {
  await domain.agentSetResponseTimeout(agentTimeouts.BLOCK, options).catch(() => null);
}

async function askStatus(
  domain: Domain,
  timeoutMs: number,
  { signal }: Bounded,
): Promise<'thawed' | 'frozen' | 'unknown'> {
  const bound = { signal, timeoutSeconds: wholeSeconds(timeoutMs) };
  const status = await domain.agentCommand('guest-fsfreeze-status', undefined, bound);
  return status === 'thawed' || status === 'frozen' ? status : 'unknown';
}

/** libvirt counts seconds, and means by 0 that nobody waits. */
function wholeSeconds(timeoutMs: number): number {
  return Math.max(1, Math.ceil(timeoutMs / 1_000));
}

/** Nobody answered, or there is nobody to ask: a domain without a channel for an agent. */
function isSilence(error: unknown): boolean {
  return isAgentUnavailable(error) || isLibvirtError(error, errorCodes.ARGUMENT_UNSUPPORTED);
}

/** The agent answered that it cannot; 9.0 has no code for that. */
function isRefusedByAgent(error: unknown): boolean {
  return isLibvirtError(error, errorCodes.INTERNAL_ERROR, errorCodes.AGENT_COMMAND_FAILED);
}

/** Whatever the agent was asked for, it may do yet. @throws what the port says, or the error as it was */
function refuse(uri: string, error: unknown, refusedCode: string): never {
  const { failure } = toFailureError(error, { uri, effectOfErrorReply: 'unknown' });
  if (isAgentUnavailable(error)) throw renamed(failure, 'agentTimeout', error);
  if (isRefusedByAgent(error)) throw renamed(failure, refusedCode, error);
  throw error;
}

function renamed(failure: Failure, code: string, cause: unknown): FailureError {
  return new FailureError({ ...failure, code }, { cause });
}

function unavailable(uri: string, what: string, cause: unknown): FailureError {
  const failure = { code: 'agentUnavailable', message: `${uri}: ${what}`, effect: 'none' } as const;
  return new FailureError(failure, { cause });
}
