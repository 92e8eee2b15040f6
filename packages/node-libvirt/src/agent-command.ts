import { ProtocolError } from './errors.ts';
import { qemuProcedures } from './protocol/index.ts';
import type { DomainHandle } from './protocol/shapes.ts';
import type { MonitorCommand } from './qemu-monitor.ts';
import type { Caller } from './rpc/connection-group.ts';

interface AgentCall {
  readonly dom: DomainHandle;
  readonly timeoutSeconds: number;
  readonly flags: number;
}

/**
 * Sends one command to the guest's agent through libvirt. What the agent refuses is an error of libvirt's own.
 *
 * @throws ProtocolError for an answer that is none: no word of it is repeated, it comes from the guest.
 * @see https://www.qemu.org/docs/master/interop/qemu-ga-ref.html
 */
export async function runAgentCommand(
  caller: Caller,
  call: AgentCall,
  { command, commandArguments }: MonitorCommand,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const request = JSON.stringify({ execute: command, arguments: commandArguments });
  const args = { ...call, command: request };
  const { result } = await caller.call(qemuProcedures.qemuDomainAgentCommand, args, signal);
  return result === null ? null : readReturn(result);
}

function readReturn(text: string): unknown {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw notAnAnswer();
  }
  if (typeof answer !== 'object' || answer === null || !('return' in answer)) throw notAnAnswer();
  return answer.return;
}

function notAnAnswer(): ProtocolError {
  return new ProtocolError('the answer of the guest agent has no return value');
}
