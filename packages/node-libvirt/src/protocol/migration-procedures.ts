import { nothing, struct, u32, u64, flag } from '../xdr/codec.ts';
import { defineProcedures, row } from './procedure.ts';
import { cookie, domainHandle, migrateParamList, optionalText, text } from './shapes.ts';

const domainAndFlags = struct({ dom: domainHandle, flags: u32 });
const cookieOut = struct({ cookieOut: cookie });
/** To the destination, where no domain is yet: `destination_name` or the definition names it. */
const prepareArgs = struct({ params: migrateParamList, cookieIn: cookie, flags: u32 });

/**
 * The phases of a migration and what tunes it under way; numbers and layouts from remote_protocol.x. What starts, moves or
 * ends a QEMU is `blocking`; what steers one that moves has to get through at once and stays `control`.
 */
export const migrationProcedures = defineProcedures({
  domainMigrateSetMaxDowntime: row(
    166,
    struct({ dom: domainHandle, downtimeMs: u64, flags: u32 }),
    nothing,
  ),
  domainMigrateSetMaxSpeed: row(
    207,
    struct({ dom: domainHandle, bandwidthMiBPerS: u64, flags: u32 }),
    nothing,
  ),
  domainMigrateGetMaxSpeed: row(242, domainAndFlags, struct({ bandwidthMiBPerS: u64 })),
  domainMigrateBegin3Params: row(
    302,
    struct({ dom: domainHandle, params: migrateParamList, flags: u32 }),
    struct({ cookieOut: cookie, xml: text }),
    'job',
  ),
  domainMigratePrepare3Params: row(
    303,
    prepareArgs,
    struct({ cookieOut: cookie, uri: optionalText }),
    'blocking',
  ),
  domainMigratePrepareTunnel3Params: row(304, prepareArgs, cookieOut, 'blocking'),
  domainMigratePerform3Params: row(
    305,
    struct({
      dom: domainHandle,
      destinationUri: optionalText,
      params: migrateParamList,
      cookieIn: cookie,
      flags: u32,
    }),
    cookieOut,
    'blocking',
  ),
  domainMigrateFinish3Params: row(
    306,
    struct({ params: migrateParamList, cookieIn: cookie, flags: u32, cancelled: flag }),
    struct({ dom: domainHandle, cookieOut: cookie }),
    'blocking',
  ),
  domainMigrateConfirm3Params: row(
    307,
    struct({
      dom: domainHandle,
      params: migrateParamList,
      cookieIn: cookie,
      flags: u32,
      cancelled: flag,
    }),
    nothing,
    'blocking',
  ),
  domainMigrateStartPostCopy: row(364, domainAndFlags, nothing),
  domainMigrateGetMaxDowntime: row(387, domainAndFlags, struct({ downtimeMs: u64 })),
});
