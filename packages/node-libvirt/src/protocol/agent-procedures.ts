import { array, i32, i64, nothing, struct, u32 } from '../xdr/codec.ts';
import { limits } from './limits.ts';
import { defineProcedures, row } from './procedure.ts';
import { domainHandle, text } from './shapes.ts';

const domainAndFlags = struct({ dom: domainHandle, flags: u32 });
const mountpoints = struct({
  dom: domainHandle,
  mountpoints: array(text, limits.mountpoints),
  flags: u32,
});
const filesystem = struct({
  mountpoint: text,
  name: text,
  type: text,
  disks: array(text, limits.filesystemDisks),
});

/** Calls that a guest's agent has to answer, and its time limit; numbers and layouts from remote_protocol.x. */
export const agentProcedures = defineProcedures({
  domainFsFreeze: row(335, mountpoints, struct({ filesystems: i32 }), 'agent'),
  domainFsThaw: row(336, mountpoints, struct({ filesystems: i32 }), 'agent'),
  domainGetTime: row(337, domainAndFlags, struct({ seconds: i64, nanoseconds: u32 }), 'agent'),
  domainSetTime: row(
    338,
    struct({ dom: domainHandle, seconds: i64, nanoseconds: u32, flags: u32 }),
    nothing,
    'agent',
  ),
  domainGetFsInfo: row(
    349,
    domainAndFlags,
    struct({ filesystems: array(filesystem, limits.filesystems), count: u32 }),
    'agent',
  ),
  // Only sets what the calls above wait for: it has to get through while one of them hangs.
  domainAgentSetResponseTimeout: row(
    420,
    struct({ dom: domainHandle, timeoutSeconds: i32, flags: u32 }),
    struct({ result: i32 }),
  ),
});
