import { toInteger64, type Integer64 } from './integer64.ts';
import {
  controlErrorReasons,
  controlStates,
  domainStates,
  jobTypes,
  nameOf,
  stateReasons,
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

/** Whether the hypervisor of a domain can be talked to. */
export interface DomainControlInfo {
  /** `job`: a call waits for it; `occupied`: nothing can be asked of it; `error`: it cannot be used any more. */
  readonly state: (typeof controlStates)[number] | 'unknown';
  readonly stateNumber: number;
  /** Of the state `error`. */
  readonly reason: (typeof controlErrorReasons)[number];
  /** Since it is in that state. */
  readonly stateTimeMs: Integer64;
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

export function toControlInfo(reply: Reply<'domainGetControlInfo'>): DomainControlInfo {
  return {
    state: nameOf(controlStates, reply.state),
    stateNumber: reply.state,
    reason: nameOf(controlErrorReasons, reply.details),
    stateTimeMs: toInteger64(reply.stateTimeMs),
  };
}
