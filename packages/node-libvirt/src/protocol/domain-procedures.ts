import { flag, i32, nothing, opaqueFixed, struct, u32, u64 } from '../xdr/codec.ts';
import { defineProcedures, row } from './procedure.ts';
import { domainHandle, jobStatsList, optionalText, text } from './shapes.ts';

const domain = struct({ dom: domainHandle });
const domainAndFlags = struct({ dom: domainHandle, flags: u32 });
const xmlAndFlags = struct({ xml: text, flags: u32 });

/**
 * Calls on domains; numbers and layouts from remote_protocol.x. The lane is `job` where the QEMU driver takes the
 * domain's MODIFY job. A destroy, a suspend and an abort have to get through while others wait: they stay `control`.
 */
export const domainProcedures = defineProcedures({
  domainCreateXml: row(10, xmlAndFlags, domain, 'blocking'),
  domainGetXmlDesc: row(14, domainAndFlags, struct({ xml: text })),
  domainGetAutostart: row(15, domain, struct({ autostart: flag })),
  domainGetInfo: row(
    16,
    domain,
    // rpcgen widens char and short to four bytes.
    struct({ state: u32, maxMemoryKiB: u64, memoryKiB: u64, virtCpus: u32, cpuTimeNs: u64 }),
  ),
  domainLookupByName: row(23, struct({ name: text }), domain),
  domainLookupByUuid: row(24, struct({ uuid: opaqueFixed(16) }), domain),
  domainResume: row(28, domain, nothing, 'job'),
  domainSetAutostart: row(29, struct({ dom: domainHandle, autostart: flag }), nothing, 'job'),
  domainSuspend: row(34, domain, nothing),
  domainIsActive: row(150, domain, struct({ active: flag })),
  domainIsPersistent: row(151, domain, struct({ persistent: flag })),
  domainGetJobInfo: row(
    163,
    domain,
    struct({
      type: i32,
      timeElapsedMs: u64,
      timeRemainingMs: u64,
      dataTotalBytes: u64,
      dataProcessedBytes: u64,
      dataRemainingBytes: u64,
      memTotalBytes: u64,
      memProcessedBytes: u64,
      memRemainingBytes: u64,
      fileTotalBytes: u64,
      fileProcessedBytes: u64,
      fileRemainingBytes: u64,
    }),
  ),
  domainAbortJob: row(164, domain, nothing),
  domainCreateWithFlags: row(196, domainAndFlags, domain, 'blocking'),
  domainGetState: row(212, domainAndFlags, struct({ state: i32, reason: i32 })),
  domainUndefineFlags: row(231, domainAndFlags, nothing),
  domainDestroyFlags: row(234, domainAndFlags, nothing),
  domainGetControlInfo: row(
    229,
    domainAndFlags,
    struct({ state: u32, details: u32, stateTimeMs: u64 }),
  ),
  domainSetMetadata: row(
    264,
    struct({
      dom: domainHandle,
      type: i32,
      metadata: optionalText,
      key: optionalText,
      uri: optionalText,
      flags: u32,
    }),
    nothing,
    'job',
  ),
  domainGetMetadata: row(
    265,
    struct({ dom: domainHandle, type: i32, uri: optionalText, flags: u32 }),
    struct({ metadata: text }),
  ),
  domainGetJobStats: row(298, domainAndFlags, struct({ type: i32, params: jobStatsList })),
  domainDefineXmlFlags: row(350, xmlAndFlags, domain),
  domainAbortJobFlags: row(442, domainAndFlags, nothing),
});
