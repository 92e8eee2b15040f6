import { array, flag, i32, nothing, struct, u32, u64 } from '../xdr/codec.ts';
import { limits } from './limits.ts';
import { defineProcedures, row } from './procedure.ts';
import { blockCopyParamList, domainHandle, optionalText, text } from './shapes.ts';

const domainAndDisk = struct({ dom: domainHandle, disk: text, flags: u32 });
const diskAndBandwidth = struct({ dom: domainHandle, disk: text, bandwidth: u64, flags: u32 });

/**
 * Calls on a domain's disks and their block jobs; numbers and layouts from remote_protocol.x. What starts, changes or
 * ends a block job takes the domain's MODIFY job; the block job itself goes on by itself.
 */
export const diskProcedures = defineProcedures({
  domainGetBlockInfo: row(
    194,
    domainAndDisk,
    struct({ allocationBytes: u64, capacityBytes: u64, physicalBytes: u64 }),
  ),
  domainBlockJobAbort: row(237, domainAndDisk, nothing, 'job'),
  domainGetBlockJobInfo: row(
    238,
    domainAndDisk,
    struct({ found: flag, type: i32, bandwidth: u64, cursor: u64, end: u64 }),
  ),
  domainBlockJobSetSpeed: row(239, diskAndBandwidth, nothing, 'job'),
  domainBlockPull: row(240, diskAndBandwidth, nothing, 'job'),
  domainBlockResize: row(
    251,
    struct({ dom: domainHandle, disk: text, size: u64, flags: u32 }),
    nothing,
    'job',
  ),
  domainGetDiskErrors: row(
    263,
    struct({ dom: domainHandle, maxErrors: u32, flags: u32 }),
    struct({ errors: array(struct({ disk: text, error: i32 }), limits.diskErrors), count: i32 }),
  ),
  domainBlockRebase: row(
    266,
    struct({ dom: domainHandle, disk: text, base: optionalText, bandwidth: u64, flags: u32 }),
    nothing,
    'job',
  ),
  domainBlockCommit: row(
    290,
    struct({
      dom: domainHandle,
      disk: text,
      base: optionalText,
      top: optionalText,
      bandwidth: u64,
      flags: u32,
    }),
    nothing,
    'job',
  ),
  domainBlockCopy: row(
    345,
    struct({
      dom: domainHandle,
      disk: text,
      destinationXml: text,
      params: blockCopyParamList,
      flags: u32,
    }),
    nothing,
    'job',
  ),
});
