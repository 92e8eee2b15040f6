import { toInteger64, type Integer64 } from './integer64.ts';
import { blockJobTypes, diskErrorCodes, nameOf, type BlockJobType } from './names.ts';
import type { diskProcedures } from './protocol/index.ts';
import type { TypeOf } from './xdr/codec.ts';

type Reply<K extends keyof typeof diskProcedures> = TypeOf<(typeof diskProcedures)[K]['result']>;

export interface BlockInfo {
  readonly capacityBytes: Integer64;
  readonly allocationBytes: Integer64;
  readonly physicalBytes: Integer64;
}

export interface BlockJobInfo {
  readonly type: BlockJobType;
  readonly typeNumber: number;
  /** MiB/s, or bytes/s when asked for with `blockJobBandwidthFlags`. */
  readonly bandwidth: Integer64;
  /** Done when it has reached `end`; a mirror goes on behind it. */
  readonly cursor: Integer64;
  readonly end: Integer64;
}

export interface DiskError {
  /** The disk's target device, such as `vda`. */
  readonly disk: string;
  readonly error: (typeof diskErrorCodes)[number] | 'unknown';
  readonly errorNumber: number;
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

export function toDiskError({
  disk,
  error,
}: Reply<'domainGetDiskErrors'>['errors'][number]): DiskError {
  return { disk, error: nameOf(diskErrorCodes, error), errorNumber: error };
}
