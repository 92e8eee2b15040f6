import { nothing, struct, u32 } from '../xdr/codec.ts';
import { defineProcedures, row } from './procedure.ts';
import { domainHandle, text } from './shapes.ts';

const device = struct({ dom: domainHandle, xml: text, flags: u32 });

/** Calls on a domain's devices; numbers and layouts from remote_protocol.x. All take the domain's MODIFY job. */
export const deviceProcedures = defineProcedures({
  domainAttachDeviceFlags: row(160, device, nothing, 'job'),
  domainDetachDeviceFlags: row(161, device, nothing, 'job'),
  domainUpdateDeviceFlags: row(174, device, nothing, 'job'),
  domainDetachDeviceAlias: row(
    392,
    struct({ dom: domainHandle, alias: text, flags: u32 }),
    nothing,
    'job',
  ),
});
