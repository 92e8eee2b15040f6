import { toInteger64, type Integer64 } from './integer64.ts';
import {
  blockJobTypes,
  domainStates,
  jobTypes,
  nameOf,
  stateReasons,
  type BlockJobType,
  type DomainState,
  type DomainStateReason,
  type JobType,
} from './names.ts';
import { domainProcedures } from './protocol/index.ts';
import type { TypedParams } from './typed-params.ts';
import type { TypeOf } from './xdr/codec.ts';

type Reply<K extends keyof typeof domainProcedures> = TypeOf<
  (typeof domainProcedures)[K]['result']
>;

/** What a domain does and why; the numbers are libvirt's. */
export interface DomainStateInfo {
  readonly state: DomainState;
  readonly reason: DomainStateReason;
  readonly stateNumber: number;
  readonly reasonNumber: number;
}

export interface DomainInfo {
  readonly state: DomainState;
  readonly stateNumber: number;
  readonly maxMemoryKiB: Integer64;
  readonly memoryKiB: Integer64;
  readonly virtCpus: number;
  readonly cpuTimeNs: Integer64;
}

export interface DomainJobInfo {
  readonly type: JobType;
  readonly typeNumber: number;
  readonly timeElapsedMs: Integer64;
  readonly timeRemainingMs: Integer64;
  readonly dataTotalBytes: Integer64;
  readonly dataProcessedBytes: Integer64;
  readonly dataRemainingBytes: Integer64;
  readonly memTotalBytes: Integer64;
  readonly memProcessedBytes: Integer64;
  readonly memRemainingBytes: Integer64;
  readonly fileTotalBytes: Integer64;
  readonly fileProcessedBytes: Integer64;
  readonly fileRemainingBytes: Integer64;
}

export interface DomainJobStats {
  readonly type: JobType;
  readonly typeNumber: number;
  /** By libvirt's keys (VIR_DOMAIN_JOB_*): `operation`, `data_total`, `memory_iteration`, `downtime`, ... */
  readonly stats: TypedParams;
}

export interface BlockInfo {
  readonly capacityBytes: Integer64;
  readonly allocationBytes: Integer64;
  readonly physicalBytes: Integer64;
}

export interface BlockJobInfo {
  readonly type: BlockJobType;
  readonly typeNumber: number;
  /** MiB/s, or bytes/s when asked for with VIR_DOMAIN_BLOCK_JOB_INFO_BANDWIDTH_BYTES (1). */
  readonly bandwidth: Integer64;
  /** Done when it has reached `end`; a mirror goes on behind it. */
  readonly cursor: Integer64;
  readonly end: Integer64;
}

export function toDomainState(reply: Reply<'domainGetState'>): DomainStateInfo {
  const state = nameOf(domainStates, reply.state);
  return {
    state,
    reason: nameOf(stateReasons[state], reply.reason),
    stateNumber: reply.state,
    reasonNumber: reply.reason,
  };
}

export function toDomainInfo(reply: Reply<'domainGetInfo'>): DomainInfo {
  return {
    state: nameOf(domainStates, reply.state),
    stateNumber: reply.state,
    maxMemoryKiB: toInteger64(reply.maxMemoryKiB),
    memoryKiB: toInteger64(reply.memoryKiB),
    virtCpus: reply.virtCpus,
    cpuTimeNs: toInteger64(reply.cpuTimeNs),
  };
}

export function toJobInfo(reply: Reply<'domainGetJobInfo'>): DomainJobInfo {
  return {
    type: nameOf(jobTypes, reply.type),
    typeNumber: reply.type,
    timeElapsedMs: toInteger64(reply.timeElapsedMs),
    timeRemainingMs: toInteger64(reply.timeRemainingMs),
    dataTotalBytes: toInteger64(reply.dataTotalBytes),
    dataProcessedBytes: toInteger64(reply.dataProcessedBytes),
    dataRemainingBytes: toInteger64(reply.dataRemainingBytes),
    memTotalBytes: toInteger64(reply.memTotalBytes),
    memProcessedBytes: toInteger64(reply.memProcessedBytes),
    memRemainingBytes: toInteger64(reply.memRemainingBytes),
    fileTotalBytes: toInteger64(reply.fileTotalBytes),
    fileProcessedBytes: toInteger64(reply.fileProcessedBytes),
    fileRemainingBytes: toInteger64(reply.fileRemainingBytes),
  };
}

export function toBlockInfo(reply: Reply<'domainGetBlockInfo'>): BlockInfo {
  return {
    capacityBytes: toInteger64(reply.capacityBytes),
    allocationBytes: toInteger64(reply.allocationBytes),
    physicalBytes: toInteger64(reply.physicalBytes),
  };
}

export function toBlockJobInfo(reply: Reply<'domainGetBlockJobInfo'>): BlockJobInfo | null {
  if (!reply.found) return null;
  return {
    type: nameOf(blockJobTypes, reply.type),
    typeNumber: reply.type,
    bandwidth: toInteger64(reply.bandwidth),
    cursor: toInteger64(reply.cursor),
    end: toInteger64(reply.end),
  };
}
