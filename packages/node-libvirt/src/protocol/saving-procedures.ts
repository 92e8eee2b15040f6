import { flag, nothing, struct, u32 } from '../xdr/codec.ts';
import { defineProcedures, row } from './procedure.ts';
import { domainHandle, optionalText, saveParamList, text } from './shapes.ts';

const domainAndFlags = struct({ dom: domainHandle, flags: u32 });
const xmlReply = struct({ xml: text });

/**
 * Calls that put a guest's memory into a file and back; numbers and layouts from remote_protocol.x. What moves memory is
 * `blocking`; what opens or removes such a file may meet slow storage, and keeps off the control socket as `job`.
 */
export const savingProcedures = defineProcedures({
  domainManagedSave: row(182, domainAndFlags, nothing, 'blocking'),
  domainHasManagedSaveImage: row(183, domainAndFlags, struct({ result: flag })),
  domainManagedSaveRemove: row(184, domainAndFlags, nothing, 'job'),
  domainSaveFlags: row(
    232,
    struct({ dom: domainHandle, to: text, dxml: optionalText, flags: u32 }),
    nothing,
    'blocking',
  ),
  domainRestoreFlags: row(
    233,
    struct({ from: text, dxml: optionalText, flags: u32 }),
    nothing,
    'blocking',
  ),
  domainSaveImageGetXmlDesc: row(235, struct({ file: text, flags: u32 }), xmlReply, 'job'),
  domainSaveImageDefineXml: row(
    236,
    struct({ file: text, dxml: text, flags: u32 }),
    nothing,
    'job',
  ),
  domainManagedSaveGetXmlDesc: row(388, domainAndFlags, xmlReply, 'job'),
  domainManagedSaveDefineXml: row(
    389,
    struct({ dom: domainHandle, dxml: optionalText, flags: u32 }),
    nothing,
    'job',
  ),
  domainSaveParams: row(
    440,
    struct({ dom: domainHandle, params: saveParamList, flags: u32 }),
    nothing,
    'blocking',
  ),
  domainRestoreParams: row(441, struct({ params: saveParamList, flags: u32 }), nothing, 'blocking'),
});
