import type { CallOptions } from './call-options.ts';
import {
  toMigrateParams,
  type MigrateBegin3Reply,
  type MigrateBegin3Request,
  type MigrateParams,
  type MigratePerform3Request,
} from './migrate-params.ts';
import { migrationProcedures as procedures } from './protocol/index.ts';
import type { DomainHandle, WireTypedParam } from './protocol/shapes.ts';
import type { Caller } from './rpc/connection-group.ts';
import type { UploadStream } from './stream.ts';

/** What Prepare, Finish and Confirm of a migration that the client drives take. */
export interface MigratePhaseRequest {
  readonly params?: MigrateParams | undefined;
  /** What the phase before it answered. May hold secrets. */
  readonly cookie?: Uint8Array | undefined;
  /** A bit set of `migrateFlags`. */
  readonly flags: number;
}

/** Finish and Confirm are told how the phases before them went. */
export interface MigrateEndRequest extends MigratePhaseRequest {
  readonly cancelled: boolean;
}

export interface MigratePrepare3Reply {
  readonly cookie: Uint8Array;
  /** Where the source shall send its memory: the `migrate_uri` of Perform. Null where the caller named one. */
  readonly uri: string | null;
}

export interface MigratePrepareTunnel3Reply {
  readonly cookie: Uint8Array;
  /** Takes the memory stream of the source's QEMU, whole; to be finished before Finish is called. */
  readonly stream: UploadStream;
}

export async function begin3(
  caller: Caller,
  dom: DomainHandle,
  { params = {}, flags }: MigrateBegin3Request,
  options: CallOptions | undefined,
): Promise<MigrateBegin3Reply> {
  const args = { dom, params: toMigrateParams(params), flags };
  const reply = await caller.call(procedures.domainMigrateBegin3Params, args, options?.signal);
  return { cookie: reply.cookieOut, xml: reply.xml };
}

export async function prepare3(
  caller: Caller,
  request: MigratePhaseRequest,
  options: CallOptions | undefined,
): Promise<MigratePrepare3Reply> {
  const procedure = procedures.domainMigratePrepare3Params;
  const reply = await caller.call(procedure, toWire(request), options?.signal);
  return { cookie: reply.cookieOut, uri: reply.uri };
}

export async function prepareTunnel3(
  caller: Caller,
  request: MigratePhaseRequest,
  options: CallOptions | undefined,
): Promise<MigratePrepareTunnel3Reply> {
  const procedure = procedures.domainMigratePrepareTunnel3Params;
  const { result, stream } = await caller.openStream(procedure, toWire(request), {
    sendBytesMax: Number.POSITIVE_INFINITY,
    receiveBytesMax: 0,
    signal: options?.signal,
  });
  return { cookie: result.cookieOut, stream };
}

export async function perform3(
  caller: Caller,
  dom: DomainHandle,
  request: MigratePerform3Request,
  options: CallOptions | undefined,
): Promise<Uint8Array> {
  const args = { dom, destinationUri: request.destinationUri ?? null, ...toWire(request) };
  const procedure = procedures.domainMigratePerform3Params;
  return (await caller.call(procedure, args, options?.signal)).cookieOut;
}

export async function finish3(
  caller: Caller,
  request: MigrateEndRequest,
  options: CallOptions | undefined,
): Promise<{ dom: DomainHandle; cookie: Uint8Array }> {
  const args = { ...toWire(request), cancelled: request.cancelled };
  const procedure = procedures.domainMigrateFinish3Params;
  const reply = await caller.call(procedure, args, options?.signal);
  return { dom: reply.dom, cookie: reply.cookieOut };
}

export async function confirm3(
  caller: Caller,
  dom: DomainHandle,
  request: MigrateEndRequest,
  options: CallOptions | undefined,
): Promise<void> {
  const args = { dom, ...toWire(request), cancelled: request.cancelled };
  await caller.call(procedures.domainMigrateConfirm3Params, args, options?.signal);
}

function toWire({ params = {}, cookie, flags }: MigratePhaseRequest): {
  params: WireTypedParam[];
  cookieIn: Uint8Array;
  flags: number;
} {
  return { params: toMigrateParams(params), cookieIn: cookie ?? new Uint8Array(), flags };
}
