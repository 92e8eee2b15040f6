import { i32, nothing, optional, struct, u32 } from '../xdr/codec.ts';
import { programs } from './message.ts';
import { defineProcedures, row } from './procedure.ts';
import { domainHandle, optionalText, text } from './shapes.ts';

/** Calls of libvirt's QEMU program (qemu_protocol.x): a program, and so numbers, of its own. */
export const qemuProcedures = defineProcedures(
  {
    qemuDomainMonitorCommand: row(
      1,
      struct({ dom: domainHandle, command: text, flags: u32 }),
      struct({ result: text }),
      'job',
    ),
    qemuDomainAgentCommand: row(
      3,
      struct({ dom: domainHandle, command: text, timeoutSeconds: i32, flags: u32 }),
      struct({ result: optionalText }),
      'agent',
    ),
    qemuConnectDomainMonitorEventRegister: row(
      4,
      struct({ dom: optional(domainHandle), event: optionalText, flags: u32 }),
      struct({ callbackId: i32 }),
    ),
    qemuConnectDomainMonitorEventDeregister: row(5, struct({ callbackId: i32 }), nothing),
  },
  programs.qemu,
);
