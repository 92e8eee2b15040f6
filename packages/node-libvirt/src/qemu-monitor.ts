import { ProtocolError, QemuMonitorError } from './errors.ts';
import { qemuProcedures } from './protocol/index.ts';
import type { DomainHandle } from './protocol/shapes.ts';
import type { Caller } from './rpc/connection-group.ts';

export interface MonitorCommand {
  readonly command: string;
  readonly commandArguments: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Sends one QMP command through libvirt and reads QEMU's own answer.
 *
 * @throws QemuMonitorError, ProtocolError for an answer that is no QMP, and what any call throws.
 * @see https://www.qemu.org/docs/master/interop/qmp-spec.html
 */
export async function runMonitorCommand(
  caller: Caller,
  dom: DomainHandle,
  { command, commandArguments }: MonitorCommand,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const request = JSON.stringify({ execute: command, arguments: commandArguments });
  const args = { dom, command: request, flags: 0 };
  const { result } = await caller.call(qemuProcedures.qemuDomainMonitorCommand, args, signal);
  const answer = readObject(parse(result));
  if ('return' in answer) return answer['return'];
  const { class: errorClass, desc } = readObject(answer['error']);
  if (typeof errorClass !== 'string' || typeof desc !== 'string') throw notQmp();
  throw new QemuMonitorError(command, errorClass, desc);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notQmp();
  }
}

function readObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw notQmp();
  return { ...value };
}

function notQmp(): ProtocolError {
  return new ProtocolError('the answer to a monitor command is no QMP answer');
}
