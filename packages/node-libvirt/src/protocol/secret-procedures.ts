import { i32, nothing, opaque, struct, u32 } from '../xdr/codec.ts';
import { limits } from './limits.ts';
import { defineProcedures, row } from './procedure.ts';
import { listing, secretHandle, text, uuidBytes } from './shapes.ts';

const secret = struct({ secret: secretHandle });
const secretAndFlags = struct({ secret: secretHandle, flags: u32 });
const value = opaque(limits.secretValueBytes);

/** Calls on secrets; numbers and layouts from remote_protocol.x. */
export const secretProcedures = defineProcedures({
  secretLookupByUuid: row(141, struct({ uuid: uuidBytes }), secret),
  secretDefineXml: row(142, struct({ xml: text, flags: u32 }), secret),
  secretGetXmlDesc: row(143, secretAndFlags, struct({ xml: text })),
  secretSetValue: row(144, struct({ secret: secretHandle, value, flags: u32 }), nothing),
  secretGetValue: row(145, secretAndFlags, struct({ value })),
  secretUndefine: row(146, secret, nothing),
  secretLookupByUsage: row(147, struct({ usageType: i32, usageId: text }), secret),
  connectListAllSecrets: row(
    287,
    struct({ needResults: i32, flags: u32 }),
    listing(secretHandle, limits.secrets),
  ),
});
