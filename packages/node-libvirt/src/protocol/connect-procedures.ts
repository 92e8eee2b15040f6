import {
  array,
  charVector,
  flag,
  i32,
  nothing,
  optional,
  struct,
  u32,
  u64,
  type Codec,
} from '../xdr/codec.ts';
import { limits } from './limits.ts';
import { defineProcedures, row } from './procedure.ts';
import { domainHandle, listing, optionalText, text } from './shapes.ts';

const target = {
  emulator: optionalText,
  arch: optionalText,
  machine: optionalText,
  virtType: optionalText,
};

const integers = array(i32, limits.saslDataBytes);
/** remote_protocol.x says `char data<>` and not `opaque`, so rpcgen writes four bytes for each. */
const chars: Codec<Uint8Array> = {
  encode: (writer, bytes) => integers.encode(writer, [...Int8Array.from(bytes)]),
  decode: (reader) => Uint8Array.from(integers.decode(reader)),
};
const saslWord = { nil: flag, data: chars };

/** Calls on the connection and the node itself; numbers and layouts from remote_protocol.x. */
export const connectProcedures = defineProcedures({
  connectOpen: row(1, struct({ name: optionalText, flags: u32 }), nothing),
  connectClose: row(2, nothing, nothing),
  connectGetType: row(3, nothing, struct({ type: text })),
  connectGetVersion: row(4, nothing, struct({ version: u64 })),
  nodeGetInfo: row(
    6,
    nothing,
    struct({
      model: charVector(32),
      memoryKiB: u64,
      cpus: i32,
      mhz: i32,
      nodes: i32,
      sockets: i32,
      cores: i32,
      threads: i32,
    }),
  ),
  connectGetCapabilities: row(7, nothing, struct({ capabilities: text })),
  connectGetHostname: row(59, nothing, struct({ hostname: text })),
  connectSupportsFeature: row(60, struct({ feature: i32 }), struct({ supported: flag })),
  authList: row(66, nothing, struct({ types: array(i32, limits.authTypes) })),
  authSaslInit: row(67, nothing, struct({ mechanisms: text })),
  authSaslStart: row(
    68,
    struct({ mechanism: text, ...saslWord }),
    struct({ complete: flag, ...saslWord }),
  ),
  authSaslStep: row(69, struct(saslWord), struct({ complete: flag, ...saslWord })),
  nodeGetFreeMemory: row(102, nothing, struct({ freeBytes: u64 })),
  connectGetUri: row(110, nothing, struct({ uri: text })),
  connectGetLibVersion: row(157, nothing, struct({ version: u64 })),
  nodeGetMemoryStats: row(
    228,
    struct({ paramCount: i32, cell: i32, flags: u32 }),
    struct({
      stats: array(struct({ field: text, kibibytes: u64 }), limits.memoryStats),
      paramCount: i32,
    }),
  ),
  connectListAllDomains: row(
    273,
    struct({ needResults: i32, flags: u32 }),
    listing(domainHandle, limits.domains),
  ),
  connectDomainEventCallbackRegisterAny: row(
    316,
    struct({ eventId: i32, dom: optional(domainHandle) }),
    struct({ callbackId: i32 }),
  ),
  connectDomainEventCallbackDeregisterAny: row(317, struct({ callbackId: i32 }), nothing),
  connectGetDomainCapabilities: row(
    342,
    struct({ ...target, flags: u32 }),
    struct({ capabilities: text }),
  ),
  connectCompareHypervisorCpu: row(
    393,
    struct({ ...target, xml: text, flags: u32 }),
    struct({ result: i32 }),
  ),
});

/** remote_auth_type. */
export const authTypes = ['none', 'sasl', 'polkit'] as const;
